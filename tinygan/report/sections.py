"""The tables of a page, each section a dict of text alone:

id, heading; text: paragraphs; tables: dicts of caption, head (a list), rows (lists of texts) and
notes (what stands below the first text of each row); pictures: dicts of src, width, height, alt,
caption; commands: dicts of what and command.
"""

import numpy as np

from tinygan import plots
from tinygan.errors import shown
from tinygan.evaluation import comparison, report
from tinygan.progress import duration
from tinygan.report.commands import commands, compare_command
from tinygan.report.sheets import as_address

_ELSEWHERE = {"options", "trained_on", "versions", "changes"}  # entries with a table of their own
_MOST_ROWS = 200  # of a table
_LARGEST = 512  # height and width of images that are shown beside each other
_NEAREST = "Every other row: samples; below each, the training image that is nearest to it"


def of_run(run):
    """The sections of a RunFiles, in the order of the page, without the empty ones."""
    found = [_measured(run), _classified(run), _networks(run), _settings(run), _commands(run)]
    return [section for section in found if section]


def of_runs(named_runs):
    """The sections that compare runs: dict of RunFiles by the names that they have on the page."""
    return [_compared(named_runs), _facts(named_runs), _differences(named_runs)]


def section(id, heading, text=(), tables=(), pictures=(), commands=()):
    return {
        "id": id,
        "heading": heading,
        "text": list(text),
        "tables": list(tables),
        "pictures": list(pictures),
        "commands": list(commands),
    }


def table(caption, head, rows, notes=()):
    """rows: lists of anything; None is "-", and what is no text is written as one."""
    rows = [["-" if cell is None else shown(str(cell)) for cell in row] for row in rows]
    head = [shown(cell) for cell in head]
    return {"caption": caption, "head": head, "rows": rows[:_MOST_ROWS], "notes": list(notes)}


def facts(run):
    """(name, value) of what a run is and how far it came: rows for a table."""
    config, data = run.config, run.data
    found = [("recipe", config["recipe"]), ("data", config["trained_on"]["name"])]
    if data:
        found.append(("training images", f"{data['images']:,}"))
    found.append(("updates", f"{run.step:,}" + (f" of {data['last_step']:,}" if data else "")))
    if data:
        found.append(("images in an update", f"{data['images_per_step']:,}"))
        found.append(("updates in an epoch", f"{run.steps_per_epoch:,}"))
    found.append(("epochs", run.epochs))
    seconds = sum(row[2] for row in run.timing)
    if seconds:
        found.append(("time of training", duration(seconds)))
        if data:
            rate = run.step * data["images_per_step"] / seconds
            found.append(("images per second", f"{rate:,.0f}"))
    found.append(("computed with", config["backend"] + (", TF32" if config["tf32"] else "")))
    if data:
        found += [(f"numbers in {name}", f"{n:,}") for name, n in data["weights"].items()]
    found += [
        (name.replace("_", " "), f"{value:.5g}" if type(value) in (int, float) else value)
        for name, value in run.result.items()
        if name != "step"
    ]
    return found


def _measured(run):
    """What `evaluate` found, beside the floor."""
    evaluation = run.evaluation
    if evaluation is None:
        return None
    how, metrics, floor = (evaluation[key] for key in ("protocol", "metrics", "floor"))
    text = [f"{report.amount(how)}. The floor: real training images in the samples' place."]
    if weights := evaluation.get("drawn_with"):
        text.append(f"With the {weights} weights of the run.")
    best = weights == "best" or (run.recipe is not None and run.recipe.model.keeps_best)
    if evaluation["updates"] not in (run.step, _best_step(run) if best else None):
        text.append(
            f"Measured after {evaluation['updates']:,} updates, before the run went on: python -m "
            "tinygan.evaluate measures it as it is now."
        )
    found = [key for key in report.MEANINGS if key in metrics]
    rows = [[key, report.shown(key, metrics), report.shown(key, floor)] for key in found]
    notes = [report.meaning(key, how) for key in found]
    tables = [table("Metrics", ["", "samples", "floor"], rows, notes)]
    if how["extractor"]["learned_this_data"]:
        names = report.CLASSES.get(how["extractor"]["name"], [""] * len(metrics["classes"]))
        counts = zip(names, metrics["classes"], floor["classes"], strict=True)
        rows = [[f"{c} {name}", f"{n:,}", f"{real:,}"] for c, (name, n, real) in enumerate(counts)]
        tables.append(table("Classes, as a classifier takes them", ["", "samples", "floor"], rows))
    return section(
        "measured",
        "How good the samples are",
        [*text, report.explanation(how).replace("\n", " ")],
        tables,
        [_nearest(run.pictures)] if max(how["image_shape"]) <= _LARGEST else [],
    )


def _best_step(run):
    """The updates before the lowest distance that a run has measured, or None."""
    columns, rows = run.validation
    if "fd" not in columns or not rows:
        return None
    return min(rows, key=lambda row: row[columns.index("fd")])[0] * run.steps_per_epoch


def _classified(run):
    """What `evaluate` found of a classifier."""
    found = run.classified
    if found is None:
        return None
    counts, names = found["confusion"], run.class_names or [""] * len(found["confusion"])
    right, images = 100 * found["accuracy"], sum(map(sum, counts))
    text = [
        f"{right:.2f} % of {images:,} images of the test split are classified correctly. Rows: the "
        "true class; columns: the predicted class."
    ]
    rows = [[f"{c} {name}", *row] for c, (name, row) in enumerate(zip(names, counts, strict=False))]
    tables = [table("", ["", *map(str, range(len(counts)))], rows)]
    return section("measured", "How often it is right", text, tables)


def _nearest(pictures):
    """Samples above their nearest training images, in rows of eight."""
    samples, nearest = pictures["samples"], pictures["nearest"]
    n = min(len(samples), len(nearest))
    order = [of[i : i + 8] for i in range(0, n, 8) for of in (samples[:n], nearest[:n])]
    images = [image for row in order for image in row]
    sheet = plots.grid(np.array(images), columns=8)
    pixels = sheet[..., 0] if sheet.shape[-1] == 1 else sheet
    return {
        "src": as_address(pixels),
        "width": sheet.shape[1],
        "height": sheet.shape[0],
        "alt": f"{n} samples, and below each row the training images nearest to them",
        "caption": _NEAREST,
    }


def _networks(run):
    if not run.data or not run.data["networks"]:
        return None
    tables = []
    for network in run.data["networks"]:
        rows = [[name, _size(shape), f"{n:,}" if n else ""] for name, shape, n in network["rows"]]
        rows.append(["sum", "", f"{sum(n for *_, n in network['rows']):,}"])
        caption = f"{network['name']}, from {_size(network['input'])}"
        tables.append(table(caption, ["layer", "output", "weights"], rows))
    return section("networks", "The networks", tables=tables)


def _settings(run):
    config = run.config
    own = [(name, value) for name, value in config.items() if name not in _ELSEWHERE]
    tables = [table("config.json", ["", ""], [*own, *config["options"].items()])]
    if config["changes"]:
        rows = [[change.get(key) for key in ("step", "what", "before", "now")]
                for change in config["changes"]]  # fmt: skip
        tables.append(table("Changed on the way", ["from step", "what", "before", "now"], rows))
    data = [("data", config["trained_on"]["name"]), ("SHA-256", config["trained_on"]["sha256"])]
    tables.append(table("Versions", ["", ""], [*config["versions"].items(), *data]))
    return section("settings", "Configuration and versions", tables=tables)


def _commands(run):
    found = commands(run)
    if not found:
        return None
    text = "Folders are named as they were when this page was made, from the place it was made at."
    return section("commands", "What to type", [text], commands=found)


def _compared(named_runs):
    """compare's table for the runs that were evaluated, and what to do with the others."""
    measured = [run for run in named_runs.values() if run.evaluation]
    groups = comparison.groups(
        [run.folder for run in measured], [(run.evaluation, run.pictures) for run in measured]
    )
    tables, text = [], []
    for rows in groups:
        how = rows[0].evaluation["protocol"]
        head, *cells = report.comparison_cells(rows)
        tables.append(table(report.amount(how), head, cells))
        text.append(report.explanation(how).replace("\n", " "))
    if len(groups) > 1:
        text.insert(
            0, "These runs draw different things, which cannot be compared: one table each."
        )
    missing = [name for name, run in named_runs.items() if not run.evaluation and run.draws]
    if missing:
        text.append(f"Not measured yet: {', '.join(missing)}.")
    found = compare_command(named_runs.values()) if missing else []
    return section("measured", "How good the samples are", text, tables, commands=found)


def _facts(named_runs):
    all_facts = {name: dict(facts(run)) for name, run in named_runs.items()}
    rows = [
        [fact, *(of.get(fact, "") for of in all_facts.values())]
        for fact in dict.fromkeys(fact for of in all_facts.values() for fact in of)
    ]
    return section("facts", "The runs", tables=[table("", ["", *named_runs], rows)])


def _differences(named_runs):
    """The settings in which runs differ."""
    values = {
        name: {k: v for k, v in run.config.items() if k not in _ELSEWHERE} | run.config["options"]
        for name, run in named_runs.items()
    }
    rows = []
    for setting in dict.fromkeys(setting for of in values.values() for setting in of):
        cells = [of.get(setting, "") for of in values.values()]
        if len(set(map(str, cells))) > 1:
            rows.append([setting, *cells])
    text = [] if rows else ["None: all settings are the same."]
    tables = [table("", ["setting", *named_runs], rows)] if rows else []
    return section("settings", "Settings that differ", text, tables)


def _size(shape):
    return " × ".join(map(str, shape))
