"""A run's looks as the lines of health.csv, what they say as those of diagnosis.csv, and back."""

import csv
import io
import math

from tinygan.health.signs import ALWAYS, MEANINGS

_LARGEST = 1 << 53  # a step
_MOST = 1e100  # a sign


def health_lines(rows):
    """The lines of health.csv: a head, and one for each look. A sign that is not finite is "nan".

    rows: dicts of "step" and the signs.
    """
    names = ["step", *(name for name in MEANINGS if name in rows[0])]
    cells = [["nan" if row[name] is None else str(row[name]) for name in names] for row in rows]
    return [",".join(line) for line in (names, *cells)]


def diagnosis_lines(changes):
    """The lines of diagnosis.csv: a head, and one for each Change."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["step", "since", "illness", "event", "words"])
    for change in changes:
        event = "begins" if change.begins else "ends"
        writer.writerow(
            [change.step, change.since, change.illness.name, event, change.words()]
        )  # fmt: skip
    return out.getvalue().splitlines()


def rows_of(lines):
    """The looks in the lines of health.csv, lists of texts; from a damaged line on, nothing."""
    head, *others = lines or [[]]
    if not {"step", *ALWAYS} <= set(head) <= {"step", *MEANINGS}:
        return []
    rows = []
    for line in others:
        try:
            row = dict(zip(head, map(float, line), strict=True))
        except ValueError:
            break
        step = row.pop("step")
        if not (0 < step <= _LARGEST and step == int(step)):
            break
        signs = {n: x if math.isfinite(x) and abs(x) < _MOST else None for n, x in row.items()}
        rows.append({"step": int(step)} | signs)
    return rows
