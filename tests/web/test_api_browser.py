"""The pages of the interface in a real Chromium: tokens made and revoked, and the description to read; at both widths and
in both languages, with axe and the content security policy listened to."""

import pytest

import bench_store
from web.test_browser import SHOTS, Workplace, browser, chromium, open_page, sign_in, violations  # noqa: F401 - fixtures

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    running = Workplace(bench_store.make(tmp_path_factory.mktemp("api"), source="sample-crimes", record=True))
    yield running
    running.stop()


def look(page, name, width, language):
    page.wait_for_load_state("networkidle")
    page.screenshot(path=SHOTS / f"api-{name}-{width}-{language}.png", full_page=True)
    assert page.evaluate("window.complaints") == [], name
    assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} scrolls sideways"
    assert page.locator("h1").count() == 1
    assert violations(page) == [], name


@pytest.mark.parametrize("language", ["en", "cy"])
@pytest.mark.parametrize("width", [390, 1280])
def test_tokens_and_the_description(open_page, workplace, width, language):  # noqa: F811
    SHOTS.mkdir(exist_ok=True)
    page = open_page(width, language=language)
    sign_in(page, workplace, "officer")
    page.goto("/account/tokens/")
    look(page, "tokens", width, language)
    page.fill("#name", "Briefing <b>")
    page.press("#name", "Enter")
    look(page, "token", width, language)
    token = page.locator("#token").inner_text()
    answer = page.request.get("/api/me", headers={"Authorization": f"Bearer {token}"})
    assert answer.json()["username"] == "officer"
    page.goto("/account/tokens/")
    page.locator("main form button.f-link-button").first.click()
    look(page, "revoked", width, language)
    assert page.request.get("/api/me", headers={"Authorization": f"Bearer {token}"}).status == 401
    page.goto("/api/")
    page.locator("summary").nth(3).click()
    look(page, "reference", width, language)
