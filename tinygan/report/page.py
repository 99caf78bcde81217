"""One HTML file out of a story: page/ has the HTML, CSS and JavaScript, Python fills in the JSON.

The page loads nothing from anywhere. Its Content-Security-Policy lets exactly its own script and
style run, known by their SHA-256, so that nothing out of a run's files could, even unescaped.
"""

import base64
import functools
import hashlib
import html
import json
import math
from pathlib import Path
from string import Template

_FOLDER = Path(__file__).parent / "page"
_SCRIPTS = ("elements.js", "curves.js", "sheets.js", "sections.js", "page.js")


def page(story, *, tag=None):
    """The HTML of a story, as story.py makes it.

    It stands there as JSON; for browsers without scripts there are also the title, the lead, the
    state, the last sheets and pictures of the curves. tag: of the story, on a server, which the
    page asks for what is newer.
    """
    live = tag is not None
    style, script = _text("page.css"), _script()
    sheets = [run["sheets"][-1] | {"name": run["name"]} for run in story["sheets"] if run["sheets"]]
    return Template(_text("page.html")).substitute(
        policy=html.escape(policy(live=live)),
        title=html.escape(story["title"]),
        style=style,
        script=script,
        lead=html.escape(" ".join(story["lead"])),
        state=html.escape(" · ".join(text for text in story["state"].values() if text)),
        sheets="".join(
            _figure(sheet, f"{sheet['name']} {sheet['label']}".strip(), "samples")
            for sheet in sheets
        ),
        stills="".join(_figure(still, still["caption"], still["alt"]) for still in story["stills"]),
        story=as_json(story | {"tag": tag}),
    )


def policy(*, live=False):
    """The Content-Security-Policy: pictures inside the page, its own style and script, no more."""
    connect = " connect-src 'self';" if live else ""
    return (
        f"default-src 'none'; img-src data:;{connect} style-src {_hash(_text('page.css'))}; "
        f"script-src {_hash(_script())}; base-uri 'none'; form-action 'none'"
    )


def as_json(value):
    """JSON that can stand inside a <script>: no tag can begin in it. Numbers that JSON does not
    have become null."""
    text = json.dumps(_finite(value), separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _finite(value):
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _figure(picture, caption, alt):
    return Template(_text("figure.html")).substitute(
        src=html.escape(picture["src"]),
        width=int(picture["width"]),
        height=int(picture["height"]),
        alt=html.escape(alt),
        caption=html.escape(caption),
    )


def _script():
    return "\n".join(_text(name) for name in _SCRIPTS)


@functools.cache
def _text(name):
    return (_FOLDER / name).read_text(encoding="utf-8")


def _hash(text):
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
