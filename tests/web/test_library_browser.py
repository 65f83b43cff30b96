"""The library in a real Chromium: both widths, both languages, with scripts and without, by keyboard, with axe."""

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
    sign_in,
    tab_to,
    violations,
)

#: Plans that closed with each verdict, one with an evaluation, one being tried; and one to plan a response in.
PREPARE = """
import sys
from pathlib import Path
from forestall.web import start
start.configure(Path(sys.argv[1])); start.prepare()
from django.utils import timezone
from forestall.web.audit.trail import Trail
from forestall.web.library import actions as library
from forestall.web.library.found import Found
from forestall.web.people.models import User
from forestall.web.plans import actions
from forestall.web.plans.models import Answer, Plan, Response
from forestall.web.plans.seed import Seed
officer, boss = User.objects.get(username="officer"), User.objects.get(username="supervisor")

def plan(title, category, practice, state, **said):
    made = actions.start_plan(seed=Seed(origin="complaint", words=title, category=category), scan=None, weight="quick",
                              language="en", duplicates=(), title=title, trail=Trail(officer))
    usual = {"delivered": "All", "found": "x", "residents": "x", "maintenance": "x", "next-review": "2030-01-01",
             "lessons": "Ask for keys to be cut before the gates hang."}
    for question, value in {**usual, **said}.items():
        Answer.objects.create(plan=made, question=question, value=value, by=officer)
    Response.objects.create(plan=made, action=title, mechanism="Nobody gets there unseen.", side="place",
                            driver="opportunity",
                            technique="control-access", dose=10, delivered=9, cost=3100, organisation=made.organisation,
                            practice=practice, trial=not practice, by=officer)
    Plan.objects.filter(pk=made.pk).update(state=state, fixed_at=timezone.now())
    return made

for title, category, practice, verdict in (
    ("Gates behind Tudor Street", "burglary", "alley-gating", "worked"),
    ("Gates at the Graig estate", "burglary", "alley-gating", "worse"),
    ("Cameras at the multi-storey", "vehicle-crime", "cctv", "no-change"),
    ("A bicycle register", "bicycle-theft", "", "unknown")):
    made = plan(title, category, practice, "closing", verdict=verdict)
    actions.move(key=made.key, move="close", trail=Trail(boss))
    if practice == "cctv":
        library.file_local_result(key=made.key, trail=Trail(boss), found=Found(
            "worked", -19.0, (-35.0, -4.0), 0.012, "records", "weighted-displacement", 3, evaluation="7f3a" * 16,
            place="parking-area"))
plan("Lights in the park", "anti-social-behaviour", "street-lighting", "responding")
print(plan("Back doors of Cambrian Road", "burglary", "", "active").key)
"""
PAGES = {
    "library": "/library/",
    "library-none": "/library/?words=nothingofthatname",
    "library-practice": "/library/practices/alley-gating/",
    "library-harmful": "/library/practices/scared-straight/",
    "library-toolkits": "/library/toolkits/",
    "library-toolkit": "/library/toolkits/burglary/",
    "library-local": "/library/local/",
    "library-trials": "/library/trials/",
    "library-review": "/library/review/",
    "library-suggestion": "/signals/0000000001/suggestion/",
}

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    store = bench_store.make(tmp_path_factory.mktemp("library"), source="sample-crimes", record=True)
    running = Workplace(store)
    made = subprocess.run(
        [sys.executable, "-c", PREPARE, str(store)], env=clean_environment(), capture_output=True, text=True, check=True
    )
    running.plan = made.stdout.strip()
    yield running
    running.stop()


def look(page, name, width):
    page.wait_for_load_state("networkidle")
    assert page.evaluate("window.complaints") == [], name
    assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} scrolls sideways"
    assert page.locator("h1").count() == 1, name
    SHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}-{width}-{page.locator('html').get_attribute('lang')}.png", full_page=True)
    assert violations(page) == [], name


@pytest.mark.parametrize("language", ["en", "cy"])
@pytest.mark.parametrize("width", [390, 1280])
def test_pages(open_page, workplace, width, language):  # noqa: F811
    page = open_page(width, language=language, at=workplace)
    sign_in(page, workplace, "hub")
    for name, path in PAGES.items():
        page.goto(path)
        look(page, name, width)
    page.goto("/library/local/")
    with page.expect_navigation():
        page.locator("main table tbody th a").first.click()
    look(page, "library-result", width)


def test_an_officer_on_a_phone_finds_what_fits_reads_it_and_comes_back_to_cite_it(open_page, workplace):  # noqa: F811
    """From the plan's response to the practice, with what failed here in plain sight."""
    page = open_page(390, at=workplace, touch=True)
    sign_in(page, workplace, "officer")
    page.goto(f"/plans/{workplace.plan}/responses/new/")
    page.locator("summary", has_text="of the library fit this problem").tap()
    look(page, "library-in-a-plan", 390)
    with page.expect_navigation():
        page.locator("details[open] a", has_text="Gates across alleys").tap()
    text = page.locator("main").inner_text()
    assert "worked here" in text
    assert "failed here" in text
    page.go_back()
    page.select_option("#r-practice", "alley-gating")
    page.fill("#r-action", "Gates")
    with page.expect_navigation():
        page.locator("button", has_text="Save").first.tap()
    with page.expect_navigation():
        page.locator("a", has_text="Gates across alleys").first.tap()
    assert page.url.endswith("/library/practices/alley-gating/")


def test_without_scripts_and_by_keyboard_a_peer_accepts_and_the_table_is_taken_away(open_page, workplace):  # noqa: F811
    page = open_page(scripts=False, at=workplace)
    sign_in(page, workplace, "hub")
    page.goto("/library/review/")
    waiting = page.locator("main tbody tr").count()
    tab_to(page, "document.activeElement.matches('main tbody tr:first-child a')")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    tab_to(page, "document.activeElement.id === 'open'")
    page.keyboard.press("Space")
    tab_to(page, "document.activeElement.value === 'accepted'")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert "accepted by a peer" in page.locator("main").inner_text()
    page.goto("/library/review/")
    assert page.locator("main tbody tr").count() == waiting - 1
    page.goto("/library/local/?verdict=backfired")
    assert page.locator("main tbody tr").count() == 1
    with page.expect_download() as taken:
        page.click("text=Download CSV")
    assert taken.value.suggested_filename == "OFFICIAL-SENSITIVE-library-local.csv"


def test_a_profile_leads_to_what_the_library_suggests(open_page, workplace):  # noqa: F811
    page = open_page(at=workplace)
    sign_in(page, workplace, "analyst")
    page.goto("/signals/0000000001/profile/")
    with page.expect_navigation():
        page.click("text=What the library suggests")
    assert "of the library fit" in page.locator("h1").inner_text()
