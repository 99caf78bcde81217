"""What to type next, so that it can be pasted."""

import os
import shlex
import shutil
import sys


def typed(*words):
    """A command line to paste: `python -m …` with the Python that is running now."""
    python = sys.executable
    if python and shutil.which("python") == python:
        python = "python"
    elif python.startswith(os.getcwd() + os.sep):
        python = os.path.relpath(python)
    return shlex.join([python or "python", "-m", *map(str, words)])
