"""How a person works a page, by touch or by keyboard, counted: taps or presses, characters that are no free text, and free
text apart. Every page that an act leads to is looked at: one heading, no sideways scrolling, no complaint of the policy, no
finding of axe."""

from __future__ import annotations

from web.test_browser import SHOTS, violations

#: More stops of the Tab key than any page has.
STOPS = 250


class Hand:
    """``taps``: touches, or presses of a key that neither types nor is Tab. ``typed``: characters that are no free text."""

    def __init__(self, page, name, *, axe=True):
        self.page, self.name, self.axe = page, name, axe
        self.taps = self.typed = self.free = self.pages = 0

    def look(self):
        self.pages += 1
        SHOTS.mkdir(exist_ok=True)
        self.page.screenshot(path=SHOTS / f"journey-{self.name}-{self.pages:02}.png", full_page=True)
        where = self.page.url
        assert self.page.evaluate("document.documentElement.scrollWidth") <= self.page.viewport_size["width"], where
        assert self.page.locator("h1").count() == 1, where
        assert self.page.evaluate("window.complaints") == [], where
        if self.axe:
            assert violations(self.page) == [], where

    def press(self, selector):
        """Presses a link or a button and looks at the page that it leads to."""
        with self.page.expect_navigation(wait_until="load"):
            self.touch(self.found(selector))
        self.look()

    def write(self, selector, words, *, free=True):
        """Writes into a field, which free text is unless told."""
        self.into(self.found(selector))
        self.page.keyboard.insert_text(words)
        if free:
            self.free += len(words)
        else:
            self.typed += len(words)

    def found(self, selector):
        return self.page.locator(f"{selector} >> visible=true").first


class Touch(Hand):
    def touch(self, element):
        self.taps += 1
        element.tap()

    into = touch

    def choose(self, selector):
        self.taps += 1
        self.page.locator(selector).tap()


class Keys(Hand):
    """Nothing but the keyboard; Tab is not counted, as nobody counts where the eye goes."""

    def touch(self, element):
        self.reach(element)
        self.strike("Enter")

    def into(self, element):
        self.reach(element)

    def choose(self, selector):
        """A radio or a checkbox: Tab reaches the group, arrows the radio, Space ticks."""
        element = self.page.locator(selector)
        if element.get_attribute("type") == "checkbox":
            self.reach(element)
            self.strike("Space")
            return
        group = element.get_attribute("name")
        self.reach(self.page.locator(f'[name="{group}"]:checked, [name="{group}"]:not(:checked)').first, group=group)
        for _ in range(self.page.locator(f'[name="{group}"]').count()):
            if element.is_checked():
                return
            self.strike("ArrowDown")
        raise AssertionError(f"the arrows don't reach {selector}")

    def reach(self, element, *, group=""):
        on_it = "(e, group) => e === document.activeElement || (group !== '' && document.activeElement.name === group)"
        for _ in range(STOPS):
            if element.evaluate(on_it, group):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"the Tab key does not reach {element}")

    def strike(self, key):
        self.taps += 1
        self.page.keyboard.press(key)
