"""The Welsh is whole: pages, engine and catalogue."""

import importlib.util
from pathlib import Path

import pytest

from forestall.text import msg, msg_n, translations

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def messages():
    spec = importlib.util.spec_from_file_location("messages", ROOT / "scripts" / "messages.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_no_text_is_without_its_welsh(messages):
    assert messages.problems() == []


def test_text_comes_from_python_templates_and_yaml(messages):
    where = {name for message in messages.template() if message.id for name, _ in message.locations}
    assert {Path(name).suffix for name in where} == {".py", ".html", ".yaml"}
    assert "src/forestall/web/templates/sign_in.html" in where


def test_the_check_sees_what_is_missing_fuzzy_left_over_or_loses_a_field(messages, tmp_path, monkeypatch):
    text = messages.WELSH.read_text(encoding="utf-8")
    broken = (
        text.replace('msgstr "Mewngofnodi"', 'msgstr ""')
        .replace('msgid "Sign out"', '#, fuzzy\nmsgid "Sign out"')
        .replace('msgid "Zoom in"', 'msgid "Zoom far in"')
        .replace("{low} neu fwy", "neu fwy")
    )
    monkeypatch.setattr(messages, "WELSH", tmp_path / "forestall.po")
    messages.WELSH.write_text(broken, encoding="utf-8")
    told = "\n".join(messages.problems())
    for reason in ("no Welsh: 'Sign in'", "fuzzy Welsh: 'Sign out'", "left over, no text uses it any more: 'Zoom far in'"):
        assert reason in told
    assert "fields differ, ['low:'] and []: '{low} or more'" in told


def test_extracting_twice_changes_nothing(messages, tmp_path, monkeypatch):
    monkeypatch.setattr(messages, "ROOT", tmp_path)
    monkeypatch.setattr(messages, "WELSH", tmp_path / "forestall.po")
    messages.WELSH.write_bytes((ROOT / "src/forestall/locale/cy/LC_MESSAGES/forestall.po").read_bytes())
    messages.extract()
    once = messages.WELSH.read_bytes()
    messages.extract()
    assert messages.WELSH.read_bytes() == once
    assert messages.problems() == []


@pytest.mark.parametrize(("n", "words"), [(0, "0 o godiadau"), (1, "1 codiad"), (2, "2 o godiadau"), (11, "11 o godiadau")])
def test_plural_forms(n, words):
    message = msg_n("{n:count} rise is established", "{n:count} rises are established", n=n)
    assert words in message.render("cy")


def test_months_and_lists_are_welsh_too():
    assert msg("since {since:month}", since="2022-08").render("cy") == "ers mis Awst 2022"
    assert msg("{names:list}", names=["A", "Blaenau", "Ynysddu"]).render("cy") == "A, Blaenau ac Ynysddu"
    assert msg("{names:list}", names=["A", "Gwent"]).render("cy") == "A a Gwent"
    assert msg("{names:list}", names=["A", "B", "C"]).render("en") == "A, B and C"
    assert translations("cy").gettext("Sign in") == "Mewngofnodi"
