"""The curves of a page: those of one run, and the same measure of several runs in one panel.

A panel is a dict: label, note, lines, guides, limits, log, as in report.json; a line is a dict:
name, epochs, steps, means, lows, highs (lists of one length).
"""

from tinygan.errors import shown
from tinygan.report import health
from tinygan.runs.report_data import POINTS

MOST = 10  # panels


def panels_of(run):
    """The panels of a RunFiles, by report.json; of a run without it, by metrics.csv."""
    per_epoch = run.steps_per_epoch
    return [
        panel | {"lines": [_by_epoch(line, per_epoch) for line in panel["lines"]]}
        for panel in [
            *(run.data["panels"] if run.data else _from_tables(run)),
            *health.panels_of(run),
        ]
    ]


def shared_panels(named_runs):
    """A panel for each measure that two or more runs have, with a line for each run.

    named_runs: dict of RunFiles by the names that they have on the page.
    """
    found = {}
    for name, run in named_runs.items():
        for panel in panels_of(run):
            for line in panel["lines"]:
                label = f"{panel['label']}: {line['name']}" if line["name"] else panel["label"]
                found.setdefault(label, (panel, []))[1].append(line | {"name": name})
    return [
        panel | {"label": label, "lines": lines, "guides": []}  # a guide belongs to one line
        for label, (panel, lines) in found.items()
        if len(lines) > 1
    ]


def _from_tables(run):
    columns, rows = run.metrics
    metrics = _table_panels(columns[2:], [row[1] for row in rows], [row[2:] for row in rows])
    columns, rows = run.validation
    steps = [row[0] * run.steps_per_epoch for row in rows]
    names = [f"validation {name}" for name in columns[1:]]
    return (metrics + _table_panels(names, steps, [row[1:] for row in rows]))[:MOST]


def _table_panels(names, steps, rows):
    """A panel for each column of a table, of which every so many rows are enough."""
    each = 1 + len(rows) // POINTS
    steps, rows = steps[each - 1 :: each], rows[each - 1 :: each]
    steps, plain = (
        [int(step) for step in steps],
        {"guides": [], "limits": None, "log": False, "note": ""},
    )
    return [
        {"label": shown(name)}
        | {"lines": [{"name": "", "steps": steps, "means": y, "lows": y, "highs": y}]}
        | plain
        for name, y in zip(names, map(list, zip(*rows, strict=True)), strict=True)
    ]


def _by_epoch(line, per_epoch):
    return line | {"epochs": [round(step / per_epoch, 4) for step in line["steps"]]}
