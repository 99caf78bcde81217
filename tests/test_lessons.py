"""The lessons run as they stand, and keep the form that lessons/README.md promises."""

import ast
import importlib
import importlib.util
import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import strict_device

from lessons import checking
from tinygan import backend

ROOT = Path(__file__).parent.parent
LESSONS = sorted((ROOT / "lessons").glob("[0-9][0-9]_*.py"))
TIME_LIMIT = 120  # seconds for a --fast run, which takes 1 to 4: this many mean that it hangs
NOT_SHOWN = re.compile(r"(training|gan_loop)\.fit$|Training$")  # loops that no lesson has shown

each_lesson = pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)


def copied(path, folder):
    """A copy of a lesson in `folder`, with the modules that lessons share beside it."""
    for name in ("lesson.py", "replay.py"):
        shutil.copy(ROOT / "lessons" / name, folder)
    shutil.copytree(ROOT / "lessons" / "web", folder / "web")
    return shutil.copy(path, folder)


def run(path, folder, *options):
    environment = os.environ | {"PYTHONPATH": str(ROOT), "MPLBACKEND": "Agg"}
    done = subprocess.run(
        [sys.executable, "-W", "error", path, *options],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=TIME_LIMIT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@each_lesson
def test_runs_from_top_to_bottom_and_draws_its_pictures(path, tmp_path):
    copy = copied(path, tmp_path)  # its pictures go beside it
    run(copy, tmp_path, "--fast")
    text = path.read_text()
    pictures = re.findall(r"^# !\[.+\]\(out/(.+\.(?:png|gif))\)$", text, re.MULTILINE)
    assert pictures
    pages = re.findall(r"[^!]\[.+\]\(out/(.+\.html)\)", text)
    for picture in pictures + pages:
        assert (tmp_path / "out" / "fast" / picture).stat().st_size > 1000
        assert not (tmp_path / "out" / picture).exists(), "a fast run may not replace what is kept"
        kept = ROOT / "lessons" / "out" / picture
        assert kept.is_file(), f"{picture} is not kept"
        assert kept.stat().st_size < {".png": 1e9, ".gif": 1e6, ".html": 3e6}[kept.suffix]
    assert (ROOT / "lessons" / "out" / path.name[:2] / "printed.txt").is_file()


@each_lesson
def test_the_answers_pass_the_checks_and_the_empty_exercises_do_not(path, capsys):
    number = path.name[:2]
    assert checking.check(number, "answers") == 0, capsys.readouterr().out
    capsys.readouterr()
    assert checking.check(number, "exercises") == 1
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 3
    assert all(line.endswith(": to be filled in") for line in lines[:-2])


@each_lesson
def test_exercises_answers_and_checks_are_the_same_functions(path):
    number = path.name[:2]
    found = [functions_of(folder, number) for folder in ("exercises", "answers", "checks")]
    assert list(found[0]) == list(found[2])
    assert set(found[0]) <= set(found[1])
    for name, arguments in found[0].items():
        assert found[1][name] == arguments, name


@each_lesson
def test_has_the_form_of_a_lesson(path):
    text = path.read_text()
    number = path.name[:2]
    assert text.startswith(f"# %% [markdown]\n# # {number} · ")
    for field in ("Goal:", "Builds by hand:", "You need:", "Time:", "Source:"):
        assert f"**{field}**" in text, f"{field} is missing"
    assert f"lessons/exercises/{number}.py" in text
    lines = [line for line in text.splitlines() if line.strip() not in ("", "#")]
    assert len(lines) <= 205


def functions_of(folder, number):
    """The functions that a file defines: name -> its arguments as they are written."""
    tree = ast.parse((ROOT / "lessons" / folder / f"{number}.py").read_text())
    return {
        node.name: ast.unparse(node.args)
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name[0] != "_"
    }


def built_by_hand(text):
    field = re.search(r"\*\*Builds by hand:\*\*(.*?)(?=# \*\*|\n#\n)", text, re.DOTALL)[1]
    return re.findall(r"`(.+?)`", field)


def is_module(package, name):
    try:
        return importlib.util.find_spec(f"{package}.{name}") is not None
    except ModuleNotFoundError:  # `package` is a module, with nothing inside
        return False


def dotted(node):
    """The name of a chain of attributes as it is written, nn.Dense; None for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (before := dotted(node.value)):
        return f"{before}.{node.attr}"
    return None


def uses(tree):
    return {name for node in ast.walk(tree) if (name := dotted(node))}


@each_lesson
def test_what_it_builds_by_hand_is_not_taken_from_the_library(path):
    text = path.read_text()
    tree = ast.parse(text)
    built = built_by_hand(text)
    assert built
    last_names = {name.split(".")[-1] for name in built}
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            assert not uses(node) & set(built), f"{node.name} uses what it builds"
        if isinstance(node, ast.ImportFrom):
            names = {alias.name for alias in node.names}
            names = {name for name in names if not is_module(node.module, name)}
            assert not names & last_names, "import its module"
    last_assertion = max(node.lineno for node in ast.walk(tree) if isinstance(node, ast.Assert))
    for name in built:
        found = [node.lineno for node in ast.walk(tree) if dotted(node) == name]
        assert found, f"{name} is never compared"
        assert min(found) <= last_assertion, f"nothing is asserted of {name}"


@each_lesson
def test_uses_public_names_only(path):
    tree = ast.parse(path.read_text())
    modules = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] == "tinygan":
            package = importlib.import_module(node.module)
            for alias in node.names:
                assert not alias.name.startswith("_")
                if node.module == "tinygan":
                    module = importlib.import_module(f"tinygan.{alias.name}")
                    modules[alias.asname or alias.name] = module
                elif hasattr(package, "__all__") and not is_module(node.module, alias.name):
                    assert alias.name in package.__all__
        if isinstance(node, ast.Attribute):
            assert not re.match("_[^_]", node.attr), f"{node.attr} is private"
            assert not NOT_SHOWN.search(dotted(node) or "")
    for name in uses(tree):
        first, *rest = name.split(".")
        if first in modules and rest:
            public = getattr(modules[first], "__all__", None)
            assert public is None or rest[0] in public, f"{name} is not public"


def test_the_map_lists_every_lesson_with_a_picture():
    text = (ROOT / "lessons" / "README.md").read_text()
    rows = re.findall(r"^\| \[(\d\d)\]\((.+?)\) .*!\[.+?\]\((.+?)\)", text, re.MULTILINE)
    assert [name for _, name, _ in rows] == [path.name for path in LESSONS]
    for number, _, picture in rows:
        assert picture.startswith(f"out/{number}/")
        assert (ROOT / "lessons" / picture).is_file()


def test_lesson_21_times_the_gpu_where_one_answers(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "cupy", strict_device)
    monkeypatch.setattr(backend, "get", lambda name: strict_device)
    monkeypatch.setattr(sys, "argv", ["21_on_a_gpu.py", "--fast"])
    monkeypatch.setenv("MPLBACKEND", "Agg")
    before = strict_device.cuda.synchronized
    monkeypatch.syspath_prepend(tmp_path)
    runpy.run_path(copied(ROOT / "lessons" / "21_on_a_gpu.py", tmp_path))
    assert "no GPU" not in capsys.readouterr().out
    assert strict_device.cuda.synchronized > before + 20
