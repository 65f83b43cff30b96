"""The rooms of the workplace as its navigation lists them: where each is, and who may enter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from forestall.text import Message, msg
from forestall.web.people.permissions import Permission


@dataclass(frozen=True)
class Room:
    """``name``: of its first page's address. ``needs``: any one of these opens it."""

    name: str
    title: Message
    needs: tuple[Permission, ...]


ROOMS = (
    Room("home", msg("Problems"), (Permission.SEE_SUMMARY, Permission.SEE_SIGNALS)),
    Room("my-work", msg("My work"), (Permission.DO_TASKS,)),
    Room("my-ward", msg("My ward"), (Permission.SEE_PLANS,)),
    Room("my-council", msg("My organisation"), (Permission.SEE_SHARED_PLANS,)),
    Room("portfolio", msg("Portfolio"), (Permission.SEE_PORTFOLIO,)),
    Room("library", msg("Library"), (Permission.SEE_LIBRARY,)),
    Room("published", msg("Published"), (Permission.SEE_PUBLISHED,)),
    Room("help", msg("Calls for help"), (Permission.ANSWER_HELP,)),
    Room("tasking", msg("Tasking"), (Permission.SEE_TASKING,)),
    Room("explore", msg("Explore"), (Permission.EXPLORE,)),
    Room("audit", msg("Log of access"), (Permission.SEE_AUDIT,)),
    Room("people", msg("People"), (Permission.MANAGE_PEOPLE,)),
    Room("agreements", msg("Agreements"), (Permission.MANAGE_AGREEMENTS,)),
    Room("plans", msg("Plans"), (Permission.SEE_PLANS, Permission.SEE_SHARED_PLANS)),
    Room("retention", msg("Keeping and erasing"), (Permission.REVIEW_RETENTION,)),
    Room("disclosures", msg("Requests for data"), (Permission.DISCLOSE,)),
)


def rooms(user: Any, path: str) -> list[tuple[str, Message, bool]]:
    """Address, title and whether the page is there, of the rooms that a person may enter; none for a visitor."""
    if user is None or not user.is_authenticated:
        return []
    out = []
    for room in ROOMS:
        if any(user.may(p) for p in room.needs):
            address = reverse(room.name)
            bare = path.split("?")[0]
            out.append((address, room.title, bare == address if address == "/" else bare.startswith(address)))
    return out if len(out) > 1 else []


#: Where people begin who hold these permissions and lack those: a partner with what is asked of their organisation, the
#: commissioner's office with what is published, an officer with their own work, a supervisor with the
#: portfolio. Everybody else begins in their first room.
BEGIN = (
    ("my-council", Permission.SEE_SHARED_PLANS, Permission.SEE_PLANS),
    ("published", Permission.SEE_PUBLISHED, Permission.DO_TASKS),
    ("my-work", Permission.SEE_PLANS, Permission.EXPLORE),
    ("portfolio", Permission.AGREE_PLANS, Permission.DECIDE_ETHICS),
)


def first_room(user: Any) -> str:
    """The address of the page on which a person begins; the person's own account where no room is theirs."""
    for name, holds, lacks in BEGIN:
        if user.may(holds) and not user.may(lacks):
            return reverse(name)
    return next((reverse(r.name) for r in ROOMS if any(user.may(p) for p in r.needs)), reverse("account"))


def instead_of_home(user: Any) -> str | None:
    """Where somebody goes on to who may not enter the first room; None for who may, and for who may enter none."""
    open_ = [room.name for room in ROOMS if any(user.may(p) for p in room.needs)]
    return reverse(open_[0]) if open_ and "home" not in open_ else None
