"""Fixtures: run folders to make pages of."""

import json
import shutil

import pytest

from tinygan.progress import Progress
from tinygan.report import write_report


@pytest.fixture(scope="session")
def finished_runs(tmp_path_factory):
    """(a folder, what it holds by now: str of the changes -> run folder)."""
    return tmp_path_factory.mktemp("finished"), {}


@pytest.fixture
def trained(make_run, tmp_path, finished_runs):
    """trained(name, **changes): the folder of a tiny run that is finished, with its report.

    changes: as for make_run. What was trained before is copied.
    """
    place, held = finished_runs

    def make(name="run", **changes):
        key = str(sorted(changes.items()))
        if key not in held:
            run = make_run("first", **changes)
            run.train(Progress(quiet=True), lambda: False)
            held[key] = shutil.move(run.folder, place / str(len(held)))
        shutil.copytree(held[key], tmp_path / name)
        write_report(tmp_path / name)
        return tmp_path / name

    return make


@pytest.fixture
def edit():
    """edit(file, **entries): change entries of a JSON file."""

    def change(file, **entries):
        file.write_text(json.dumps(json.loads(file.read_text()) | entries))

    return change
