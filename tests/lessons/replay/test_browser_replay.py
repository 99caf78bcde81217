"""The page that replays a game in a real browser: by steps, slider, keys and time."""

import json
import re

import numpy as np
import pytest

from lessons import replay

pytest_plugins = ["real_browser"]
pytestmark = pytest.mark.browser

SHOWN = """
const paths = (name) => document.querySelector(`#drawing .${name}`)?.getAttribute("d") ?? null;
const canvas = document.querySelector("#drawing canvas");
return {place: byId("place").textContent, sentence: byId("sentence").textContent,
  slider: Number(byId("slider").value), spoken: byId("slider").getAttribute("aria-valuetext"),
  step: byId("step").textContent, play: byId("play").textContent,
  belief: canvas ? [...canvas.getContext("2d").getImageData(0, 0, 12, 12).data] : paths("belief"),
  fakes: paths("fakes"), arrows: paths("arrows"),
  readouts: [...document.querySelectorAll(".readout b")].map((b) => b.textContent),
  marks: [...document.querySelectorAll(".here")].map((line) => Number(line.getAttribute("x1")))};
"""


@pytest.fixture(scope="module")
def line_page(tmp_path_factory, on_line):
    path = tmp_path_factory.mktemp("line") / "game.html"
    page = replay.page("one_dimension", "A <b>game</b>", {"one": on_line.game})
    path.write_text(page, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def plane_page(tmp_path_factory, in_plane, other):
    path = tmp_path_factory.mktemp("plane") / "ring.html"
    games = {"first <i>": in_plane.game, "second": other.game}
    path.write_text(replay.page("plane", "Games", games), encoding="utf-8")
    return path


def opened(browser, page, *size, **how):
    browser.open(page, *size, **how)
    browser.wait(lambda: browser.js("return document.body.classList.contains('ready')"), "a page")
    browser.wait(lambda: browser.js("return document.querySelectorAll('.here').length"), "charts")
    browser.wait(lambda: browser.js("return byId('drawing').innerHTML.includes('axes')"), "axes")
    return browser


def shown(browser):
    return browser.js(SHOWN)


def click(browser, *ids):
    for name in ids:
        browser.find(f"#{name}").click()
    return shown(browser)


def to(browser, k):
    """The slider to a place."""
    browser.js("const s = byId('slider'); s.value = arguments[0];"
               "s.dispatchEvent(new Event('input'))", k)  # fmt: skip
    return shown(browser)


def numbers(text):
    return [float(found) for found in re.findall(r"\d[\d,]*\.?\d*", text.replace(",", ""))]


def beliefs_of(found):
    """What the map of a light page shows, row by row from below."""
    low, high = (np.array([int(c[i : i + 2], 16) for i in (1, 3, 5)]) for c in COLOURS[:2])
    pixels = np.array(found["belief"]).reshape(12, 12, 4)[::-1, :, :3]
    return ((pixels - low) / (high - low)).mean(axis=-1).ravel()


COLOURS = re.findall("--(?:low|high): (#[0-9a-f]{6})", (replay._FOLDER / "game.css").read_text())


def assert_sentence(found, moment, half):
    """The sentence has the numbers that were recorded of this half."""
    done, before, learned, both = moment
    real, fake = ([seen[name] for seen in (before, learned, both)] for name in ("real", "fake"))
    wanted = [
        [done + 1, real[0], fake[0]],
        [real[1], real[0], fake[1], fake[0]],
        [np.linalg.norm(both["fakes"] - before["fakes"], axis=1).mean(), fake[2], fake[1]],
    ][half]
    said = re.sub(r" \(the last one recorded was \d+\)", "", found["sentence"])
    assert numbers(said) == pytest.approx(wanted, rel=0.05, abs=0.0006), (half, said)


def test_an_update_goes_by_its_two_halves(browser, line_page, on_line):
    start = shown(opened(browser, line_page))
    assert (start["place"], start["slider"]) == ("after 0 of 50 updates", 0)
    assert start["arrows"] == ""
    learned = click(browser, "step")
    assert learned["place"] == "in update 1 of 50: D has learned, G has not"
    assert learned["belief"] != start["belief"]
    assert learned["fakes"] == start["fakes"]
    assert learned["arrows"].count("M") > 10
    both = click(browser, "step")
    assert both["place"] == both["spoken"] == "after 1 of 50 updates"
    assert both["belief"] == learned["belief"]
    assert both["fakes"] != learned["fakes"]
    assert both["arrows"] == learned["arrows"]
    assert [found["step"] for found in (start, learned, both)] == [
        "Step: D learns", "Step: G learns", "Step: D learns",
    ]  # fmt: skip
    for half, found in enumerate((start, learned, both)):
        assert_sentence(found, on_line.game.moments[0], half)
    assert_sentence(click(browser, "step"), on_line.game.moments[1], 1)  # no "before" in between
    assert click(browser, "back") == both


def test_where_the_record_has_gaps_a_step_goes_on_first(browser, plane_page, in_plane):
    opened(browser, plane_page)
    found = to(browser, 5)
    assert (found["place"], found["step"]) == ("after 5 of 30 updates", "Step: on")
    found = click(browser, "step")
    assert found["place"] == "after 9 of 30 updates"
    assert "(the last one recorded was 5)" in found["sentence"]
    assert found["arrows"] == ""
    for half in (0, 1, 2):
        assert_sentence(found, in_plane.game.moments[5], half)
        found = click(browser, "step")


@pytest.mark.parametrize("k", [1, 4, 8, 10])
def test_the_map_fakes_arrows_and_curves_are_those_recorded(browser, plane_page, in_plane, k):
    opened(browser, plane_page)
    found, (done, before, learned, both) = to(browser, k), in_plane.game.moments[k - 1]
    assert_sentence(found, in_plane.game.moments[k - 1], 2)
    assert beliefs_of(found) == pytest.approx(learned["belief"], abs=0.02)
    frame = browser.js("""const r = document.querySelector("#drawing .axes rect");
        return ["x", "y", "width"].map((name) => Number(r.getAttribute(name)))""")

    def pixels(places):
        places = places[np.abs(places).max(axis=1) <= 3]
        return frame[:2] + (places * [1, -1] + 3) / 6 * frame[2]

    dots = np.array(re.findall(r"M([\d.]+) ([\d.]+)h0", found["fakes"]), float)
    assert dots == pytest.approx(pixels(both["fakes"]), abs=0.2)
    inside = np.abs(both["fakes"]).max(axis=1) <= 3
    arrows = np.array(re.findall(r"M([-\d.]+) ([-\d.]+)L([-\d.]+) ([-\d.]+)M", found["arrows"]),
                      float)  # fmt: skip
    vectors = 4 * learned["push"][inside] * [1, -1]
    length = np.linalg.norm(vectors, axis=1)
    vectors *= np.minimum(1, 48 / np.maximum(length, 1e-9))[:, None]
    drawn = length > 1.2
    assert drawn.sum() > 3
    starts = frame[:2] + (before["fakes"][inside][drawn] * [1, -1] + 3) / 6 * frame[2]
    for start, vector in zip(starts, vectors[drawn], strict=True):
        off = abs(arrows - [*start, *(start + vector)]).max(axis=1).min()
        assert off < 0.5
    wanted = learned["loss"], both["loss"], both["about"]["spread"], both["about"]["heaps"]
    assert [float(text) for text in found["readouts"]] == pytest.approx(wanted, rel=1e-3)
    left, right = browser.js("""const r = document.querySelector(".chart .axes rect");
        const x = Number(r.getAttribute("x")); return [x, x + Number(r.getAttribute("width"))]""")
    assert found["marks"] == pytest.approx([left + (done + 1) / 30 * (right - left)] * 3, abs=0.6)


def test_the_curves_on_a_line_are_those_recorded(browser, line_page, on_line):
    opened(browser, line_page)
    to(browser, 30)
    _, _, learned, both = on_line.game.moments[29]
    frame = browser.js("""const r = document.querySelector("#drawing .axes rect");
        return ["x", "y", "width", "height"].map((name) => Number(r.getAttribute(name)))""")
    highest = max(1, *(m[-1]["about"][name].max() for m in on_line.game.moments for name in "pq"))
    wanted = {"belief": learned["belief"], "curve1": both["about"]["q"]}
    for name, values in wanted.items():
        d = browser.js("return document.querySelector(`#drawing .${arguments[0]}`)"
                       ".getAttribute('d')", name)  # fmt: skip
        found = np.array(re.findall(r"[ML]([\d.]+) ([\d.]+)", d), float)
        heights = frame[1] + frame[3] * (1 - values / (1.03 * highest))
        assert found[:, 1] == pytest.approx(heights, abs=0.5)
        assert found[:, 0] == pytest.approx(frame[0] + np.arange(41) / 40 * frame[2], abs=0.1)


def test_keys_go_by_halves_and_by_recorded_updates(browser, plane_page):
    opened(browser, plane_page)
    browser.press("ARROW_RIGHT")
    assert shown(browser)["place"].startswith("in update 1 ")
    browser.press("ARROW_RIGHT", "PAGE_DOWN", "PAGE_DOWN")
    assert shown(browser)["place"] == "after 3 of 30 updates"
    browser.press("ARROW_LEFT")
    assert shown(browser)["place"].startswith("in update 3 ")
    browser.press("PAGE_UP", "ARROW_LEFT", "ARROW_LEFT", "ARROW_LEFT", "ARROW_LEFT", "ARROW_LEFT")
    assert shown(browser)["place"] == "after 0 of 30 updates"
    browser.js("byId('slider').focus()")
    browser.press("ARROW_RIGHT", "ARROW_RIGHT")  # the slider's own
    assert shown(browser)["place"] == "after 2 of 30 updates"
    browser.press("SPACE")
    assert shown(browser)["play"] == "Pause"
    browser.press("SPACE")
    assert shown(browser)["play"] == "Play"
    browser.js("document.activeElement.blur()")
    browser.press("SPACE")
    assert shown(browser)["play"] == "Pause"
    browser.js("byId('play').focus()")
    browser.press("SPACE")  # the button's own, once
    assert shown(browser)["play"] == "Play"
    before = to(browser, 2)
    browser.js("byId('step').focus()")
    browser.press("SPACE")  # and another button's
    after = shown(browser)
    assert after["play"] == "Play"
    assert (before["place"][:7], after["place"][:11]) == ("after 2", "in update 3")


def test_it_plays_to_the_end_and_from_the_start_again(browser, line_page):
    opened(browser, line_page)
    browser.js("byId('speed').value = '120'; byId('speed').dispatchEvent(new Event('change'))")
    assert click(browser, "play")["play"] == "Pause"
    browser.wait(lambda: shown(browser)["play"] == "Play", "the end", 5)
    found = shown(browser)
    assert (found["place"], found["slider"]) == ("after 50 of 50 updates", 50)
    assert not browser.find("#step").is_enabled()
    browser.js("byId('speed').value = '10'")
    click(browser, "play")
    found = browser.wait(lambda: (f := shown(browser))["slider"] > 1 and f, "it plays")
    assert found["slider"] < 10
    at = click(browser, "play")["slider"]
    assert browser.js("const end = Date.now() + 300; while (Date.now() < end); "
                      "return Number(byId('slider').value)") == at  # fmt: skip


def test_it_plays_half_after_half(browser, plane_page):
    opened(browser, plane_page)
    browser.js("""byId("speed").value = "0"; window.seen = [];
        new MutationObserver(() => window.seen.push(byId("place").textContent))
          .observe(byId("place"), {childList: true})""")
    click(browser, "play")
    browser.wait(lambda: len(browser.js("return window.seen")) > 1, "two halves", 6)
    click(browser, "play")
    assert browser.js("return window.seen.slice(0, 2)") == [
        "in update 1 of 30: D has learned, G has not", "after 1 of 30 updates",
    ]  # fmt: skip


def test_nothing_moves_before_it_is_asked_to(browser, line_page):
    before = shown(opened(browser, line_page))
    browser.js("const end = Date.now() + 100; while (Date.now() < end);")
    assert shown(browser) == before
    assert browser.js("return document.getAnimations().length") == 0


def test_the_other_game_is_chosen_and_the_place_stays(browser, plane_page, in_plane, other):
    opened(browser, plane_page)
    labels = [label.text for label in browser.all("#games label")]
    assert labels == ["first <i>", "second"]
    first = to(browser, 7)
    second = click(browser, "game1")
    assert second["place"] == first["place"] == "after 15 of 30 updates"
    assert_sentence(first, in_plane.game.moments[6], 2)
    assert_sentence(second, other.game.moments[6], 2)
    assert beliefs_of(second) == pytest.approx(other.game.moments[6][2]["belief"], abs=0.02)
    assert click(browser, "game0") == first


def test_one_game_needs_no_choice_and_its_title_is_text(browser, line_page):
    opened(browser, line_page)
    assert not browser.find("#games").is_displayed()
    assert browser.text("h1") == "A <b>game</b>"


def test_a_click_in_a_curve_goes_there(browser, plane_page):
    opened(browser, plane_page)
    left, right = browser.js("""const r = document.querySelector(".chart .axes rect");
        const x = Number(r.getAttribute("x")); return [x, x + Number(r.getAttribute("width"))]""")
    box = browser.box(".chart svg")
    for update, place in ((20, "after 20 of"), (0, "after 0 of"), (30, "after 30 of")):
        x = box["x"] + left + update / 30 * (right - left)
        browser.mouse(x, box["y"] + 40, "click")
        assert shown(browser)["place"].startswith(place)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("page", ["line_page", "plane_page"])
def test_a_phone_has_no_sideways_scroll_and_no_word_in_the_console(browser, page, dark, request):
    opened(browser, request.getfixturevalue(page), 360, 740, dark=dark)
    click(browser, "step", "step")
    assert browser.js("return document.scrollingElement.scrollWidth") == 360
    wide = browser.js("""return [...document.querySelectorAll("body *")]
        .filter((node) => node.getBoundingClientRect().right > 361).map((node) => node.tagName)""")
    assert wide == []
    clipped = browser.js("""return [...document.querySelectorAll("svg text")]
        .filter((node) => {const t = node.getBoundingClientRect(),
          s = node.ownerSVGElement.getBoundingClientRect();
          return t.left < s.left - 1 || t.right > s.right + 1 || t.bottom > s.bottom + 1;})
        .map((node) => node.textContent)""")
    assert clipped == []
    assert browser.console() == []
    mine, *others = browser.requested()
    assert mine.endswith(".html")
    assert [address for address in others if not address.startswith("data:")] == []


def test_the_map_changes_with_the_scheme(browser, plane_page):
    light = shown(opened(browser, plane_page))["belief"]
    browser.emulate(dark=True)
    dark = browser.wait(lambda: (b := shown(browser)["belief"]) != light and b, "a dark map")
    assert sum(dark) < sum(light)


def test_every_control_has_a_name(browser, plane_page):
    opened(browser, plane_page)
    controls = browser.all("button, input, select")
    assert len(controls) == 7
    assert all(control.accessible_name for control in controls)
    assert browser.find("#drawing svg").accessible_name == browser.text("#sentence")


def test_without_scripts_the_end_of_the_games_is_shown(browser, plane_page):
    browser.scripts(False)
    browser.open(plane_page, 360, 740)
    assert browser.find("noscript img").size["width"] > 200
    assert not any(item.is_displayed() for item in browser.all("button, input, select, main"))
    assert "With JavaScript this page plays the game" in browser.find("body").text
    assert browser.js("return document.scrollingElement.scrollWidth") <= 360


def test_an_old_browser_is_told_so(browser, plane_page, tmp_path):
    page = plane_page.read_text(encoding="utf-8")
    assert json.dumps("deflate") in page
    broken = re.sub(r'"data":"....', '"data":"AAAA', page)  # what cannot be unpacked
    (tmp_path / "old.html").write_text(broken, encoding="utf-8")
    browser.open(tmp_path / "old.html")
    text = browser.wait(lambda: browser.text("#trouble"), "a word")
    assert "DecompressionStream" in text
