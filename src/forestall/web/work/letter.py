"""The e-mail of a notice: what kind of thing concerns its reader, a reference, and a link behind the sign-in. Names, places
and what a plan says never leave by e-mail."""

from __future__ import annotations

import smtplib
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.urls import reverse

from forestall.text import LANGUAGES, msg
from forestall.web.work import kinds
from forestall.web.work.models import Notice

READ = msg("Read it in the workplace, signed in:")
SENT = msg("Forestall sent this. Nobody reads answers to this address.")


def write(notice: Notice) -> EmailMessage:
    """In the reader's language; in both where the reader never chose one. A second sending carries the same Message-ID, by
    which mail programs know it for the same letter."""
    languages = (notice.person.language,) if notice.person.language in LANGUAGES else LANGUAGES
    title, reference = kinds.of(notice.kind).title, " ".join(notice.reference.split())
    subject = " / ".join(title.render(language) for language in languages)
    return EmailMessage(
        subject=f"Forestall: {subject}" + (f" ({reference})" if reference else ""),
        body="\n\n----\n\n".join(_body(notice, reference, language) for language in languages) + "\n",
        to=[notice.person.email],
        headers={
            "Message-ID": f"<notice-{notice.pk}-{int(notice.made_at.timestamp())}@{urlsplit(settings.ADDRESS).hostname}>",
            "Content-Language": ", ".join(languages),
            "Auto-Submitted": "auto-generated",
        },
    )


def _body(notice: Notice, reference: str, language: str) -> str:
    parts = [kinds.of(notice.kind).title.render(language) + "."]
    if reference:
        parts.append(msg("Reference: {reference}", reference=reference).render(language))
    link = f"{settings.ADDRESS}{notice.link or reverse('notices')}"
    parts += [f"{READ.render(language)}\n{link}", SENT.render(language)]
    return "\n\n".join(parts)


def refused_for_good(error: BaseException) -> bool:
    """Whether the mail server will never take this letter: it knows no such reader."""
    return isinstance(error, smtplib.SMTPRecipientsRefused) and all(500 <= c < 600 for c, _ in error.recipients.values())
