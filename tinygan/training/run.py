"""A run: a folder in which one training leaves everything it did, and from which it goes on.

config.json       what it takes to repeat the run: settings, data, versions
metrics.csv       losses and scores, a mean for each epoch
timing.csv        how long the epochs took; the only file that differs between equal runs
samples/          images from one fixed noise: epoch_0001.png, …
curves.png        losses and scores of every update
checkpoint.npz    where to go on from
"""

import dataclasses
import itertools
import math
from pathlib import Path

import numpy as np

from tinygan import backend, nn, plots
from tinygan.advice import typed
from tinygan.data.batches import batches
from tinygan.errors import RunError, Stopped, UserError
from tinygan.files import reason
from tinygan.training import checkpoint
from tinygan.training.config import default_folder, write_config
from tinygan.training.finite import first_bad_output, first_bad_weight
from tinygan.training.gan_loop import fit, generate
from tinygan.training.log import Clock, duration
from tinygan.training.tables import read_timing, write_metrics, write_timing

COLUMNS = ("d_loss", "g_loss", "real_score", "fake_score")
PREVIEWS = 64  # images in a sample sheet


class GanRun:
    """Two networks, their optimizers, and the folder that the training fills.

    folder: path of the run folder. recipe: a Recipe. settings: Settings. dataset: a Dataset.
    xp: the array module to compute with. Nothing is written before `start` or `resume`.
    Raises UserError when the data does not suit the recipe or the batch size.
    """

    def __init__(self, folder, recipe, settings, dataset, xp):
        self.folder, self.recipe, self.dataset, self.xp = Path(folder), recipe, dataset, xp
        self.settings = dataclasses.replace(settings, backend=xp.__name__)  # not "auto"
        self.images = dataset.images[: settings.limit]
        self._check_data()
        weights_rng, self.noise_rng, preview_rng = np.random.default_rng(settings.seed).spawn(3)
        self.G, self.D = (
            net.to(xp).train() for net in recipe.networks(weights_rng, width=settings.width)
        )
        self.opt_g = nn.Adam(self.G.params(), settings.lr, recipe.betas)
        self.opt_d = nn.Adam(self.D.params(), settings.lr, recipe.betas)
        self.generators = {"noise": self.noise_rng, "dropout": weights_rng}
        self.preview_z = preview_rng.standard_normal((PREVIEWS, recipe.noise_dim), dtype=np.float32)
        self.history = np.zeros((0, len(COLUMNS)), np.float32)  # a row for each update
        self.timing = []  # (epoch, step, seconds, images per second)
        self.saved_step = None

    @property
    def step(self):
        """Updates done so far."""
        return len(self.history)

    @property
    def steps_per_epoch(self):
        return len(self.images) // self.settings.batch_size

    @property
    def last_step(self):
        """Updates after which the run is complete."""
        ends = [self.settings.steps]
        if self.settings.epochs is not None:
            ends.append(self.settings.epochs * self.steps_per_epoch)
        return min(end for end in ends if end is not None)

    def start(self):
        """Make the folder and write config.json. Refuses a folder that has anything in it."""
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
            _, self.history = checkpoint.load(
                path,
                **self._identity(),
                **self._trained(),
                generators=self.generators,
                run=self._run_identity(),
            )
            if self.history.shape[1] != len(COLUMNS):
                raise UserError(f"{path} does not fit this recipe: its history has other columns")
            self.saved_step = self.step
        self.timing = read_timing(self.folder / "timing.csv", self.step)
        try:
            if self.step < self.last_step:
                self._prepare_folder()
            if self.step:  # what a kill right after the checkpoint may have left undone
                self._draw_if_due()
                self._write_tables()
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
        return self.step == self.last_step

    def resume_command(self):
        """What to type to go on with this run."""
        out = [] if self.folder == default_folder(self.recipe) else ["--out", self.folder]
        return typed("tinygan.train", self.recipe.name, *out, "--resume")

    def _train(self, progress, stop_requested):
        s, per_epoch = self.settings, self.steps_per_epoch
        unread = []  # what was measured, still on the device
        clock = Clock(self.step, s.batch_size)
        updates = fit(
            self.G,
            self.D,
            self.opt_g,
            self.opt_d,
            batches(self.images, s.batch_size, s.seed, start=self.step),
            self.noise_rng,
            noise_dim=self.recipe.noise_dim,
        )
        for measured in itertools.islice(updates, self.last_step - self.step):
            unread.append(measured)
            step = self.step + len(unread)
            epoch, done_in_epoch = divmod(step, per_epoch)
            stopping, last = stop_requested(), step == self.last_step
            pausing = done_in_epoch == 0 or last or stopping
            if pausing or progress.due():
                self._read(unread)
                line = self._line(clock)
            if pausing:  # first make it safe, then show it
                self.timing.append(clock.lap(math.ceil(step / per_epoch), step))
                if last or stopping or epoch % s.checkpoint_every == 0:
                    self._save()
                self._draw_if_due()
                self._write_tables()
                progress.show(line, final=True)
                clock.restart()
            elif not unread:
                progress.show(line, final=False)
            if stopping:
                break

    def _read(self, unread):
        """Move what was measured to the host, into the history; waits for the device."""
        rows = [self.xp.stack([measured[name] for name in COLUMNS]) for measured in unread]
        rows = backend.to_numpy(self.xp.stack(rows)).astype(np.float32)
        unread.clear()
        bad = np.argwhere(~np.isfinite(rows))
        if len(bad):
            row, column = bad[0]
            z = backend.to_device(self.preview_z, self.xp)
            where = self._bad_weight()
            where = where or first_bad_output({"G": self.G, "D": self.D}, z) or "the loss itself"
            step = self.step + int(row) + 1
            self._fail(f"{COLUMNS[column]} is {rows[row, column]} at step {step}", where)
        self.history = np.concatenate([self.history, rows])

    def _bad_weight(self):
        optimizers = {"D": self.opt_d, "G": self.opt_g}
        return first_bad_weight({"D": self.D, "G": self.G}, optimizers)

    def _fail(self, what, where):
        raise RunError(
            f"{what}, found in {where}; {self._what_is_left()}; try a lower --lr with a new --out"
        )

    def _save(self):
        bad = self._bad_weight()
        if bad:
            self._fail(f"a weight is not finite by step {self.step}", bad)
        checkpoint.save(
            self.folder / "checkpoint.npz",
            **self._identity(),
            **self._trained(),
            step=self.step,
            generators=self.generators,
            history=self.history,
            run=self._run_identity(),
        )
        self.saved_step = self.step

    def _draw_if_due(self):
        """The sample sheet and the curves, where this step is one of those that have them."""
        epoch, rest = divmod(self.step, self.steps_per_epoch)
        last = self.step == self.last_step
        if rest == 0 and (epoch % self.settings.sample_every == 0 or last):
            self._draw(f"epoch_{epoch:04}")
        elif last:
            self._draw(f"step_{self.step:06}")

    def _draw(self, name):
        sheet = plots.grid(generate(self.G, self.preview_z), columns=8, scale=2)
        plots.save_png(self.folder / "samples" / f"{name}.png", sheet)
        plots.curves(
            self.folder / "curves.png",
            self.history,
            self.steps_per_epoch,
            f"{self.recipe.name}, {self.dataset.name}",
        )

    def _write_tables(self):
        write_metrics(self.folder / "metrics.csv", COLUMNS, self.history, self.steps_per_epoch)
        write_timing(self.folder / "timing.csv", self.timing)

    def _line(self, clock):
        per_epoch, step = self.steps_per_epoch, self.step
        epoch, epochs = math.ceil(step / per_epoch), math.ceil(self.last_step / per_epoch)
        d_loss, g_loss, real, fake = self.history[(epoch - 1) * per_epoch :].mean(axis=0)
        left = duration(clock.seconds_for(self.last_step - step, step))
        return (
            f"epoch {epoch}/{epochs} step {step}/{self.last_step} {left} left "
            f"{clock.rate(step):.0f} images/s D {d_loss:.3g} G {g_loss:.3g} real {real:.2f} "
            f"fake {fake:.2f}"
        )

    def _what_is_left(self):
        if self.saved_step is None:
            return "there is no checkpoint yet"
        return f"the checkpoint of step {self.saved_step} is kept"

    def _identity(self):
        return {"recipe": self.recipe.name, "options": {"width": self.settings.width}}

    def _run_identity(self):
        """What makes this run this run: with another of these, a step means something else."""
        s = self.settings
        return {
            "seed": s.seed,
            "batch_size": s.batch_size,
            "lr": s.lr,
            "images": len(self.images),
            "sha256": self.dataset.sha256,
        }

    def _trained(self):
        return {
            "networks": {"G": self.G, "D": self.D},
            "optimizers": {"opt_g": self.opt_g, "opt_d": self.opt_d},
        }

    def _check_data(self):
        s, shape = self.settings, self.dataset.images.shape
        if shape[1:] != self.recipe.image_shape:
            want, have = (
                " × ".join(map(str, sizes)) for sizes in (self.recipe.image_shape, shape[1:])
            )
            raise UserError(f"{self.recipe.name} draws images of {want}, but the data has {have}")
        if s.batch_size > len(self.images):
            raise UserError(
                f"a batch of {s.batch_size} is more than the {len(self.images)} images there are: "
                "lower --batch-size"
            )

    def _prepare_folder(self):
        (self.folder / "samples").mkdir(parents=True, exist_ok=True)
        write_config(
            self.folder, self.settings, self.recipe, self.dataset, len(self.images), self.xp
        )
