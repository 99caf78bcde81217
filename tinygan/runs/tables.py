"""The tables of a run: metrics.csv and timing.csv."""

import csv

import numpy as np

from tinygan.files import write_text


def write_metrics(path, columns, history, steps_per_epoch):
    """Write a row for each epoch: its number, the updates done at its end, and the means over it.

    columns: names. history: (steps, len(columns)), a row for each update. The last epoch may be
    incomplete. Raises OSError when it cannot be written.
    """
    lines = [",".join(["epoch", "step", *columns])]
    for first in range(0, len(history), steps_per_epoch):
        part = history[first : first + steps_per_epoch]
        means = [f"{mean:.6f}" for mean in part.mean(axis=0, dtype=np.float64)]
        lines.append(",".join([str(first // steps_per_epoch + 1), str(first + len(part)), *means]))
    write_text(path, "\n".join(lines) + "\n")


def write_validation(path, rows):
    """Write a list of dicts with the same keys, "epoch" among them, a row each. Raises OSError."""
    columns = ["epoch", *sorted(rows[0].keys() - {"epoch"})]
    lines = [",".join(columns)]
    lines += [",".join(f"{row[name]:.6g}" for name in columns) for row in rows]
    write_text(path, "\n".join(lines) + "\n")


def write_timing(path, rows):
    """Write rows of (epoch, step, seconds, images per second)."""
    lines = ["epoch,step,seconds,images_per_second"]
    lines += [f"{epoch},{step},{seconds:.2f},{rate:.1f}" for epoch, step, seconds, rate in rows]
    write_text(path, "\n".join(lines) + "\n")


def read_timing(path, last_step):
    """The rows up to last_step. What cannot be read is left out: it is only time."""
    rows = []
    try:
        with open(path, newline="", encoding="utf-8") as file:
            for row in list(csv.reader(file))[1:]:
                epoch, step, seconds, rate = row
                rows.append((int(epoch), int(step), float(seconds), float(rate)))
    except (OSError, ValueError, csv.Error):
        pass
    return [row for row in rows if row[1] <= last_step]
