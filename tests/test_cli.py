"""How commands end: one line, the right exit code, no traceback, even without an output."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tinygan import train
from tinygan.cli import check_folder, exit_on_error
from tinygan.errors import RunError, UserError

ROOT = Path(train.__file__).parent.parent


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (UserError("no such thing"), 2, "tinygan: no such thing\n"),
        (UserError("no such\nthing"), 2, "tinygan: no such thing\n"),
        (RunError("it broke"), 1, "tinygan: it broke\n"),
        (
            MemoryError(),
            1,
            "tinygan: not enough memory: lower the sizes that were asked for\n",
        ),
        (KeyboardInterrupt(), 130, "tinygan: stopped\n"),
    ],
)
def test_an_error_for_the_user_is_one_line(error, code, says, capsys):
    def command(argv):
        raise error

    with pytest.raises(SystemExit) as ended:
        exit_on_error(command)
    assert ended.value.code == code
    assert capsys.readouterr().err == says


def test_any_other_exception_is_a_bug_and_keeps_its_traceback():
    def command(argv):
        raise KeyError("bug")

    with pytest.raises(KeyError):
        exit_on_error(command)


def test_what_would_take_less_memory_is_the_commands_own(capsys):
    def command(argv):
        raise MemoryError

    with pytest.raises(SystemExit):
        exit_on_error(command, lower="--n")
    assert capsys.readouterr().err == "tinygan: not enough memory: lower --n\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("buffering", ["", "-u"])
def test_output_that_cannot_be_written_is_one_line(buffering):
    command = f"{sys.executable} {buffering} -m tinygan.train --list > /dev/full"
    done = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == "tinygan: cannot write the output: no space left on device\n"


def test_what_cannot_be_written_is_reported_early(tmp_path):
    check_folder(tmp_path / "x.csv")
    with pytest.raises(UserError, match=r"cannot write .*x.csv: there is no folder .*missing"):
        check_folder(tmp_path / "missing" / "x.csv")
    with pytest.raises(UserError, match=r"cannot write .*a.csv: file name too long"):
        check_folder(tmp_path / f"{'a' * 300}.csv")


def test_a_folder_that_may_not_be_entered_is_reported_early(tmp_path, monkeypatch):
    def denied(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "lstat", denied)
    with pytest.raises(UserError, match=r"cannot write .*x.csv: permission denied"):
        check_folder(tmp_path / "x.csv")
    monkeypatch.undo()
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(UserError, match=r"x.csv: the folder .* may not be written to"):
        check_folder(tmp_path / "x.csv")
