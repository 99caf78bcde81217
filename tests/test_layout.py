"""The house: imports run one way, folders say what lives there, commands are short."""

import ast
import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "tinygan"

# What each place may import, besides itself: the arrows of the README, and the files at the bottom.
BASE = {"backend", "errors", "files"}
SHARED = BASE | {"cli", "progress", "help_text"}
COMMAND = SHARED | {"room", "evaluation", "recipes", "runs", "nn", "data", "plots"}
ARROWS = {
    **dict.fromkeys(["sample", "compare"], COMMAND),
    **dict.fromkeys(["evaluate", "watch"], COMMAND | {"report"}),
    "train": COMMAND | {"report", "training"},
    "draw": COMMAND | {"drawings"},
    "doctor": COMMAND | {"health", "report", "drawings"},
    "__main__": {"cli", "help_text"},  # the list of commands
    "report": SHARED
    | {"web", "health", "evaluation", "recipes", "runs", "data", "plots", "json_files"},
    "play": SHARED | {"web", "recipes", "runs", "models", "nn", "data", "plots"},
    "drawings": SHARED | {"recipes", "runs", "metrics", "models", "nn", "data", "plots", "figures"},
    "evaluation": SHARED
    | {"recipes", "runs", "metrics", "models", "nn", "data", "npz", "json_files", "plots"},
    "recipes": SHARED | {"health", "training", "runs", "metrics", "models", "nn", "data", "plots"},
    "runs": SHARED | {"nn", "data", "npz", "plots", "launcher"},  # no model and no recipe
    "training": {"backend", "nn", "data"},  # no file and no option
    "health": {"backend", "nn", "metrics", "training"},  # networks and tables, no file
    "metrics": {"models"},  # k-means, for the bins
    "models": {"backend", "nn"},
    "nn": {"backend", "kernel"},
    "data": SHARED | {"kernel"},
    "plots": {"figures", "files"},
    "figures": {"errors", "files"},
    "npz": {"errors", "files"},
    "room": {"errors"},
    "json_files": {"files"},
    "cli": {"errors", "files", "ctrl_c", "output", "help_text", "launcher"},
    "launcher": {"errors"},
    "kernel": {"backend"},
    "backend": {"errors", "cupy_trouble"},
    **{
        place: set()
        for place in (
            "progress",
            "cupy_trouble",
            "errors",
            "files",
            "ctrl_c",
            "output",
            "help_text",
            "web",
        )
    },
}
COMMANDS = [
    "train.py",
    "sample.py",
    "evaluate.py",
    "compare.py",
    "draw.py",
    "watch.py",
    "doctor.py",
]


def place_of(module):
    """The folder or file that a dotted module name is in: "tinygan.nn.conv" -> "nn"."""
    return module.split(".")[1]


def imports(source):
    """The places of tinygan that a source text imports, wherever the import stands."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module == "tinygan":
            found |= {f"tinygan.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "a relative import"
            found.add(node.module)
    return {place_of(name) for name in found if name.startswith("tinygan.")}


def wrong_imports(place, source):
    """The places that a file of `place` imports and should not."""
    return sorted(imports(source) - ARROWS[place] - {place, "__version__"})


FILES = sorted(
    file.relative_to(PACKAGE).as_posix()
    for file in PACKAGE.rglob("*.py")
    if file != PACKAGE / "__init__.py"
)


@pytest.mark.parametrize("file", FILES)
def test_imports_run_one_way(file):
    place = file.removesuffix(".py").partition("/")[0]
    assert not wrong_imports(place, (PACKAGE / file).read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("place", "planted"),
    [
        ("nn", "from tinygan.models import gan"),
        ("nn", "from tinygan import plots"),
        ("nn", "from tinygan.npz import read_arrays"),
        ("models", "from tinygan.data import load"),
        ("metrics", "from tinygan.data import load"),
        ("runs", "from tinygan.models import gan"),
        ("runs", "from tinygan import recipes"),
        ("training", "from tinygan.files import write_text"),
        ("training", "from tinygan.cli import Parser"),
        ("nn", "import tinygan.runs.run"),
        ("nn", "def f():\n    from tinygan.data import load"),
        ("runs", "from tinygan.training import gan_loop"),
        ("training", "from tinygan.runs import config"),
        ("metrics", "from tinygan.evaluation.features import extractor_for"),
        ("recipes", "from tinygan import evaluation"),
        ("evaluation", "from tinygan import train"),
    ],
)
def test_a_planted_import_is_found(place, planted):
    assert wrong_imports(place, planted)


def test_the_speed_is_imported_by_the_layers_and_not_the_other_way_round():
    """nn/fast knows the derivations it makes fast, and no layer."""
    layers = {file.stem for file in (PACKAGE / "nn").glob("*.py")} - {"__init__"}
    layers -= {"correlation", "random_bits"}  # derivations
    for file in (PACKAGE / "nn/fast").glob("*.py"):
        for module in re.findall(r"from tinygan\.nn\.(\w+)", file.read_text(encoding="utf-8")):
            assert module not in layers, f"{file.name} imports nn/{module}.py"


@pytest.mark.parametrize("file", COMMANDS)
def test_a_command_is_at_most_120_lines(file):
    assert len((PACKAGE / file).read_text(encoding="utf-8").splitlines()) <= 120


@pytest.mark.parametrize("folder", sorted({f.rpartition("/")[0] for f in FILES} - {""}))
def test_each_folder_says_what_lives_there(folder):
    if folder in ("data/fashion_mnist_subset", "evaluation/weights"):
        pytest.skip("data, and the script that made it")
    text = ast.get_docstring(ast.parse((PACKAGE / folder / "__init__.py").read_text("utf-8")))
    assert text
    assert re.search(r"\b(no|not|nothing|without)\b", text, re.IGNORECASE), "what is not there?"


def test_tests_mirror_the_package():
    folders = {folder.name for folder in PACKAGE.iterdir() if (folder / "__init__.py").exists()}
    assert folders <= {folder.name for folder in Path(__file__).parent.iterdir()}
