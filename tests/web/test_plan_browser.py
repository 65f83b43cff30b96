"""A plan in a real Chromium: an officer on a phone carries a plan that a signal began to its submission, by touch and by
keyboard, with axe on each page; a desk keeps drafts and never overwrites a colleague. The workplace is its own process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import bench_store
from web.test_browser import (
    LISTEN,
    SHOTS,
    Workplace,
    browser,  # noqa: F401 - a fixture
    chromium,  # noqa: F401 - a fixture
    clean_environment,
    sign_in,
    tab_to,
    violations,
)

pytestmark = pytest.mark.browser

#: What the journey may take from the plan's first page to its submission, free text aside.
MOST_TAPS, MOST_TYPED = 30, 150
BEGIN = """
import sys
from pathlib import Path
from forestall.web import start
start.configure(Path(sys.argv[1]))
from forestall.web.audit.trail import Trail
from forestall.web.people.models import User
from forestall.web.plans import actions
from forestall.web.plans.seed import from_signal
from forestall.web.signals.pinned import pinned
scan, officer = pinned(), User.objects.get(username="officer")
plan = actions.start_plan(seed=from_signal(scan, scan.scan.signals[0]), scan=scan, weight=sys.argv[2], language="en",
                          duplicates=[], trail=Trail(officer))
print(plan.key)
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Path:
    return bench_store.make(tmp_path_factory.mktemp("plans"), source="sample-crimes", record=True)


@pytest.fixture(scope="module")
def workplace(store):
    running = Workplace(store)
    yield running
    running.stop()


@pytest.fixture
def begin(workplace, store):  # noqa: ARG001 - the accounts are made with it
    """Begins a plan of the officer's and gives its key."""

    def make(weight="standard"):
        made = subprocess.run(
            [sys.executable, "-c", BEGIN, str(store), weight], env=clean_environment(), capture_output=True, text=True,
            check=True,
        )  # fmt: skip
        return made.stdout.strip()

    return make


@pytest.fixture
def open_page(browser, workplace):  # noqa: F811 - the fixture
    contexts = []

    def make(width=390, language="en", *, scripts=True, who="officer"):
        context = browser.new_context(
            viewport={"width": width, "height": 844}, base_url=workplace.address, has_touch=width < 500,
            locale="cy-GB" if language == "cy" else "en-GB", java_script_enabled=scripts,
        )  # fmt: skip
        context.add_init_script(LISTEN)
        context.set_default_timeout(30_000)
        contexts.append(context)
        page = context.new_page()
        sign_in(page, workplace, who)
        return page

    yield make
    for context in contexts:
        context.close()


class Hand:
    """Counts what a person does with a page: taps, keys that are no free text, and free text apart."""

    def __init__(self, page):
        self.page, self.taps, self.typed, self.free, self.seen = page, 0, 0, 0, []

    def arrive(self):
        """Checks the page that the last act led to."""
        assert self.page.evaluate("document.documentElement.scrollWidth") <= self.page.viewport_size["width"]
        assert self.page.locator("h1").count() == 1
        assert self.page.evaluate("window.complaints") == []
        assert violations(self.page) == [], self.page.url
        self.seen.append(self.page.url)

    def tap(self, selector):
        self.taps += 1
        with self.page.expect_navigation():
            self.page.locator(f"{selector} >> visible=true").first.tap()
        self.arrive()

    def write(self, selector, words, *, free=False):
        self.taps += 1
        self.page.locator(selector).tap()
        self.page.locator(selector).fill(words)
        self.free += len(words) if free else 0
        self.typed += 0 if free else len(words)


def test_an_officer_on_a_phone_goes_through_the_plan_and_submits_it(open_page, begin):
    """Every answer of objective and scanning is seen once, one is put right, and the plan is submitted."""
    key, page = begin(), open_page()
    page.goto(f"/plans/{key}/")
    hand = Hand(page)
    hand.arrive()
    SHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SHOTS / "plan-390.png", full_page=True)
    hand.tap("text=Objective")
    hand.tap("text=Go through the answers")
    page.screenshot(path=SHOTS / "plan-question-390.png", full_page=True)
    for _ in range(3):
        hand.tap("text=Save and next")
    hand.write("#q-target", "25")
    hand.tap("text=Save and next")
    hand.tap("button >> text=Save")
    assert "1 answer was saved" in page.locator("main").inner_text()
    hand.tap("text=Next: Scanning")
    hand.tap("text=Go through the answers")
    while page.locator("text=Save and next").count():
        if page.locator("#q-harm").count():
            hand.write("#q-harm", "Residents pay for windows and stay away from the car park at night", free=True)
        hand.tap("text=Save and next")
    hand.tap("button >> text=Save")
    hand.tap("text=Overview of the plan")
    hand.tap("text=Submit for agreement")
    hand.tap("button >> text=Submit for agreement")
    assert "the plan is now “Waiting for agreement”" in page.locator("main").inner_text()
    assert hand.taps <= MOST_TAPS, hand.taps
    assert hand.typed <= MOST_TYPED, hand.typed
    assert len(hand.seen) >= 20


def test_what_is_filled_in_already_is_submitted_in_three_taps(open_page, begin):
    key, page = begin(), open_page()
    page.goto(f"/plans/{key}/")
    hand = Hand(page)
    hand.tap("text=Submit for agreement")
    hand.tap("button >> text=Submit for agreement")
    assert "Waiting for agreement" in page.locator("main").inner_text()
    assert (hand.taps <= 3, hand.typed) == (True, 0)


def test_by_keyboard_alone_on_a_phone(open_page, begin):
    key, page = begin(), open_page()
    page.goto(f"/plans/{key}/scanning/cheers-recurring/")
    tab_to(page, "document.activeElement.name === 'q-cheers-recurring'")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.value") == "no"
    tab_to(page, "document.activeElement.textContent.trim() === 'Save and next'")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/plans/{key}/scanning/")
    assert violations(page) == []
    tab_to(page, "document.activeElement.textContent.trim() === 'Handle it as a single incident'")
    page.keyboard.press("Enter")
    page.wait_for_url("**/move/route-incident/")
    tab_to(page, "document.activeElement.id === 'reason'")
    page.keyboard.type("It happened once")
    tab_to(page, "document.activeElement.tagName === 'BUTTON' && document.activeElement.closest('main')")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?done=route-incident")
    assert "Sent elsewhere" in page.locator("main").inner_text()


def test_a_quick_plan_on_a_phone_is_two_screens(open_page, begin):
    key, page = begin("quick"), open_page()
    page.goto(f"/plans/{key}/")
    hand = Hand(page)
    hand.tap("text=Fill it in on two screens")
    hand.write("#q-why", "Cars are left open while people fetch their children", free=True)
    hand.write("#q-place-manager", "The school", free=True)
    page.screenshot(path=SHOTS / "plan-quick-390.png", full_page=True)
    hand.tap("button >> text=Save and next")
    hand.write("#r-action", "A letter to parents and a person at the gate", free=True)
    hand.write("#r-mechanism", "People lock their cars when somebody reminds them", free=True)
    hand.write("#r-due", "31/3/2099")
    hand.write("#q-equality-who", "Parents with small children and carers with wheelchairs", free=True)
    hand.write("#q-equality-how", "Asked the school and two parents", free=True)
    hand.tap("button >> text=Save")
    assert page.url.endswith(f"/plans/{key}/")
    hand.tap("text=Submit for agreement")
    hand.tap("button >> text=Submit for agreement")
    assert "Waiting for agreement" in page.locator("main").inner_text()
    assert hand.taps <= MOST_TAPS
    assert hand.typed <= MOST_TYPED


def test_a_draft_keeps_itself_and_is_offered_on_return(open_page, begin):
    key, page = begin(), open_page(1280)
    page.goto(f"/plans/{key}/scanning/")
    page.locator("#q-harm").fill("Half a sentence ŵ")
    page.locator("[data-kept]", has_text="Kept as a draft at").wait_for()
    page.goto(f"/plans/{key}/scanning/")
    assert "Half a sentence ŵ" in page.locator(".f-draft").inner_text()
    assert violations(page) == []
    page.locator(".f-desk >> text=Use it").click()
    assert page.locator("#q-harm").input_value() == "Half a sentence ŵ"
    page.click("text=Save what I changed")
    assert page.locator(".f-draft").count() == 0
    assert page.evaluate("window.complaints") == []


def test_an_expired_session_keeps_what_was_typed(open_page, begin, workplace):
    """The draft stands where it was kept in time, and what was sent too late is handed back after signing in."""
    key, page = begin(), open_page()
    page.goto(f"/plans/{key}/scanning/harm/")
    page.locator("#q-harm").fill("Written before the session ended")
    page.locator("[data-kept]", has_text="Kept as a draft at").wait_for()
    page.context.clear_cookies(name="forestall_session")
    page.locator("#q-harm").press("End")
    page.locator("#q-harm").press_sequentially("!")
    page.locator("[data-kept]", has_text="Not kept as a draft").wait_for()
    page.click("text=Save and next")
    page.fill("#username", "officer")
    page.fill("#password", workplace.passwords["officer"])
    page.press("#password", "Enter")
    page.locator("h1", has_text="here is what you typed").wait_for()
    beside = page.context.new_page()
    beside.goto(f"/plans/{key}/scanning/harm/")
    assert "Written before the session ended" in beside.locator(".f-draft").inner_text()
    page.click("text=Send it now")
    page.wait_for_url(f"**/plans/{key}/scanning/who-says/")
    page.goto(f"/plans/{key}/scanning/harm/")
    assert page.locator("#q-harm").input_value() == "Written before the session ended!"
    assert page.locator(".f-draft").count() == 0


def test_two_people_at_two_desks(open_page, begin):
    key, officer, supervisor = begin(), open_page(1280), open_page(1280, who="supervisor")
    for page in (officer, supervisor):
        page.goto(f"/plans/{key}/scanning/")
    supervisor.fill("#q-extent", "Theirs: since the spring")
    supervisor.click("text=Save what I changed")
    officer.fill("#q-extent", "Mine: since the new shop")
    officer.click("text=Save what I changed")
    officer.wait_for_url("**/merge/")
    assert violations(officer) == []
    officer.screenshot(path=SHOTS / "plan-merge-1280.png", full_page=True)
    assert "Theirs: since the spring" in officer.locator("main").inner_text()
    officer.check("#choice-both")
    officer.fill("#both", "Since the spring, when the shop opened")
    officer.click("text=Let this stand")
    officer.wait_for_url(f"**/plans/{key}/scanning/")
    assert officer.locator("#q-extent").input_value() == "Since the spring, when the shop opened"


@pytest.mark.parametrize("language", ["en", "cy"])
@pytest.mark.parametrize("width", [390, 1280])
def test_each_page_at_both_widths_in_both_languages(open_page, begin, width, language):
    key, page = begin(), open_page(width, language)
    hand = Hand(page)
    for path in ("/plans/", "", "objective/", "scanning/", "analysis/", "response/", "assessment/", "closure/", "timeline/",
                 "analysis/why/", "ideas/new/", "responses/new/", "find-out/", "move/submit/", "move/join/"):  # fmt: skip
        page.goto(path if path.startswith("/") else f"/plans/{key}/{path}")
        hand.arrive()
        assert page.locator("html").get_attribute("lang") == language
        name = path.strip("/").replace("/", "-") or "overview"
        page.screenshot(path=SHOTS / f"plan-{name}-{width}-{language}.png", full_page=True)


@pytest.mark.parametrize(("scripts", "language"), [(True, "en"), (False, "en"), (True, "cy")])
def test_on_a_phone_the_pages_of_a_plan_are_one_button_and_one_row(open_page, begin, scripts, language):
    key = begin()
    page = open_page(390, language, scripts=scripts)
    page.goto(f"/plans/{key}/")
    links = page.locator(".f-subnav a:visible")
    assert len({a.bounding_box()["y"] for a in links.all()}) == 1, "the overview's links stand in one row"
    assert links.count() == 4, "the stages stand in the list below, with what is reached from them"
    page.goto(f"/plans/{key}/scanning/")
    assert not page.locator("#plan-pages").is_visible()
    page.click(".f-subnav__open")
    assert page.locator("#plan-pages a:visible").count() == 13
    assert page.locator("#plan-pages [aria-current]").get_attribute("href").endswith("/scanning/")
    if scripts:
        Hand(page).arrive()
    page.screenshot(path=SHOTS / f"plan-pages-390-{language}.png")
    page.keyboard.press("Escape")
    assert not page.locator("#plan-pages").is_visible()
    page.focus(".f-subnav__open")
    page.keyboard.press("Enter")
    page.click("#plan-pages a[href$='/timeline/']")
    assert page.url.endswith(f"/plans/{key}/timeline/")


def test_without_scripts_a_desk_and_a_phone_save(open_page, begin):
    key = begin()
    page = open_page(1280, scripts=False)
    page.goto(f"/plans/{key}/objective/")
    page.fill("#q-aim", "Fewer cars are broken into")
    page.click("text=Save what I changed")
    assert "1 answer was saved" in page.locator("main").inner_text()
    phone = open_page(390, scripts=False)
    phone.goto(f"/plans/{key}/objective/")
    assert not phone.locator(".f-desk").is_visible()
    phone.click("text=Go through the answers")
    assert phone.locator("#q-aim").input_value() == "Fewer cars are broken into"
    phone.click("text=Save and next")
    assert "/objective/measure/" in phone.url
