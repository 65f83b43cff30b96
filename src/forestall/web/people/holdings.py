"""What this app holds, for reviews and for who asks: the accounts of people who left."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import CASCADE, QuerySet
from django.utils import timezone

from forestall.results import Column, Table
from forestall.text import Name, msg
from forestall.web.people.models import User, new_stamp
from forestall.web.people.permissions import ROLES
from forestall.web.retention.sources import ERASE, KEEP, Held, Item, Source, Subject, begun_by, register

#: The name that an erased account keeps, before its number.
ERASED = "erased-"
STAFF = msg("somebody who uses the workplace")


def _leavers() -> QuerySet[User]:
    return User.objects.filter(left_at__isnull=False).exclude(username__startswith=ERASED)


def due(day: dt.date) -> Iterable[Item]:
    """Accounts whose owners left long enough ago."""
    items = (_item(u) for u in _leavers().filter(left_at__date__lte=begun_by("account", day)).order_by("left_at", "pk"))
    return (i for i in items if i.due <= day)


def one(record: str) -> Item | None:
    _, _, key = record.partition(":")
    user = _leavers().filter(pk=int(key)).first() if key.isdecimal() and len(key) < 18 else None
    return None if user is None else _item(user)


def _item(user: User) -> Item:
    return Item(f"account:{user.pk}", "account", Name(str(user)), timezone.localdate(user.left_at))


def erase(record: str, decision: str, review: Any) -> Mapping[str, Any]:
    """Empties an account: what says who it was goes, its number stays, so that what it did can still be told apart."""
    del decision, review
    user = _leavers().select_for_update().get(pk=int(record.partition(":")[2]))
    gone = 0
    for relation in User._meta.related_objects:
        if relation.on_delete is CASCADE:  # what is the person's alone: roles, factors, invitations, notices, drafts
            gone += relation.related_model._base_manager.filter(**{relation.field.name: user}).delete()[0]
    user.username, user.name, user.email, user.language = f"{ERASED}{user.pk}", "", "", ""
    user.unit = user.last_login = None
    user.is_active, user.session_stamp = False, new_stamp()
    user.set_unusable_password()
    user.save()
    return {"account": user.username, "rows": gone + 1}


def gather(subject: Subject) -> Iterable[Held]:
    """The account itself and the roles that it holds."""
    user = subject.account
    if user is None:
        return
    columns = (Column("field", msg("What")), Column("value", msg("Value")))
    fields = (
        (msg("Account name"), user.username),
        (msg("Name"), user.name),
        (msg("E-mail"), user.email),
        (msg("Organisation"), str(user.organisation or "")),
        (msg("Unit"), str(user.unit or "")),
        (msg("Language"), user.language),
        (msg("Account made"), _day(user.made_at)),
        (msg("Signed in last"), _day(user.last_login)),
        (msg("Left on"), _day(user.left_at)),
    )
    yield Held("account", msg("The account"), STAFF, Table(columns, fields))
    roles = tuple(
        (ROLES[r.role].name if r.role in ROLES else r.role, str(r.organisation or ""), r.area, _day(r.since), _day(r.until))
        for r in user.roles.all()
    )
    if roles:
        heads = (
            Column("role", msg("Role")),
            Column("organisation", msg("Organisation")),
            Column("area", msg("Area")),
            Column("since", msg("Since")),
            Column("until", msg("Until")),
        )
        yield Held("roles", msg("Roles held"), STAFF, Table(heads, roles))


def _day(moment: dt.datetime | None) -> str:
    return timezone.localtime(moment).strftime("%Y-%m-%d %H:%M") if moment else ""


register(
    Source(
        kind="account",
        title=msg("Accounts of people who left"),
        due=due,
        one=one,
        decisions=(KEEP, ERASE),
        says=msg(
            "Erasing empties the account at once: name, e-mail, roles and sign-in go. Its number stays, so that what it "
            "did can be told apart, and the log of access keeps the account name for its own years."
        ),
        carry_out=erase,
        gather=gather,
    )
)
