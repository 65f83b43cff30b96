"""The pages in a real Chromium: at a phone's and a desk's width, in both languages, with scripts and without, by keyboard,
with axe, and with the content security policy listened to. The workplace runs as its own process."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

import bench_store
from web import build

ROOT = Path(__file__).parent.parent.parent
SHOTS = ROOT / "test-output"
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-unsafe-swiftshader",
]
#: The page reports what its policy refused, and every error of a script, before anything else runs.
LISTEN = """
window.complaints = [];
document.addEventListener("securitypolicyviolation", e => window.complaints.push(`${e.violatedDirective} ${e.blockedURI}`));
window.addEventListener("error", e => window.complaints.push(String(e.message)));
"""
SIGNAL = "/signals/0000000001/"
PAGES = {
    "sign-in": "/sign-in/",
    "home": "/",
    "filtered": "/?kind=rising&sort=change",
    "signal": SIGNAL,
    "force-wide": "/signals/0000000002/",
    "concentrated": "/signals/0000000003/",
    "events": "/recording-events/",
    "notices": "/notices/",
    "nothing-there": "/signals/ffffffffff/",
    "explore": "/explore/",
    "explore-map": "/explore/?method=local-statistics&category=burglary&statistic=moran",
    "explore-chart": "/explore/?method=hours&category=shoplifting&hub=W06000001",
    "explore-density": "/explore/?method=density&category=burglary&cell=100",
    "explore-refused": "/explore/?method=near-repeat&distances=9,3",
    "profile": SIGNAL + "profile/",
    "profile-none": "/signals/0000000002/profile/",
}

pytestmark = pytest.mark.browser


def clean_environment(*, tests: bool = False) -> dict[str, str]:
    """Without the settings of the tests' own workplace; ``tests``: with the tests' modules to import."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("FORESTALL_", "DJANGO_"))}
    path = [str(ROOT / "tests")] if tests else []
    path += [kept["PYTHONPATH"]] if kept.get("PYTHONPATH") else []
    return {**kept, "PYTHONUNBUFFERED": "1", "PYTHONPATH": os.pathsep.join(path)}


class Workplace:
    """``forestall serve`` on a store, as anybody starts it, with the demo's accounts."""

    def __init__(self, store: Path) -> None:
        code = (
            "import json, sys; from pathlib import Path; from forestall.web import start; "
            "print(json.dumps(dict(start.demo_accounts(Path(sys.argv[1]), Path(sys.argv[1]) / 'demo'))))\n"
            "from web import told; told.tell('analyst')"
        )
        made = subprocess.run(
            [sys.executable, "-c", code, str(store)],
            env=clean_environment(tests=True),
            capture_output=True,
            text=True,
            check=True,
        )
        import json

        self.passwords = json.loads(made.stdout)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "forestall", "serve", "--no-worker", "--store", str(store), "--port", "0"],
            env=clean_environment(), stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        line = self.process.stdout.readline()
        self.address = line.split(" at ")[1].split("/ ")[0]

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)
        self.process.stdout.close()


@pytest.fixture(scope="module")
def chromium():
    found = next((shutil.which(n) for n in NAMES if shutil.which(n)), None)
    if found is None:
        pytest.skip("no Chromium on the PATH: install it (Debian, Ubuntu: apt-get install chromium) to drive the pages")
    if not AXE.exists():
        pytest.skip(f"no axe at {AXE}: run python scripts/frontend.py")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        yield lambda *more: playwright.chromium.launch(executable_path=found, args=[*FLAGS, *more])


@pytest.fixture(scope="module")
def browser(chromium):
    started = chromium()
    yield started
    started.close()


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    running = Workplace(bench_store.make(tmp_path_factory.mktemp("workplace"), source="sample-crimes", record=True))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def peopled(tmp_path_factory):
    """A workplace whose records name persons by identifier, with a signal of every kind."""
    running = Workplace(build.peopled(tmp_path_factory.mktemp("peopled")))
    yield running
    running.stop()


@pytest.fixture
def open_page(browser, workplace):
    contexts = []

    def make(width=1280, *, scripts=True, language="en", height=900, where=None, at=workplace, touch=False):
        context = (where or browser).new_context(
            viewport={"width": width, "height": height}, java_script_enabled=scripts, base_url=at.address,
            locale="cy-GB" if language == "cy" else "en-GB", has_touch=touch or width < 500,
        )  # fmt: skip
        context.add_init_script(LISTEN)
        context.set_default_timeout(15_000)
        contexts.append(context)
        return context.new_page()

    yield make
    for context in contexts:
        context.close()


def sign_in(page, workplace, who="analyst"):
    page.goto("/sign-in/")
    page.fill("#username", who)
    page.fill("#password", workplace.passwords[who])
    page.press("#password", "Enter")
    page.wait_for_url("**/")
    page.wait_for_load_state("networkidle")


def settle(page):
    page.wait_for_load_state("networkidle")
    if page.locator("[data-map]").count():
        page.wait_for_selector("[data-map][data-ready]")


def violations(page):
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [(v["id"], n["html"][:200]) for v in found["violations"] for n in v["nodes"]]


@pytest.mark.parametrize("language", ["en", "cy"])
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_pages(open_page, workplace, width, language, scripts):
    """Without scripts means here that none of ours arrives: axe itself is one, and has to run."""
    page = open_page(width, language=language)
    if not scripts:
        page.route("**/*.js*", lambda route: route.abort())
    SHOTS.mkdir(exist_ok=True)
    for name, path in PAGES.items():
        if name == "home":
            sign_in(page, workplace)
        page.goto(path)
        if scripts:
            settle(page)
            assert page.evaluate("window.complaints") == [], name
        assert page.locator("html").get_attribute("lang") == language
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} scrolls sideways"
        assert page.locator("h1").count() == 1
        page.screenshot(path=SHOTS / f"{name}-{width}-{language}{'' if scripts else '-no-scripts'}.png", full_page=True)
        assert violations(page) == [], name


@pytest.mark.parametrize(("language", "width"), [("en", 390), ("cy", 1280)])
def test_pages_of_every_kind_of_signal_and_the_tasking_lists(open_page, peopled, language, width):
    """With the drawn maps; that they come alive is for the pages above."""
    pages = {kind: f"/signals/{build.number(kind)}/" for kind in build.NEW} | {
        "all-kinds": "/",
        "reasons": "/signals/0000000001/",
        "tasking": f"/tasking/?hub={build.HUBS[0]}",
        "tasking-partners": "/tasking/?form=partner",
    }
    page = open_page(width, language=language, at=peopled)
    page.route("**/*.js*", lambda route: route.abort())
    SHOTS.mkdir(exist_ok=True)
    sign_in(page, peopled, "officer")
    for name, path in pages.items():
        page.goto(path)
        if name in ("tasking", "outlier"):
            page.evaluate("document.querySelectorAll('main details').forEach(e => { e.open = true; })")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} scrolls sideways"
        assert page.locator("h1").count() == 1
        page.screenshot(path=SHOTS / f"{name}-{width}-{language}.png", full_page=True)
        assert violations(page) == [], name


def test_a_partner_reads_the_lists_on_a_phone(open_page, peopled):
    page = open_page(390, at=peopled)
    sign_in(page, peopled, "partner")
    page.click("text=Menu")
    page.click("text=Tasking")
    assert page.locator(".f-listed").count() > 3
    assert page.locator(".f-listed__refs").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert violations(page) == []


def test_the_lists_by_keyboard_and_without_scripts(open_page, peopled):
    page = open_page(scripts=False, at=peopled)
    sign_in(page, peopled, "officer")
    page.click("text=Tasking")
    page.select_option("#hub", build.HUBS[0])
    page.click(".f-filter__go")
    assert f"hub={build.HUBS[0]}" in page.url
    first = page.locator(".f-listed__refs summary").first
    first.focus()
    page.keyboard.press("Enter")
    assert page.locator(".f-listed__refs li").first.is_visible()


def test_without_scripts_the_list_the_map_and_the_filter_work(open_page, workplace):
    page = open_page(scripts=False)
    sign_in(page, workplace)
    assert page.locator(".f-map__still svg").is_visible()
    page.select_option("#kind", "concentrated")
    page.click(".f-filter__go")
    assert "kind=concentrated" in page.url
    assert page.locator(".f-problem").count() == 1
    page.click(".f-map__still a")
    assert page.url.endswith("/signals/0000000003/")
    page.click("text=Every month as a table")
    assert page.locator(".f-table tbody tr").first.is_visible()


def test_without_scripts_exploring_works_and_the_address_is_the_view(open_page, workplace):
    page = open_page(scripts=False)
    sign_in(page, workplace)
    page.click("text=Explore")
    page.select_option("#method", "repeats")
    page.select_option("#category", "burglary")
    page.select_option("#since", "2021-01")
    page.click(".f-filter__go")
    assert page.locator("h1").inner_text() == "Repeats: burglary, Gwent, January 2021 to December 2022"
    assert page.locator(".f-table tbody tr").count() == 20
    link = page.locator("#link").inner_text()
    page.click("summary >> text=Settings")
    page.fill("#s-listed", "5")
    page.click(".f-filter__go")
    assert page.locator(".f-table tbody tr").count() == 5
    page.goto(link)
    assert page.locator(".f-table tbody tr").count() == 20
    with page.expect_download() as taken:
        page.click("text=Download CSV")
    assert taken.value.suggested_filename.startswith("SYNTHETIC-repeats-")


def test_list_and_map_are_tied(open_page, workplace):
    page = open_page()
    sign_in(page, workplace)
    settle(page)
    page.hover('.f-problem[data-zone="2"]')
    assert page.locator(".f-number--map.is-on").inner_text() == "2"
    page.hover(".f-number--map >> text='3'")
    assert page.locator(".f-problem.is-on").get_attribute("data-zone") == "3"
    page.focus('.f-problem[data-zone="4"] a')
    assert "4" in page.locator(".f-number--map.is-on").all_inner_texts()


def test_the_filter_changes_the_list_in_place_and_the_address_with_it(open_page, workplace):
    page = open_page()
    sign_in(page, workplace)
    settle(page)
    page.evaluate("window.stayed = true")
    page.select_option("#area", build.HUBS[1])
    page.click(".f-filter__go")
    page.wait_for_url("**area=W06000002**")
    settle(page)
    assert page.evaluate("window.stayed") is True
    assert page.locator(".f-problem").count() == 4
    page.go_back()
    page.locator(".f-problem").nth(5).wait_for()
    assert page.locator(".f-problem").count() == 6


def tab_to(page, there, most=60):
    for _ in range(most):
        if page.evaluate(there):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"{most} tabs never came to {there}")


def test_by_keyboard_alone(open_page, workplace):
    page = open_page()
    page.goto("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent.trim()") == "Skip to main content"
    page.keyboard.press("Enter")
    tab_to(page, "document.activeElement.id === 'username'")
    page.keyboard.type("analyst")
    page.keyboard.press("Tab")
    page.keyboard.type(workplace.passwords["analyst"])
    page.keyboard.press("Enter")
    page.wait_for_selector(".f-problem")
    settle(page)
    for _ in range(40):
        page.keyboard.press("Tab")
        seen = page.evaluate(
            "(() => { const e = document.activeElement, s = getComputedStyle(e);"
            " return s.outlineStyle !== 'none' || s.boxShadow !== 'none' || s.backgroundColor === 'rgb(255, 221, 0)'; })()"
        )
        assert seen, page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
        if page.evaluate(f"document.activeElement.getAttribute('href') === '{SIGNAL}'"):
            break
    page.keyboard.press("Enter")
    page.wait_for_url("**" + SIGNAL)
    tab_to(page, "document.activeElement.tagName === 'SUMMARY'")
    page.keyboard.press("Enter")
    assert page.locator(".f-table tbody tr").first.is_visible()


def test_the_language_switch_keeps_the_page(open_page, workplace):
    page = open_page(390)
    page.goto("/sign-in/?next=/recording-events/")
    page.click("button[name=language]")
    assert page.url.endswith("/sign-in/?next=/recording-events/")
    assert page.locator("html").get_attribute("lang") == "cy"
    page.fill("#username", "supervisor")
    page.fill("#password", workplace.passwords["supervisor"])
    page.press("#password", "Enter")
    page.wait_for_url("**/recording-events/")
    assert page.locator("html").get_attribute("lang") == "cy"


def test_where_the_browser_cannot_draw_maps_the_drawing_stays(chromium, open_page, workplace):
    blind = chromium("--disable-3d-apis")
    try:
        page = open_page(where=blind)
        sign_in(page, workplace)
        page.wait_for_timeout(1000)
        assert page.locator(".f-map__still svg").is_visible()
        assert page.locator(".f-map--live").count() == 0
        page.hover('.f-problem[data-zone="2"]')
        assert page.locator(".f-map__still .is-on").count() > 0
    finally:
        blind.close()


def test_partner_and_commissioner(open_page, workplace):
    for who, problems in (("partner", 0), ("commissioner", 6)):
        page = open_page(390)
        sign_in(page, workplace, who)
        page.goto("/")
        assert page.locator(".f-problem").count() == problems
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_print_shows_the_drawn_map(open_page, workplace):
    page = open_page()
    sign_in(page, workplace)
    settle(page)
    page.emulate_media(media="print")
    assert page.locator(".f-map__still svg").is_visible()
    assert not page.locator(".f-filter").is_visible()


def test_the_served_workplace_answers_a_plain_client(workplace):
    with urllib.request.urlopen(f"{workplace.address}/sign-in/", timeout=10) as answer:
        assert answer.headers["Server"] == "forestall"
        assert b"Sign in" in answer.read()


@pytest.mark.skipif(
    os.environ.get("FORESTALL_SCREENSHOTS") != "1", reason="FORESTALL_SCREENSHOTS=1 makes the README's picture"
)
def test_screenshot_for_the_readme(browser, tmp_path):
    """Runs the demo and takes pictures of its pages into docs/images: home, a problem, a plan and the portfolio."""
    subprocess.run(
        [sys.executable, "-m", "forestall", "demo", "--dir", str(tmp_path / "demo"), "--no-serve"],
        env=clean_environment(), check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    running = Workplace(tmp_path / "demo" / "store-1")
    try:
        context = browser.new_context(viewport={"width": 1280, "height": 940}, base_url=running.address)
        page = context.new_page()
        sign_in(page, running)
        settle(page)
        target = ROOT / "docs" / "images" / "home.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=target)
        page.goto(page.locator(".f-problem--sure a, .f-problem a").first.get_attribute("href"))
        settle(page)
        page.screenshot(path=target.with_name("signal.png"), full_page=True)
        context.close()
        context = browser.new_context(viewport={"width": 1280, "height": 940}, base_url=running.address)
        page = context.new_page()
        sign_in(page, running, "supervisor")
        page.goto("/portfolio/")
        page.screenshot(path=target.with_name("portfolio.png"))
        page.click("main >> text=Anti-social behaviour")
        page.screenshot(path=target.with_name("plan.png"))
        context.close()
    finally:
        running.stop()
    assert target.stat().st_size > 20_000
