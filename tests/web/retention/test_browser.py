"""Keeping, erasing and answering in a real Chromium: on a phone and at a desk, in both languages, by keyboard, with axe."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from web.test_browser import (  # noqa: F401 - fixtures
    SHOTS,
    browser,
    chromium,
    clean_environment,
    open_page,
    settle,
    tab_to,
    violations,
)

pytestmark = pytest.mark.browser

#: Makes a store with records that name persons, an account that decides, and two leavers; prints the password.
PREPARE = """
import datetime as dt, secrets, sys
from pathlib import Path
from forestall.records.store import Store
from forestall.web import start
store, rows, mapping = map(Path, sys.argv[1:])
Store.open(store, create=True).ingest([rows], mapping=mapping)
start.configure(store)
start.prepare()
from django.utils import timezone
from forestall.web.people.models import HeldRole, User
password = secrets.token_urlsafe(9)
keeper = User(username="keeper", name="Huw Jenkins", is_demo=True)
keeper.set_password(password)
keeper.save()
HeldRole.objects.create(user=keeper, role="data-protection")
for n, name in enumerate(("Blodwen Hughes", "Idris Watkins")):
    left = timezone.now() - dt.timedelta(days=400 + 200 * n)
    User.objects.create(username=f"leaver{n}", name=name, is_active=False, left_at=left)
print(password)
"""


class Room:
    """``forestall serve`` on a store of its own."""

    def __init__(self, folder: Path) -> None:
        from web.retention.conftest import MAPPING

        rows, mapping, key = folder / "calls.csv", folder / "mapping.yaml", folder / "hash.key"
        key.write_text("0123456789abcdef" * 4)
        mapping.write_text(MAPPING)
        lines = [f"C{i},201{i % 4}-03-{1 + i % 28:02d},spoken to,,Prosser,Ann,loud music at night" for i in range(40)]
        rows.write_text("Ref,Day,Outcome,Suspect,Surname,Forename,Note\n" + "\n".join(lines) + "\n")
        store = folder / "store"
        self.environment = {**clean_environment(), "FORESTALL_HASH_KEY_FILE": str(key)}
        made = subprocess.run(
            [sys.executable, "-c", PREPARE, str(store), str(rows), str(mapping)],
            env=self.environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
        self.store, self.passwords = store, {"keeper": made.stdout.split()[-1]}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "forestall", "serve", "--store", str(store), "--port", "0"],
            env=self.environment, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        line = next(line for line in self.process.stdout if " at http" in line)
        self.address = line.split(" at ")[1].split("/ ")[0]


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    running = Room(tmp_path_factory.mktemp("retention"))
    yield running
    running.process.terminate()
    running.process.wait(10)
    running.process.stdout.close()


def enter(page, workplace, path):
    """Signs in and goes to a page of this room, wherever the door leads first."""
    page.goto(f"/sign-in/?next={path}")
    page.fill("#username", "keeper")
    page.fill("#password", workplace.passwords["keeper"])
    page.press("#password", "Enter")
    page.wait_for_url(f"**{path}")


@pytest.mark.parametrize("language", ["en", "cy"])
@pytest.mark.parametrize("width", [390, 1280])
def test_pages(open_page, workplace, width, language):  # noqa: F811
    page = open_page(width, language=language)
    enter(page, workplace, "/retention/")
    SHOTS.mkdir(exist_ok=True)
    pages = {
        "retention": "/retention/", "retention-decide": "/retention/decide/records:call:2010/",
        "retention-history": "/retention/history/", "disclosures": "/disclosures/", "disclosures-add": "/disclosures/add/",
    }  # fmt: skip
    for name, path in pages.items():
        page.goto(path)
        look(page, name, width, language)


def look(page, name, width, language):
    settle(page)
    assert page.evaluate("window.complaints") == [], name
    assert page.locator("html").get_attribute("lang") == language
    assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} scrolls sideways"
    assert page.locator("h1").count() == 1
    page.screenshot(path=SHOTS / f"{name}-{width}-{language}.png", full_page=True)
    assert violations(page) == [], name


@pytest.mark.parametrize("width", [390, 1280])
def test_a_request_is_registered_answered_and_given(open_page, workplace, width):  # noqa: F811
    page = open_page(width)
    enter(page, workplace, "/disclosures/")
    page.click("text=Register a request")
    page.click("button >> text=Register")
    look(page, "disclosures-add-error", width, "en")
    page.check("input[name=kind][value=subject-access]")
    page.fill("#asked_by", "Ann Prosser")
    page.fill("#identifiers", "Prosser\nAnn")
    page.click("button >> text=Register")
    page.wait_for_url("**/disclosures/*/")
    page.click("summary >> nth=0")
    look(page, "disclosure-open", width, "en")
    page.check("input[name=decision][value=part]")
    page.fill("#redactions", "Free text that speaks of others: schedule 2, paragraph 16")
    page.click("text=Record the answer")
    look(page, "disclosure-answered", width, "en")
    with page.expect_download() as taken:
        page.click("text=Download to read")
    assert taken.value.suggested_filename.startswith("OFFICIAL-SENSITIVE-request-")
    text = Path(taken.value.path()).read_text(encoding="utf-8")
    assert "spoken to" in text
    assert "loud music" not in text
    file = SHOTS / f"disclosure-file-{width}.html"
    file.write_text(text, encoding="utf-8")
    page.reload()
    look(page, "disclosure-given", width, "en")


def test_a_leaver_is_erased_by_keyboard(open_page, workplace):  # noqa: F811
    page = open_page()
    enter(page, workplace, "/retention/")
    page.locator("a:has-text('Decide'):has-text('Idris Watkins')").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/retention/decide/account:*/")
    tab_to(page, "document.activeElement.name === 'decision'")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.value") == "erase"
    tab_to(page, "document.activeElement.id === 'reason'")
    page.keyboard.type("left more than a year ago")
    tab_to(page, "document.activeElement.textContent.trim() === 'Record the decision'")
    page.keyboard.press("Enter")
    page.wait_for_url("**/retention/")
    text = page.locator("main").inner_text()
    assert "Idris Watkins" not in text
    assert "left more than a year ago" in text
    assert "1 entry emptied" in text


def test_records_are_erased_by_the_operator(open_page, workplace):  # noqa: F811
    page = open_page(390)
    enter(page, workplace, "/retention/decide/records:call:2011/")
    page.check("input[name=decision][value=erase]")
    page.fill("#reason", "six years are over")
    page.click("text=Record the decision")
    page.wait_for_url("**/retention/")
    look(page, "retention-waiting", 390, "en")
    assert "To be erased" in page.locator("main").inner_text()
    done = subprocess.run(
        [sys.executable, "-m", "forestall", "erase", "--store", str(workplace.store), "--waiting"],
        env=workplace.environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "records:call:2011: erased, tombstone e" in done.stdout or "no erasure waits" in done.stdout
    page.reload()
    assert "10 records, tombstone e" in page.locator("main").inner_text()
    assert not any(b"C1," in p.read_bytes() for p in (workplace.store / "parts").iterdir())
