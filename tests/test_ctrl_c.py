"""Ctrl-C ends a command with one line and exit code 130 at any moment, and is never lost."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tinygan import ctrl_c, train

ROOT = Path(train.__file__).parent.parent
pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs signals")


def can_be_interrupted():
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell may have switched it off


def python(*words, folder=None, **how):
    """(exit code, stdout, stderr) of a Python process that can be interrupted."""
    done = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder or ROOT) + os.pathsep + str(ROOT)},
        preexec_fn=how.get("preexec_fn", can_be_interrupted),
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stdout, done.stderr


INTERRUPTS_ITSELF = "import os, signal; os.kill(os.getpid(), signal.SIGINT)\n"


@pytest.mark.parametrize("module", ["numpy", "argparse"])
@pytest.mark.parametrize(
    "words", ["-m tinygan.train --list", "-um tinygan.sample x", "-mtinygan.train", "-m benchmarks"]
)
def test_while_a_command_imports_its_modules(tmp_path, module, words):
    (tmp_path / f"{module}.py").write_text(INTERRUPTS_ITSELF)
    assert python(*words.split(), folder=tmp_path) == (130, "", "tinygan: stopped\n")


def test_while_python_ends_after_the_work_is_done(tmp_path):
    (tmp_path / "csv.py").write_text(
        "import atexit, os, signal; atexit.register(os.kill, os.getpid(), signal.SIGINT)\n"
        "reader = Error = None"
    )
    code, out, err = python("-m", "tinygan.train", "--list", folder=tmp_path)
    assert (code, err) == (0, "")
    assert "dcgan" in out


def test_in_another_program_an_import_raises_as_usual(tmp_path):
    (tmp_path / "csv.py").write_text(INTERRUPTS_ITSELF)
    code, _, err = python("-c", "import tinygan.train", folder=tmp_path)
    assert code != 130
    assert err.endswith("KeyboardInterrupt\n")
    (tmp_path / "mine.py").write_text("import tinygan.train")
    _, _, err = python("-m", "mine", folder=tmp_path)
    assert err.endswith("KeyboardInterrupt\n")


def test_where_it_is_ignored_it_stays_ignored(tmp_path):
    (tmp_path / "csv.py").write_text(
        INTERRUPTS_ITSELF + "import sys; print(signal.getsignal(signal.SIGINT).name); sys.exit(7)"
    )
    code, out, _ = python(
        "-m",
        "tinygan.train",
        folder=tmp_path,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    )
    assert (code, out) == (7, "SIG_IGN\n")


COMMAND = """
import os, signal, weakref
from tinygan.cli import exit_on_error
class Thing:
    pass
def interrupt(*_):
    os.kill(os.getpid(), signal.SIGINT)
    for _ in range(1000):
        pass
def command(argv):
    {how}
    print("went on")
exit_on_error(command)
"""


@pytest.mark.parametrize(
    "how",
    [
        "interrupt()",
        "thing = Thing(); watcher = weakref.ref(thing, interrupt); del thing",
        "Thing.__del__ = interrupt; thing = Thing(); del thing",
    ],
)
def test_in_a_command_it_is_not_lost_in_a_callback(how):
    assert python("-c", COMMAND.format(how=how)) == (130, "", "tinygan: stopped\n")


def test_what_a_callback_drops_is_otherwise_reported_as_before():
    how = "Thing.__del__ = lambda self: 1 / 0; thing = Thing(); del thing"
    code, out, err = python("-c", COMMAND.format(how=how))
    assert (code, out) == (0, "went on\n")
    assert "ZeroDivisionError" in err


def test_the_hook_is_as_before_after_a_command():
    before = sys.unraisablehook, signal.getsignal(signal.SIGINT)
    with ctrl_c.raised():
        assert sys.unraisablehook is not before[0]
    assert (sys.unraisablehook, signal.getsignal(signal.SIGINT)) == before
