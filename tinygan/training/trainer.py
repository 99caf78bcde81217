"""What a run trains: the part of a training that differs from one kind of model to the next."""

import numpy as np

from tinygan.errors import UserError

PREVIEWS = 64  # images in a sample sheet


class Trainer:
    """Networks, the updates that train them, and the pictures they draw.

    A Run asks for one update after another, saves, and shows; it knows no model. Subclasses set

    networks     dict[str, Layer]: everything that a checkpoint must hold
    optimizers   dict[str, Adam], by the name of the network that each trains
    generators   dict[str, Generator], whose states a checkpoint must hold
    columns      dict[str, str]: what an update measures -> the word for it in a progress line
    images_per_step, steps_per_epoch
    notes        dict, JSON-able: what else to remember from one epoch to the next. "validation":
                 a list of dicts, one an epoch; "finished": why there is no more to do.

    Constructor: recipe, options (dict), seed, xp, and the training images uint8 (N, H, W, C) with
    their labels (N,), which may be left out by those who only want to draw.
    """

    networks: dict
    optimizers: dict
    generators: dict
    columns: dict
    images_per_step: int
    steps_per_epoch: int
    notes: dict

    def updates(self, start):
        """Train: yield after each update, from the `start`-th on, a dict of 0-d device arrays, one
        for each column. May come to an end by itself."""
        raise NotImplementedError

    def end_epoch(self, epoch):
        """Called after each whole epoch: measure what is measured once an epoch, into notes."""

    def prepare(self):
        """Called before the networks are saved or draw: bring up to date what follows from the
        weights. It depends on them and on the seed alone."""

    def check(self, path):
        """Called after a checkpoint was read from `path`: raise UserError if the notes, or numbers
        that follow rules of their own, are not what this trainer writes."""

    def draw(self, n, rng):
        """n images, uint8 (n, H, W, C) on the host. rng: host Generator, for the noise."""
        raise NotImplementedError

    def sheet_images(self, rng):
        """The images of a sample sheet, and how many make a row."""
        return self.draw(PREVIEWS, rng), 8

    def panels(self, history):
        """What curves.png shows: a list of plots.Panel for history (steps, columns)."""
        raise NotImplementedError

    def probe(self):
        """(networks to feed one after another, an input for the first), to find where numbers stop
        being finite; None where that makes no sense."""

    def result(self):
        """Measured once, when the training is complete: dict of str to number."""
        return {}

    def weights(self):
        """How many numbers each network has learned: dict[str, int]."""
        return {
            name: sum(p.data.size for p in net.params())
            for name, net in self.networks.items()
            if name in self.optimizers
        }


def validation_rows_fit(rows, measure):
    """Whether notes["validation"] is a list of dicts of a whole "epoch" and a float `measure`."""
    return isinstance(rows, list) and all(
        isinstance(row, dict)
        and row.keys() == {"epoch", measure}
        and type(row["epoch"]) is int
        and type(row[measure]) is float
        for row in rows
    )


def whole_updates(batch_size, images, *, d_steps=1, of="images there are"):
    """How many updates of d_steps batches an epoch of so many images has.

    Raises UserError when there is not one; `of` says what the images are.
    """
    if batch_size * d_steps > images:
        batch = f"a batch of {batch_size}" if d_steps == 1 else f"{d_steps} batches of {batch_size}"
        lower = "--batch-size" if d_steps == 1 else "--batch-size or --d-steps"
        raise UserError(f"{batch} is more than the {images} {of}: lower {lower}")
    return images // (batch_size * d_steps)


def copy_into(target, source, keep=0.0):
    """target ← keep · target + (1 − keep) · source, for all weights; running statistics are copied.

    Two networks of one shape. With keep = 0 the target becomes equal to the source.
    """
    for to, of in zip(target.params(), source.params(), strict=True):
        to.data *= keep
        to.data += (1.0 - keep) * of.data
    buffers = zip(target.named_buffers().values(), source.named_buffers().values(), strict=True)
    for to, of in buffers:
        to[...] = of


def column(history, columns, name):
    """The values of one column of the history, by its name."""
    return np.asarray(history)[:, list(columns).index(name)]
