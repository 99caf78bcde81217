"""The README says nothing that is not there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = ["README.md", "benchmarks/results/README.md"]


@pytest.mark.parametrize("page", PAGES)
def test_every_link_and_picture_is_there(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#]+)\)", text)
    missing = [link for link in links if not ((ROOT / page).parent / link).exists()]
    assert not missing
    assert not re.search(r"@[A-Z_]+@", text)


def test_the_two_commands_come_first_and_are_one_line_each():
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    commands = [line for line in lines if line.startswith("    ")][:2]
    assert "-m tinygan.train cgan-cnn" in commands[0]
    assert commands[1].endswith("-m pytest")


def test_the_python_example_runs_and_learns(capsys):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    exec(example, {})
    out = capsys.readouterr().out.split()
    assert float(out[0]) < 0.1
    assert float(out[4]) < 1e-6  # "worst relative error …"


def test_the_layout_names_every_module():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    names = [path.name for path in (ROOT / "tinygan").glob("*.py")]
    names += [path.name for path in (ROOT / "tinygan/training").glob("*.py")]
    assert not [name for name in names if name not in text and not name.startswith("__")]
