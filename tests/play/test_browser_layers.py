"""The layers in JavaScript, in a real browser, against NumPy: from the same noise the same pixels,
within 1 of 255."""

import numpy as np
import pytest

from tinygan import recipes
from tinygan.drawings import latent

pytest_plugins = ["real_browser"]
pytestmark = pytest.mark.browser

DRAWS = [name for name in recipes.names() if recipes.get(name).model.draws_images]
FLOWS = ["flow", "flow-unet"]


def asked(browser, task, **given):
    """What the worker answers."""
    browser.wait(lambda: browser.js("return document.querySelector('main') !== null"), "the page")
    return browser.js(
        """const {z, pixels} = await ready.then(() => ask(arguments[0], arguments[1]));
        return z ? z.map((one) => [...one]) : [...pixels];""",
        task,
        given,
    )


def by_the_page(browser, model, z, labels, **options):
    """The pictures that the opened page draws: int (N, H, W, C)."""
    settings = {n: model.options.get(o) for n, o in (("steps", "ode_steps"), ("guidance",) * 2)}
    found = []
    for i, numbers in enumerate(z):
        classes = [] if labels is None else [int(c == labels[i]) for c in model.classes]
        given = {"z": numbers.tolist(), "classes": classes, "options": settings | options}
        found.append(asked(browser, "draw", **given))
    return np.array(found).reshape(-1, *model.image_shape)


def inputs(model, n=3):
    rng = np.random.default_rng(5)
    prior = "gmm" if "prior" in model.choices else None
    z = latent.numbers(model, n, rng, prior) if model.networks else model.mixture.sample(n, rng)
    return z.astype(np.float32), latent.labels_for(model, n)


def assert_equal_pixels(ours, expected):
    away = np.abs(ours - expected.astype(int))
    assert away.max() <= 1, f"{(away > 1).sum()} pixels are off, by up to {away.max()}"
    between = (expected > 3) & (expected < 252)
    assert between.mean() > 0.5, "too few pixels are neither black nor white to show a fault"
    assert expected.std() > 5, "the pictures are too plain to show a fault"


@pytest.mark.parametrize(
    ("name", "bits"),
    [*((name, 16) for name in DRAWS), *((n, 8) for n in ("gmm", "dcgan", "gan-cnn", "flow-unet"))],
)
def test_the_page_draws_what_numpy_draws(browser, made, name, bits):
    model, file = made(name, bits)
    z, labels = inputs(model)
    browser.open(file)
    ours = by_the_page(browser, model, z, labels)
    assert_equal_pixels(ours, latent.images(model, z, labels))
    assert browser.console() == []


@pytest.mark.parametrize("name", FLOWS)
@pytest.mark.parametrize(("steps", "guidance"), [(1, 1), (2, 2.5), (5, 0)])
def test_steps_and_guidance_of_a_flow_are_numpys(browser, made, name, steps, guidance):
    model, file = made(name)
    z, labels = inputs(model)
    browser.open(file)
    ours = by_the_page(browser, model, z, labels, steps=steps, guidance=guidance)
    noise = z.reshape(len(z), *model.shape())
    expected = model.draw_from(noise, labels, steps, guidance)
    assert np.abs(ours - expected.astype(int)).max() <= 1


FAULTS = [
    ("dcgan", "kernel[at + c];", "kernel[at + c] * 1.01;"),
    ("dcgan", "s * u + i - p, column = s * v + j - p;\n      if (row < 0 || row >= oh",
        "s * u + i - p, column = s * u + j - p;\n      if (row < 0 || row >= oh"),
    ("dcgan", " + shift.data[i % n]", ""),
    ("dcgan-cifar10", "Math.max(value, 0)", "Math.max(value, -0.1)"),
    ("gan-cnn", "sum[o] += xc", "sum[o] += 0.98 * xc"),
    ("gan-cnn", "Math.floor(v / f)) * c", "Math.floor((v + 1) / f) % w) * c"),
    ("cgan", "join(x, forward(embedding, classes))", "join(forward(embedding, classes), x)"),
    ("vae", "1 / (1 + Math.exp(-value))", "1 / (1 + Math.exp(-0.97 * value))"),
    ("gmm", "if (b) for", "if (!b) for"),
    ("flow", "+ ahead.data[j]) / 2", "+ value) / 2"),
    ("flow", "Math.max(half - 1, 1)", "half"),
    ("flow-unet", "1 / Math.sqrt(squares", "1.02 / Math.sqrt(squares"),
    ("flow-unet", "add(s ? forward(s, x) : x, forward(g, h))", "forward(g, h)"),
    ("flow-unet", "addRow(forward(f, x), forward(told, c))", "forward(f, x)"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "right", "wrong"), FAULTS)
def test_a_planted_fault_is_found(browser, made, name, right, wrong, tmp_path):
    model, file = made(name)
    text = file.read_text(encoding="utf-8")
    assert text.count(right) == 1
    (tmp_path / "planted.html").write_text(text.replace(right, wrong), encoding="utf-8")
    z, labels = inputs(model)
    browser.open(tmp_path / "planted.html")
    ours = by_the_page(browser, model, z, labels)
    assert np.abs(ours - latent.images(model, z, labels).astype(int)).max() > 1


def drawn_noise(browser, n, seed=0, prior=0):
    return np.array(asked(browser, "noise", prior=prior, n=n, seed=seed))


def test_noise_is_normal_and_a_seed_repeats_it(browser, made):
    _, file = made("dcgan")
    browser.open(file)
    z = drawn_noise(browser, 200)
    assert z.shape == (200, 100)
    np.testing.assert_allclose([z.mean(), z.std(), (z**3).mean()], [0, 1, 0], atol=0.05)
    np.testing.assert_allclose((np.abs(z) > 1.96).mean(), 0.05, atol=0.006)
    assert np.abs(np.corrcoef(z[:, 0::2].ravel(), z[:, 1::2].ravel())[0, 1]) < 0.03
    np.testing.assert_array_equal(drawn_noise(browser, 200), z)
    np.testing.assert_array_equal(drawn_noise(browser, 7), z[:7])
    assert (drawn_noise(browser, 3, seed=1) != z[:3]).all()


@pytest.mark.parametrize("covariance", ["full", "tied", "diag", "spherical"])
def test_codes_of_a_mixture_are_distributed_as_numpys(browser, made, covariance):
    model, file = made("gmm", covariance=covariance)
    browser.open(file)
    z = drawn_noise(browser, 6000)
    expected = model.mixture.sample(60_000, np.random.default_rng(0))
    np.testing.assert_allclose(z.mean(axis=0), expected.mean(axis=0), atol=0.3)
    np.testing.assert_allclose(np.cov(z.T), np.cov(expected.T), atol=1.5)
    np.testing.assert_allclose(np.corrcoef(z.T), np.corrcoef(expected.T), atol=0.07)
