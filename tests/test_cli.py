"""How commands end: one line, the right exit code, no traceback, even without an output."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tinygan import train
from tinygan.cli import check_folder, exit_on_error, next_line, unused
from tinygan.errors import RunError, UserError
from tinygan.help_text import pasteable, two_columns

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


# What is printed where


def test_a_command_to_paste_is_one_line_or_ends_in_backslashes(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert pasteable("python -m tinygan") == "  python -m tinygan"
    command = "python -m tinygan.train dcgan --out 'a  folder' --width 8 --quiet --epochs 2"
    for columns in range(24, 90):
        monkeypatch.setenv("COLUMNS", str(columns))
        text = pasteable(command)
        words = shlex.split(command)
        assert shlex.split(text.replace("\\\n", "")) == words
        assert not any(line.split()[-2:-1] == ["--width"] for line in text.splitlines()[:-1])
        if columns >= 40:
            assert max(map(len, text.splitlines())) <= columns


def test_two_columns_stay_within_the_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    text = two_columns({"one": "a meaning that needs more than one line", "three": "short"})
    assert text == ("  one    a meaning that needs more\n         than one line\n  three  short")


def test_the_next_line_is_a_command_for_a_shell(monkeypatch):
    monkeypatch.setattr(sys, "executable", "python")
    said = next_line("how good", "tinygan.evaluate", Path("my runs") / "a")
    assert said == "next, how good: python -m tinygan.evaluate 'my runs/a'"


def test_a_folder_that_is_taken_gets_a_number(tmp_path):
    folder = tmp_path / "run"
    assert unused(folder) == folder
    folder.mkdir()
    assert unused(folder) == f"{folder}-2"
    Path(f"{folder}-2").touch()
    assert unused(folder) == f"{folder}-3"


TRAIN = "tinygan.train dcgan --data fashion-mnist-subset --width 2 --limit 40 --batch-size 8"


def seen_on_a_terminal(words, folder, **variables):
    """What a command sends to a terminal, with its line ends as they were printed."""
    pty = pytest.importorskip("pty")
    leader, follower = pty.openpty()
    env = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    env |= {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **variables}
    command = [sys.executable, "-m", *words.split()]
    process = subprocess.Popen(
        command, cwd=folder, env=env, stdin=follower, stdout=follower, stderr=follower
    )
    os.close(follower)
    seen = b""
    while True:
        try:
            part = os.read(leader, 4096)
        except OSError:  # Linux says so at the end
            part = b""
        if not part:
            break
        seen += part
    os.close(leader)
    assert process.wait(60) == 0, seen
    return seen.decode().replace("\r\n", "\n")


@pytest.mark.skipif(os.name != "posix", reason="there are no pseudo-terminals here")
def test_a_line_is_rewritten_on_a_terminal_that_can_and_nowhere_else(tmp_path):
    seen = seen_on_a_terminal(f"{TRAIN} --steps 2 --out a", tmp_path, TERM="xterm")
    assert "\repoch 1/" in seen
    assert "\x1b" not in seen
    seen = seen_on_a_terminal(f"{TRAIN} --steps 2 --out b", tmp_path, TERM="dumb")
    assert "\nepoch 1/" in seen
    assert not {"\r", "\x1b", "\b"} & set(seen)


@pytest.mark.skipif(os.name != "posix", reason="there are no pseudo-terminals here")
@pytest.mark.parametrize("words", ["tinygan", "tinygan.train --help"])
def test_no_color_means_no_escape_sequence_even_on_a_terminal(tmp_path, words):
    seen = seen_on_a_terminal(words, tmp_path, TERM="xterm", NO_COLOR="1")
    assert "tinygan.train" in seen
    assert not {"\r", "\x1b", "\b"} & set(seen)


def test_a_pipe_gets_neither_escape_sequences_nor_a_line_that_is_rewritten(tmp_path):
    env = os.environ | {"PYTHONPATH": str(ROOT), "TERM": "xterm", "OMP_NUM_THREADS": "1"}
    env.pop("NO_COLOR", None)
    command = [sys.executable, "-m", *f"{TRAIN} --steps 2".split()]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"epoch 1/" in done.stdout
    assert not set(b"\r\x1b\b") & set(done.stdout)
