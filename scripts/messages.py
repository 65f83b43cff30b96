"""The text of pages, engine and catalogue, and its Welsh.

``python scripts/messages.py extract``  writes every text into the Welsh file, keeping what is translated
``python scripts/messages.py check``    fails where a text is missing there, fuzzy, left over, or loses a field

Text comes from ``msg`` and ``msg_n`` in Python, ``_`` and ``ngettext`` in Jinja templates, and ``!msg`` in YAML. Django's
own extraction leaves Jinja's translations out without a word, so Babel does it.
"""

from __future__ import annotations

import io
import re
import string
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "forestall"
WELSH = PACKAGE / "locale" / "cy" / "LC_MESSAGES" / "forestall.po"

KEYWORDS = {"msg": None, "msg_n": (1, 2), "_": None, "ngettext": (1, 2)}
#: Header lines that would change with every run, or name a person.
CHANGING = re.compile(
    rb'"(POT-Creation-Date|PO-Revision-Date|Last-Translator|Language-Team|Report-Msgid-Bugs-To|Generated-By):.*\n'
)
#: Welsh as the Unicode CLDR counts: 0, 1, 2, 3, 6 and the rest, because 2, 3 and 6 change what follows them.
PLURALS = (6, "(n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n==3 ? 3 : n==6 ? 4 : 5)")
HEADER = "# Welsh of Forestall. scripts/messages.py extract adds what is new: translate it here, then run check."


def yaml_messages(file: Any, *_: Any, **__: Any) -> Iterator[tuple[int, str, str, list[str]]]:
    """Every scalar with the tag ``!msg``."""
    import yaml

    def walk(node: Any) -> Iterator[tuple[int, str, str, list[str]]]:
        if node is None:
            return
        if node.tag == "!msg":
            yield node.start_mark.line + 1, "msg", node.value, []
        children = node.value if isinstance(node.value, list) else []
        for child in children:
            for part in child if isinstance(child, tuple) else (child,):
                yield from walk(part)

    yield from walk(yaml.compose(file.read().decode("utf-8"), Loader=yaml.SafeLoader))


def template() -> Catalog:
    """Every text there is, with the files that use it."""
    methods = [("**/templates/**.html", "jinja2"), ("**.py", "python"), ("**.yaml", yaml_messages)]
    options = {"**/templates/**.html": {"trimmed": "true", "silent": "false", "encoding": "utf-8"}}
    catalog = Catalog(project="Forestall", locale="cy", charset="utf-8", fuzzy=False)
    for name, _line, text, _comments, _context in extract_from_dir(PACKAGE, methods, options, keywords=KEYWORDS):
        catalog.add(text, None, [(f"src/forestall/{name}", 0)])
    return catalog


def welsh() -> Catalog:
    if not WELSH.exists():
        return Catalog(locale="cy")
    with WELSH.open("rb") as f:
        return read_po(f, locale="cy")


def extract() -> str:
    """Brings the Welsh file up to date; returns what it says."""
    new, old = template(), welsh()
    new._num_plurals, new._plural_expr = PLURALS
    new.header_comment = HEADER
    kept = 0
    for message in new:
        if not message.id:
            continue
        before = old.get(key(message))
        if before is not None and bool(before.pluralizable) == bool(message.pluralizable):
            message.string, message.user_comments = before.string, before.user_comments
            kept += bool(translated(before))
        elif message.pluralizable:
            message.string = ("",) * PLURALS[0]
    out = io.BytesIO()
    write_po(out, new, width=120, no_location=False, omit_header=False, include_lineno=False, sort_output=True)
    text = CHANGING.sub(b"", out.getvalue())
    WELSH.parent.mkdir(parents=True, exist_ok=True)
    WELSH.write_bytes(text)
    return f"{WELSH.relative_to(ROOT)}: {len(new)} texts, {kept} of them translated"


def problems() -> list[str]:
    """What keeps the Welsh from being whole, one line each."""
    new, have = template(), welsh()
    out = []
    for message in new:
        if not message.id:
            continue
        words, where = key(message), ", ".join(sorted({name for name, _ in message.locations}))
        got = have.get(words)
        if got is None or not translated(got):
            out.append(f"no Welsh: {words!r} ({where})")
        elif got.fuzzy:
            out.append(f"fuzzy Welsh: {words!r} ({where})")
        else:
            out += [f"{reason}: {words!r} ({where})" for reason in lost(message, got)]
    known = {key(m) for m in new if m.id}
    out += [f"left over, no text uses it any more: {key(m)!r}" for m in have if m.id and key(m) not in known]
    return out


def key(message: Message) -> str:
    return str(message.id[0] if isinstance(message.id, list | tuple) else message.id)


def translated(message: Message) -> bool:
    forms = message.string if isinstance(message.string, list | tuple) else (message.string,)
    return bool(forms) and all(forms)


def lost(message: Message, got: Message) -> Iterator[str]:
    """Fields of the English that a Welsh form lacks, or the other way round. The form for one may follow the English
    singular, which need not say the number; and the forms for 0, 1, 2, 3 and 6 each serve one number alone, so that they
    may say it in a word (*dau gofnod*) in place of the field ``n``."""
    english = message.id if isinstance(message.id, list | tuple) else (message.id,)
    forms = got.string if isinstance(got.string, list | tuple) else (got.string,)
    for i, form in enumerate(forms):
        allowed = [fields(english[-1]), *([fields(english[0])] if i == 1 else [])]
        if i < PLURALS[0] - 1 and len(english) > 1:
            allowed += [frozenset(f for f in a if not f.startswith("n:")) for a in allowed]
        if fields(form) not in allowed:
            yield f"fields differ, {sorted(allowed[0])} and {sorted(fields(form))}"
    if message.pluralizable and len(forms) != PLURALS[0]:
        yield f"needs {PLURALS[0]} forms"


def fields(text: str) -> frozenset[str]:
    """``{n:count}`` and ``%(num)s`` with their formats."""
    try:
        braces = {f"{name}:{spec}" for _, name, spec, _ in string.Formatter().parse(text) if name is not None}
    except ValueError:
        braces = {"a brace that opens or closes nothing"}
    return frozenset(braces | set(re.findall(r"%\(\w+\)\w", text)))


def main() -> int:
    verb = sys.argv[1] if len(sys.argv) == 2 else ""
    if verb == "extract":
        print(extract())
        return 0
    if verb == "check":
        found = problems()
        print("\n".join(found) or "the Welsh is whole")
        return 1 if found else 0
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main())
