"""What a run says while it goes on, and the clock that measures its pace."""

import dataclasses
import math
import sys
import time

import numpy as np

from tinygan import backend
from tinygan.cli import flag, next_line
from tinygan.nn.fast import threads
from tinygan.progress import duration, plural
from tinygan.runs.config import versions

_UNSAID = {"ranks": "1"}  # what a version is where it is not said


class Clock:
    """How fast the training goes, not counting drawing and saving."""

    def __init__(self, step, images_per_step):
        self.images_per_step = images_per_step
        self.first, self.seconds = step, 0.0  # of the laps before this one
        self.lap_step, self.began = step, time.perf_counter()

    def lap(self, epoch, step):
        """End a lap: (epoch, step, its seconds, its images per second)."""
        now = time.perf_counter()
        seconds, self.began = now - self.began, now
        images = (step - self.lap_step) * self.images_per_step
        self.seconds += seconds
        self.lap_step = step
        return epoch, step, seconds, images / max(seconds, 1e-9)

    def restart(self):
        """Begin the next lap now."""
        self.began = time.perf_counter()

    def rate(self, step):
        """Images per second since the beginning."""
        return self.images_per_step / self.seconds_for(1, step)

    def seconds_for(self, steps, step):
        """How long `steps` updates take at the pace so far."""
        elapsed = self.seconds + time.perf_counter() - self.began
        return steps * max(elapsed, 1e-9) / max(step - self.first, 1)


def epoch_line(run, clock):
    """The line for the epoch that a run is in: where it is, its pace, the means so far."""
    per_epoch, step, last = run.training.steps_per_epoch, run.step, run.last_step
    epoch, epochs = math.ceil(step / per_epoch), math.ceil(last / per_epoch)
    means = run.history[(epoch - 1) * per_epoch :].mean(axis=0)
    words = zip(run.training.columns.values(), means, strict=True)
    left = duration(clock.seconds_for(last - step, step))
    measured = " ".join(f"{word} {mean:.3g}" for word, mean in words)
    return (
        f"epoch {epoch}/{epochs} step {step}/{last} {left} left {clock.rate(step):.0f} images/s "
        f"{measured}"
    )


def validation_words(notes, epoch):
    """What was measured after this epoch, for the end of its line; nothing where nothing was."""
    rows = notes.get("validation")
    if not rows or rows[-1]["epoch"] != epoch:
        return ""
    ((name, value),) = ((name, value) for name, value in rows[-1].items() if name != "epoch")
    words = f"  {name if name == 'fd' else f'validation {name}'} {value:.4g}"
    lowest = min(rows, key=lambda row: row[name])
    if name == "fd" and lowest["epoch"] != epoch:
        words += f" (lowest {lowest[name]:.4g}, epoch {lowest['epoch']})"
    return words


def with_tf32(settings, xp):
    """The settings as the device can have them: a line on stderr where it has no TF32."""
    on = backend.set_tf32(xp, settings.tf32)
    if settings.tf32 and not on:
        print(f"--tf32 has no effect: {backend.describe(xp)} has no TF32", file=sys.stderr)
    return dataclasses.replace(settings, tf32=on)


def introduction(run, summary, dataset):
    """What is said before the training: the data, the networks, the files, the last step."""
    training, step = run.training, run.step
    sizes = ", ".join(f"{name} {n:,} weights" for name, n in training.model.weights().items())
    start = f"goes on at step {step}" if step else "starts"
    changes = "".join(
        f"from step {change['step']}: {flag(change['what'])} {_value(change['now'])}, before it "
        f"was {_value(change['before'])}\n"
        for change in run.new_changes
    )
    return (
        f"{run.settings.recipe}: {summary}\n"
        f"data: {dataset.name}, {run.trained_on['images']:,} images from {dataset.origin}; "
        f"{len(training.images):,} of them train, {plural(training.steps_per_epoch, 'update')} of "
        f"{training.images_per_step:,} images per epoch\n"
        f"networks: {sizes}; {backend.describe(training.xp, run.settings.tf32)}\n"
        f"pictures: {run.folder / 'samples'}; numbers: {run.folder / 'metrics.csv'}; both in a "
        f"browser: {run.folder / 'report.html'}\n"
        f"{_ranks_line(run)}{_distance_line(run)}{changes}"
        f"{start} in {run.folder}, to step {run.last_step}; Ctrl-C saves and stops"
    )


def _value(value):
    """A setting in words."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return "the default" if value is None else value


def _distance_line(run):
    """How often the distance to real images is measured; nothing where it is not."""
    if not run.fd_every:
        return ""
    often = "epoch" if run.fd_every == 1 else f"{run.fd_every} epochs"
    keeps = run.settings.keep_best or run.training.model.keeps_best
    more = ", the weights of the lowest are kept" if keeps else ""
    if run.fd_every * run.training.steps_per_epoch > run.last_step:
        more = ", so never in this run"
    return f"fd, the distance to real images: every {often}{more}\n"


def _ranks_line(run):
    """How a batch is shared, with the note that placement.py has made; nothing for a rank alone."""
    ranks, size = run.ranks.ranks, run.training.images_per_step
    if ranks == 1:
        return ""
    each = f"{size // ranks:,}" if size % ranks == 0 else f"{size // ranks:,} or one more"
    cores = "" if run.training.xp is not np else f", on {plural(threads.count(), 'thread')}"
    note = f"; {run.ranks.note}" if run.ranks.note else ""
    return f"ranks: {ranks}, each with {each} of these images{cores}{note}\n"


def nothing_to_do(run):
    """What is said when a complete run is asked to go on."""
    lines = [f"nothing to do, {run.folder} is complete: {run.finished}"]
    if not run.training.notes.get("finished"):
        end = "steps" if run.settings.epochs is None else "epochs"
        more = flag(end), 2 * getattr(run.settings, end)
        lines.append(f"next, to go on: {run.resume_command(*more)}")
    return "\n".join(lines)


def conclusion(run):
    """What is said of a complete run: what was measured, how long it took, what to type next."""
    lines = [f"finished early: {run.finished}"] if run.step < run.last_step else []
    for name, value in run.result().items():
        if name != "step":
            lines.append(f"{name}: {f'{value:.5g}' if type(value) in (int, float) else value}")
    seconds = duration(sum(row[2] for row in run.timing))
    lines.append(f"done: {plural(run.step, 'update')} in {seconds}, all in {run.folder}")
    if ill := run.training.ill():
        lines.append(f"doctor: {', '.join(ill)}")
        lines.append(next_line("what that is", "tinygan.doctor", run.folder))
    lines.append(f"open in a browser: {run.folder / 'report.html'}")
    if run.training.model.draws_images:
        lines.append(next_line("a film of it", "tinygan.draw", run.folder, "film"))
    else:
        lines.append(next_line("how often it is right", "tinygan.evaluate", run.folder))
    return "\n".join(lines)


def warn_of_other_versions(last, run):
    """A line on stderr when a run goes on with other versions than it had last."""
    now = versions(run.training.xp, run.ranks.ranks)
    names = [n for n in last | now if last.get(n) != now.get(n)]
    if names:
        before, after = (
            ", ".join(f"{name} {found.get(name, _UNSAID.get(name, 'unused'))}" for name in names)
            for found in (last, now)
        )
        print(
            f"this run was last trained with {before} and goes on with {after}: its numbers may "
            "differ from those of a run in one go",
            file=sys.stderr,
        )
