"""The curves of a page: those of one run, and the same measure of several runs in one panel.

A panel is a dict: label, lines, guides, limits, log, as in report.json; a line is a dict: name,
epochs, steps, means, lows, highs (lists of one length).
"""


def panels_of(run):
    """The panels of a RunFiles, by report.json; of a run without it, by metrics.csv."""
    per_epoch = run.steps_per_epoch
    if run.data:
        return [
            panel | {"lines": [_by_epoch(line, per_epoch) for line in panel["lines"]]}
            for panel in run.data["panels"]
        ]
    columns, rows = run.metrics
    return [
        _panel(name, [_by_epoch(_line("", [row[1] for row in rows], values), per_epoch)])
        for name, *values in zip(columns[2:], *(row[2:] for row in rows), strict=True)
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
        panel | {"label": label, "lines": lines}
        for label, (panel, lines) in found.items()
        if len(lines) > 1
    ]


def _panel(label, lines):
    return {"label": label, "lines": lines, "guides": [], "limits": None, "log": False}


def _line(name, steps, values):
    steps, values = [int(step) for step in steps], list(values)
    return {"name": name, "steps": steps, "means": values, "lows": values, "highs": values}


def _by_epoch(line, per_epoch):
    return line | {"epochs": [round(step / per_epoch, 4) for step in line["steps"]]}
