"""python -m benchmarks reading: how much code a reader of `train dcgan` has to read.

A small run is traced. The functions of tinygan that it calls and all their lines (including
docstrings and blank lines) are counted by purpose. What only the run's page calls is counted apart.
"""

import ast
import contextlib
import os
import sys
import tempfile
import threading
from collections import defaultdict
from pathlib import Path

import tinygan
from benchmarks import report
from tinygan import train
from tinygan.cli import Parser, path
from tinygan.nn import dispatch

HOME = Path(tinygan.__file__).parent
ROOMS = {  # the purpose of a file: the first entry that contains it
    "speed": ("nn/fast",),
    "mathematics": ("nn", "models", "training"),
    "data": ("data",),
    "recipe": ("recipes/gan.py", "recipes/recipe.py"),
    "pictures": ("plots.py", "runs/pictures.py"),
    "backend": ("backend.py",),
    "folders, options and files": ("",),
}
PAGE = "the page of the run"  # whatever is called from within report/, and from nowhere else
RUN = "dcgan --data fashion-mnist-subset --width 2 --limit 300 --epochs 2 --backend numpy --quiet"


def main(argv):
    parser = Parser(
        prog="python -m benchmarks reading",
        description=" ".join(__doc__.split("\n\n")[1].split()),
        examples=("benchmarks reading --json reading.json",),
    )
    parser.add_argument("--json", metavar="FILE", type=path, help="write the results to this file")
    parser.set_defaults(plot=None)
    args = parser.parse_args(argv)
    report.check_files(args)
    ways = {"plain (TINYGAN_PLAIN=1)": dispatch.plain, "fast": contextlib.nullcontext}
    found = {}
    for name, mode in ways.items():
        with mode():
            seen, page = called_by(lambda: train.main(RUN.split()))
        found[name] = count(seen) | {PAGE: _sum(count(page - seen).values())}
        print(f"{name}\n{_table(found[name])}\n")
    report.write_files(args, "reading", [{"run": RUN, "ways": found}], None)
    return 0


def called_by(function):
    """The functions of tinygan that function() calls: two sets of (file, first line), of those
    called outside of report/ and of those called from within."""
    seen, page, pages = set(), set(), []  # pages: the frames of report/ that are open

    def note(frame, event, _):
        file = frame.f_code.co_filename
        if not file.startswith(str(HOME)):
            return
        of_report = file.startswith(str(HOME / "report"))
        if event == "call":
            pages.extend([frame] if of_report else [])
            (page if pages else seen).add((Path(file), frame.f_code.co_firstlineno))
        elif event == "return" and pages and pages[-1] is frame:
            pages.pop()

    here = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        threading.setprofile(note)
        sys.setprofile(note)
        try:
            function()
        finally:
            sys.setprofile(None)
            threading.setprofile(None)
            os.chdir(here)
    return seen, page


def count(seen):
    """Returns purpose -> dict(files, functions, lines)."""
    rooms = defaultdict(lambda: {"files": 0, "functions": 0, "lines": 0})
    for file in sorted({file for file, _ in seen}):
        lines, functions = set(), 0
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.Lambda):
                first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
                if (file, first) in seen or (file, node.lineno) in seen:
                    lines.update(range(first, node.end_lineno + 1))
                    functions += 1
        room = rooms[_room(file)]
        room["files"] += 1
        room["functions"] += functions
        room["lines"] += len(lines)
    return dict(rooms)


def _room(file):
    place = file.relative_to(HOME).as_posix()
    return next(room for room, starts in ROOMS.items() if place.startswith(starts))


def _table(rooms):
    rows = [["", "lines", "functions", "files"]]
    for room in [*ROOMS, PAGE]:
        if room in rooms:
            rows.append([room, *(f"{rooms[room][k]:,}" for k in ("lines", "functions", "files"))])
    rows.append(["total", *(f"{number:,}" for number in _sum(rooms.values()).values())])
    return report.table(rows)


def _sum(rooms):
    rooms = list(rooms)
    return {key: sum(room[key] for room in rooms) for key in ("lines", "functions", "files")}
