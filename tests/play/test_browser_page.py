"""The page as such, in a real browser: nothing in the console, nothing fetched, on a phone, dark,
by keyboard, without scripts, and with hostile names."""

import pytest

from tinygan.play import page

pytest_plugins = ["real_browser"]
pytestmark = pytest.mark.browser

KINDS = ["dcgan", "vae", "cgan", "flow", "flow-unet", "dcgan-faces", "gmm"]
TAGS = '</script x><img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'


def settle(browser):
    busy = "return document.querySelectorAll('[aria-busy=false]').length"
    browser.wait(lambda: browser.js(busy) == 2, "all pictures")


@pytest.mark.parametrize("kind", KINDS)
def test_the_console_stays_empty_and_nothing_is_fetched_without_a_network(browser, made, kind):
    browser.offline(True)
    browser.open(made(kind)[1])
    settle(browser)
    browser.find("#renew").click()
    settle(browser)
    assert browser.console() == []
    mine, *others = browser.requested()
    assert mine.startswith("file://")
    assert [url[:80] for url in others if not url.startswith(("data:", "blob:"))] == []


@pytest.mark.parametrize("kind", ["dcgan", "cgan", "flow", "flow-unet"])
def test_no_page_scrolls_sideways(browser, made, kind):
    browser.open(made(kind)[1], 320, 740)
    settle(browser)
    browser.js("document.getElementById('more').click()")
    for width in (320, 360, 700, 1280):
        browser.emulate(width, 740)
        found = "return [document.scrollingElement.scrollWidth, window.innerWidth]"
        browser.wait(lambda: browser.js(found) == [width, width], f"no sideways scroll at {width}")  # noqa: B023
        wide = browser.js(
            """return [...document.querySelectorAll("body *")]
            .filter((node) => node.getBoundingClientRect().right > arguments[0] + 1)
            .map((node) => `${node.tagName}.${node.className}#${node.id}`)""",
            width,
        )
        assert wide == []


def test_fingers_find_tiles_on_a_phone(browser, made):
    browser.open(made("flow")[1], 360, 740)
    settle(browser)
    sizes = browser.js(
        "return [...document.querySelectorAll('.tile, button, select, input[type=number]')]"
        ".filter((n) => n.getClientRects().length)"
        ".map((n) => Math.min(n.getBoundingClientRect().width, n.getBoundingClientRect().height))"
    )
    assert min(sizes) >= 36


LIGHT = """
const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
const light = (colour) => parts(colour).slice(0, 3).map((v) => v / 255)
  .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
  .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
function behind(node) {
  for (let at = node; at; at = at.parentElement) {
    const colour = getComputedStyle(at).backgroundColor;
    if (parts(colour)[3] !== 0) return colour;
  }
}
return [...document.querySelectorAll("body *")].filter((node) => node.getClientRects().length
    && [...node.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
  .map((node) => {
    const both = [light(getComputedStyle(node).color), light(behind(node))];
    const [low, high] = both.sort((x, y) => x - y);
    return [node.tagName, node.textContent.slice(0, 20), (high + 0.05) / (low + 0.05)];
  });
"""


@pytest.mark.parametrize("dark", [False, True])
def test_texts_can_be_read_in_both_schemes(browser, made, dark):
    browser.open(made("flow")[1], dark=dark)
    settle(browser)
    found = browser.js(LIGHT)
    assert len(found) > 30
    assert [text for *text, ratio in found if ratio < 4.5] == []
    background = browser.js("return getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(23, 25, 27)") is dark


@pytest.mark.parametrize("kind", ["vae", "flow"])
def test_the_keyboard_comes_to_everything_and_one_sees_where_it_is(browser, made, kind):
    browser.open(made(kind)[1])
    settle(browser)
    stops = []
    browser.js("document.activeElement.blur()")
    while len(stops) < 60:
        browser.press("TAB")
        stop = browser.driver.switch_to.active_element
        if stop.tag_name in ("body", "html"):
            break
        ring = browser.js("return getComputedStyle(arguments[0]).outlineStyle !== 'none'", stop)
        stops.append((stop.get_attribute("id") or stop.tag_name, stop.accessible_name, ring))
    ids = [name for name, *_ in stops]
    before, after = (["steps", "guidance"], ["class"]) if kind == "flow" else (["prior"], [])
    expected = ["renew", "seed", *before, "button", *after, "way", "pick", "input"]
    assert ids[: len(expected)] == expected
    assert "reset" in ids
    assert all(name for _, name, _ in stops), "something without a name"
    assert all(ring for *_, ring in stops), "a focus that cannot be seen"


@pytest.mark.parametrize("kind", ["vae", "dcgan-faces"])
def test_without_scripts_there_are_pictures_and_a_sentence(browser, made, kind):
    browser.scripts(False)
    browser.open(made(kind)[1], 360, 740)
    box = """const i = document.getElementById("still");
        return [i.complete && i.naturalWidth > 0, i.getBoundingClientRect().width > 200];"""
    assert browser.js(box) == [True, True]
    assert "needs JavaScript" in browser.find("noscript").text
    assert not any(node.is_displayed() for node in browser.all("button, input, select, canvas"))
    assert browser.js("return document.scrollingElement.scrollWidth") <= 360
    assert browser.console() == []


def test_hostile_words_stay_text(browser, random_model, words, tmp_path):
    told = words("flow") | {"title": TAGS, "lead": TAGS, "made": TAGS}
    told["class_names"] = (TAGS,) * 10
    (tmp_path / '"><img src=x onerror=alert(1)>.html').write_text(
        page(random_model("flow"), told), encoding="utf-8"
    )
    (file,) = tmp_path.iterdir()
    browser.open(file)
    settle(browser)
    assert browser.js("return window.hacked") is None
    assert browser.driver.title == browser.text("h1") == TAGS
    assert browser.text("#grid h3") == TAGS
    assert browser.all("main img, header img, iframe, main script") == []
    assert browser.console() == []


def test_the_policy_lets_no_other_worker_or_script_run(browser, made, tmp_path):
    text = made("vae")[1].read_text(encoding="utf-8").replace(
        "<main hidden>", "<script>window.hacked = 1</script><img src=x onerror='hacked=1'>"
        "<main hidden>",
    )  # fmt: skip
    (tmp_path / "planted.html").write_text(text, encoding="utf-8")
    browser.open(tmp_path / "planted.html")
    settle(browser)
    assert browser.js("return window.hacked") is None
    other = """try {
        new Worker("data:text/javascript,postMessage(1)").onerror = () => { window.refused = 1; };
      } catch { window.refused = 1; }"""
    browser.js(other)
    browser.wait(lambda: browser.js("return window.refused") == 1, "the refusal of a worker")
    assert [said for said in browser.console() if "Content Security Policy" in said]
