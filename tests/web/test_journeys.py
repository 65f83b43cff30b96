"""Whole journeys in a real Chromium: an officer on a phone from a problem to a submitted plan, a supervisor at a desk, a
partner who is asked for something. Each by touch and by keyboard, each page with axe and the policy listened to, the
officer's once without any script of ours, and counted: a plan that takes longer to begin is not begun."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

import bench_store
from web.hands import Keys, Touch
from web.test_browser import (
    Workplace,
    browser,  # noqa: F401 - a fixture
    chromium,  # noqa: F401 - a fixture
    clean_environment,
    open_page,  # noqa: F401 - a fixture
    sign_in,
)
from web.waiting import TASKS, TITLES

pytestmark = pytest.mark.browser

#: What an officer's journey from the list of problems to a submitted plan may take, free text aside.
MOST_TAPS, MOST_TYPED = 30, 150
HANDS = {"touch": Touch, "keyboard": Keys}


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    store = bench_store.make(tmp_path_factory.mktemp("journeys"), source="sample-crimes", record=True)
    running = Workplace(store)
    code = (
        "import sys; from pathlib import Path; from forestall.web import start; start.configure(Path(sys.argv[1]))\n"
        "from web import waiting; waiting.make()"
    )
    subprocess.run([sys.executable, "-c", code, str(store)], env=clean_environment(tests=True), check=True)
    yield running
    running.stop()


@pytest.mark.parametrize(("by", "scripts"), [("touch", True), ("keyboard", True), ("touch", False)])
def test_an_officer_on_a_phone_makes_a_plan_of_a_problem(open_page, workplace, by, scripts):  # noqa: F811
    page = open_page(390, height=844)
    if not scripts:
        page.route("**/*.js*", lambda route: route.abort())
    sign_in(page, workplace, "officer")
    assert page.url.endswith("/work/"), "an officer begins with their own work"
    hand = HANDS[by](page, f"officer-{by}{'' if scripts else '-no-scripts'}")
    hand.look()
    hand.press("text=Problems found here")
    hand.press(".f-problem:not(:has(a[href^='/plans/'])):has-text('Rising') h3 a")
    hand.press("text=Start a plan")
    hand.choose("[name=weight][value=quick]")
    hand.press("text=Start this plan")
    hand.press("text=Fill it in on two screens")
    hand.write("#q-why", "Cars stand unseen behind the shops, and the gate has been broken since the spring.")
    hand.write("#q-place-manager", "The shopping centre's manager")
    hand.press("text=Save and next")
    hand.write("#r-action", "Mend the gate and lock it at eight in the evening")
    hand.write("#r-mechanism", "Nobody gets to the cars unseen when the shops are shut.")
    hand.write("#r-due", "31/3/2090", free=False)
    hand.write("#q-equality-who", "Staff who leave after eight, most of them women, walk through there to the bus.")
    hand.write("#q-equality-how", "We asked the shops which staff close up, and at what time.")
    hand.press("button >> text=Save")
    hand.press("a >> text=Submit for agreement")
    hand.press("form button >> text=Submit for agreement")
    assert page.locator(".f-tags").inner_text().startswith("Waiting for agreement")
    assert "Mend the gate" in page.locator("main").inner_text(), "the first response stands among what happened last"
    assert hand.taps <= MOST_TAPS, f"{hand.taps} taps"
    assert 0 < hand.typed <= MOST_TYPED, f"{hand.typed} characters beside free text"


@pytest.mark.parametrize("by", ["touch", "keyboard"])
def test_a_supervisor_at_a_desk_agrees_to_a_plan(open_page, workplace, by):  # noqa: F811
    page = open_page(1280) if by == "keyboard" else open_page(1280, touch=True)
    sign_in(page, workplace, "supervisor")
    assert page.url.endswith("/portfolio/"), "a supervisor begins with the portfolio"
    hand = HANDS[by](page, f"supervisor-{by}")
    hand.press(".f-rooms >> text=My work")
    hand.press(f"text={TITLES[0] if by == 'touch' else TITLES[1]}")
    hand.press("text=Agree to this plan")
    hand.write("#local_to_global", "Vehicle crime is a priority of the force this year.")
    hand.write("#global_to_local", "The regional team shares what it knows of the market.")
    hand.press("button >> text=Agree to this plan")
    assert page.locator(".f-tags").inner_text().startswith("In analysis")
    assert hand.taps <= 6
    hand.press(".f-rooms >> text=Portfolio")


def test_an_expired_session_keeps_what_a_supervisor_wrote(open_page, workplace):  # noqa: F811
    page = open_page(1280)
    sign_in(page, workplace, "supervisor")
    hand = Keys(page, "expired")
    page.goto("/work/")
    hand.press(f"text={TITLES[2]}")
    hand.press("text=Return it to the owner")
    said = "Say whom you asked: gofynnwch i’r trigolion hefyd, os gwelwch yn dda."
    hand.write("#reason", said)
    page.context.clear_cookies(name="forestall_session")
    hand.press("button >> text=Return it to the owner")
    assert page.locator("#password").is_visible()
    hand.write("#username", "supervisor")
    hand.write("#password", workplace.passwords["supervisor"])
    hand.press("button >> text=Sign in")
    assert said in page.locator("main").inner_text()
    hand.press("main form button.govuk-button")
    assert page.locator(".f-tags").inner_text().startswith("Draft")
    assert said in page.locator("main").inner_text()


@pytest.mark.parametrize("by", ["touch", "keyboard"])
def test_a_partner_accepts_a_task_and_finishes_it(open_page, workplace, by):  # noqa: F811
    page = open_page(390, height=844)
    sign_in(page, workplace, "partner")
    assert page.url.endswith("/my-council/"), "a partner begins with what is asked of their organisation"
    hand = HANDS[by](page, f"partner-{by}")
    hand.look()
    hand.press(f"text={TASKS[0] if by == 'touch' else TASKS[1]}")
    hand.press("button >> text=Accept")
    assert page.locator(".f-tags").first.inner_text().startswith("Accepted")
    hand.write("#outcome", "The contractor did it on Tuesday.")
    hand.press("button >> text=Done")
    assert page.locator(".f-tags").first.inner_text().startswith("Done")
    assert hand.taps <= 6
    assert hand.typed == 0
    page.goto("/my-council/")
    hand.press("text=Shared with the council")
    assert page.locator("text=Agree to this plan").count() == 0


def test_the_menu_of_a_phone_opens_without_scripts(open_page, workplace):  # noqa: F811
    page = open_page(390, scripts=False)
    sign_in(page, workplace, "supervisor")
    assert not page.locator(".f-rooms").is_visible()
    page.tap("text=Menu")
    assert page.locator(".f-rooms a").count() >= 8
    page.tap(".f-rooms >> text=Portfolio")
    page.wait_for_url("**/portfolio/")
    assert not page.locator(".f-rooms").is_visible()


@pytest.mark.parametrize("language", ["en", "cy"])
def test_my_ward_since_monday_is_one_sheet_of_paper(open_page, workplace, language):  # noqa: F811
    page = open_page(390, language=language)
    sign_in(page, workplace, "officer")
    page.goto("/my-ward/")
    page.emulate_media(media="print")
    paper = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", paper)) == 1
    box = re.search(rb"/MediaBox\s*\[([^\]]+)\]", paper)
    assert [round(float(v) / 72 * 25.4) for v in box[1].split()[2:]] == [210, 297]
