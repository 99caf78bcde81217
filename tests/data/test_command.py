"""python -m tinygan.data fetch: four verified files, or one line that says why not."""

import gzip
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from loopback_site import HALF, MAX_BYTES, PACKED, cut_at, endless, nobody, whole

import tinygan
from tinygan import data
from tinygan.cli import exit_on_error
from tinygan.data import __main__ as command
from tinygan.data import fashion_mnist
from tinygan.progress import Progress


@pytest.fixture
def official(site, monkeypatch):
    """Four small files on the site that are official for this test; (folder, their contents)."""
    rng = np.random.default_rng(1)
    contents = {}
    for n, (images, labels) in zip((5, 3), fashion_mnist.FILES.values(), strict=True):
        sizes = n.to_bytes(4, "big") + bytes([0, 0, 0, 28]) * 2
        contents[images] = bytes([0, 0, 8, 3]) + sizes + rng.bytes(n * 28 * 28)
        contents[labels] = bytes([0, 0, 8, 1]) + n.to_bytes(4, "big") + bytes(range(n))
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    monkeypatch.setattr(fashion_mnist, "OFFICIAL", digests)
    for name, content in contents.items():
        site.files[f"/sets/{name}.gz"] = gzip.compress(content)
    return contents


def run(capsys, *argv):
    """(exit code, stdout, stderr) of the command."""
    with pytest.raises(SystemExit) as ended:
        exit_on_error(command.main, list(argv))
    return ended.value.code, *capsys.readouterr()


def fetch_all(capsys, url, folder):
    return run(capsys, "fetch", "fashion-mnist", "--url", url, "--data-dir", str(folder))


def error_line(stderr):
    """The last line of stderr, the only one with an error."""
    lines = stderr.splitlines()
    assert [line.startswith("tinygan: ") for line in lines] == [False] * (len(lines) - 1) + [True]
    assert "Traceback" not in stderr
    return lines[-1]


def test_the_command_fetches_four_files_that_can_be_loaded_then(site, official, capsys, tmp_path):
    code, out, _ = fetch_all(capsys, f"{site.url}/sets", tmp_path / "new")
    assert code == 0
    assert "complete and verified" in out
    assert str(tmp_path / "new") in out
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == sorted(
        f"{name}.gz" for name in official
    )
    assert data.load("fashion-mnist", "train", tmp_path / "new").name == "fashion-mnist"
    assert data.load("fashion-mnist", "test", tmp_path / "new").labels.tolist() == [0, 1, 2]


def test_the_command_says_what_is_there_already(site, official, capsys, tmp_path):
    fetch_all(capsys, f"{site.url}/sets/", tmp_path)
    asked = len(site.requests)
    assert asked == 4
    code, _, err = fetch_all(capsys, f"{site.url}/sets/", tmp_path)
    assert code == 0
    for name in official:
        assert f"{name}.gz is already there and verified" in err
    assert len(site.requests) == asked


def test_the_command_fetches_into_the_cache_folder_where_the_set_is_found(
    site, official, capsys, tmp_path, monkeypatch
):
    monkeypatch.delenv("TINYGAN_DATA", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    code, _, _ = run(capsys, "fetch", "fashion-mnist", "--url", f"{site.url}/sets")
    assert code == 0
    cache = tmp_path / "tinygan" / "fashion-mnist"
    assert data.load("fashion-mnist", "test").origin == str(cache)


def test_the_command_goes_on_where_it_broke_off(site, official, capsys, tmp_path):
    site.send = cut_at(1000)
    code, out, err = fetch_all(capsys, f"{site.url}/sets", tmp_path)
    first = next(iter(official))
    assert (code, out) == (1, "")
    assert f"the connection to {site.url}/sets/{first}.gz broke after 1,000" in error_line(err)
    assert [path.name for path in tmp_path.iterdir()] == [f"{first}.gz.part"]
    site.send = whole
    assert fetch_all(capsys, f"{site.url}/sets", tmp_path)[0] == 0
    assert site.requests[1] == (f"/sets/{first}.gz", "bytes=1000-")


def test_the_command_keeps_the_good_files_when_a_later_one_is_wrong(
    site, official, capsys, tmp_path
):
    first, second, *_ = official
    site.files[f"/sets/{second}.gz"] = gzip.compress(b"altered")
    code, out, err = fetch_all(capsys, f"{site.url}/sets", tmp_path)
    assert (code, out) == (1, "")
    assert "damaged or altered" in error_line(err)
    assert [path.name for path in tmp_path.iterdir()] == [f"{first}.gz"]


def test_the_command_accepts_no_more_than_the_largest_official_file(
    site, official, capsys, tmp_path, monkeypatch
):
    assert 60_000 * 28 * 28 + 16 <= command.MAX_BYTES <= 50_000_000
    monkeypatch.setattr(command, "MAX_BYTES", MAX_BYTES)
    site.send = endless
    code, _, err = fetch_all(capsys, f"{site.url}/sets", tmp_path)
    assert code == 1
    assert "sends more than" in error_line(err)


def test_without_a_server_the_command_ends_in_one_line(capsys, tmp_path):
    code, out, err = fetch_all(capsys, nobody(), tmp_path)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert "cannot reach" in error_line(err)
    assert not list(tmp_path.iterdir())


def test_an_address_without_a_scheme_ends_the_command_in_one_line(capsys, tmp_path):
    code, out, err = fetch_all(capsys, "example", tmp_path)
    assert (out, err.count("\n")) == ("", 1)
    assert code in (1, 2)
    assert "example" in error_line(err)
    assert not list(tmp_path.iterdir())


def test_a_missing_file_ends_the_command_in_one_line(site, capsys, tmp_path):
    code, out, err = fetch_all(capsys, f"{site.url}/elsewhere", tmp_path)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert "answered 404" in error_line(err)


@pytest.mark.parametrize(
    ("argv", "cause"),
    [
        (["fetch", "mnist"], "cannot fetch 'mnist': only fashion-mnist"),
        (["remove", "fashion-mnist"], "invalid choice: 'remove'"),
        (["fetch"], "required: NAME"),
        ([], "required: fetch, NAME"),
        (["fetch", "fashion-mnist", "--data", "x"], "unrecognized arguments: --data x"),
    ],
)
def test_a_wrong_command_line_ends_in_one_line_and_code_2(capsys, argv, cause):
    code, out, err = run(capsys, *argv)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert cause in error_line(err)


def test_ctrl_c_during_a_download_does_not_claim_that_nothing_was_written(
    site, official, capsys, tmp_path, monkeypatch
):
    def broken_off(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(Progress, "show", broken_off)
    code, _, err = fetch_all(capsys, f"{site.url}/sets", tmp_path)
    assert code == 130
    assert [path.suffix for path in tmp_path.iterdir()] == [".part"]
    assert "before anything was written" not in error_line(err)


def test_the_real_command_breaks_off_goes_on_and_refuses_what_is_not_official(site, tmp_path):
    first = next(iter(fashion_mnist.OFFICIAL))
    site.files = {f"/{first}.gz": PACKED}

    def real_command():
        here = str(Path(tinygan.__file__).parents[1])
        argv = ["-m", "tinygan.data", "fetch", "fashion-mnist"]
        return subprocess.run(
            [sys.executable, *argv, "--url", site.url, "--data-dir", str(tmp_path)],
            env=os.environ | {"PYTHONPATH": here},
            capture_output=True,
            text=True,
            timeout=60,
        )

    site.send = cut_at(HALF)
    broken = real_command()
    assert (broken.returncode, broken.stdout) == (1, "")
    assert f"broke after {HALF:,}" in error_line(broken.stderr)
    assert [path.name for path in tmp_path.iterdir()] == [f"{first}.gz.part"]
    site.send = whole
    refused = real_command()
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "damaged or altered" in error_line(refused.stderr)
    assert site.requests[-1] == (f"/{first}.gz", f"bytes={HALF}-")
    assert not list(tmp_path.iterdir())
