"""The door and the administrator's pages in a real Chromium: both widths, both languages, with axe and the policy listened
to; the second factor and a kept draft without any script; adding a person by keyboard."""

import re
import subprocess
import sys
import time

import pyotp
import pytest

from web.test_browser import (  # noqa: F401 - fixtures
    SHOTS,
    Workplace,
    browser,
    chromium,
    clean_environment,
    open_page,
    violations,
)

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    import bench_store

    return bench_store.make(tmp_path_factory.mktemp("people"), source="sample-crimes", record=True)


@pytest.fixture(scope="module")
def workplace(store):
    running = Workplace(store)
    yield running
    running.stop()


def account(store, name, role):
    """A real account, which needs a second factor; its password."""
    made = subprocess.run(
        [sys.executable, "-m", "forestall", "account", "--store", str(store), "make", name, "--role", role],
        env=clean_environment(), capture_output=True, text=True, check=True,
    )  # fmt: skip
    return made.stdout.strip().split("password ")[1]


def enter(page, name, password):
    page.fill("#username", name)
    page.fill("#password", password)
    page.press("#password", "Enter")


def look(page, name, width, language):
    """A picture, and what must hold on every page."""
    page.wait_for_load_state("networkidle")
    page.screenshot(path=SHOTS / f"{name}-{width}-{language}.png", full_page=True)
    assert page.evaluate("window.complaints") == [], name
    assert page.locator("html").get_attribute("lang") == language
    assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} scrolls sideways"
    assert page.locator("h1").count() == 1
    assert violations(page) == [], name


@pytest.mark.parametrize("language", ["en", "cy"])
@pytest.mark.parametrize("width", [390, 1280])
def test_the_pages_of_people(open_page, workplace, width, language):  # noqa: F811
    SHOTS.mkdir(exist_ok=True)
    page = open_page(width, language=language)
    page.goto("/sign-in/")
    enter(page, "administrator", workplace.passwords["administrator"])
    page.wait_for_url("**/people/")
    look(page, "people", width, language)
    page.goto("/people/add/")
    page.click("main form button.govuk-button")
    look(page, "people-add-wrong", width, language)
    page.goto("/people/?q=officer")
    page.click("main tbody a")
    look(page, "person", width, language)
    page.select_option("#role-role", "analyst")
    page.select_option("#role-organisation", index=2)
    page.fill("#role-until", "2020-01-01")
    page.click("form[action$='/roles/'] button.govuk-button")
    look(page, "person-wrong", width, language)
    page.goto("/people/organisations/")
    look(page, "organisations", width, language)
    page.click("main li a >> nth=-2")
    look(page, "organisation", width, language)
    page.goto("/agreements/")
    look(page, "agreements", width, language)
    page.click("main tbody a >> nth=0")
    look(page, "agreement", width, language)
    page.goto("/agreements/add/")
    page.click("main form button.govuk-button")
    look(page, "agreement-add-wrong", width, language)
    page.goto("/account/")
    look(page, "account", width, language)


@pytest.mark.parametrize(("width", "language"), [(390, "en"), (1280, "cy")])
def test_the_second_factor_and_a_kept_draft(open_page, workplace, store, width, language):  # noqa: F811
    del workplace
    SHOTS.mkdir(exist_ok=True)
    name = f"keeper-{width}"
    password = account(store, name, "data-protection")
    page = open_page(width, language=language)
    page.goto("/agreements/add/")
    enter(page, name, password)
    page.wait_for_url("**/set-up/**")
    look(page, "set-up", width, language)
    secret = pyotp.TOTP(page.inner_text(".f-secret").replace(" ", ""))
    page.fill("#code", "1")
    page.press("#code", "Enter")
    page.wait_for_selector(".govuk-error-summary")
    page.fill("#code", secret.now())
    page.press("#code", "Enter")
    page.wait_for_selector(".f-codes")
    look(page, "recovery-codes", width, language)
    page.click("main .govuk-button")
    page.wait_for_url("**/agreements/add/")
    page.fill("#title", "Parc Lisbury: rhannu")
    page.fill("#purpose", "First line\nSecond line <b>ŵ</b>")
    page.context.clear_cookies(name="forestall_session")
    page.click("main form button.govuk-button")
    page.wait_for_selector(".govuk-inset-text")
    look(page, "signed-out", width, language)
    enter(page, name, password)
    page.wait_for_selector("#code")
    look(page, "code", width, language)
    page.fill("#code", secret.at(time.time() + 30))
    page.press("#code", "Enter")
    page.wait_for_selector(".f-kept")
    look(page, "kept", width, language)
    assert "Second line <b>ŵ</b>" in page.inner_text(".f-kept")
    page.click("main .govuk-button")
    page.wait_for_selector(".govuk-error-summary")
    assert page.url.endswith("/agreements/add/")
    assert page.input_value("#title") == "Parc Lisbury: rhannu"
    assert page.input_value("#purpose") == "First line\nSecond line <b>ŵ</b>"


def test_a_person_is_added_and_comes_in_by_keyboard_without_scripts(open_page, workplace):  # noqa: F811
    page = open_page(scripts=False)
    page.goto("/sign-in/")
    enter(page, "administrator", workplace.passwords["administrator"])
    page.goto("/people/add/")
    page.focus("#username")
    for value in ("4711", "Glenys Rees", "glenys@example.org"):
        page.keyboard.type(value)
        page.keyboard.press("Tab")
    page.keyboard.type("North")  # the organisation, by its first letters
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    link = re.search(r"/invitation/\S+", page.inner_text("#link")).group()
    newcomer = open_page(390, scripts=False)
    newcomer.goto(link)
    assert "4711" in newcomer.inner_text("main")
    newcomer.fill("#password", "four words that differ")
    newcomer.press("#password", "Enter")
    newcomer.wait_for_url("**/set-up/")
    secret = newcomer.inner_text(".f-secret").replace(" ", "")
    newcomer.fill("#code", pyotp.TOTP(secret).now())
    newcomer.press("#code", "Enter")
    newcomer.click("main .govuk-button")
    newcomer.wait_for_url("**/account/")
    assert "Glenys Rees" in newcomer.inner_text("h1")


@pytest.mark.parametrize(("width", "language"), [(390, "cy"), (1280, "en")])
def test_the_page_of_an_invitation(open_page, workplace, width, language):  # noqa: F811
    SHOTS.mkdir(exist_ok=True)
    page = open_page(width, language=language)
    page.goto("/sign-in/")
    enter(page, "administrator", workplace.passwords["administrator"])
    page.wait_for_url("**/people/")
    page.goto("/people/add/")
    page.fill("#username", f"n{width}")
    page.fill("#name", "Nia")
    page.select_option("#organisation", index=1)
    page.click("main form button.govuk-button")
    page.wait_for_selector("#link")
    look(page, "invited", width, language)
    page.goto(re.search(r"/invitation/\S+", page.inner_text("#link")).group())
    page.fill("#password", "short")
    page.press("#password", "Enter")
    page.wait_for_selector(".govuk-error-summary")
    look(page, "invitation-wrong", width, language)
