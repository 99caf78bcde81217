"""One HTML file out of a story: page/ has its HTML, CSS and JavaScript, and the story is JSON."""

import html
from pathlib import Path
from string import Template

from tinygan import web

_FOLDER = Path(__file__).parent / "page"
_SCRIPTS = ("curves.js", "sheets.js", "sections.js", "page.js")


def page(story, *, tag=None):
    """The HTML of a story, as story.py makes it.

    It stands there as JSON; for browsers without scripts there are also the title, the lead, the
    state, the last sheets and pictures of the curves. tag: of the story, on a server, which the
    page asks for what is newer.
    """
    sheets = [run["sheets"][-1] | {"name": run["name"]} for run in story["sheets"] if run["sheets"]]
    return web.document(
        web.read(_FOLDER, "page.html"),
        _style(),
        _script(),
        policy=html.escape(policy(live=tag is not None)),
        title=html.escape(story["title"]),
        lead=html.escape(" ".join(story["lead"])),
        state=html.escape(" · ".join(text for text in story["state"].values() if text)),
        sheets="".join(
            _figure(sheet, f"{sheet['name']} {sheet['label']}".strip(), "samples")
            for sheet in sheets
        ),
        stills="".join(_figure(still, still["caption"], still["alt"]) for still in story["stills"]),
        story=web.as_json(story | {"tag": tag}),
    )


def policy(*, live=False):
    """The page's Content-Security-Policy. live: it may ask the server that it came from."""
    return web.policy(_style(), _script(), *(["connect-src 'self'"] if live else []))


def _figure(picture, caption, alt):
    return Template(web.read(_FOLDER, "figure.html")).substitute(
        src=html.escape(picture["src"]),
        width=int(picture["width"]),
        height=int(picture["height"]),
        alt=html.escape(alt),
        caption=html.escape(caption),
    )


def _style():
    return web.read(web.SHARED, "base.css") + web.read(_FOLDER, "page.css")


def _script():
    return web.read(web.SHARED, "elements.js") + web.read(_FOLDER, *_SCRIPTS)
