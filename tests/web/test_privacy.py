"""No field stands in the database without a decision on its marking, retention and personal data."""

from django.apps import apps

from forestall.web.privacy import Field, declarations


def model_fields():
    return {
        (m._meta.app_label, m.__name__): {f.name for f in (*m._meta.local_fields, *m._meta.local_many_to_many)}
        for m in apps.get_models()
    }


def test_every_field_of_every_model_is_declared():
    declared = {(app, model): set(fields) for app, models in declarations().items() for model, fields in models.items()}
    assert declared == model_fields()
    assert all(isinstance(f, Field) for models in declarations().values() for fs in models.values() for f in fs.values())


def test_the_check_would_see_a_new_field(monkeypatch):
    from forestall.web.people import privacy

    monkeypatch.setitem(privacy.PRIVACY, "User", {k: v for k, v in privacy.PRIVACY["User"].items() if k != "email"})
    declared = declarations()["people"]["User"]
    assert model_fields()["people", "User"] - set(declared) == {"email"}
