"""All that a page shows, as one JSON-able dict, from nothing but the files of run folders.

title, lead (sentences); state: {word, text}; facts: rows; sheets: for each run {name, words,
sheets, total, unread}; class_names; panels, see curves.py; sections, see sections.py; stills:
pictures of the curves, for browsers without scripts; made: when, and by which version.
"""

import time

import tinygan
from tinygan.errors import shown
from tinygan.progress import duration
from tinygan.report import curves, health, sections
from tinygan.report.folder import read_run
from tinygan.report.sheets import picture, sheets

_STATES = {
    "running": "training",
    "interrupted": "interrupted",
    "stopped": "stopped",
    "finished": "finished",
    "failed": "failed",
}


def story(folders):
    """The story of one run folder, or of several side by side.

    Raises UserError when one has no config.json or a damaged one.
    """
    runs = [read_run(folder) for folder in folders]
    told = _of_one(runs[0]) if len(runs) == 1 else _of_several(_named(runs))
    made = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())
    return told | {"made": f"Made by tinygan {tinygan.__version__}, {made}."}


def _of_one(run):
    name, recipe = shown(run.folder.resolve().name), run.config["recipe"]
    title = f"{recipe} on {run.config['trained_on']['name']}"
    return {
        "title": title if name == recipe else f"{name}: {title}",
        "lead": [_lead(run), *health.in_short(run)],
        "state": _state(run),
        "facts": sections.table("", ["", ""], sections.facts(run))["rows"],
        "sheets": [_sheets("", run)],
        "class_names": list(run.class_names),
        "panels": curves.panels_of(run),
        "sections": [*health.sections_of(run), *sections.of_run(run)],
        "stills": _stills({"": run}),
    }


def _of_several(named_runs):
    names = ", ".join(named_runs)
    return {
        "title": f"{len(named_runs)} runs side by side",
        "lead": [f"{names}."],
        "state": {"word": "", "text": ""},
        "facts": [],
        "sheets": [_sheets(name, run) for name, run in named_runs.items()],
        "class_names": [],
        "panels": curves.shared_panels(named_runs),
        "sections": sections.of_runs(named_runs),
        "stills": _stills(named_runs),
    }


def _lead(run):
    """What was trained on what, in a sentence or two."""
    data, name = run.data, run.config["trained_on"]["name"]
    what = f"{run.recipe.summary}. " if run.recipe else ""
    images = f"{data['images']:,} images of {name}" if data else name
    seconds = sum(row[2] for row in run.timing)
    took = f" in {duration(seconds)}" if seconds else ""
    return f"{what[:1].upper()}{what[1:]}Trained on {images}, {run.epochs} epochs{took}."


def _state(run):
    data, word = run.data, _STATES.get(run.state, "")
    text = f"{run.step:,} updates"
    if data:
        text = f"update {run.step:,} of {data['last_step']:,}"
        if data["why"]:
            text += f": {data['why']}"
    if run.state == "running":
        text += time.strftime(" at %H:%M:%S UTC", time.gmtime())
    return {"word": word, "text": text}


def _sheets(name, run):
    """The sheets of a run, and what they show."""
    found, total, unread = [], 0, 0
    draws = run.recipe is None or run.recipe.model.draws_images
    if run.image_shape:
        names = run.class_names if draws else ()
        found, total, unread = sheets(run.folder, run.steps_per_epoch, run.image_shape, names)
    words = "All sheets are drawn from one fixed noise."
    if not draws:
        words = "Held-out images: a row for each class that the network takes them for."
    elif run.asked_classes:
        classes = ", ".join(run.asked_classes)
        words += f" From top to bottom the classes that were asked for: {classes}."
    return {"name": name, "words": words, "sheets": found, "total": total, "unread": unread}


def _stills(named_runs):
    found = []
    for name, run in named_runs.items():
        if still := picture(run.folder / "curves.png"):
            alt = f"curves of the training {name}".strip()
            found.append(still | {"caption": name, "alt": alt})
    return found


def _named(runs):
    """The runs by what each is called: its folder's name, or its path where two have that name."""
    plain = [shown(run.folder.resolve().name) for run in runs]
    return {
        name if plain.count(name) == 1 else shown(str(run.folder)): run
        for name, run in zip(plain, runs, strict=True)
    }
