"""A run: resumed to the last bit, on every backend, and never losing its last good checkpoint."""

import csv
import json

import numpy as np
import pytest
import strict_device
from small_run import QUIET, after, never

from tinygan import backend
from tinygan.errors import RunError, UserError
from tinygan.progress import Progress
from tinygan.runs import checkpoint, pictures, tables

REPEATABLE = ("checkpoint.npz", "metrics.csv", "curves.png", "report.json", "samples")


def contents(run):
    """Every file that must repeat, by name."""
    files = {}
    for name in REPEATABLE:
        path = run.folder / name
        for file in sorted(path.iterdir()) if path.is_dir() else [path]:
            files[file.name] = file.read_bytes()
    return files


def test_four_epochs_equal_two_and_two_byte_for_byte(make_run, xp):
    whole = make_run("whole", xp)
    assert whole.train(QUIET, never)
    assert make_run("parts", xp, epochs=2).train(QUIET, never)
    second = make_run("parts", xp, resume=True)
    assert second.step == 10
    assert second.train(QUIET, never)
    assert contents(second) == contents(whole)
    names = [f"epoch_{n:04}.png" for n in range(1, 5)]
    assert sorted(f.name for f in (whole.folder / "samples").iterdir()) == names


@pytest.mark.parametrize("stops", [[1], [7], [10], [3, 9, 12]])
def test_stopping_anywhere_and_going_on_changes_not_a_byte(make_run, stops):
    whole = make_run("whole")
    whole.train(QUIET, never)
    run, done = make_run("parts"), 0
    for stop in stops:
        assert not run.train(QUIET, after(stop - done))
        assert run.step == stop
        run, done = make_run("parts", resume=True), stop
    assert run.train(QUIET, never)
    assert contents(run) == contents(whole)


def test_a_run_killed_between_checkpoints_goes_on_from_the_last_one(make_run, monkeypatch):
    whole = make_run("whole", checkpoint_every=2)
    whole.train(QUIET, never)

    class Killed(BaseException):
        pass

    run = make_run("killed", checkpoint_every=2)

    def kill_at_17():
        if run.step >= 15:
            raise Killed

    with pytest.raises(Killed):
        run.train(QUIET, lambda: bool(kill_at_17()))
    resumed = make_run("killed", resume=True, checkpoint_every=2)
    assert resumed.step == 10
    assert resumed.train(QUIET, never)
    assert contents(resumed) == contents(whole)


def test_a_run_without_a_checkpoint_is_resumed_from_its_beginning(make_run):
    make_run("run")
    run = make_run("run", resume=True)
    assert run.step == 0
    whole = make_run("whole")
    run.train(QUIET, never)
    whole.train(QUIET, never)
    assert contents(run) == contents(whole)


def test_another_seed_makes_another_run(make_run):
    runs = [make_run(f"seed{seed}", seed=seed, epochs=1) for seed in (0, 1)]
    for run in runs:
        run.train(QUIET, never)
    assert not np.array_equal(runs[0].history, runs[1].history)


def test_the_fake_device_and_numpy_draw_the_same_losses(make_run):
    runs = [make_run(xp.__name__, xp, epochs=2) for xp in (np, strict_device)]
    for run in runs:
        run.train(QUIET, never)
    np.testing.assert_allclose(runs[0].history, runs[1].history, rtol=1e-4)  # slabs, im2col


def test_the_device_waits_once_per_epoch_and_not_at_each_step(make_run, monkeypatch):
    run = make_run("run", strict_device, epochs=1, limit=400, checkpoint_every=9, sample_every=9)
    quiet = Progress(quiet=True)
    quiet.due = never
    run._show = run._save = run._check_weights = lambda *_: None
    monkeypatch.setattr(pictures, "draw_curves", lambda *_: None)
    _, waited = strict_device.counted(run.train, quiet, never)
    assert run.step == 50
    assert waited == 1


def test_a_checkpoint_of_one_backend_is_read_by_another(make_run):
    make_run("run", strict_device, epochs=1).train(QUIET, never)
    run = make_run("run", np, resume=True, epochs=2)
    assert run.step == 5
    assert run.train(QUIET, never)
    assert backend.array_module(run.training.model.networks["G"].params()[0].data) is np


def test_steps_end_a_run_in_the_middle_of_an_epoch(make_run):
    run = make_run("run", epochs=None, steps=7)
    assert run.train(QUIET, never)
    assert run.step == 7
    assert [f.name for f in sorted((run.folder / "samples").iterdir())] == [
        "epoch_0001.png",
        "step_000007.png",
    ]
    more = make_run("run", resume=True, epochs=2)
    assert more.train(QUIET, never)
    assert more.step == 10


def test_metrics_are_the_means_of_the_history(make_run):
    run = make_run("run", epochs=None, steps=7)
    run.train(QUIET, never)
    with open(run.folder / "metrics.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["epoch"], row["step"]) for row in rows] == [("1", "5"), ("2", "7")]
    assert abs(float(rows[0]["d_loss"]) - run.history[:5, 0].mean()) < 1e-6
    assert abs(float(rows[1]["fake_score"]) - run.history[5:, 3].mean()) < 1e-6
    with open(run.folder / "timing.csv", newline="") as file:
        assert [row["step"] for row in csv.DictReader(file)] == ["5", "7"]


def test_config_has_what_it_takes_to_repeat_the_run(make_run):
    run = make_run("run", strict_device, seed=5)
    config = json.loads((run.folder / "config.json").read_text())
    assert config["seed"] == 5
    assert config["backend"] == "strict_device"
    assert config["trained_on"]["images"] == 40
    assert len(config["trained_on"]["sha256"]) == 64
    assert {"tinygan", "python", "numpy", "strict_device"} <= config["versions"].keys()


def test_sample_and_checkpoint_come_as_often_as_asked(make_run, monkeypatch):
    run = make_run("run", epochs=5, sample_every=2, checkpoint_every=3)
    saved = []
    save = run._save
    monkeypatch.setattr(run, "_save", lambda: (saved.append(run.step), save()))
    run.train(QUIET, never)
    drawn = sorted(f.name for f in (run.folder / "samples").iterdir())
    assert drawn == ["epoch_0002.png", "epoch_0004.png", "epoch_0005.png"]
    assert saved == [15, 25]


def test_an_existing_run_is_never_overwritten(make_run, tmp_path):
    make_run("run", epochs=1).train(QUIET, never)
    before = {f: f.read_bytes() for f in (tmp_path / "run").glob("*.*")}
    with pytest.raises(UserError, match=r"holds a run already: go on with it with --resume"):
        make_run("run")
    assert {f: f.read_bytes() for f in (tmp_path / "run").glob("*.*")} == before


def test_a_folder_with_something_else_in_it_is_refused(make_run, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.txt").write_text("mine")
    with pytest.raises(UserError, match=r"is not empty and holds no run"):
        make_run("run")
    assert [f.name for f in (tmp_path / "run").iterdir()] == ["thesis.txt"]


def poison(run, name):
    layer, attribute = name.rsplit(".", 1)
    param = run.training.model.networks["D"].named_params()[f"{layer}.{attribute}"]
    param.data[...] = np.nan


def test_a_weight_that_is_not_finite_ends_the_run_and_names_step_and_layer(make_run, xp):
    run = make_run("run", xp)
    run.train(QUIET, after(7))
    good = (run.folder / "checkpoint.npz").read_bytes()
    poison(run, "3.W")
    with pytest.raises(RunError, match=r"d_loss is nan at step 8") as caught:
        run.train(QUIET, never)
    assert "layer" in str(caught.value)
    assert "(Conv2d)" in str(caught.value)
    assert "the checkpoint of step 7 is kept" in str(caught.value)
    assert "lower --lr" in str(caught.value)
    assert (run.folder / "checkpoint.npz").read_bytes() == good
    assert make_run("run", xp, resume=True).train(QUIET, never)


def test_a_weight_that_breaks_in_the_last_update_is_not_saved(make_run, monkeypatch):
    run = make_run("run", epochs=1)
    step = run.training.optimizers["G"].step

    def last_one_breaks():
        step()
        if run.training.optimizers["G"].t == 5:
            run.training.model.networks["G"].named_params()["4.W"].data[0, 0, 0, 0] = np.inf

    monkeypatch.setattr(run.training.optimizers["G"], "step", last_one_breaks)
    with pytest.raises(
        RunError, match=r"not finite.* by step 5, found in W of G's layer 4 \(ConvT"
    ):
        run.train(QUIET, never)
    assert not (run.folder / "checkpoint.npz").exists()


def test_a_loss_that_overflows_names_the_layer_whose_output_did(make_run):
    run = make_run("run")
    run.training.model.networks["D"].named_params()["7.W"].data[...] = 1e38
    with np.errstate(all="ignore"), pytest.raises(RunError, match=r"at step 1, found in .*layer"):
        run.train(QUIET, never)


def test_a_full_disk_ends_the_run_with_the_last_checkpoint_kept(make_run, monkeypatch):
    run = make_run("run")
    save = checkpoint.save

    def full_at_step_10(path, **parts):
        if parts["step"] == 10:
            raise OSError(28, "No space left on device", str(path))
        save(path, **parts)

    monkeypatch.setattr(checkpoint, "save", full_at_step_10)
    with pytest.raises(RunError, match=r"checkpoint.npz: no space left on device; .* step 10, the"):
        run.train(QUIET, never)
    monkeypatch.setattr(checkpoint, "save", save)
    resumed = make_run("run", resume=True)
    assert resumed.step == 5
    assert resumed.train(QUIET, never)


def test_a_batch_larger_than_the_data_is_refused_before_anything_is_written(make_run, tmp_path):
    with pytest.raises(UserError, match="a batch of 64 is more than the 40 images"):
        make_run("run", batch_size=64)
    assert not (tmp_path / "run").exists()


def test_a_checkpoint_of_another_width_is_refused(make_run):
    make_run("run", epochs=1).train(QUIET, never)
    with pytest.raises(UserError, match="options"):
        make_run("run", resume=True, width=3)


def test_a_second_ctrl_c_keeps_the_last_checkpoint(make_run):
    run = make_run("run")
    run.train(QUIET, after(6))

    def again():
        raise KeyboardInterrupt

    with pytest.raises(RunError, match="stopped at once, near step 6, the checkpoint of step 6"):
        run.train(QUIET, again)


def test_moments_that_overflow_are_not_saved_over_a_good_checkpoint(make_run, monkeypatch):
    run = make_run("run", epochs=2)
    run.train(QUIET, after(5))
    good = (run.folder / "checkpoint.npz").read_bytes()
    run = make_run("run", resume=True, epochs=2)
    run.training.optimizers["G"].v[0][...] = np.inf
    with pytest.raises(RunError, match=r"found in W in Adam's v of G's layer 0 \(Dense\)"):
        run.train(QUIET, never)
    assert (run.folder / "checkpoint.npz").read_bytes() == good


@pytest.mark.parametrize(
    ("module", "function", "step"),
    [
        (pictures, "draw_sheet", 20),
        (pictures, "draw_curves", 20),
        (tables, "write", 10),
        (tables, "write", 20),
        (checkpoint, "save", 10),
    ],
)
def test_a_kill_between_the_files_of_an_epoch_is_made_up_for(
    make_run, monkeypatch, module, function, step
):
    whole = make_run("whole")
    whole.train(QUIET, never)

    class Killed(BaseException):
        pass

    run = make_run("killed")
    right = getattr(module, function)

    def killed(*args, **parts):
        if run.step == step:
            raise Killed
        right(*args, **parts)

    monkeypatch.setattr(module, function, killed)
    with pytest.raises(Killed):
        run.train(QUIET, never)
    monkeypatch.undo()
    resumed = make_run("killed", resume=True)
    assert resumed.train(QUIET, never)
    assert contents(resumed) == contents(whole)


def test_nothing_that_is_shown_stands_between_ctrl_c_and_the_checkpoint(make_run):
    class Broken(Progress):
        def show(self, line, *, final):
            if final:
                raise BrokenPipeError(32, "Broken pipe")

    run = make_run("run")
    with pytest.raises(RunError, match="cannot write the output: broken pipe"):
        run.train(Broken(quiet=True), after(3))
    assert make_run("run", resume=True).step == 3


def test_a_checkpoint_of_another_run_is_refused(make_run):
    make_run("run", epochs=1).train(QUIET, never)
    for change in ({"seed": 1}, {"limit": 24}):
        with pytest.raises(UserError, match="is of another run"):
            make_run("run", resume=True, **change)
    for change in ({"batch_size": 4}, {"flip": True}, {"ema": 0.9}):
        with pytest.raises(UserError, match="has other options"):
            make_run("run", resume=True, **change)


def test_the_settings_reach_both_optimizers_and_the_seed_the_weights(make_run):
    run, other = make_run("a", lr=1e-3), make_run("b", seed=1)
    for optimizer in run.training.optimizers.values():
        assert (optimizer.lr, optimizer.betas) == (1e-3, (0.5, 0.999))
    W, other_W = (r.training.model.networks["G"].params()[0].data for r in (run, other))
    assert (other_W != W).any()
    sheets = [r.training.sheet(np.random.default_rng(0))[0] for r in (run, other)]
    assert (sheets[0] != sheets[1]).any()


def test_previews_change_nothing_in_the_training(make_run):
    often, seldom = make_run("often"), make_run("seldom", sample_every=4)
    for run in (often, seldom):
        run.train(QUIET, never)
    np.testing.assert_array_equal(often.history, seldom.history)


def test_the_line_shows_the_pace_that_the_timing_has(make_run):
    lines = []

    class Kept(Progress):
        def show(self, line, *, final):
            if final:
                lines.append(line)

    run = make_run("run", epochs=1)
    run.train(Kept(quiet=True), never)
    shown = float(lines[0].split(" images/s")[0].split()[-1])
    assert abs(shown / run.timing[0][3] - 1) < 0.2
