"""The log's page in a real Chromium: both widths, both languages, with scripts and without, by keyboard, with axe."""

from __future__ import annotations

import subprocess
import sys

import pytest

import bench_store
from web.test_browser import (  # noqa: F401 - fixtures
    SHOTS,
    Workplace,
    browser,
    chromium,
    clean_environment,
    open_page,
    violations,
)

#: A data protection officer as the demo's people are, so that a name and a password are enough on this machine; and a log.
PREPARE = """
import sys
from pathlib import Path
from forestall.web import start
start.configure(Path(sys.argv[1])); start.prepare()
from django.db import transaction
from forestall.web.audit import actions, checking, sealing
from forestall.web.audit.models import Operation
from forestall.web.audit.trail import Trail
from forestall.web.people.models import HeldRole, User
officer = User(username="officer-of-data", name="Bethan Rees", is_demo=True)
officer.set_password(sys.argv[2]); officer.save()
HeldRole.objects.create(user=officer, role="data-protection")
ann = User.objects.create(username="ann", name="Ann Llŷr")
for i in range(120):
    with transaction.atomic():
        trail = Trail(ann, "10.20.3.4")
        trail.record(Operation.CONSULTATION, "read-signal", f"signal:{i:010x}", {"snapshot": "7f3a", "words": "x" * 90})
        if i % 30 == 0:
            trail.record(Operation.DISCLOSURE, "export-signals", "snapshot:7f3a", to="Cyngor Dinas Casnewydd")
sealing.seal_pending()
actions.record_check(found=checking.check(), trail=Trail.operator())
"""
PASSWORD = "for this machine alone"
PAGES = {
    "log": "/audit/",
    "log-search": "/audit/?person=ann&act=export-signals",
    "log-words": "/audit/?text=nowhere",
    "log-refused": "/audit/?since=x",
    "log-record": "/audit/record/?record=signal:0000000003",
}

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    store = bench_store.make(tmp_path_factory.mktemp("workplace"), source="sample-crimes", record=True)
    words = [sys.executable, "-c", PREPARE, str(store), PASSWORD]
    subprocess.run(words, env=clean_environment(), capture_output=True, text=True, check=True)
    running = Workplace(store)
    running.passwords["officer-of-data"] = PASSWORD
    yield running
    running.stop()


def enter(page):
    page.goto("/sign-in/")
    page.fill("#username", "officer-of-data")
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    page.wait_for_url("**/audit/")


def go(page, where):
    with page.expect_navigation():
        page.click(where)


@pytest.mark.parametrize("language", ["en", "cy"])
@pytest.mark.parametrize("width", [390, 1280])
def test_pages(open_page, width, language):  # noqa: F811
    page = open_page(width, language=language)
    SHOTS.mkdir(exist_ok=True)
    enter(page)
    for name, path in PAGES.items():
        page.goto(path)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("window.complaints") == [], name
        assert page.locator("html").get_attribute("lang") == language
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} scrolls sideways"
        assert page.locator("h1").count() == 1
        page.screenshot(path=SHOTS / f"{name}-{width}-{language}.png", full_page=True)
        assert violations(page) == [], name


def test_without_scripts_the_log_is_searched_paged_and_taken_away(open_page):  # noqa: F811
    page = open_page(scripts=False)
    enter(page)
    page.fill("#person", "Llŷr")
    go(page, ".f-filter__go")
    assert page.locator(".f-log tbody tr").count() == 50
    go(page, "a[rel=next]")
    go(page, "a[rel=next]")
    assert page.locator(".f-log tbody tr").count() == 24
    assert page.locator("a[rel=next]").count() == 0
    page.locator(".f-log tbody tr").last.locator("summary").click()
    assert page.locator(".f-log details[open] dd").first.is_visible()
    go(page, "text=signal:0000000000")
    assert page.locator(".f-log tbody tr").count() == 1
    page.fill("#reason", "Cwyn 7")
    with page.expect_download() as taken:
        page.click("text=Download CSV")
    assert taken.value.suggested_filename.startswith("OFFICIAL-SENSITIVE-audit-log-")
    page.goto("/audit/?act=export-log")
    assert "Cwyn 7" in page.locator(".f-log tbody tr").first.inner_text()


def test_by_keyboard_alone(open_page):  # noqa: F811
    page = open_page()
    enter(page)
    page.keyboard.press("Tab")
    assert "Skip" in page.evaluate("document.activeElement.innerText")
    page.keyboard.press("Enter")
    seen = []
    for _ in range(9):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.id"))
    assert [s for s in dict.fromkeys(seen) if s][:5] == ["person", "act", "operation", "record", "since"]
    page.focus("#record")
    page.keyboard.type("snapshot:*")
    page.keyboard.press("Enter")
    page.wait_for_url("**record=snapshot**")
    assert page.locator(".f-log tbody tr").count() == 4
