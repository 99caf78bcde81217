"""Playing, in a real browser: new noise, a picture in view, its numbers, its class, a walk, and
what the layers give, with a mouse and with a keyboard."""

import numpy as np
import pytest

from tinygan.drawings import latent

pytest_plugins = ["real_browser"]
pytestmark = pytest.mark.browser

GREYS = """
function greys(canvas) {
  const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return Array.from({length: data.length / 4}, (_, i) => data[4 * i]);
}
"""


@pytest.fixture
def opened(browser, made):
    """opened(recipe): its page, with all pictures drawn."""

    def go(name, **size):
        browser.open(made(name)[1], **size)
        settle(browser)
        return browser

    return go


def settle(browser):
    """Wait until everything is drawn."""
    busy = "return document.querySelectorAll('[aria-busy=false]').length"
    browser.wait(lambda: browser.js(busy) == 2, "all pictures")


def seen(browser, selector="#picture"):
    """The red of every pixel of a canvas."""
    return browser.js(GREYS + "return greys(document.querySelector(arguments[0]))", selector)


def tiles(browser):
    return browser.js(GREYS + "return [...document.querySelectorAll('.tile canvas')].map(greys)")


def move(browser, selector, value):
    """Move a slider as a mouse does."""
    browser.js(
        """const slider = document.querySelector(arguments[0]);
        slider.value = arguments[1];
        slider.dispatchEvent(new Event("input", {bubbles: true}));
        slider.dispatchEvent(new Event("change", {bubbles: true}));""",
        selector,
        value,
    )
    settle(browser)


def z_of(browser, which="view"):
    return np.array(browser.js(f"return [...{which}.z]"), np.float32)


def test_it_opens_with_a_grid_of_different_pictures(opened):
    page = opened("dcgan")
    pictures = np.array(tiles(page))
    assert pictures.shape == (36, 28 * 28)
    assert len(np.unique(pictures, axis=0)) == 36
    assert seen(page) == pictures[0].tolist() == seen(page, "#from")
    assert seen(page, "#to") == pictures[1].tolist()
    assert "ms a picture" in page.text("#speed")


def test_what_is_shown_is_what_numpy_draws(opened, made):
    page, model = opened("dcgan"), made("dcgan")[0]
    z = np.array(page.js("return items.map(({z}) => [...z])"), np.float32)
    expected = latent.images(model, z).reshape(36, -1).astype(int)
    assert np.abs(np.array(tiles(page)) - expected).max() <= 1


def test_new_noise_draws_others_and_a_seed_brings_them_back(opened):
    page = opened("vae")
    before = tiles(page)
    page.find("#renew").click()
    settle(page)
    assert page.js("return document.getElementById('seed').value") == "1"
    after = tiles(page)
    assert all(a != b for a, b in zip(after, before, strict=True))
    assert seen(page) == after[0]
    move(page, "#seed", 0)
    assert tiles(page) == before


def test_a_picture_is_taken_into_view_by_mouse_and_by_keyboard(opened):
    page = opened("vae")
    pictures = tiles(page)
    page.all(".tile")[7].click()
    settle(page)
    assert seen(page) == seen(page, "#from") == pictures[7]
    page.press("ARROW_RIGHT", "ARROW_DOWN", "ENTER")
    settle(page)
    assert seen(page) == pictures[14]
    assert page.js("return document.activeElement.ariaPressed") == "true"
    assert page.js("return document.activeElement.ariaLabel") == "picture 15, in view"
    page.press("ARROW_UP", "ARROW_LEFT", "SPACE")
    settle(page)
    assert seen(page) == pictures[7]
    assert len(page.all('.tile[aria-pressed="true"]')) == 1


def test_a_slider_moves_one_number_and_the_picture_follows(opened, made):
    page, model = opened("vae"), made("vae")[0]
    before, z = seen(page), z_of(page)
    page.find("#numbers input").click()
    page.press("END")
    settle(page)
    assert z_of(page).tolist() == [3, *z[1:].tolist()]
    expected = latent.images(model, z_of(page)[None]).reshape(-1).astype(int)
    assert np.abs(np.array(seen(page)) - expected).max() <= 1
    assert seen(page) == seen(page, "#from") != before
    assert page.text("#numbers output") == "3.00"
    page.find("#reset").click()
    settle(page)
    assert seen(page) == before
    assert z_of(page).tolist() == z.tolist()


def test_a_few_numbers_are_shown_and_all_when_asked(opened):
    page = opened("dcgan")
    shown = (
        "return [...document.querySelectorAll('#numbers label')].filter((n) => !n.hidden).length"
    )
    assert page.js(shown) == 12
    page.find("#more").click()
    assert page.js(shown) == 100
    assert page.find("#more").get_attribute("aria-expanded") == "true"
    page.find("#more").click()
    assert page.js(shown) == 12


def test_of_many_numbers_the_first_hundred_can_be_moved(opened):
    page = opened("flow-unet")
    assert page.text("#numbers-note") == "The first 100 of 784 numbers."
    assert len(page.all("#numbers input")) == 100


def test_a_walk_begins_at_a_and_ends_at_b(opened):
    page = opened("dcgan")
    pictures, A, B = tiles(page), z_of(page), z_of(page, "B")
    page.find("#pick").click()
    assert page.text("#pick-note") == "Now choose a picture in the grid."
    page.all(".tile")[9].click()
    settle(page)
    assert seen(page, "#to") == pictures[9]
    assert seen(page) == pictures[0]  # B is another one; what is in view stays
    page.find("#way").send_keys("")
    page.press("END")
    settle(page)
    assert seen(page) == pictures[9]
    move(page, "#way", 50)
    assert seen(page) not in (pictures[0], pictures[9])
    B = z_of(page, "B")
    lengths = [np.linalg.norm(z) for z in (A, z_of(page), B)]
    assert min(lengths[0], lengths[2]) * 0.97 < lengths[1] < max(lengths[0], lengths[2]) * 1.03
    cosines = [z_of(page) @ z / lengths[1] / np.linalg.norm(z) for z in (A, B)]
    assert cosines[0] == pytest.approx(cosines[1], abs=0.1)
    move(page, "#way", 0)
    assert seen(page) == pictures[0]


def test_in_a_mixture_the_walk_is_straight(opened):
    page = opened("ae")
    A, B = z_of(page), z_of(page, "B")
    move(page, "#way", 25)
    np.testing.assert_allclose(z_of(page), 0.75 * A + 0.25 * B, rtol=1e-5, atol=1e-6)
    assert "straight" in page.text("#walk-note")


def test_an_autoencoder_draws_from_either_prior(opened):
    page = opened("ae")
    before = tiles(page)
    assert [option.text for option in page.all("#prior option")] == [
        "the mixture of codes", "N(0, I)"
    ]  # fmt: skip
    move(page, "#prior", 1)
    assert tiles(page) != before
    assert "round the origin" in page.text("#walk-note")


@pytest.mark.parametrize("name", ["cgan", "flow"])
def test_the_class_can_be_chosen(opened, made, name):
    page, model = opened(name), made(name)[0]
    k, each = len(model.classes), {"cgan": 18, "flow": 12}[name]
    assert [heading.text for heading in page.all("#grid h3")] == [
        option.text for option in page.all("#class option")
    ]
    assert len(page.all(".tile")) == k * each
    labels = np.repeat(model.classes, each)
    z = np.array(page.js("return items.map(({z}) => [...z])"), np.float32)
    expected = latent.images(model, z, labels).reshape(len(z), -1).astype(int)
    assert np.abs(np.array(tiles(page)) - expected).max() <= 1
    move(page, "#class", k - 1)
    expected = latent.images(model, z[:1], labels[-1:]).reshape(-1).astype(int)
    assert np.abs(np.array(seen(page)) - expected).max() <= 1
    assert (expected != np.array(tiles(page)[0])).any()


def test_a_walk_goes_over_to_the_other_class(opened):
    page = opened("cgan")
    pictures = tiles(page)
    page.find("#pick").click()
    page.all(".tile")[30].click()
    settle(page)
    move(page, "#way", 100)
    assert seen(page) == pictures[30]
    assert page.js("return document.getElementById('class').value") == "1"
    move(page, "#way", 25)
    assert page.js("return view.classes") == [0.75, 0.25]


@pytest.mark.parametrize(
    ("name", "last"),
    [("dcgan", "28 by 28 by 1"), ("cgan", "28 by 28 by 1"), ("gan-cnn", "28 by 28 by 1"),
     ("dcgan-faces", "64 by 64 by 3"), ("vae", "28 by 28 by 1"), ("flow", "28 by 28 by 1"),
     ("flow-unet", "28 by 28 by 1"), ("gmm", "28 by 28 by 1")],
)  # fmt: skip
def test_every_layer_shows_what_it_gives(opened, name, last):
    page = opened(name)
    names = page.js("return [...layersByName([description.network, description.decoder]).keys()]")
    labels = page.js(
        "return [...document.querySelectorAll('.layer canvas')].map((c) => c.ariaLabel)"
    )
    greys = page.js(GREYS + "return [...document.querySelectorAll('.layer canvas')].map(greys)")
    assert len(labels) == len(names)
    assert last in labels[-1]
    assert all({0, 255} <= set(found) for found in greys), (
        "a layer is not drawn from black to white"
    )
    assert all(node.text for node in page.all(".layer p"))


def test_the_maps_are_those_of_the_picture_in_view(opened, made):
    page, model = opened("dcgan"), made("dcgan")[0]
    x = z_of(page)[None]
    for layer in model.networks["G"].eval().layers[:-1]:
        x = layer.forward(x)
    expected = (x - x.min()) / (x.max() - x.min()) * 255  # the last layer but one, as one grey map
    found = np.array(seen(page, ".layer:nth-last-child(2) canvas")).reshape(4 * 28, 4 * 28)
    np.testing.assert_allclose(found[::4, ::4], expected.reshape(28, 28), atol=1.1)
    before = seen(page, ".layer canvas")
    page.all(".tile")[5].click()
    settle(page)
    assert seen(page, ".layer canvas") != before


def test_a_flow_shows_its_way_and_can_be_given_other_steps(opened, made):
    page, model = opened("flow-unet"), made("flow-unet")[0]
    assert [node.text for node in page.all("#steps-shown figcaption")] == [
        "noise", "step 1", "step 2", "step 3"
    ]  # fmt: skip
    assert seen(page, "#steps-shown figure:last-child canvas") == seen(page)
    move(page, "#steps", 2)
    move(page, "#guidance", 2)
    assert len(page.all("#steps-shown canvas")) == 3
    z = z_of(page).reshape(1, 28, 28, 1)
    expected = model.draw_from(z, np.array([0]), 2, 2.0).reshape(-1).astype(int)
    assert np.abs(np.array(seen(page)) - expected).max() <= 1
    assert np.abs(np.array(tiles(page)[0]) - expected).max() <= 1


def test_the_page_says_when_its_worker_stops(browser, made, tmp_path):
    text = made("vae")[1].read_text(encoding="utf-8")
    text = text.replace("const TASKS = {", "throw new Error('planted'); const TASKS = {")
    (tmp_path / "broken.html").write_text(text, encoding="utf-8")
    browser.open(tmp_path / "broken.html")
    browser.wait(lambda: browser.find("#trouble").is_displayed(), "a sentence")
    assert "has stopped" in browser.text("#trouble")
