"""The tables of a run: metrics.csv, timing.csv, validation.csv, those of its own, result.json."""

import csv
import io
import json
import math

import numpy as np

from tinygan.files import read_small, write_text

_MOST_BYTES = 30_000_000  # of a table


def write(folder, training, history, timing):
    """Write all tables of a run. Raises OSError when one cannot be written.

    history: (steps, columns), a row for each update. timing: rows (epoch, step, seconds, images per
    second), and of a distributed run (…, its slowest rank, the share of the time that this one has
    worked and not waited for others).
    """
    lines = metrics_lines(training.columns, history, training.steps_per_epoch)
    _write_lines(folder / "metrics.csv", lines)
    _write_lines(folder / "timing.csv", timing_lines(timing))
    if training.notes.get("validation"):
        _write_lines(folder / "validation.csv", validation_lines(training.notes["validation"]))
    else:  # a run that was killed may have left one of epochs that it now has to repeat
        (folder / "validation.csv").unlink(missing_ok=True)
    for name, lines in training.tables().items():
        _write_lines(folder / name, lines)


def metrics_lines(columns, history, steps_per_epoch):
    """A line for each epoch: its number, the updates done at its end, the means over it.

    The last epoch may be incomplete.
    """
    lines = [",".join(["epoch", "step", *columns])]
    for first in range(0, len(history), steps_per_epoch):
        part = history[first : first + steps_per_epoch]
        means = [f"{mean:.6f}" for mean in part.mean(axis=0, dtype=np.float64)]
        lines.append(",".join([str(first // steps_per_epoch + 1), str(first + len(part)), *means]))
    return lines


def timing_lines(rows):
    """A line for each row of a run's timing; the two columns of ranks where a row has them."""
    with_ranks = any(len(row) > 4 for row in rows)
    lines = ["epoch,step,seconds,images_per_second" + ",slowest_rank,its_share" * with_ranks]
    for epoch, step, seconds, rate, *of_ranks in rows:
        line = f"{epoch},{step},{seconds:.2f},{rate:.1f}"
        if with_ranks:
            line += ",{},{:.3f}".format(*of_ranks) if of_ranks else ",,"
        lines.append(line)
    return lines


def validation_lines(rows):
    """A line for each of the dicts of one set of keys, "epoch" among them."""
    columns = ["epoch", *sorted(rows[0].keys() - {"epoch"})]
    lines = [",".join(f"{row[name]:.6g}" for name in columns) for row in rows]
    return [",".join(columns), *lines]


def read_timing(folder, last_step):
    """The rows of timing.csv up to last_step. What cannot be read is left out: it is only time."""
    rows = []
    try:
        for epoch, step, seconds, rate, *of_ranks in read_csv(folder / "timing.csv")[1:]:
            row = int(epoch), int(step), float(seconds), float(rate)
            if any(of_ranks):
                slowest, share = of_ranks
                row = *row, int(slowest), float(share)
            rows.append(row)
    except (OSError, ValueError, csv.Error):
        pass
    return [row for row in rows if row[1] <= last_step and all(0 <= x <= 1e12 for x in row)]


def read_csv(path, most=_MOST_BYTES):
    """The rows of a CSV file of at most so many bytes, lists of texts.

    OSError, ValueError or csv.Error when it is none.
    """
    text = read_small(path, most).decode()
    return list(csv.reader(io.StringIO(text, newline="")))


def write_result(folder, result):
    """Write a dict as result.json. Raises OSError when it cannot be written."""
    write_text(folder / "result.json", json.dumps(result, indent=2) + "\n")


def read_result(folder, step):
    """What result.json holds, numbers by name, if it was measured at this step, else {}."""
    try:
        result = json.loads(read_small(folder / "result.json", _MOST_BYTES).decode())
        good = all(
            name.isprintable() and len(name) <= 100 and math.isfinite(value)
            for name, value in result.items()
        )
        return result if good and result["step"] == step else {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError):
        return {}
    except RecursionError:  # lists inside lists, without end
        return {}


def _write_lines(path, lines):
    write_text(path, "\n".join(lines) + "\n")
