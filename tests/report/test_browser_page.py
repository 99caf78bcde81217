"""Every kind of page in a real browser: it says nothing in the console, fetches nothing, fits on a
phone, can be read in both schemes, holds still, and shows its pictures without scripts too."""

import itertools
import socket
import threading
import time

import pytest

pytest_plugins = ["real_browser", "report_pages"]
pytestmark = pytest.mark.browser

KINDS = "finished evaluated training failed empty first-edition gmm cgan comparison".split()


@pytest.mark.parametrize("kind", KINDS)
def test_the_console_stays_empty_and_nothing_is_fetched(browser, make_page, kind):
    browser.open(make_page(kind))
    browser.press("ARROW_LEFT", "ARROW_RIGHT", "TAB", "TAB")
    if browser.all("#panels svg"):
        box = browser.box("#panels svg")
        browser.mouse(box["x"] + box["width"] / 2, box["y"] + 50)
    assert browser.console() == []
    mine, *others = browser.requested()
    assert mine.endswith("/report.html")
    assert [address[:80] for address in others if not address.startswith("data:")] == []
    assert browser.js("return performance.getEntriesByType('resource').length") == 0


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("training", ["training · update 7 of 20"]),
        ("failed", ["failed · update 7 of 20: g_loss is nan at step 8"]),
        ("empty", ["No sheet of samples yet.", "There are no curves yet."]),
        ("gmm", ["log likelihood (nats per image)"]),
        ("comparison", ["3 runs side by side", "How good the samples are", "Settings that differ"]),
    ],
)
def test_each_kind_of_page_says_what_it_is(browser, make_page, kind, words):
    shown = browser.open(make_page(kind)).find("body").text
    assert [text for text in words if text not in shown] == []


def test_the_sheets_of_a_comparison_move_together(browser, make_page):
    browser.open(make_page("comparison"))
    before = browser.js("return [...document.querySelectorAll('#sheets img')].map((i) => i.src)")
    browser.press("ARROW_LEFT", "ARROW_LEFT")
    after = browser.js("return [...document.querySelectorAll('#sheets img')].map((i) => i.src)")
    assert len(before) == 3
    assert all(a != b for a, b in zip(after, before, strict=True))
    assert browser.text("#place") == "epoch 2"


def test_without_a_network_the_page_is_whole(browser, make_page):
    browser.offline(True)
    browser.open(make_page("evaluated"))
    images = browser.js("return [...document.images].map((i) => i.complete && i.naturalWidth > 0)")
    assert images == [True, True]  # the sheet, and the nearest training images
    browser.press("ARROW_LEFT")
    assert browser.text("#place") == "epoch 3"
    assert browser.console() == []


@pytest.mark.parametrize("kind", ["evaluated", "comparison"])
def test_with_scripts_off_the_sheets_and_the_curves_show(browser, make_page, kind):
    browser.scripts(False)
    browser.open(make_page(kind))
    runs = 3 if kind == "comparison" else 1
    seen = """return [...document.querySelectorAll(arguments[0])].map((image) => {
        const box = image.getBoundingClientRect();
        return image.complete && image.naturalWidth > 100 && box.width > 100 && box.height > 100;
    })"""
    assert browser.js(seen, "#sheets img") == [True] * runs
    assert browser.js(seen, "#curves noscript img") == [True] * runs
    assert not any(item.is_displayed() for item in browser.all("button, input, output, select"))
    text = browser.find("body").text
    assert "finished" in text or kind == "comparison"
    assert "With JavaScript this page has" in text
    assert browser.js("return document.scrollingElement.scrollWidth") <= 1280
    assert browser.console() == []


@pytest.mark.parametrize("kind", ["finished", "comparison"])
def test_with_scripts_off_a_phone_has_no_sideways_scroll(browser, make_page, kind):
    browser.scripts(False)
    browser.open(make_page(kind), 360, 740)
    assert browser.js("return document.scrollingElement.scrollWidth") <= 360


@pytest.mark.parametrize("kind", ["finished", "evaluated", "comparison", "long", "empty", "cgan"])
def test_no_page_scrolls_sideways(browser, make_page, kind):
    folder = make_page(kind)
    for width in (320, 360, 1280):
        browser.open(folder, width, 740)
        found = browser.js("return [document.scrollingElement.scrollWidth, window.innerWidth]")
        wide = browser.js(
            """return [...document.querySelectorAll("body *")]
            .filter((node) => !node.closest(".scroll, pre, svg"))
            .filter((node) => node.getBoundingClientRect().right > arguments[0] + 1)
            .map((node) => node.tagName + "." + node.className)""",
            width,
        )
        assert (found, wide) == ([width, width], [])


def test_what_is_too_wide_scrolls_by_itself_and_by_keyboard(browser, make_page):
    browser.open(make_page("evaluated"), 360, 740)
    browser.wait(lambda: browser.all(".scroll[tabindex]"), "a table that scrolls")
    table = browser.js(
        """return [...document.querySelectorAll(".scroll")]
        .filter((node) => node.scrollWidth > node.clientWidth)
        .map((node) => [node.tabIndex, node.getAttribute("role"), node.ariaLabel !== ""])"""
    )
    assert table
    assert all(found == [0, "region", True] for found in table)


# The colours that are too near to what is behind them, of all texts that are to be seen.
PALE = """
function parts(colour) { return colour.match(/[\\d.]+/g).map(Number); }
function light(colour) {
  const [r, g, b] = parts(colour).map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function behind(node) {
  for (let at = node; at; at = at.parentElement) {
    const colour = getComputedStyle(at).backgroundColor;
    if (parts(colour)[3] !== 0) return colour;
  }
  return "rgb(255, 255, 255)";
}
function contrast(a, b) {
  const [low, high] = [light(a), light(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}
const found = [];
function check(node, what) {
  const style = getComputedStyle(node), svg = node.namespaceURI.endsWith("svg");
  const ratio = contrast(svg ? style.fill : style.color, behind(node));
  found.push([what || `${node.tagName}.${node.className} ${node.textContent.slice(0, 20)}`, ratio]);
}
for (const node of document.querySelectorAll("body *")) {
  const texts = [...node.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
  if (texts && node.getClientRects().length && !node.closest("script")) check(node);
}
const state = document.getElementById("state");
for (const word of ["training", "interrupted", "stopped", "finished", "failed"]) {
  state.className = word;
  check(state.querySelector("b"), word);
}
const lines = [...document.querySelectorAll(".mean, .here")].map((node) =>
  [node.getAttribute("class"), contrast(getComputedStyle(node).stroke, behind(node))]);
return [found, lines];
"""


@pytest.mark.parametrize("dark", [False, True])
def test_every_text_can_be_read_on_what_is_behind_it(browser, make_page, dark):
    browser.open(make_page("evaluated"), dark=dark)
    texts, lines = browser.js(PALE)
    assert len(texts) > 100
    assert [text for text in texts if text[1] < 4.5] == []
    assert len(lines) >= 6
    assert [line for line in lines if line[1] < 3] == []
    page_colour = browser.js("return getComputedStyle(document.body).backgroundColor")
    assert (page_colour == "rgb(23, 25, 27)") == dark


def test_every_picture_heading_and_control_has_its_words(browser, make_page):
    for kind in ("evaluated", "comparison", "empty"):
        browser.open(make_page(kind))
        assert browser.js("return document.documentElement.lang") == "en"
        alts = browser.js("return [...document.images].map((image) => image.alt.trim())")
        assert len(set(alts)) == len(alts)
        assert "" not in alts
        levels = browser.js(
            "return [...document.querySelectorAll('h1,h2,h3,h4')].map((h) => +h.tagName[1])"
        )
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(b - a <= 1 for a, b in itertools.pairwise(levels)), levels
        for control in browser.all("button, input, [role=img], section[aria-labelledby]"):
            if control.is_displayed():
                assert control.accessible_name.strip(), control.get_attribute("outerHTML")


# The sum of all layout shifts so far; those right after a key or a click count here too.
SHIFTS = """
const done = arguments[0];
let sum = 0;
const watch = new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) sum += entry.value;
});
watch.observe({type: "layout-shift", buffered: true});
setTimeout(() => done(sum), 100);
"""


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("kind", ["evaluated", "comparison"])
def test_nothing_jumps_when_the_page_opens_nor_when_the_slider_moves(
    browser, make_page, kind, width
):
    browser.open(make_page(kind), width, 740)
    assert browser.driver.execute_async_script(SHIFTS) == 0
    for top in (0, 500):  # with the samples and with the curves in sight
        browser.js(f"window.scrollTo(0, {top})")
        for key in ["ARROW_LEFT"] * 3 + ["ARROW_RIGHT"] * 3:
            browser.press(key)
    assert browser.driver.execute_async_script(SHIFTS) == 0


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_jumps_when_a_curve_is_read(browser, make_page, width):
    browser.open(make_page("evaluated"), width, 740)
    box = browser.box(".panel:nth-child(2) svg")
    for x in range(60, round(box["width"]), 40):
        browser.mouse(box["x"] + x, box["y"] + 60)
    browser.mouse(2, 2)
    assert browser.driver.execute_async_script(SHIFTS) == 0


def test_a_planted_jump_is_counted(browser, make_page):
    """The measure of the tests above: it would find one."""
    browser.open(make_page("evaluated"))
    browser.wait(lambda: browser.js("return performance.now() > 100"), "a first picture")
    browser.js("document.querySelector('header').style.paddingTop = '50px'")
    assert browser.driver.execute_async_script(SHIFTS) > 0


@pytest.fixture
def slow_site():
    """slow_site(folder): the address of its page, whose second half comes late."""
    listener = socket.create_server(("127.0.0.1", 0))
    threads = []

    def serve(folder):
        body = (folder / "report.html").read_bytes()
        cut = body.index(b'<script type="application/json"') + 100

        def answer():
            connection, _ = listener.accept()
            with connection:
                connection.recv(10_000)
                head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(body)}"
                connection.sendall(head.encode() + b"\r\nConnection: close\r\n\r\n" + body[:cut])
                time.sleep(0.25)
                connection.sendall(body[cut:])

        threads.append(threading.Thread(target=answer, daemon=True))
        threads[-1].start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}/"

    yield serve
    listener.close()
    for thread in threads:
        thread.join(10)


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_jumps_where_the_script_comes_late(browser, make_page, slow_site, width):
    """Of a large page the browser shows the first half before it has the rest."""
    browser.open(slow_site(make_page("finished")), width, 740)
    browser.wait(lambda: browser.text("#place"), "the script")
    assert browser.driver.execute_async_script(SHIFTS) == 0
