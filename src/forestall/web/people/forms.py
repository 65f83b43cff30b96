from __future__ import annotations

from django import forms


class SignIn(forms.Form):
    username = forms.CharField(max_length=150)
    password = forms.CharField(max_length=1000, strip=False)
