"""Every recipe end to end, tiny: trained, stopped, resumed, sampled, on NumPy and on a device."""

import json

import numpy as np
import pytest
import strict_device
from small_run import QUIET, after, never

from tinygan import nn, recipes
from tinygan.data import Dataset
from tinygan.recipes import distance, trained_model
from tinygan.runs.config import read_config

TINY = {
    "gmm": {"components": 3, "dims": 4, "limit": 60},
    "ae": {"code": 3, "components": 2},
    "vae": {"code": 3, "components": 2},
    "cgan": {"limit": 300},
    "cgan-cnn": {"limit": 300, "ema": 0.9},
    "wgan-gp": {"d_steps": 2},
    "classifier": {"limit": 100},
    "flow": {"code": 3, "flow_width": 4, "classes": "0,1", "limit": 100, "ema": 0.9},
    "flow-unet": {"classes": "0,1", "limit": 100, "ema": 0.9, "ode_steps": 3},
    "gan-cnn": {"lr": 5e-3},  # quick enough for the samples to differ after ten updates
    "dcgan": {"lr": 5e-3},
    "gan-dense-2": {"lr": 5e-3},
    "dcgan-faces": {"width": 1, "batch_size": 2, "lr": 1e-3},
}
RECIPES = recipes.names()


def colour(size):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (40, size, size, 3), dtype=np.uint8)
    return Dataset("colour", images, np.zeros(40, np.uint8), "0" * 64, "noise")


def dataset_for(name, clothes):
    shape = recipes.get(name).image_shape
    return clothes if shape is None or shape[-1] == 1 else colour(shape[0])


@pytest.fixture
def tiny(make_run, clothes):
    """tiny(recipe, folder, …): a run of two epochs of it."""

    def make(recipe, folder, **changes):
        settings = {"epochs": 2} | TINY.get(recipe, {}) | changes
        return make_run(folder, recipe=recipe, dataset=dataset_for(recipe, clothes), **settings)

    return make


def files(run):
    """What must repeat: everything but the times."""
    found = sorted(f for f in run.folder.rglob("*") if f.is_file() and f.name != "timing.csv")
    return {str(f.relative_to(run.folder)): f.read_bytes() for f in found}


@pytest.fixture
def few_draws(monkeypatch):
    """A distance takes no time."""
    monkeypatch.setattr(distance, "DRAWS", 12)
    monkeypatch.setattr(distance, "REFERENCE", 20)


@pytest.mark.parametrize("recipe", RECIPES)
def test_it_trains_stops_anywhere_goes_on_and_draws(recipe, tiny, few_draws):
    measured = {"fd_every": 1, "keep_best": True} if recipe != "classifier" else {}
    whole = tiny(recipe, "whole", **measured)
    assert whole.train(QUIET, never)
    assert np.isfinite(whole.history).all()
    assert len(whole.history) == whole.last_step
    assert {"checkpoint.npz", "config.json", "curves.png", "metrics.csv"} <= files(whole).keys()
    assert "samples/epoch_0002.png" in files(whole)

    stop = max(1, whole.last_step // 2)
    tiny(recipe, "parts", **measured).train(QUIET, after(stop))
    second = tiny(recipe, "parts", resume=True, **measured)
    assert second.step == stop
    assert second.train(QUIET, never)
    assert files(second) == files(whole)
    assert len(whole.training.notes["validation"]) == whole.step // whole.training.steps_per_epoch

    if recipe != "classifier":
        model = trained_model.load(whole.folder, np)
        images, _ = trained_model.draw(model, 5, 0)
        assert images.shape == (5, *whole.training.images.shape[1:])
        assert images.dtype == np.uint8
        assert len(np.unique(images.reshape(5, -1), axis=0)) == 5
        np.testing.assert_array_equal(trained_model.draw(model, 5, 0)[0], images)
        assert (trained_model.draw(model, 5, 1)[0] != images).any()


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_fake_device_measures_and_draws_what_numpy_does(recipe, tiny):
    # Few updates: NumPy convolves a few images at a time, and a game amplifies the rounding.
    runs = [tiny(recipe, xp.__name__, xp=xp, epochs=None, steps=3) for xp in (np, strict_device)]
    for run in runs:
        assert run.train(QUIET, never)
    np.testing.assert_allclose(runs[1].history, runs[0].history, rtol=1e-4, atol=1e-5)
    if recipe != "classifier":
        images = [
            trained_model.draw(trained_model.load(run.folder, xp), 4, 0)[0].astype(int)
            for run, xp in zip(runs, (np, strict_device), strict=True)
        ]
        assert np.abs(images[0] - images[1]).max() <= 1


@pytest.mark.gpu
@pytest.mark.parametrize("recipe", RECIPES)
def test_it_runs_on_a_gpu(recipe, tiny, device):
    if device is strict_device:
        pytest.skip("the fake device has its own test")
    run = tiny(recipe, "gpu", xp=device)
    assert run.train(QUIET, never)
    run = tiny(recipe, "gpu", xp=device, resume=True, epochs=3)
    assert run.train(QUIET, never)


@pytest.mark.parametrize("loss", ["lsgan", "hinge"])
def test_the_other_losses_train(loss, tiny):
    run = tiny("gan-dense-1", loss, loss=loss)
    params = run.training.model.networks["G"].params()
    before = [p.data.copy() for p in params]
    assert run.train(QUIET, never)
    moved = [(p.data != b).any() for p, b in zip(params, before, strict=True)]
    assert all(moved)


def test_label_smoothing_and_instance_noise_reach_the_loss(tiny):
    plain = tiny("gan-dense-1", "plain", epochs=1)
    plain.train(QUIET, never)
    for option in ({"label_smoothing": 0.3}, {"instance_noise": 0.5}):
        (name,) = option
        run = tiny("gan-dense-1", name, epochs=1, **option)
        run.train(QUIET, never)
        assert abs(run.history[0, 0] - plain.history[0, 0]) > 1e-3


@pytest.mark.parametrize(
    ("until", "expected"),
    [(None, [0.4, 0.36, 0.2, 0.04]), (5, [0.4, 0.32, 0, 0]), (20, [0.4, 0.38, 0.3, 0.22])],
)
def test_instance_noise_falls_linearly_to_the_end_or_to_an_epoch(
    tiny, monkeypatch, until, expected
):
    widths = []

    class Spy(nn.GaussianNoise):
        def forward(self, x):
            widths.append(self.std)
            return super().forward(x)

    monkeypatch.setattr(nn, "GaussianNoise", Spy)
    noise = {"instance_noise": 0.4, "instance_noise_until": until}
    tiny("gan-dense-1", "noisy", epochs=10, limit=8, **noise).train(QUIET, never)
    per_update = widths[::3]  # real and fake for D, fake for G
    assert len(per_update) == 10
    np.testing.assert_allclose([per_update[i] for i in (0, 1, 5, 9)], expected, atol=1e-12)


def test_a_run_that_names_the_noises_end_can_be_made_in_parts(tiny):
    noise = {"instance_noise": 0.4, "instance_noise_until": 4.0}
    whole = tiny("gan-dense-1", "whole", epochs=4, **noise)
    assert whole.train(QUIET, never)
    tiny("gan-dense-1", "parts", epochs=2, **noise).train(QUIET, never)
    parts = tiny("gan-dense-1", "parts", epochs=4, resume=True, **noise)
    assert parts.train(QUIET, never)
    np.testing.assert_array_equal(parts.history, whole.history)


def test_where_no_end_is_named_it_is_that_of_the_run_as_it_began(tiny):
    run = tiny("gan-dense-1", "own", epochs=2, instance_noise=0.4)
    assert read_config(run.folder)["options"]["instance_noise_until"] == 2.0
    steps = tiny("gan-dense-1", "steps", epochs=None, steps=8, instance_noise=0.4)
    assert read_config(steps.folder)["options"]["instance_noise_until"] == 1.6


def test_the_two_learning_rates_can_differ(tiny):
    run = tiny("gan-dense-1", "rates", lr_d=1e-3, lr_g=3e-4)
    assert {n: o.lr for n, o in run.training.optimizers.items()} == {"D": 1e-3, "G": 3e-4}
    run = tiny("gan-dense-1", "rate", lr_d=1e-3)
    assert {n: o.lr for n, o in run.training.optimizers.items()} == {"D": 1e-3, "G": 2e-4}


def test_d_steps_updates_d_so_many_times_on_fresh_images(tiny):
    run = tiny("gan-dense-1", "k", d_steps=3, limit=72, epochs=1)
    assert run.training.steps_per_epoch == 3
    run.train(QUIET, never)
    assert (run.training.optimizers["D"].t, run.training.optimizers["G"].t) == (9, 3)


def test_ema_draws_with_the_average_of_gs_weights(tiny):
    run = tiny("gan-dense-1", "ema", ema=0.5, epochs=1, limit=16)
    start = run.training.model.networks["average"].params()[0].data.copy()
    seen = [start]
    updates = run.training.updates(0)
    for _ in range(2):
        next(updates)
        seen.append(run.training.model.networks["G"].params()[0].data.copy())
    first = (1 * seen[0] + 9 * seen[1]) / 10  # while there are few it is an average over fewer
    expected = (2 * first + 9 * seen[2]) / 11
    average = run.training.model.networks["average"]
    np.testing.assert_allclose(average.params()[0].data, expected, rtol=1e-5)
    drawn = run.training.model.draw(3, np.random.default_rng(0))[0]
    from tinygan.training import generate

    z = np.random.default_rng(0).standard_normal((3, 100), dtype=np.float32)
    np.testing.assert_array_equal(drawn, generate(average, z))


def test_samples_of_epochs_50_100_and_150_are_kept(tiny):
    run = tiny("gan-dense-1", "long", epochs=151, limit=8, sample_every=1000, checkpoint_every=1000)
    run.train(QUIET, never)
    names = [f.name for f in sorted((run.folder / "samples").iterdir())]
    assert names == [f"epoch_{n:04}.png" for n in (50, 100, 150, 151)]


def test_em_ends_by_itself_and_stays_ended(tiny):
    run = tiny("gmm", "gmm", epochs=500)
    assert run.train(QUIET, never)
    assert run.step < 500
    assert np.diff(run.history[:, 0]).min() > -1e-5  # no iteration lowers the likelihood
    again = tiny("gmm", "gmm", epochs=500, resume=True)
    assert again.finished.startswith("converged")


def test_an_autoencoder_draws_from_either_prior(tiny):
    run = tiny("ae", "ae", epochs=1)
    run.train(QUIET, never)
    model = trained_model.load(run.folder, np)
    default, _ = trained_model.draw(model, 6, 0)
    gmm, _ = trained_model.draw(model, 6, 0, prior="gmm")
    normal, _ = trained_model.draw(model, 6, 0, prior="normal")
    np.testing.assert_array_equal(default, gmm)
    assert (normal != gmm).any()


def test_the_conditional_gan_splits_validates_and_reports_once(tiny, clothes):
    run = tiny("cgan", "cgan", classes="0,1", epochs=3)
    parts_of = run.training.parts
    count = np.isin(clothes.labels[:300], (0, 1)).sum()
    parts = [part[0] for part in (parts_of.train, parts_of.validation, parts_of.test)]
    assert sum(map(len, parts)) == count
    assert [round(len(part) / count, 1) for part in parts] == [0.8, 0.1, 0.1]
    rows = [row.tobytes() for part in parts for row in part]
    wanted = clothes.images[:300][np.isin(clothes.labels[:300], (0, 1))]
    assert sorted(rows) == sorted(row.tobytes() for row in wanted)
    run.train(QUIET, never)
    fds = [row["fd"] for row in run.training.notes["validation"]]
    assert len(fds) == 3
    result = json.loads((run.folder / "result.json").read_text())
    assert result["test_fd"] > 0
    assert result["best_epoch"] == 1 + int(np.argmin(fds))


def test_early_stopping_stops_and_keeps_the_best_generator(tiny, monkeypatch):
    run = tiny("cgan", "early", epochs=50, patience=2)
    distances = iter([9.0, 5.0, 6.0, 7.0, 1.0])
    weights = []

    def distance(G, *_):
        weights.append(G.params()[0].data.copy())
        return next(distances)

    monkeypatch.setattr(run.training, "_distance", distance)
    assert run.train(QUIET, never)
    assert run.step == 4 * run.training.steps_per_epoch
    assert run.finished == "the validation distance has not improved since epoch 2"
    best = run.training.model.networks["best"].params()[0].data
    np.testing.assert_array_equal(best, weights[1])


def test_classes_can_be_asked_for_by_their_own_labels(tiny):
    run = tiny("cgan", "shoes", classes="3,7,9", limit=600, epochs=1)
    run.train(QUIET, never)
    model = trained_model.load(run.folder, np)
    images, labels = trained_model.draw(model, 6, 0)
    assert labels.tolist() == [3, 3, 7, 7, 9, 9]
    only, labels = trained_model.draw(model, 6, 0, classes=(7,))
    assert labels.tolist() == [7] * 6
    np.testing.assert_array_equal(only[2:4], images[2:4])


def test_a_classifier_learns_and_notes_its_accuracy(make_run):
    run = make_run("c", recipe="classifier", limit=600, width=4, batch_size=20, lr=1e-3, epochs=4)
    run.train(QUIET, never)
    rows = run.training.notes["validation"]
    assert [row["epoch"] for row in rows] == [1, 2, 3, 4]
    assert rows[-1]["accuracy"] > 0.5
    assert (run.folder / "validation.csv").read_text().startswith("epoch,accuracy\n1,")


def test_the_fit_of_a_mixture_is_summed_up_as_scikit_learn_does(tiny):
    run = tiny("gmm", "gmm", epochs=4, limit=200, covariance="full")
    run.train(QUIET, never)
    result = json.loads((run.folder / "result.json").read_text())
    assert result["converged"] is False
    free = (3 - 1) + 3 * 4 + 3 * 4 * 5 // 2  # weights, means, covariances
    total = 200 * result["log_likelihood"]
    assert result["aic"] == pytest.approx(2 * free - 2 * total)
    assert result["bic"] == pytest.approx(free * np.log(200) - 2 * total)
