"""The templates' environment: GOV.UK's components, the reader's language, and our own few filters."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from jinja2 import ChoiceLoader, Environment, PackageLoader, PrefixLoader
from markupsafe import Markup

from forestall import __version__
from forestall.catalogue import audit
from forestall.text import Message, Name, month_name, probability, translations
from forestall.web.people.permissions import Permission
from forestall.web.rooms import rooms
from forestall.web.signals.pinned import is_made_up
from forestall.web.work.selectors import unread


def language() -> str:
    return (get_language() or "en")[:2]


def say(text: Message | Name | str | None) -> str:
    """A message in the reader's language; plain text as it is."""
    if text is None:
        return ""
    return text.render(language()) if isinstance(text, Message | Name) else str(text)


def sentence(text: Message) -> str:
    """A message with its first letter as a sentence begins."""
    words = say(text)
    return words[:1].upper() + words[1:]


def environment(**options: Any) -> Environment:
    loader = options.pop("loader")
    env = Environment(
        **options,
        loader=ChoiceLoader([loader, PrefixLoader({"govuk_frontend_jinja": PackageLoader("govuk_frontend_jinja")})]),
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.install_gettext_callables(
        lambda text: translations(language()).gettext(text),
        lambda one, many, n: translations(language()).ngettext(one, many, n),
        newstyle=True,
    )
    env.globals.update(
        static=_static,
        url=lambda name, *args, **kwargs: reverse(name, args=args, kwargs=kwargs),
        say=say,
        sentence=sentence,
        month=lambda m: month_name(m, language()),
        day=_day,
        moment=_moment,
        svg=Markup,
        reason_policy=lambda act, operation: audit.policy().reason(act, operation),
        can=lambda user, permission: bool(user and user.is_authenticated and user.may(Permission(permission))),
        version=__version__,
    )
    env.filters["count"] = lambda n: f"{round(n):,}"
    env.filters["decimal"] = lambda n: f"{n:,.1f}"
    env.filters["probability"] = lambda p: probability(p, language())
    env.filters["ratio"] = lambda n: f"{n:.2f}"
    return env


def _day(at: dt.datetime | dt.date) -> str:
    """A day in words; that of a moment by the force's clock."""
    from babel.dates import format_date

    day = timezone.localtime(at).date() if isinstance(at, dt.datetime) else at
    return str(format_date(day, "d MMMM y", locale=language()))


def _moment(at: dt.datetime) -> str:
    """A day in words and the time of day."""
    return f"{_day(at)}, {timezone.localtime(at):%H:%M}"


def _static(path: str) -> str:
    """The address of a static file; the version makes a new release's files new to every browser."""
    return f"{static(path)}?v={__version__}"


def everywhere(request: HttpRequest) -> dict[str, Any]:
    """What every page knows. ``made_up``: the workplace is about a fictional force, which every page of it must say."""
    user, path = getattr(request, "user", None), request.get_full_path()
    return {
        "language": language(),
        "user": user,
        "path": path,
        "rooms": rooms(user, path),
        "unread_notices": unread(user),
        "made_up": user is not None and user.is_authenticated and is_made_up(),
    }
