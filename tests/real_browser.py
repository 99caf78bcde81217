"""A real browser for the tests of pages: a chromium that is installed, driven by selenium.

The fixture `browser`, for a test module that names this one in pytest_plugins. Nothing is
downloaded: where selenium, a chromium or its chromedriver is missing, the tests are skipped and say
so.
"""

import json
import shutil
import time

import pytest

PROGRAMS = {
    "chromium": ("chromium", "chromium-browser", "google-chrome", "chrome"),
    "chromedriver": ("chromedriver",),
}
FLAGS = "headless=new no-sandbox disable-gpu disable-dev-shm-usage hide-scrollbars".split()


class Browser:
    """What the tests do with a page and ask of it. driver: selenium's."""

    def __init__(self, driver):
        self.driver = driver
        self.js, self.cdp = driver.execute_script, driver.execute_cdp_cmd
        self.held = False  # the mouse's button

    def reset(self):
        """As a fresh browser: an empty page, a light one, on a desktop, with scripts."""
        self.driver.get("about:blank")
        self.emulate()
        self.cdp("Emulation.setTouchEmulationEnabled", {"enabled": False})
        self.scripts(True)
        self.offline(False)
        self.console(), self.requested()

    def emulate(self, width=1280, height=900, *, dark=False):
        screen = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.cdp("Emulation.setDeviceMetricsOverride", screen)
        self.cdp("Emulation.setEmulatedMedia", {"features": [scheme]})

    def scripts(self, on):
        self.cdp("Emulation.setScriptExecutionDisabled", {"value": not on})

    def offline(self, on):
        speed = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
        self.cdp("Network.emulateNetworkConditions", {"offline": on} | speed)

    def open(self, page, width=1280, height=900, *, dark=False):
        """page: an address, the path of an HTML file, or of a folder with report.html."""
        self.emulate(width, height, dark=dark)
        if not isinstance(page, str):
            page = (page / "report.html" if page.is_dir() else page).as_uri()
        self.driver.get(page)
        return self

    def find(self, selector):
        return self.driver.find_element("css selector", selector)

    def all(self, selector):
        return self.driver.find_elements("css selector", selector)

    def text(self, selector):
        return self.js("return document.querySelector(arguments[0]).textContent", selector)

    def box(self, selector):
        """Where an element is in the window, after it has been scrolled into sight."""
        return self.js(
            "const node = document.querySelector(arguments[0]);"
            "node.scrollIntoView({block: 'center'}); return node.getBoundingClientRect();",
            selector,
        )

    def press(self, *keys):
        """Keys by their names in selenium ("ARROW_LEFT"), to whatever has the focus."""
        from selenium.webdriver.common.action_chains import ActionChains
        from selenium.webdriver.common.keys import Keys

        ActionChains(self.driver).send_keys(*(getattr(Keys, key) for key in keys)).perform()

    def mouse(self, x, y, then=None):
        """Move the mouse to a place in the window. then: "down", "up" or "click", there."""
        event = {"x": x, "y": y, "button": "left" if then or self.held else "none", "clickCount": 1}
        self._mouse("mouseMoved", event, self.held)
        if then in ("down", "click"):
            self._mouse("mousePressed", event, True)
        if then in ("up", "click"):
            self._mouse("mouseReleased", event, False)

    def _mouse(self, kind, event, held):
        self.held = held
        self.cdp("Input.dispatchMouseEvent", event | {"type": kind, "buttons": int(held)})

    def touch(self, *places):
        """A finger that comes down at the first place, moves through the others, and leaves."""
        self.cdp("Emulation.setTouchEmulationEnabled", {"enabled": True})
        kinds = ["touchStart"] + ["touchMove"] * (len(places) - 1)
        for kind, (x, y) in zip(kinds, places, strict=True):
            points = [{"x": x, "y": y}]
            self.cdp("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        self.cdp("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    def console(self):
        """What the browser has said in its console since the last time, at any level."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requested(self):
        """The addresses that were asked for since the last time."""
        events = [json.loads(entry["message"]) for entry in self.driver.get_log("performance")]
        return [
            event["message"]["params"]["request"]["url"]
            for event in events
            if event["message"]["method"] == "Network.requestWillBeSent"
        ]

    def wait(self, condition, what, seconds=15):
        """Until condition() holds; what: for the message when it never does."""
        end = time.monotonic() + seconds
        while not (found := condition()):
            assert time.monotonic() < end, f"not within {seconds} s: {what}"
            time.sleep(0.02)
        return found


@pytest.fixture(scope="session")
def chromium():
    """One browser for all tests. Skips where there is none."""
    why = "selenium is not installed: pip install 'tinygan[browser]'"
    webdriver = pytest.importorskip("selenium.webdriver", reason=why)
    from selenium.webdriver.chrome.service import Service

    paths = {}
    for program, names in PROGRAMS.items():
        paths[program] = next(filter(None, map(shutil.which, names)), None)
        if paths[program] is None:
            pytest.skip(f"no {program} is installed (Debian: chromium and chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = paths["chromium"]
    for flag in FLAGS:
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(paths["chromedriver"]))
    driver.set_page_load_timeout(30)
    yield Browser(driver)
    driver.quit()


@pytest.fixture
def browser(chromium):
    """The browser, with nothing left of the test before."""
    chromium.reset()
    return chromium
