"""The page in a real browser: its slider, its curves, its keys, as a mouse, a finger and a keyboard
use them."""

import json

import pytest

pytest_plugins = ["real_browser", "report_pages"]
pytestmark = pytest.mark.browser

EPOCHS = 4


@pytest.fixture
def opened(browser, finished):
    return browser.open(finished)


def seen(browser):
    """What the page shows of the epoch that it is at."""
    return browser.js(
        """
        const image = document.querySelector("#sheets img");
        return {src: image.getAttribute("src"), alt: image.alt,
          loaded: image.complete && image.naturalWidth > 0,
          label: document.getElementById("place").textContent,
          spoken: document.getElementById("slider").getAttribute("aria-valuetext"),
          counts: [...document.querySelectorAll("#classes .number")].map((n) => +n.textContent),
          marks: [...document.querySelectorAll("#panels svg")].map((svg) =>
            [svg.querySelector(".here"), svg.querySelector(".grid")].flatMap((line) =>
              [+line.getAttribute("x1"), +line.getAttribute("x2")]).slice(1))};
        """
    )


def sheets(folder):
    """The sheets in the story that stands in the page's file."""
    text = (folder / "report.html").read_text(encoding="utf-8")
    story = text.partition('id="story">')[2].partition("</script>")[0]
    return json.loads(story)["sheets"][0]["sheets"]


def assert_at(browser, folder, epoch):
    """The page shows an epoch: picture, words, classes, and the mark in every curve."""
    sheet, found = sheets(folder)[epoch - 1], seen(browser)
    assert found["label"] == found["spoken"] == f"epoch {epoch}"
    assert found["src"] == sheet["src"]
    assert found["loaded"]
    assert found["alt"].endswith(f"epoch {epoch}")
    assert found["counts"] == sheet["classes"]
    assert len(found["marks"]) == 3
    for x, left, right in found["marks"]:  # of the mark, and where the axis begins and ends
        assert x == pytest.approx(left + epoch / EPOCHS * (right - left), abs=0.6)


def thumb(box, index):
    """Where the middle of the slider's thumb (16 px wide) is when it stands at an index."""
    return box["x"] + 8 + (box["width"] - 16) * index / (EPOCHS - 1), box["y"] + box["height"] / 2


def place_in_curve(browser, epoch, panel=1):
    """The place in the window where an epoch is in a panel of curves."""
    box = browser.box(f".panel:nth-child({panel}) svg")
    left, right = browser.js(f"""
        const line = document.querySelector(".panel:nth-child({panel}) .grid");
        return [+line.getAttribute("x1"), +line.getAttribute("x2")]""")
    x = box["x"] + left + epoch / EPOCHS * (right - left)
    return x, box["y"] + box["height"] / 2


def test_every_sheet_of_these_tests_looks_different(finished):
    found = sheets(finished)
    assert len({sheet["src"] for sheet in found}) == EPOCHS
    assert len({tuple(sheet["classes"]) for sheet in found}) == EPOCHS


def test_the_last_epoch_is_shown_first(opened, finished):
    assert_at(opened, finished, 4)


def test_arrow_keys_move_the_slider(opened, finished):
    opened.js("document.getElementById('slider').focus()")
    opened.press("ARROW_LEFT", "ARROW_LEFT")
    assert_at(opened, finished, 2)
    opened.press("ARROW_RIGHT")
    assert_at(opened, finished, 3)
    opened.press("HOME", "ARROW_LEFT")
    assert_at(opened, finished, 1)


def test_arrow_keys_on_the_page_move_it_too(opened, finished):
    opened.press("ARROW_LEFT")
    assert_at(opened, finished, 3)
    opened.press("ARROW_RIGHT", "ARROW_RIGHT")
    assert_at(opened, finished, 4)


def test_the_mouse_drags_the_slider(opened, finished):
    box = opened.box("#slider")
    opened.mouse(*thumb(box, 3), then="down")
    opened.mouse(*thumb(box, 2))
    assert_at(opened, finished, 3)  # it follows before the button is let go
    opened.mouse(*thumb(box, 1), then="up")
    assert_at(opened, finished, 2)


def test_a_finger_drags_the_slider(browser, finished):
    browser.open(finished, 360, 740)
    box = browser.box("#slider")
    browser.touch(thumb(box, 3), thumb(box, 2.4), thumb(box, 1.6), thumb(box, 1))
    assert_at(browser, finished, 2)


def test_a_finger_in_a_curve_reads_it(browser, finished):
    browser.open(finished, 360, 740)
    browser.touch(place_in_curve(browser, 2))
    browser.wait(lambda: "step 10," in browser.text(".panel .readout"), "values of epoch 2")


def watch_the_label(browser):
    browser.js(
        """
        window.labels = [];
        const place = document.getElementById("place");
        new MutationObserver(() => window.labels.push(place.textContent))
          .observe(place, {childList: true});
        """
    )


def test_play_goes_through_all_epochs_and_stops(opened, finished):
    watch_the_label(opened)
    opened.find("#play").click()
    assert opened.text("#play") == "Pause"
    assert opened.find("#play").get_attribute("aria-pressed") == "true"
    opened.wait(lambda: opened.text("#play") == "Play", "the end of playing")
    assert opened.js("return window.labels") == [f"epoch {epoch}" for epoch in range(1, 5)]
    assert opened.find("#play").get_attribute("aria-pressed") == "false"
    assert_at(opened, finished, 4)


def test_play_pauses_where_it_is_and_goes_on_from_there(opened):
    opened.js("document.getElementById('slider').focus()")
    opened.press("HOME")
    watch_the_label(opened)
    opened.js("const play = document.getElementById('play'); play.focus(); play.click();"
              "play.click(); setTimeout(() => { window.later = true; }, 400)")  # fmt: skip
    opened.wait(lambda: opened.js("return window.later"), "time for two more sheets")
    assert (opened.text("#play"), opened.text("#place")) == ("Play", "epoch 1")
    opened.press("SPACE")  # it has the focus
    opened.wait(lambda: opened.text("#place") == "epoch 4", "the last epoch")


def test_a_move_of_the_slider_ends_playing(opened, finished):
    opened.js("const real = setInterval; window.setInterval = (f, ms) => real(f, 100 * ms);")
    opened.find("#play").click()
    assert_at(opened, finished, 1)
    opened.js("document.getElementById('slider').focus()")
    opened.press("ARROW_RIGHT")
    assert opened.text("#play") == "Play"
    assert_at(opened, finished, 2)


def values(text):
    """("step 8, epoch 1.6", [0.69, …]) of what a curve reads out; the values of each line."""
    where, *rest = text
    return where, [float(words.rpartition(" ")[2].replace(",", "")) for words in rest]


def read_out(browser, panel=1):
    keys = f".panel:nth-child({panel}) .readout .key"
    return values(browser.js(f"return [...document.querySelectorAll('{keys}')]"
                             ".map((key) => key.textContent)"))  # fmt: skip


def measured(folder, panel, step):
    """The values of a panel's lines at a step, by report.json."""
    lines = json.loads((folder / "report.json").read_text())["panels"][panel - 1]["lines"]
    return [line["means"][line["steps"].index(step)] for line in lines]


@pytest.mark.parametrize("panel", [1, 2, 3])
def test_hover_reads_the_values_of_a_place(opened, finished, panel):
    x, y = place_in_curve(opened, 1.6, panel)
    opened.mouse(x, y)
    where, found = read_out(opened, panel)
    assert where == "step 8, epoch 1.6"
    assert found == pytest.approx(measured(finished, panel, 8), rel=1e-3)
    marked = opened.js(f"""
        const line = document.querySelector(".panel:nth-child({panel}) .hover");
        return line.style.display === "none" ? null : line.getBoundingClientRect().x""")
    assert marked == pytest.approx(x, abs=1)
    opened.mouse(5, 5)
    where, found = read_out(opened, panel)
    assert where == "step 20, epoch 4"
    assert found == pytest.approx(measured(finished, panel, 20), rel=1e-3)
    assert_at(opened, finished, 4)


def test_a_click_in_a_curve_moves_the_slider(opened, finished):
    opened.mouse(*place_in_curve(opened, 2.1, panel=2), then="click")
    assert_at(opened, finished, 2)


def test_arrow_keys_on_a_curve_read_it_and_leave_the_slider(opened, finished):
    opened.js("document.querySelector('.panel:nth-child(2) svg').focus()")
    opened.press("ARROW_LEFT", "ARROW_LEFT", "ARROW_LEFT")
    where, found = read_out(opened, panel=2)
    assert where == "step 17, epoch 3.4"
    assert found == pytest.approx(measured(finished, 2, 17), rel=1e-3)
    opened.press("ARROW_RIGHT")
    assert read_out(opened, panel=2)[0] == "step 18, epoch 3.6"
    opened.press("TAB")
    assert read_out(opened, panel=2)[0] == "step 20, epoch 4"
    assert_at(opened, finished, 4)


def tour(browser):
    """What the Tab key comes to, in order: (name, element, whether its focus is to be seen)."""
    stops = []
    browser.js("document.activeElement.blur()")
    while len(stops) < 50:
        browser.press("TAB")
        stop = browser.driver.switch_to.active_element
        if stop.tag_name in ("body", "html"):
            break
        ring = browser.js(
            "const style = getComputedStyle(arguments[0]);"
            "return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2",
            stop,
        )
        stops.append((stop.tag_name, stop.accessible_name, ring))
        if stop.accessible_name.startswith("Copy: Make this page anew"):
            break
    return stops


def test_the_keyboard_comes_to_everything_in_the_order_of_the_page(opened):
    stops = tour(opened)
    assert [stop[:2] for stop in stops[:2]] == [
        ("button", "Play"), ("input", "epoch of the samples")
    ]  # fmt: skip
    assert [tag for tag, *_ in stops[2:5]] == ["svg"] * 3
    assert all(name.startswith("Curves: ") for _, name, _ in stops[2:5])
    assert [name.partition(":")[0] for _, name, _ in stops[5:]] == ["Copy"] * 5
    assert all(ring for *_, ring in stops), "a focus that cannot be seen"
    curves = [curve.get_attribute("tabindex") for curve in opened.all(".panel svg")]
    assert curves == ["0"] * 3  # said, too: chromium comes to them without


def test_a_copy_button_copies_or_selects_its_command(opened):
    command = opened.text(".command pre")
    opened.find(".command button").click()
    opened.wait(lambda: opened.text(".command button") in ("Copied", "Selected"), "its answer")
    if opened.text(".command button") == "Selected":
        assert opened.js("return getSelection().toString()") == command
    assert opened.console() == []
