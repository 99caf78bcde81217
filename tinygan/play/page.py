"""One HTML file out of a trained model: page/ has its HTML, CSS and JavaScript.

The page draws in a worker, whose source stands in the page too: the page may make a worker of it
(worker-src blob:), and nothing else is allowed beyond its own script and style.
"""

import html
from pathlib import Path

from tinygan import web
from tinygan.play.drawn import drawn
from tinygan.play.still import still
from tinygan.play.weights import Weights

_FOLDER = Path(__file__).parent / "page"
_WORKER = ("layers.js", "networks.js", "weights.js", "noise.js", "draw.js", "worker.js")
_SCRIPTS = (
    "artist.js",
    "canvas.js",
    "grid.js",
    "walk.js",
    "numbers.js",
    "words.js",
    "maps.js",
    "play.js",
)


def page(model, words, *, bits=16):
    """The HTML of the page of a model.

    model: of trained_model.load, on the host; afterwards it draws with the rounded weights.
    words: see words.py: title, lead, made; class_names, by label. bits: of a weight, 16 or 8.
    Raises UserError for weights that are not finite, or too many.
    """
    weights = Weights(bits)
    description = drawn(model, weights)
    names = dict(enumerate(words["class_names"]))
    description["classNames"] = [names.get(c, f"class {c}") for c in description["classes"]]
    return web.document(
        web.read(_FOLDER, "page.html"),
        _style(),
        _script(),
        policy=html.escape(policy()),
        title=html.escape(words["title"]),
        lead=html.escape(words["lead"]),
        made=html.escape(words["made"]),
        still=still(model),
        worker=worker(),
        description=web.as_json(description),
        weights=weights.base64(),
    )


def policy():
    """The page's Content-Security-Policy."""
    return web.policy(_style(), _script(), "worker-src blob:")


def worker():
    """The source of the worker: all that draws."""
    return web.read(_FOLDER, *_WORKER)


def _style():
    return web.read(web.SHARED, "base.css") + web.read(_FOLDER, "page.css")


def _script():
    return web.read(web.SHARED, "elements.js") + web.read(_FOLDER, *_SCRIPTS)
