"""The distance to real images while a model trains, and the weights of the lowest one."""

import json

import numpy as np
import pytest
from small_run import QUIET, never
from small_training import make, noise_images, say

from tinygan import npz, recipes
from tinygan.errors import UserError
from tinygan.evaluation.features import features_of
from tinygan.metrics import frechet_distance
from tinygan.progress import Progress
from tinygan.recipes import distance, trained_model
from tinygan.recipes.distance import every, real_images
from tinygan.recipes.recipe import Parts, Recipe


def test_it_is_the_frechet_distance_of_2000_draws():
    images = noise_images(30)
    training = make("gan-dense-1", images)
    drawn, _ = training.model.draw(2000, np.random.default_rng(0))
    expected = frechet_distance(features_of(images), features_of(drawn))
    assert training.distance.measure() == pytest.approx(expected, rel=1e-6)


def test_all_draws_come_from_one_noise():
    training = make("gan-dense-1", noise_images(30))
    assert training.distance.measure() == training.distance.measure()


def test_real_images_are_those_set_aside_or_some_that_train(monkeypatch):
    train, held = noise_images(50, seed=1), noise_images(7, seed=2)
    labels = np.zeros(50, np.uint8)
    parts = Parts((train, labels), validation=(held, labels[:7]), test=(train[:3], labels[:3]))
    np.testing.assert_array_equal(real_images(parts, 0), held)
    np.testing.assert_array_equal(real_images(Parts((train, labels)), 0), train)

    monkeypatch.setattr(distance, "REFERENCE", 20)
    some = real_images(Parts((train, labels)), 0)
    assert len({image.tobytes() for image in some}) == 20
    assert {image.tobytes() for image in some} < {image.tobytes() for image in train}
    np.testing.assert_array_equal(real_images(Parts((train, labels)), 0), some)
    assert (real_images(Parts((train, labels)), 1) != some).any()


@pytest.mark.parametrize(
    ("images_per_epoch", "epochs", "expected"),
    [
        (60_000, 50, 1),
        (60_000, 2, 1),
        (60_000, 1, 0),
        (100_000, 50, 1),
        (6_000, 40, 10),
        (6_000, 20, 10),
        (6_000, 19.5, 0),
        (59_904, 50, 2),
    ],
)
def test_by_default_there_are_so_many_images_between_two(images_per_epoch, epochs, expected):
    assert every(60_000, images_per_epoch, epochs) == expected


def test_the_default_is_that_of_the_runs_images_and_epochs(make_run, monkeypatch):
    asked = []

    def fd_every(self, options, images_per_epoch, epochs):
        asked.append((options["width"], images_per_epoch, epochs))
        return 3

    monkeypatch.setattr(Recipe, "fd_every", fd_every)
    run = make_run(epochs=None, steps=12)  # five updates of eight images in an epoch
    assert asked == [(2, 40, 2.4)]
    assert run.fd_every == 3
    assert make_run("asked", fd_every=2).fd_every == 2


def test_flows_that_ask_their_network_more_often_are_measured_more_rarely():
    recipe = recipes.get("flow-unet")
    changes = [{}, {"ode_steps": 20}, {"guidance": 3.0}, {"ode_steps": 20, "guidance": 3.0}]
    found = [recipe.fd_every(recipe.options | change, 60_000, 50) for change in changes]
    assert found == [6, 12, 12, 24]  # of 50 epochs


def test_narrower_networks_are_measured_after_more_images():
    recipe = recipes.get("dcgan")
    found = [recipe.fd_every({"width": w}, 10_000, 50) for w in (128, 64, 32, 8)]
    assert found == [3, 3, 5, 20]


@pytest.mark.parametrize(("width", "images"), [(64, 1_800_000), (16, 7_200_000)])
def test_a_run_of_less_than_two_minutes_measures_nothing(width, images):
    recipe = recipes.get("ae")
    options = recipe.options | {"width": width}
    found = [recipe.fd_every(options, 60_000, n / 60_000) for n in (images - 60_000, images)]
    assert found == [0, 3 * 64 // width]


def test_only_what_draws_is_measured_and_what_chooses_by_it_always():
    assert recipes.get("classifier").fd_every({"width": 32}, 60_000, 50) == 0
    assert recipes.get("cgan").fd_every({}, 9_600, 1) == 1


def test_a_model_that_cannot_draw_yet_has_none(monkeypatch):
    training = make("ae", noise_images(30))  # no mixture was fitted
    training.measure(1)
    assert training.notes["validation"] == []


@pytest.fixture
def few_draws(monkeypatch):
    monkeypatch.setattr(distance, "DRAWS", 50)


def arrays_of(run):
    return npz.read_arrays(run.folder / "checkpoint.npz")[1]


def test_measuring_changes_nothing_that_trains(make_run, few_draws):
    options = {"ema": 0.9, "flip": True, "instance_noise": 0.1, "instance_noise_until": 3.0}
    plain = make_run("plain", fd_every=0, **options)
    measured = make_run("measured", fd_every=1, keep_best=True, **options)
    for run in (plain, measured):
        assert run.train(QUIET, never)
    found, expected = arrays_of(measured), arrays_of(plain)
    assert expected.keys() == {name for name in found if not name.startswith("kept/")}
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array)
    for file in ("metrics.csv", "samples/epoch_0004.png"):
        assert (measured.folder / file).read_bytes() == (plain.folder / file).read_bytes()
    assert not (plain.folder / "validation.csv").exists()


def scripted(run, monkeypatch, distances):
    """Let a run find these distances. Returns a list that gets G's first weights at each."""
    values, seen = iter(distances), []

    def measure():
        seen.append(run.training.model.networks["G"].params()[0].data.copy())
        return next(values)

    monkeypatch.setattr(run.training.distance, "measure", measure)
    return seen


def test_rows_come_every_so_many_epochs(make_run, monkeypatch):
    run = make_run(epochs=7, fd_every=3)
    scripted(run, monkeypatch, [9.0, 8.0])
    assert run.train(QUIET, never)
    assert (run.folder / "validation.csv").read_text() == "epoch,fd\n3,9\n6,8\n"


def test_the_curve_and_the_line_show_it(make_run, monkeypatch, capsys):
    run = make_run(epochs=3, fd_every=1, keep_best=True)
    scripted(run, monkeypatch, [9.0, 8.25, 8.5])
    assert run.train(Progress(), never)
    panel = run.training.panels(run.history)[-1]
    assert panel.points["Fréchet distance"] == [(1, 9.0), (2, 8.25), (3, 8.5)]
    assert panel.points["the weights that are kept"] == [(2, 8.25)]
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("epoch")]
    assert lines[0].endswith("  fd 9")
    assert lines[1].endswith("  fd 8.25")
    assert lines[2].endswith("  fd 8.5 (lowest 8.25, epoch 2)")


def test_a_mixture_of_codes_is_that_of_the_weights_that_are_measured(make_run, few_draws):
    """Also where no sheet and no checkpoint has made it ready to draw."""
    run = make_run(recipe="ae", epochs=3, fd_every=1, sample_every=9, checkpoint_every=9, code=2,
                   components=2)  # fmt: skip
    often = make_run("often", recipe="ae", epochs=3, fd_every=1, code=2, components=2)
    for one in (run, often):
        assert one.train(QUIET, never)
    assert len(run.training.notes["validation"]) == 3
    assert run.training.notes["validation"] == often.training.notes["validation"]


def test_a_table_of_epochs_that_are_made_again_is_removed(make_run):
    run = make_run(epochs=1)
    (run.folder / "validation.csv").write_text("epoch,fd\n7,1\n")
    assert run.train(QUIET, never)
    assert not (run.folder / "validation.csv").exists()


def test_without_keep_best_a_run_that_goes_on_forgets_the_best(make_run, few_draws):
    make_run(epochs=1, fd_every=1, keep_best=True).train(QUIET, never)
    run = make_run(epochs=2, fd_every=1, resume=True)
    run.train(QUIET, never)
    assert "best" not in run.training.notes
    assert not any(name.startswith("kept/") for name in arrays_of(run))


def test_the_weights_of_the_lowest_are_kept_beside_the_last(make_run, monkeypatch):
    run = make_run(epochs=4, fd_every=1, keep_best=True, lr=1e-3)
    seen = scripted(run, monkeypatch, [9.0, 5.0, 7.0, 5.0])  # of equal ones the first
    assert run.train(QUIET, never)
    assert run.training.notes["best"] == {"epoch": 2, "step": 10, "fd": 5.0}

    best, last = (trained_model.load(run.folder, np, weights=w) for w in ("best", "last"))
    np.testing.assert_array_equal(best.networks["G"].params()[0].data, seen[1])
    np.testing.assert_array_equal(last.networks["G"].params()[0].data, seen[3])
    assert (best.step, last.step) == (10, 20)
    own = trained_model.load(run.folder, np)
    images = [model.draw(4, np.random.default_rng(0))[0] for model in (best, last, own)]
    assert (images[0] != images[1]).any()
    np.testing.assert_array_equal(images[1], images[2])


def test_all_arrays_of_the_best_are_kept(make_run, monkeypatch):
    """Also D, the average, and running statistics: what is drawn later may need each."""
    run = make_run(epochs=2, fd_every=1, keep_best=True, ema=0.9)
    scripted(run, monkeypatch, [5.0, 6.0])
    short = make_run("short", epochs=1, fd_every=0, ema=0.9)
    for one in (run, short):
        assert one.train(QUIET, never)
    found, expected = arrays_of(run), short.training.model.arrays()
    assert {"average/0.W", "D/0.W", "G/1.running_mean"} <= expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(found[f"kept/{name}"], array)


def test_the_best_is_remembered_when_a_run_goes_on(make_run, monkeypatch):
    run = make_run(epochs=2, fd_every=1, keep_best=True)
    scripted(run, monkeypatch, [5.0, 6.0])
    run.train(QUIET, never)
    kept = dict(run.kept)
    run = make_run(epochs=3, fd_every=1, keep_best=True, resume=True)
    scripted(run, monkeypatch, [5.5])
    run.train(QUIET, never)
    found = arrays_of(run)
    for name, array in kept.items():
        np.testing.assert_array_equal(found[f"kept/{name}"], array)
    assert run.training.notes["best"]["epoch"] == 1
    run = make_run(epochs=4, fd_every=1, keep_best=True, resume=True)
    scripted(run, monkeypatch, [1.0])
    run.train(QUIET, never)
    assert run.training.notes["best"]["epoch"] == 4


def test_a_run_that_has_kept_none_says_so(make_run):
    run = make_run(epochs=1)
    run.train(QUIET, never)
    with pytest.raises(UserError, match=r"kept no best weights.*--keep-best"):
        trained_model.load(run.folder, np, weights="best")
    with pytest.raises(UserError, match=r"no average of its weights.*--ema"):
        trained_model.load(run.folder, np, weights="average")


@pytest.mark.parametrize("recipe", ["vae", "gmm"])
def test_what_has_no_average_says_so(recipe):
    with pytest.raises(UserError, match="has no average"):
        make(recipe, noise_images(30)).model.use("average")


def test_a_flow_moves_by_the_last_velocity_where_that_is_asked_for():
    training = make("flow", noise_images(30), np.arange(30) % 10, flow_width=4)
    model, labels = training.model, np.zeros(4, int)
    noise = model.noise(4, np.random.default_rng(0))
    for name, value in (("average velocity", 0), ("velocity", 0.1)):
        for p in model.networks[name].params():
            p.data[...] = value  # with 0 nothing moves
    found = {}
    for weights in ("last", "average"):
        model.use(weights)
        found[weights] = model.velocity(labels)(noise, 0.5)
    assert not found["average"].any()
    assert found["last"].any()


def test_the_average_draws_unless_the_last_is_asked_for():
    training = make("gan-dense-1", noise_images(30), ema=0.9)
    say(training.model.networks["G"], np.full(784, 9.0))
    say(training.model.networks["average"], np.full(784, -9.0))
    levels = []
    for weights in (None, "last", "average", "last", None):
        training.model.use(weights)
        levels.append(training.model.draw(2, np.random.default_rng(0))[0].mean())
    assert levels == [0, 255, 0, 255, 0]


def test_a_flow_draws_with_its_average_or_its_last_weights():
    training = make("flow", noise_images(30), np.arange(30) % 10, flow_width=4)
    for name in ("decoder", "average decoder"):
        say(training.model.networks[name], np.full(784, 9.0 if name == "decoder" else -9.0))
    means = []
    for weights in (None, "last", "average"):
        training.model.use(weights)
        means.append(training.model.draw(10, np.random.default_rng(0))[0].mean())
    assert means == [0, 255, 0]


@pytest.mark.parametrize(
    "best",
    [
        None,
        3,
        {},
        {"epoch": 1, "step": 5},
        {"epoch": 1, "step": 5, "fd": -1.0},
        {"epoch": 1, "step": 5, "fd": float("nan")},
        {"epoch": 0, "step": 5, "fd": 1.0},
        {"epoch": 1, "step": 10**6, "fd": 1.0},
        {"epoch": 1, "step": "5", "fd": 1.0},
    ],
)
def test_a_damaged_note_of_the_best_is_refused(make_run, few_draws, best):
    run = make_run(epochs=1, fd_every=1, keep_best=True)
    run.train(QUIET, never)
    file = run.folder / "checkpoint.npz"
    meta, arrays = npz.read_arrays(file)
    meta["notes"]["best"] = best
    npz.write_arrays(file, meta, arrays)
    with pytest.raises(UserError, match=r"checkpoint.npz is corrupt: .*weights that it keeps"):
        make_run(epochs=2, fd_every=1, resume=True)


def test_kept_weights_that_are_not_there_are_missed(make_run, few_draws):
    run = make_run(epochs=1, fd_every=1, keep_best=True)
    run.train(QUIET, never)
    file = run.folder / "checkpoint.npz"
    meta, arrays = npz.read_arrays(file)
    del arrays["kept/G/0.W"]
    npz.write_arrays(file, meta, arrays)
    with pytest.raises(UserError, match=r"it has no kept/G/0.W"):
        trained_model.load(run.folder, np, weights="best")


def test_how_often_is_remembered_and_can_be_changed(make_run, few_draws):
    run = make_run(epochs=1, fd_every=1)
    run.train(QUIET, never)
    make_run(epochs=2, fd_every=2, keep_best=True, resume=True)
    config = json.loads((run.folder / "config.json").read_text())
    assert (config["fd_every"], config["keep_best"]) == (2, True)
    make_run(epochs=3, fd_every=2, keep_best=True, resume=True)
    assert [(c["what"], c["before"], c["now"]) for c in config["changes"]] == [
        ("fd_every", 1, 2),
        ("keep_best", False, True),
    ]


@pytest.mark.parametrize(
    ("recipe", "changes", "words"),
    [
        ("dcgan", {"keep_best": True}, "--keep-best .* measures none.*--fd-every"),
        ("dcgan", {"keep_best": True, "fd_every": 0}, "--keep-best .* measures none.*--fd-every"),
        (
            "dcgan",
            {"keep_best": True, "fd_every": 5},
            "--keep-best .* this run measures none",
        ),
        ("classifier", {"fd_every": 1, "limit": 100}, "classifier draws none"),
        ("classifier", {"keep_best": True, "limit": 100}, "classifier draws none"),
        ("cgan", {"fd_every": 0, "limit": 300}, "cgan draws with the weights of its lowest"),
        ("cgan", {"fd_every": 9, "limit": 300}, "cgan draws with the weights of its lowest"),
        ("dcgan", {"instance_noise_until": 3.0}, "--instance-noise-until needs a noise"),
    ],
)
def test_what_makes_no_sense_is_refused(make_run, recipe, changes, words):
    with pytest.raises(UserError, match=words):
        make_run(recipe=recipe, **changes)
    assert not list(make_run("other").folder.parent.glob("run/*"))
