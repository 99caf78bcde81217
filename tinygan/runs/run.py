"""A run: a folder in which one training leaves everything it did, and from which it goes on.

config.json       what it takes to repeat the run: settings, data, versions
metrics.csv       what every update measured, a mean for each epoch
health.csv        of a GAN: how well the game is, every few hundred updates
diagnosis.csv     of a GAN: which illness began or ended, and when
validation.csv    the distance of samples to real images, every few epochs; a classifier's accuracy
timing.csv        how long the epochs took; the only file that differs between equal runs
samples/          images from one fixed noise: epoch_0001.png, …
curves.png        losses and scores of every update
result.json       what was measured once, at the end
report.json       how the run stands, its curves and networks, for report.html
checkpoint.npz    where to go on from
"""

import contextlib
import dataclasses
import itertools
import time
from pathlib import Path

import numpy as np

from tinygan import backend
from tinygan.errors import RunError, Stopped, UserError
from tinygan.files import reason
from tinygan.nn.shard import sharing
from tinygan.runs import checkpoint, pictures, report_data, tables
from tinygan.runs.config import changes, versions, write_config
from tinygan.runs.finite import first_bad_array, first_bad_output
from tinygan.runs.log import Clock, epoch_line, validation_words
from tinygan.runs.ranks import Alone

MILESTONES = (50, 100, 150)  # epochs whose samples are kept whatever --sample-every says
TOLD_EVERY = 2  # seconds at least between two states of report.json, but for those of a sheet


def default_folder(recipe_name):
    """Where a recipe's run goes when --out is left out."""
    return Path("runs") / recipe_name


class Run:
    """A training and the folder that it fills.

    folder: path of the run folder. training: a Training, see recipes/recipe.py. settings: Settings.
    trained_on: dict(name, images, sha256) of the data. ranks: see ranks.py; rank 0 does all but
    `share` and `follow`. Nothing is written before `start` or `resume`.
    """

    def __init__(self, folder, training, settings, trained_on, ranks=None):
        self.ranks = ranks or Alone()
        self.folder, self.training, self.trained_on = Path(folder), training, trained_on
        self.settings = dataclasses.replace(settings, backend=training.xp.__name__)  # not "auto"
        self.history = np.zeros((0, len(training.columns)), np.float32)  # a row for each update
        self.timing = []  # (epoch, step, seconds, images per second), of ranks also Ranks.lap()
        self.changes = []  # of settings, by step: see config.changes
        self.new_changes = []  # those that this process makes
        self.saved_step, self.stopping = None, False
        self.last_words = []  # lines that explain a failure
        self.fd_every = 0  # epochs between two distances; 0: none is measured
        self.kept = {}  # the model's arrays at the lowest distance since keep_best, on the host
        self.prepared_step = None  # at which the model was last made ready to draw
        self.tables = report_data.tables_of(training.model)  # of its networks
        self.told = 0.0  # when report.json was last written, on the monotonic clock

    @property
    def step(self):
        """Updates done so far."""
        return len(self.history)

    @property
    def last_step(self):
        """Updates after which the run is complete, unless the training has finished before."""
        steps, epochs = self.settings.steps, self.settings.epochs
        ends = [steps, epochs and epochs * self.training.steps_per_epoch]
        return min(end for end in ends if end is not None)

    @property
    def finished(self):
        """Why there is no more to do, or None."""
        if self.step >= self.last_step:
            asked = f"{self.step} updates, and {self.last_step} were asked for"
            return self.training.notes.get("finished") or asked
        return self.training.notes.get("finished")

    # The beginning

    def make_folder(self):
        """Make the run folder if there is none. UserError when that fails."""
        try:
            if self.folder.is_file():
                raise UserError(
                    f"--out {self.folder} is a file: name a folder that is new or empty"
                )
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"cannot write {error.filename}: {reason(error)}") from None

    def start(self):
        """Write config.json into the folder. Refuses one that has anything in it."""
        try:
            if any(self.folder.iterdir()):
                raise UserError(self._why_not_start())
            self._prepare_folder()
        except OSError as error:
            raise UserError(f"cannot write {error.filename}: {reason(error)}") from None

    def resume(self, config):
        """Go on from the folder's checkpoint, or from the beginning if there is none yet.

        config: config.json, as a dict, of the run so far.
        Raises UserError when the checkpoint is damaged or of another run.
        """
        path = self.folder / "checkpoint.npz"
        if path.exists():
            self._load(path)
        self.new_changes = changes(config, self.settings, self.step)
        self.changes = config["changes"] + self.new_changes
        self.timing = tables.read_timing(self.folder, self.step)
        try:
            if not self.finished:
                self._prepare_folder()
            if self.step:  # what a kill right after the checkpoint may have left undone
                with np.errstate(all="ignore"):  # a damaged checkpoint: numbers of any size
                    self._show()
                    pictures.draw_curves(self.folder, self._title(), self.training, self.history)
                    self._write_result()
        except OSError as error:
            raise UserError(f"cannot write {error.filename}: {reason(error)}") from None

    def resume_command(self, *more):
        """What to type to go on with this run. more: further words."""
        name = self.settings.recipe
        out = [] if self.folder == default_folder(name) else ["--out", self.folder]
        return self.ranks.typed("tinygan.train", name, *out, "--resume", *more)

    # On all ranks

    def share(self):
        """Let every rank have the state of rank 0, from which the training goes on."""
        step = self.ranks.only_first(lambda: self.step)
        if self.ranks.rank:
            self.history = np.zeros((step, len(self.training.columns)), np.float32)
        parts = {name: self._parts()[name] for name in ("arrays", "optimizers", "generators")}
        self.training.notes = checkpoint.share(
            self.ranks, self.ranks.shard, notes=self.training.notes, **parts
        )

    def follow(self, stop_requested):
        """On every rank but the first: make updates as long as rank 0 does. Returns 0."""
        with np.errstate(all="ignore"):
            self.ranks.follow(self._updates(), stop_requested)
        return 0

    def _updates(self):
        with sharing(self.ranks.shard):  # which says what rows the batches have
            return self.training.updates(self.step)

    # Training

    def train(self, progress, stop_requested, report=None):
        """Train until the last step, or until stop_requested() says so; then save.

        report: called whenever the folder has something new to show: at the start, after each
        sheet of samples, and as report(last=True) at the end, whatever the end is.
        Returns whether the run is complete. Raises RunError when a loss or a weight is not finite
        or something cannot be written; the last good checkpoint stays as it is.
        """
        self.stopping = False
        report = report or _nothing
        clock = Clock(self.step, self.training.images_per_step)
        updates = self.ranks.lead(self._updates())
        try:
            with np.errstate(all="ignore"):  # what is not finite is found and said in one line
                self._tell("running")
                report()
                self._restart(clock)
                with contextlib.closing(updates):
                    while not (self.finished or self.stopping):
                        self._run_epoch(updates, clock, progress, stop_requested)
                        self._close_epoch(clock, progress, report)
                self._write_result()
            self._tell("finished" if self.finished else "stopped")
            report(last=True)
        except OSError as error:
            raise self._failed(self._cannot_write(error), report) from None
        except RunError as error:
            for line in self.last_words:
                progress.note(line)
            raise self._failed(error, report) from None
        except KeyboardInterrupt:
            raise self._failed(self._stopped_at_once(), report) from None
        finally:
            progress.close()
        return bool(self.finished)

    def _run_epoch(self, updates, clock, progress, stop_requested):
        """Update up to the end of the epoch, the last step or a stop, and read what is measured."""
        unread = []  # what was measured, still on the device
        per_epoch = self.training.steps_per_epoch
        left = min(per_epoch - self.step % per_epoch, self.last_step - self.step)
        for measured in itertools.islice(updates, left):
            unread.append(measured)
            for line in self.training.noticed(self.step + len(unread)):
                progress.note(line)
            self.stopping = stop_requested() or self.ranks.stop_asked()
            if self.stopping:
                break
            if len(unread) < left and progress.due():
                left -= len(unread)
                self._read(unread)
                progress.show(epoch_line(self, clock), final=False)
                if self._may_tell():
                    self._tell("running")
        self._read(unread)

    def _close_epoch(self, clock, progress, report):
        """What comes after an epoch, or the part of one that was done: first make it safe, then
        show it."""
        epoch, rest = divmod(self.step, self.training.steps_per_epoch)
        line = epoch_line(self, clock)
        self.timing.append((*clock.lap(epoch + bool(rest), self.step), *self.ranks.lap()))
        if rest == 0:
            self.training.end_epoch(epoch)
            if self.fd_every and epoch % self.fd_every == 0:
                self._measure(epoch)
            line += validation_words(self.training.notes, epoch)
        saving = self.finished or self.stopping or epoch % self.settings.checkpoint_every == 0
        if saving or self._draws_now():
            self._prepare()
        if saving:
            self._save()
        self._show()
        if self._draws_now() or self.stopping:
            pictures.draw_curves(self.folder, self._title(), self.training, self.history)
        if not (self.finished or self.stopping):  # else this is done when all is measured
            if self._draws_now():
                self._tell("running")
                report()
            elif self._may_tell():
                self._tell("running")
        progress.show(line, final=True)
        self._restart(clock)

    def _prepare(self):
        """Make the model ready to draw and to be saved, once in a step."""
        if self.prepared_step != self.step:
            self._check_weights()
            self.training.prepare()
            self.prepared_step = self.step

    def _measure(self, epoch):
        """Let the training measure its distance, and keep the weights where it is the lowest."""
        self._prepare()
        self.training.measure(epoch)
        rows, best = self.training.notes["validation"], self.training.notes.get("best")
        if not self.settings.keep_best or self.training.model.keeps_best:
            return
        if rows and rows[-1]["epoch"] == epoch and (not best or rows[-1]["fd"] < best["fd"]):
            self.training.notes["best"] = rows[-1] | {"step": self.step}
            arrays = backend.all_to_numpy(self.training.model.arrays())
            self.kept = {name: array.copy() for name, array in arrays.items()}

    def _restart(self, clock):
        """What comes before this is no part of the time of training."""
        clock.restart()
        self.ranks.restart()

    def _read(self, unread):
        """Move what was measured to the host, into the history; waits for the device."""
        xp = self.training.xp
        rows = [xp.stack([measured[name] for name in self.training.columns]) for measured in unread]
        rows = backend.to_numpy(xp.stack(rows)).astype(np.float32)
        unread.clear()
        if not np.isfinite(rows).all():
            self._fail_at(rows)
        self.history = np.concatenate([self.history, rows])

    # Files

    def _prepare_folder(self):
        (self.folder / "samples").mkdir(parents=True, exist_ok=True)
        options = self.settings.options
        fixed = {n: v for n, v in self.training.options.items() if n not in options}
        found = versions(self.training.xp, self.ranks.ranks)
        write_config(self.folder, self.settings, fixed, self.changes, self.trained_on, found)

    def _save(self):
        checkpoint.save(
            self.folder / "checkpoint.npz",
            **self._parts(),
            step=self.step,
            history=self.history,
            notes=self.training.notes,
            kept=self.kept,
        )
        self.saved_step = self.step

    def _load(self, path):
        self.kept = {}
        _, self.history, self.training.notes = checkpoint.load(
            path, **self._parts(), kept=self.kept
        )
        if self.history.shape[1] != len(self.training.columns):
            raise UserError(f"{path} does not fit this recipe: its history has other columns")
        self.training.check(path)
        if not self.settings.keep_best:  # what was kept is no longer the best of all
            self.kept = {}
            self.training.notes.pop("best", None)
        self.saved_step = self.step

    def _parts(self):
        """What a checkpoint holds, and what must be the same for a step to mean the same."""
        identity = {"seed": self.settings.seed} | {
            n: self.trained_on[n] for n in ("images", "sha256")
        }
        return {
            "recipe": self.settings.recipe,
            "options": self.settings.options,
            "run": identity,
            "arrays": self.training.model.arrays(),
            "optimizers": self.training.optimizers,
            "generators": self.training.generators,
        }

    def _draws_now(self):
        """Whether this step is one of those that have a sample sheet and curves."""
        epoch, rest = divmod(self.step, self.training.steps_per_epoch)
        due = epoch % self.settings.sample_every == 0 or epoch in MILESTONES
        return bool(self.finished) or (rest == 0 and due)

    def _show(self):
        """Write the sample sheet if one is due, and the tables."""
        epoch, rest = divmod(self.step, self.training.steps_per_epoch)
        if self._draws_now():
            name = f"step_{self.step:06}" if rest else f"epoch_{epoch:04}"
            pictures.draw_sheet(self.folder, name, self.training, self.settings.seed)
        tables.write(self.folder, self.training, self.history, self.timing)

    def _may_tell(self):
        """Whether report.json is old enough to be written again: that takes some milliseconds."""
        return time.monotonic() > self.told + TOLD_EVERY

    def _tell(self, state, why=""):
        """Write report.json."""
        why = why or (self.training.notes.get("finished", "") if state == "finished" else "")
        report_data.write(self.folder, self, self.tables, state, why)
        self.told = time.monotonic()

    def _write_result(self):
        """Measure what is measured at the end, once: then it is in result.json."""
        if self.finished and self.step == self.saved_step and not self.result():
            result = self.training.result()
            if result:
                tables.write_result(self.folder, {"step": self.step} | result)

    def result(self):
        """What result.json holds for this step, or {}."""
        return tables.read_result(self.folder, self.step)

    def _title(self):
        return f"{self.settings.recipe}, {self.trained_on['name']}"

    # When something goes wrong

    def _check_weights(self):
        if bad := self._bad_array():
            self._not_finite(self.step)
            raise self._failure(f"a weight is not finite by step {self.step}", bad)

    def _bad_array(self):
        model = self.training.model
        return first_bad_array(model.arrays(), model.networks, self.training.optimizers)

    def _fail_at(self, rows):
        """Raise RunError for rows of measurements of which one is not finite."""
        row, column = np.argwhere(~np.isfinite(rows))[0]
        word = list(self.training.columns)[column]
        step = self.step + int(row) + 1
        what = f"{word} is {rows[row, column]} at step {step}"
        self._not_finite(step)
        probe = self.training.model.probe()
        where = self._bad_array() or (probe and first_bad_output(*probe)) or "the loss itself"
        raise self._failure(what, where)

    def _not_finite(self, step):
        """Note it where that can be."""
        self.last_words = self.training.not_finite(step)
        with contextlib.suppress(OSError):
            tables.write(self.folder, self.training, self.history, self.timing)

    def _failure(self, what, where):
        return RunError(
            f"{what}, found in {where}; {self._what_is_left()}; try a lower --lr with a new --out"
        )

    def _failed(self, error, report):
        """The RunError that ends the run, after the report was told of it where that can be."""
        with contextlib.suppress(OSError):  # the disk may be full
            self._tell("stopped" if isinstance(error, Stopped) else "failed", str(error))
            report(last=True)
        return error

    def _cannot_write(self, error):
        return RunError(
            f"cannot write {error.filename or 'the output'}: {reason(error)}; the run stops at "
            f"step {self.step}, {self._what_is_left()}; to go on: {self.resume_command()}"
        )

    def _stopped_at_once(self):
        return Stopped(
            f"stopped at once, near step {self.step}, {self._what_is_left()}; to go on: "
            f"{self.resume_command()}"
        )

    def _what_is_left(self):
        if self.saved_step is None:
            return "there is no checkpoint yet"
        return f"the checkpoint of step {self.saved_step} is kept"

    def _why_not_start(self):
        if (self.folder / "config.json").exists():
            return (
                f"{self.folder} holds a run already: go on with it with --resume, or name another "
                "folder with --out"
            )
        return f"{self.folder} is not empty and holds no run: name another folder with --out"


def _nothing(last=False):
    """What reports of a run where nobody asked for it."""
