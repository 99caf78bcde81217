"""The doctor in a training: it changes nothing, repeats exactly, and knows what was made ill."""

import dataclasses

import numpy as np
import pytest
import strict_device
from small_run import QUIET, after, never

from tinygan import nn, recipes
from tinygan.errors import RunError, UserError
from tinygan.evaluation.features import features_of
from tinygan.health import signs
from tinygan.models import gan as models
from tinygan.progress import Progress
from tinygan.recipes import check_up, gan
from tinygan.runs import checkpoint

GANS = [name for name in recipes.names() if "noise_dim" in recipes.get(name).fixed]

LIMITED = {"cgan": {"limit": 300}, "cgan-cnn": {"limit": 300, "width": 2}}  # enough to split


@pytest.fixture
def often(monkeypatch):
    """Looks after every second update, small ones."""
    monkeypatch.setattr(gan, "EVERY", 2)
    monkeypatch.setattr(check_up, "LOOK", 8)
    monkeypatch.setattr(check_up, "REFERENCE", 20)


def files(run, *names):
    return [(run.folder / name).read_bytes() for name in names]


def test_a_training_with_looks_is_the_training_without(make_run, monkeypatch):
    with_none = make_run("without")
    with_none.train(QUIET, never)
    monkeypatch.setattr(gan, "EVERY", 1)
    watched = make_run("watched", instance_noise=0.1)
    plain = make_run("plain", instance_noise=0.1)
    watched.train(QUIET, never)
    monkeypatch.setattr(gan, "EVERY", 10**9)
    plain.train(QUIET, never)
    for a, b in zip(
        watched.training.model.arrays().values(),
        plain.training.model.arrays().values(),
        strict=True,
    ):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(watched.history, plain.history)
    assert len(watched.training.notes["health"]) == 20
    assert not (with_none.folder / "health.csv").exists()  # 20 updates: too few for a look


@pytest.mark.parametrize("cut", [3, 4, 11])
def test_a_run_that_was_stopped_has_the_same_looks(make_run, often, cut):
    whole = make_run("whole", flip=True)
    whole.train(QUIET, never)
    make_run("parts", flip=True).train(QUIET, after(cut))
    second = make_run("parts", flip=True, resume=True)
    second.train(QUIET, never)
    names = ("health.csv", "diagnosis.csv", "report.json", "checkpoint.npz")
    assert files(second, *names) == files(whole, *names)


@pytest.mark.parametrize("recipe", GANS)
def test_a_look_is_repeated_exactly_and_finite_for_every_gan(recipe, make_run, clothes):
    shape = recipes.get(recipe).image_shape
    if shape[-1] == 1:
        dataset = clothes
    else:
        images = np.random.default_rng(0).integers(0, 256, (40, *shape), dtype=np.uint8)
        dataset = dataclasses.replace(clothes, images=images, labels=np.zeros(40, np.uint8))
    changes = (LIMITED | {"wgan-gp": {"d_steps": 2}}).get(recipe, {"width": 1})
    training = make_run(recipe=recipe, dataset=dataset, **changes).training
    first = training.check_up.look(7)
    assert first == training.check_up.look(7)
    assert first != training.check_up.look(7, again=1) | {"step": 7}
    assert None not in first.values()


def test_a_look_has_the_noise_of_its_epoch(make_run):
    run = make_run(instance_noise=0.4, instance_noise_until=2.0)  # five updates in an epoch
    black = np.zeros((64, 28, 28, 1), np.float32)
    look = run.training.check_up
    found = [look._seen(step, np.random.default_rng(0))(black).std() for step in (0, 5, 10, 15)]
    assert found == pytest.approx([0.4, 0.2, 0, 0], rel=0.02)


@pytest.mark.parametrize("recipe", GANS)
def test_a_device_finds_the_same_signs(recipe, make_run, often, clothes):
    """Dropout on a device has the same bits; sums differ by rounding."""
    shape, changes = recipes.get(recipe).image_shape, LIMITED.get(recipe, {})
    if shape[-1] != 1:
        images = np.random.default_rng(0).integers(0, 256, (40, *shape), dtype=np.uint8)
        clothes = dataclasses.replace(clothes, images=images, labels=np.arange(40) % 2)
    host, device = (
        make_run(xp.__name__, xp, recipe=recipe, dataset=clothes, **changes).training.check_up.look(
            1
        )
        for xp in (np, strict_device)
    )
    assert device.keys() == host.keys()
    np.testing.assert_allclose(list(device.values()), list(host.values()), rtol=1e-3, atol=1e-3)


def test_a_float32_look_of_a_broken_network_is_not_finite_and_no_error(make_run):
    training = make_run().training
    training.model.networks["G"].params()[0].data[:] = np.nan
    row = training.check_up.look(1)
    assert row["g_grad"] is None
    assert row["step"] == 1


def test_what_is_said_comes_once_on_a_line_of_its_own(make_run, often, capsys):
    run = make_run(lr_g=0.5, epochs=6, batch_size=8)
    run.train(Progress(), never)
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("doctor, ")]
    words = [
        line.split(",", 4)[-1] for line in (run.folder / "diagnosis.csv").read_text().split("\n")
    ]
    assert said
    assert len(set(said)) == len(said)
    assert len(said) == len(words) - 2  # a head, and what comes after the last line


def test_a_run_that_fails_is_diagnosed(make_run, capsys):
    run = make_run()
    step = run.training.optimizers["G"].step

    def broken():
        step()
        run.training.model.networks["G"].params()[0].data[:] = np.nan

    run.training.optimizers["G"].step = broken
    with pytest.raises(RunError, match="is nan at step 2"):
        run.train(Progress(), never)
    assert "doctor, from update 2: not finite. " in capsys.readouterr().out
    assert "not finite,begins" in (run.folder / "diagnosis.csv").read_text()


GOOD = {"step": 1} | dict.fromkeys(signs.MEANINGS, 0.5)


@pytest.mark.parametrize(
    "rows",
    [
        3,
        [3],
        [{"step": 1}],
        [{"step": "1"}],
        [{"money": 1, "step": 1}],
        [{"step": -1}],
        [GOOD, GOOD],
        [GOOD | {"off": 10**400}],
        [GOOD, {"step": 2}],
        [GOOD | {"off": "1"}],
    ],
)
def test_a_checkpoint_with_other_notes_is_refused(rows, tmp_path):
    with pytest.raises(UserError, match="is corrupt: what it notes"):
        check_up.check_rows(rows, tmp_path / "checkpoint.npz")


def test_images_that_do_not_differ_are_looked_at(make_run, often, clothes):
    same = dataclasses.replace(clothes, images=np.zeros_like(clothes.images))
    assert make_run(dataset=same).train(QUIET, never)


def test_a_checkpoint_from_before_the_doctor_goes_on(make_run, often, monkeypatch):
    run = make_run()
    run.train(QUIET, after(5))
    parts = run._parts() | {"step": 5, "history": run.history, "notes": {}}
    checkpoint.save(run.folder / "checkpoint.npz", **parts)
    second = make_run(resume=True)
    second.train(QUIET, never)
    assert second.training.notes["health"][0]["step"] == 6


# Illnesses on purpose


def blind_pair(rng, *, noise_dim, width, init_std):
    """A D that sees little but noise."""
    G = models.dense_generator(rng, noise_dim=noise_dim, width=width, init_std=init_std)
    D = models.dense_discriminator(rng, hidden=(8, 4))
    return G, nn.Sequential(nn.GaussianNoise(100.0, rng=rng), *D.layers)


class Deaf(nn.Layer):
    """y = 0, whatever x is."""

    def forward(self, x):
        self.keep(True)
        return x * 0

    def backward(self, gy, accumulate=True, input_grad=True):
        self.take()
        return gy * 0


def deaf_pair(rng, *, noise_dim, width, init_std):
    """A G that does not hear its noise."""
    G = models.dense_generator(rng, noise_dim=noise_dim, width=width, init_std=init_std)
    return nn.Sequential(Deaf(), *G.layers), models.dense_discriminator(rng, hidden=(8, 4))


DENSE = {"width": 4, "batch_size": 32}
MADE = {  # illness: (recipe, options, build, updates, what else may be named)
    "dead units": (
        "gan-cnn", {"width": 2, "batch_size": 8, "lr": 0.5}, None, 1000, {"saturated output"},
    ),
    "saturated output": ("gan-dense-1", DENSE | {"lr_g": 0.1}, None, 1000, {"dead units"}),
    "D overpowers G": ("gan-dense-1", DENSE | {"lr_d": 2e-3, "lr_g": 1e-6}, None, 2000, set()),
    "G overpowers D": (
        "gan-dense-1", DENSE | {"lr_d": 1e-6, "lr_g": 1e-3}, None, 1000,
        {"total collapse", "saturated output"},
    ),
    "total collapse": ("gan-dense-1", DENSE, deaf_pair, 1000, {"dead units"}),
    "collapse to few kinds": (
        "gan-dense-2", DENSE | {"width": 16, "init_std": "he"}, None, 2000,
        {"D guesses", "oscillation"},
    ),
    "D guesses": ("gan-dense-1", DENSE, blind_pair, 1000, {"collapse to few kinds"}),
    "standing still": (
        "gan-dense-1", DENSE | {"lr": 1e-9}, None, 1750, {"D guesses", "collapse to few kinds"},
    ),
}  # fmt: skip


def looked_at(training, updates, each=lambda step: None):
    """The names of what is found in so many updates. each: called before each of them."""
    with np.errstate(all="ignore"):
        each(0)
        for step, _ in enumerate(training.updates(0), 1):
            training.noticed(step)
            each(step)
            if step == updates:
                break
    return {change.illness.name for change in training._course().changes if change.begins}


@pytest.mark.slow
@pytest.mark.parametrize("illness", MADE)
def test_an_illness_made_on_purpose_is_recognised(illness, clothes):
    name, changes, build, updates, also = MADE[illness]
    recipe = recipes.get(name)
    if build:
        recipe = dataclasses.replace(recipe, build=build)
    training = recipe.new_training(
        recipe.options | changes, 0, clothes.images, clothes.labels, features=features_of
    )
    found = looked_at(training, updates)
    assert illness in found
    assert found <= {illness} | also


@pytest.mark.slow
def test_an_oscillation_made_on_purpose_is_recognised(clothes):
    """D and G learn by turns, each for 250 updates: after its own it is far ahead."""
    recipe = recipes.get("gan-dense-1")
    training = recipe.new_training(
        recipe.options | DENSE, 0, clothes.images, clothes.labels, features=features_of
    )

    def by_turns(step):
        for turn, (name, lr) in enumerate({"D": 1e-4, "G": 1e-3}.items()):
            training.optimizers[name].lr = lr if step // 250 % 2 == turn else 0.0

    assert looked_at(training, 2000, by_turns) == {"oscillation"}
