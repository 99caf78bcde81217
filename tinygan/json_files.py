"""JSON files that were written by an earlier process, or by anyone: read without trust."""

import json
import sys
from types import EllipsisType

from tinygan.files import read_small

Number, Missing = int | float, EllipsisType  # Missing: a key that may be left out
_MOST = 30_000_000  # bytes


def read_json(path):
    """What a JSON file holds; None when it cannot be read, or is no JSON."""
    try:
        return json.loads(read_small(path, _MOST).decode())
    except (OSError, ValueError, RecursionError):
        return None


def fits(value, form):
    """Whether a value out of a JSON file has a form: a type, or a dict or a list of forms.

    A dict may have more keys than its form. Numbers must be finite, and texts printable.
    """
    if isinstance(form, dict):
        return isinstance(value, dict) and all(
            fits(value.get(key, ...), inner) for key, inner in form.items()
        )
    if isinstance(form, list):
        return isinstance(value, list) and all(fits(element, form[0]) for element in value)
    if isinstance(value, int | float) and not abs(value) <= sys.float_info.max:
        return False  # NaN, or too large to be printed
    if isinstance(value, str) and not value.isprintable():
        return False
    return isinstance(value, form)
