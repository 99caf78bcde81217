"""What a page says of its run: its title, what draws, and what was trained on what."""

import time
from pathlib import Path

import tinygan
from tinygan import recipes
from tinygan.data import class_names
from tinygan.errors import shown
from tinygan.progress import plural
from tinygan.runs.config import read_config


def words(run_folder, model):
    """title, lead, made; class_names, by label.

    Raises UserError when config.json is damaged.
    """
    config = read_config(run_folder)
    name, data = shown(Path(run_folder).resolve().name), shown(config["trained_on"]["name"])
    title = f"{model.name} on {data}"
    made = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())
    summary = _capital(recipes.get(model.name).summary)
    return {
        "title": title if name == model.name else f"{name}: {title}",
        "lead": f"{summary}. Trained for {plural(model.step, 'update')}.",
        "made": f"Made by tinygan {tinygan.__version__}, {made}.",
        "class_names": class_names(config["trained_on"]["name"]),
    }


def _capital(text):
    return text[:1].upper() + text[1:]
