"""python -m tinygan.watch, and train --watch: the page is served while they run."""

import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

from tinygan import watch
from tinygan.progress import Progress

if os.name == "nt":
    pytest.skip("signals are sent", allow_module_level=True)


@contextlib.contextmanager
def started(module, *words, cwd):
    """A command in the background, as from a terminal (where Ctrl-C is not switched off)."""
    with subprocess.Popen(
        [sys.executable, "-m", module, *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=cwd,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def address_in(process):
    """The port in the first line that has an address."""
    for line in process.stdout:
        if found := re.search(r"http://127\.0\.0\.1:(\d+)/", line):
            return int(found[1])
    raise AssertionError(process.stderr.read())


def told(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/story.json")
    story = json.loads(connection.getresponse().read())
    connection.close()
    return story


def test_a_run_is_watched_until_ctrl_c(make_run, tmp_path):
    make_run().train(Progress(quiet=True), lambda: False)
    with started("tinygan.watch", "run", cwd=tmp_path) as process:
        assert told(address_in(process))["state"]["word"] == "finished"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert out.splitlines()[-1].startswith("the page is served no longer")
    assert err == ""


def test_a_training_can_be_watched_from_within(tmp_path):
    words = "dcgan --data fashion-mnist-subset --width 1 --limit 256 --epochs 100000 --watch"
    with started("tinygan.train", *words.split(), cwd=tmp_path) as process:
        port, end = address_in(process), time.monotonic() + 60
        while told(port)["state"]["word"] != "training":  # the first epoch has not begun yet
            assert time.monotonic() < end
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "stopped and saved" in out
    page = (tmp_path / "runs/dcgan/report.html").read_text(encoding="utf-8")
    assert "stopped · update" in page


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("nothing", "nothing is not a run folder: there is no such folder"),
        ("run --port 0", "argument --port: must be at least 1, got 0"),
    ],
)
def test_mistakes_are_one_sentence(cli, words, sentence):
    code, out, err = cli(watch.main, words)
    assert (code, out) == (2, "")
    assert err.startswith(f"tinygan: {sentence}")
    assert err.count("\n") == 1
