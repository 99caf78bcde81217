"""A run: a folder in which one training leaves everything it did, and from which it goes on.

config.json       what it takes to repeat the run: settings, data, versions
metrics.csv       what every update measured, a mean for each epoch
validation.csv    what was measured once an epoch, where the recipe has that
timing.csv        how long the epochs took; the only file that differs between equal runs
samples/          images from one fixed noise: epoch_0001.png, …
curves.png        losses and scores of every update
result.json       what was measured once, at the end
checkpoint.npz    where to go on from
"""

import dataclasses
import itertools
import json
import math
from pathlib import Path

import numpy as np

from tinygan import backend, plots
from tinygan.cli import typed
from tinygan.errors import RunError, Stopped, UserError
from tinygan.files import reason, write_text
from tinygan.runs import checkpoint
from tinygan.runs.config import default_folder, write_config
from tinygan.runs.finite import first_bad_output, first_bad_weight
from tinygan.runs.log import Clock, duration
from tinygan.runs.tables import read_timing, write_metrics, write_timing, write_validation

MILESTONES = (50, 100, 150)  # epochs whose samples are kept whatever --sample-every says


class Run:
    """A training and the folder that it fills.

    folder: path of the run folder. recipe: a Recipe. settings: Settings. dataset: a Dataset.
    xp: the array module to compute with. Nothing is written before `start` or `resume`.
    Raises UserError when the data does not suit the recipe or its options.
    """

    def __init__(self, folder, recipe, settings, dataset, xp):
        self.folder, self.recipe, self.dataset, self.xp = Path(folder), recipe, dataset, xp
        self.settings = dataclasses.replace(settings, backend=xp.__name__)  # not "auto"
        self.images = dataset.images[: settings.limit]
        self._check_data()
        self.trainer = recipe.trainer(
            recipe,
            settings.options | recipe.fixed,
            settings.seed,
            xp,
            self.images,
            dataset.labels[: settings.limit],
        )
        self.columns = tuple(self.trainer.columns)
        self.history = np.zeros((0, len(self.columns)), np.float32)  # a row for each update
        self.timing = []  # (epoch, step, seconds, images per second)
        self.saved_step = None

    @property
    def step(self):
        """Updates done so far."""
        return len(self.history)

    @property
    def steps_per_epoch(self):
        return self.trainer.steps_per_epoch

    @property
    def last_step(self):
        """Updates after which the run is complete, unless the trainer has finished before."""
        ends = [self.settings.steps]
        if self.settings.epochs is not None:
            ends.append(self.settings.epochs * self.steps_per_epoch)
        return min(end for end in ends if end is not None)

    @property
    def finished(self):
        """Why there is no more to do, or None."""
        asked = f"{self.step} updates, and {self.last_step} were asked for"
        return self.trainer.notes.get("finished") or (
            asked if self.step >= self.last_step else None
        )

    def start(self):
        """Make the folder and write config.json. Refuses a folder that has anything in it."""
        if self.folder.is_file():
            raise UserError(f"--out {self.folder} is a file: name a folder that is new or empty")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if (self.folder / "config.json").exists():
                raise UserError(
                    f"{self.folder} holds a run already: go on with it with --resume, or name "
                    "another folder with --out"
                )
            if any(self.folder.iterdir()):
                raise UserError(
                    f"{self.folder} is not empty and holds no run: name another folder with --out"
                )
            self._prepare_folder()
        except OSError as error:
            raise UserError(f"cannot write {error.filename}: {reason(error)}") from None

    def resume(self):
        """Go on from the folder's checkpoint, or from the beginning if there is none yet.

        Raises UserError when the checkpoint is damaged or of another run.
        """
        path = self.folder / "checkpoint.npz"
        if path.exists():
            _, self.history, self.trainer.notes = checkpoint.load(
                path,
                **self._identity(),
                **self._trained(),
                run=self._run_identity(),
            )
            if self.history.shape[1] != len(self.columns):
                raise UserError(f"{path} does not fit this recipe: its history has other columns")
            self.trainer.check(path)
            self.saved_step = self.step
        self.timing = read_timing(self.folder / "timing.csv", self.step)
        try:
            if not self.finished:
                self._prepare_folder()
            if self.step:  # what a kill right after the checkpoint may have left undone
                self._draw_if_due()
                self._write_tables()
                self._draw_curves()
                self._write_result()
        except OSError as error:
            raise UserError(f"cannot write {error.filename}: {reason(error)}") from None

    def train(self, progress, stop_requested):
        """Train until the last step, or until stop_requested() says so; then save.

        Returns whether the run is complete. Raises RunError when a loss or a weight is not finite
        or something cannot be written; the last good checkpoint stays as it is.
        """
        try:
            with np.errstate(all="ignore"):  # what is not finite is found and said in one line
                self._train(progress, stop_requested)
        except OSError as error:
            raise RunError(
                f"cannot write {error.filename or 'the output'}: {reason(error)}; the run stops at "
                f"step {self.step}, {self._what_is_left()}; to go on: {self.resume_command()}"
            ) from None
        except KeyboardInterrupt:
            raise Stopped(
                f"stopped at once, near step {self.step}, {self._what_is_left()}; to go on: "
                f"{self.resume_command()}"
            ) from None
        finally:
            progress.close()
        return bool(self.finished)

    def resume_command(self):
        """What to type to go on with this run."""
        out = [] if self.folder == default_folder(self.recipe) else ["--out", self.folder]
        return typed("tinygan.train", self.recipe.name, *out, "--resume")

    def _train(self, progress, stop_requested):
        per_epoch, trainer = self.steps_per_epoch, self.trainer
        unread = []  # what was measured, still on the device
        clock = Clock(self.step, trainer.images_per_step)
        updates = trainer.updates(self.step)
        for measured in itertools.islice(updates, self.last_step - self.step):
            unread.append(measured)
            step = self.step + len(unread)
            epoch, done_in_epoch = divmod(step, per_epoch)
            stopping = stop_requested()
            pausing = done_in_epoch == 0 or step == self.last_step or stopping
            if pausing or progress.due():
                self._read(unread)
                line = self._line(clock)
            if pausing:  # first make it safe, then show it
                self.timing.append(clock.lap(math.ceil(step / per_epoch), step))
                if done_in_epoch == 0:
                    trainer.end_epoch(epoch)
                    line += self._validation_words()
                saving = self.finished or stopping or epoch % self.settings.checkpoint_every == 0
                if saving or self._draws_now():
                    self._check_weights()
                    trainer.prepare()
                if saving:
                    self._save()
                self._draw_if_due()
                self._write_tables()
                if self._draws_now() or stopping:
                    self._draw_curves()
                progress.show(line, final=True)
                clock.restart()
            elif not unread:
                progress.show(line, final=False)
            if stopping or trainer.notes.get("finished"):
                break
        self._write_result()

    def _read(self, unread):
        """Move what was measured to the host, into the history; waits for the device."""
        rows = [self.xp.stack([measured[name] for name in self.columns]) for measured in unread]
        rows = backend.to_numpy(self.xp.stack(rows)).astype(np.float32)
        unread.clear()
        bad = np.argwhere(~np.isfinite(rows))
        if len(bad):
            row, column = bad[0]
            step = self.step + int(row) + 1
            what = f"{self.columns[column]} is {rows[row, column]} at step {step}"
            self._fail(what, self._bad_weight() or self._bad_output() or "the loss itself")
        self.history = np.concatenate([self.history, rows])

    def _bad_weight(self):
        return first_bad_weight(self.trainer.networks, self.trainer.optimizers)

    def _bad_output(self):
        probe = self.trainer.probe()
        return None if probe is None else first_bad_output(*probe)

    def _fail(self, what, where):
        raise RunError(
            f"{what}, found in {where}; {self._what_is_left()}; try a lower --lr with a new --out"
        )

    def _check_weights(self):
        bad = self._bad_weight()
        if bad:
            self._fail(f"a weight is not finite by step {self.step}", bad)

    def _save(self):
        checkpoint.save(
            self.folder / "checkpoint.npz",
            **self._identity(),
            **self._trained(),
            step=self.step,
            history=self.history,
            notes=self.trainer.notes,
            run=self._run_identity(),
        )
        self.saved_step = self.step

    def _draws_now(self):
        """Whether this step is one of those that have a sample sheet and curves."""
        epoch, rest = divmod(self.step, self.steps_per_epoch)
        due = epoch % self.settings.sample_every == 0 or epoch in MILESTONES
        return bool(self.finished) or (rest == 0 and due)

    def _draw_if_due(self):
        if self._draws_now():
            epoch, rest = divmod(self.step, self.steps_per_epoch)
            self._draw(f"step_{self.step:06}" if rest else f"epoch_{epoch:04}")

    def _draw(self, name):
        rng = np.random.default_rng(self.settings.seed).spawn(3)[2]  # two train; the third draws
        images, columns = self.trainer.sheet_images(rng)
        scale = 2 if images.shape[1] < 64 else 1
        sheet = plots.grid(images, columns=columns, scale=scale)
        plots.save_png(self.folder / "samples" / f"{name}.png", sheet)

    def _draw_curves(self):
        title = f"{self.recipe.name}, {self.dataset.name}"
        panels = self.trainer.panels(self.history)
        plots.curves(self.folder / "curves.png", panels, self.steps_per_epoch, title)

    def _write_tables(self):
        write_metrics(self.folder / "metrics.csv", self.columns, self.history, self.steps_per_epoch)
        write_timing(self.folder / "timing.csv", self.timing)
        validation = self.trainer.notes.get("validation")
        if validation:
            write_validation(self.folder / "validation.csv", validation)

    def _write_result(self):
        """Measure what is measured at the end, once: then it is in result.json."""
        if self.finished and self.step == self.saved_step and not self.result():
            result = self.trainer.result()
            if result:
                text = json.dumps({"step": self.step} | result, indent=2) + "\n"
                write_text(self.folder / "result.json", text)

    def result(self):
        """What result.json holds for this step, or {}."""
        try:
            result = json.loads((self.folder / "result.json").read_text(encoding="utf-8"))
            return result if result["step"] == self.step else {}
        except (OSError, ValueError, KeyError, TypeError):
            return {}

    def _line(self, clock):
        per_epoch, step = self.steps_per_epoch, self.step
        epoch, epochs = math.ceil(step / per_epoch), math.ceil(self.last_step / per_epoch)
        means = self.history[(epoch - 1) * per_epoch :].mean(axis=0)
        left = duration(clock.seconds_for(self.last_step - step, step))
        words = self.trainer.columns.values()
        measured = " ".join(f"{word} {mean:.3g}" for word, mean in zip(words, means, strict=True))
        return (
            f"epoch {epoch}/{epochs} step {step}/{self.last_step} {left} left "
            f"{clock.rate(step):.0f} images/s {measured}"
        )

    def _validation_words(self):
        rows = self.trainer.notes.get("validation")
        if not rows:
            return ""
        pairs = (f"{name} {value:.4g}" for name, value in rows[-1].items() if name != "epoch")
        return " validation " + " ".join(pairs)

    def _what_is_left(self):
        if self.saved_step is None:
            return "there is no checkpoint yet"
        return f"the checkpoint of step {self.saved_step} is kept"

    def _identity(self):
        return {"recipe": self.recipe.name, "options": self.settings.options}

    def _run_identity(self):
        """What makes this run this run: with another of these, a step means something else."""
        return {
            "seed": self.settings.seed,
            "images": len(self.images),
            "sha256": self.dataset.sha256,
        }

    def _trained(self):
        return {
            "networks": self.trainer.networks,
            "optimizers": self.trainer.optimizers,
            "generators": self.trainer.generators,
        }

    def _check_data(self):
        want, have = self.recipe.image_shape, self.dataset.images.shape[1:]
        if want is not None and have != want:
            want, have = (" × ".join(map(str, sizes)) for sizes in (want, have))
            raise UserError(f"{self.recipe.name} draws images of {want}, but the data has {have}")

    def _prepare_folder(self):
        (self.folder / "samples").mkdir(parents=True, exist_ok=True)
        write_config(
            self.folder, self.settings, self.recipe, self.dataset, len(self.images), self.xp
        )
