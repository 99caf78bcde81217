"""One HTML file out of a template, a style, a script and data.

The page loads nothing from anywhere. Its Content-Security-Policy lets exactly its own script and
style run, known by their SHA-256, so that nothing out of a user's files could, even unescaped.
"""

import base64
import functools
import hashlib
import html
import json
import math
from pathlib import Path
from string import Template

SHARED = Path(__file__).parent  # base.css and elements.js


@functools.cache
def read(folder, *names):
    """The texts of files of a folder, one after another."""
    return "\n".join((folder / name).read_text(encoding="utf-8") for name in names)


def document(template, style, script, **parts):
    """The HTML of a page: `template` with $style and $script, $policy, and each of `parts`, which
    are HTML already."""
    parts.setdefault("policy", html.escape(policy(style, script)))
    return Template(template).substitute(style=style, script=script, **parts)


def policy(style, script, *more):
    """The Content-Security-Policy: pictures inside the page, its own style and script, no more.

    more: further directives, such as "connect-src 'self'".
    """
    return "; ".join([
        "default-src 'none'", "img-src data:", *more, f"style-src {_hash(style)}",
        f"script-src {_hash(script)}", "base-uri 'none'", "form-action 'none'",
    ])  # fmt: skip


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


def _hash(text):
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
