"""No trouble with stdout or stderr stops a command, changes its exit code or prints a traceback."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tinygan import output, train

ROOT = Path(train.__file__).parent.parent
TRAIN = (
    "tinygan.train gan-dense-1 --data fashion-mnist-subset --limit 64 --width 2 --batch-size 16 "
    "--epochs 3 --backend numpy --out run"
)
on_posix = pytest.mark.skipif(os.name != "posix", reason="needs a shell and pipes")


def start(words, folder, **how):
    """`python -m WORDS` in this folder; stderr can be read."""
    env = os.environ | {"PYTHONPATH": str(ROOT)} | how.pop("variables", {})
    command = [sys.executable, "-P", "-m", *words.split()]
    return subprocess.Popen(command, cwd=folder, env=env, stderr=subprocess.PIPE, **how)


def end(process):
    """(exit code, what it wrote on stderr)."""
    _, err = process.communicate(timeout=60)
    return process.returncode, err.decode()


def close_stdout():
    os.close(1)


def close_both():
    os.close(1)
    os.close(2)


@on_posix
@pytest.mark.parametrize("words", ["tinygan.train --list", "tinygan.train --help", TRAIN])
@pytest.mark.parametrize("close", [close_stdout, close_both])
def test_without_a_standard_output_a_command_does_its_work(tmp_path, words, close):
    assert end(start(words, tmp_path, preexec_fn=close)) == (0, "")
    if words is TRAIN:
        assert (tmp_path / "run" / "curves.png").exists()


@on_posix
def test_what_is_printed_never_gets_into_a_file_that_took_the_number_of_a_closed_stream(tmp_path):
    code = """
import os
from tinygan.cli import exit_on_error
def command(argv):
    with open("file", "wb") as file:
        print("a line")
        os.write(1, b"of a library")
        os.write(2, b"of a library")
exit_on_error(command)
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        preexec_fn=close_both,
    )
    assert process.wait(60) == 0
    assert (tmp_path / "file").read_bytes() == b""


@on_posix
@pytest.mark.parametrize("lines", [0, 1, 6])
def test_a_reader_that_ends_stops_no_training(tmp_path, lines):
    process = start(TRAIN, tmp_path, stdout=subprocess.PIPE)
    for _ in range(lines):
        assert process.stdout.readline()
    process.stdout.close()
    process.stdout = None
    assert end(process) == (0, "")
    assert (tmp_path / "run" / "samples" / "epoch_0003.png").exists()


@on_posix
@pytest.mark.parametrize("words", ["tinygan.train --list", "tinygan.train --help"])
def test_a_reader_that_ends_causes_no_message(tmp_path, words):
    process = start(words, tmp_path, stdout=subprocess.PIPE)
    process.stdout.close()
    process.stdout = None
    assert end(process) == (0, "")


@on_posix
@pytest.mark.parametrize("words", ["tinygan.train --list", TRAIN])
def test_a_full_pipe_that_does_not_block_stops_nothing(tmp_path, words):
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writer, b"x" * 4096)
    try:
        assert end(start(words, tmp_path, stdout=writer)) == (0, "")
    finally:
        os.close(reader)
        os.close(writer)


@pytest.mark.parametrize("encoding", ["ascii", "cp932"])
@pytest.mark.parametrize(
    "words", ["tinygan.train --list", "tinygan.train vae --about", "tinygan.evaluate --help"]
)
def test_an_encoding_that_lacks_a_character_gets_a_replacement(tmp_path, words, encoding):
    printed = {}
    for name in (encoding, "utf-8"):
        variables = {"PYTHONIOENCODING": name}
        process = start(words, tmp_path, stdout=subprocess.PIPE, variables=variables)
        out, err = process.communicate(timeout=60)
        assert (process.returncode, err) == (0, b"")
        printed[name] = out.decode(name)
    replaced = printed["utf-8"].encode(encoding, "replace").decode(encoding)
    assert printed[encoding] == replaced


@on_posix
def test_the_names_of_files_are_printed_with_replacements_too(tmp_path):
    name = "rün\udcff 漢"  # \udcff: a byte of the name that is not UTF-8
    words = [*TRAIN.split()[:-1], name]
    for encoding in ("ascii", "utf-8"):
        done = subprocess.run(
            [sys.executable, "-P", "-m", *words],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": encoding},
            capture_output=True,
        )
        assert (done.returncode, done.stderr) == (0, b"")
        assert name.encode(encoding, "replace") in done.stdout
        words = [words[0], words[1], "--out", name, "--resume", "--epochs", "4"]
    missing = [*words[:2], "--out", "ü\udcff", "--resume"]
    done = subprocess.run(
        [sys.executable, "-P", "-m", *missing],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"},
        capture_output=True,
    )
    assert done.returncode == 2
    assert done.stderr == b"tinygan: ?? is not a run folder: there is no such folder\n"


class Broken:
    """A stream that fails after some characters."""

    def __init__(self, room, error):
        self.room, self.error, self.text = room, error, ""

    def write(self, text):
        if len(self.text) + len(text) > self.room:
            raise self.error
        self.text += text

    def flush(self):
        pass


def test_after_an_error_nothing_more_is_written():
    stream = output.Output(Broken(5, BrokenPipeError()))
    assert [stream.write(text) for text in ("abc", "defg", "h")] == [3, 4, 1]
    assert stream.stream.text == "abc"
    assert isinstance(stream.error, BrokenPipeError)


def test_what_finds_no_room_in_a_full_pipe_is_dropped_and_later_there_may_be_room():
    stream = output.Output(Broken(5, BlockingIOError()))
    for text in ("abc", "defg", "h"):
        stream.write(text)
    assert stream.stream.text == "abch"
    assert stream.error is None


def test_the_streams_are_as_before_after_the_block():
    before = sys.stdout, sys.stderr
    with output.unbreakable() as out:
        assert sys.stdout is out
        assert out.encoding == before[0].encoding
    assert (sys.stdout, sys.stderr) == before
