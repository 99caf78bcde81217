"""A figure becomes a PNG file whatever the environment says of matplotlib."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tinygan import figures

ROOT = Path(figures.__file__).parent.parent
DRAW = """
from tinygan import figures
with figures.new("x.png", (1, 1), dpi=50) as figure:
    figure.subplots().plot([1, 2])
"""


def draw(folder, code=DRAW, **variables):
    """Run `code` in a new process in this folder: what it prints on both streams."""
    env = {n: v for n, v in os.environ.items() if n not in ("MPLBACKEND", "MATPLOTLIBRC")}
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd=folder,
        env=env | {"PYTHONPATH": str(ROOT)} | variables,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def usual(tmp_path_factory):
    """The bytes of the figure in an environment that says nothing."""
    folder = tmp_path_factory.mktemp("usual")
    assert draw(folder) == ""
    return (folder / "x.png").read_bytes()


@pytest.mark.parametrize(
    "variables",
    [
        {"MPLBACKEND": "module://matplotlib_inline.backend_inline"},
        {"MPLBACKEND": "no such backend"},
        {"MPLBACKEND": "tkagg", "DISPLAY": ""},
        {"MATPLOTLIBRC": "/no/such/file"},
        {"MPLCONFIGDIR": "/proc/no/such/folder"},
        {"HOME": "/proc/x", "XDG_CONFIG_HOME": "/proc/x", "XDG_CACHE_HOME": "/proc/x"},
    ],
    ids=lambda variables: "-".join(variables),
)
def test_no_variable_keeps_a_figure_from_being_drawn(tmp_path, usual, variables):
    assert draw(tmp_path, **variables) == ""
    assert (tmp_path / "x.png").read_bytes() == usual


@pytest.mark.parametrize(
    "contents",
    [
        b"\xff\xfe\x80",
        b"backend: nosuch\nnonsense: 3\n",
        b"text.usetex: True\nfont.family: NoSuchFont\nlines.linewidth: 30\n",
        b"savefig.format: pdf\nfigure.constrained_layout.use: maybe\n",
    ],
)
def test_no_settings_file_changes_a_figure(tmp_path, usual, contents):
    (tmp_path / "matplotlibrc").write_bytes(contents)
    assert draw(tmp_path) == ""
    assert (tmp_path / "x.png").read_bytes() == usual


def test_a_settings_file_in_the_config_folder_does_not_either(tmp_path, usual):
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "matplotlibrc").write_bytes(b"\xff\xfe\x80")
    assert draw(tmp_path, MPLCONFIGDIR=str(folder), MPLBACKEND="nosuch") == ""
    assert (tmp_path / "x.png").read_bytes() == usual


def test_the_users_own_settings_are_as_before_after_a_figure(tmp_path):
    code = f"""
import os
{DRAW}
import matplotlib
print(matplotlib.rcParams["lines.linewidth"], matplotlib.rcParams["backend"], os.getcwd())
print(os.environ["MPLBACKEND"])
"""
    (tmp_path / "matplotlibrc").write_text("lines.linewidth: 30\n")
    out = draw(tmp_path, code, MPLBACKEND="svg")
    assert out.split() == ["30.0", "svg", str(tmp_path), "svg"]
    code = code.replace('matplotlib.rcParams["backend"]', "7")
    out = draw(tmp_path, code, MPLBACKEND="nosuch")
    assert out.split()[1:] == ["7", str(tmp_path), "nosuch"]


def test_a_figure_has_the_size_that_was_asked_for(tmp_path):
    from PIL import Image

    with figures.new(tmp_path / "x.png", (2, 3), dpi=70) as figure:
        figure.subplots().plot([1, 2])
    with Image.open(tmp_path / "x.png") as image:
        assert image.size == (140, 210)
        assert np.asarray(image.convert("L")).min() < 100


def test_without_matplotlib_one_sentence_says_so(tmp_path):
    (tmp_path / "matplotlib.py").write_text("raise ImportError('a library is missing')")
    code = f"""
import sys
sys.path.insert(0, ".")
from tinygan.errors import RunError
try:
    {DRAW.strip().replace(chr(10), chr(10) + "    ")}
except RunError as error:
    print(error)
"""
    assert draw(tmp_path, code).strip() == (
        "matplotlib, which draws the pictures, cannot be imported (a library is missing): install "
        "it again"
    )
