"""Only a whole and verified file gets its name, whatever the server at the other end does."""

import contextlib
import gc
import gzip
import hashlib
import io
import os
import socket
import subprocess
import sys
import threading
import warnings
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

import tinygan
from tinygan import data
from tinygan.data import __main__ as command
from tinygan.data import download, fashion_mnist
from tinygan.errors import RunError, UserError, exit_on_error

CONTENTS = np.random.default_rng(0).bytes(300_000)
PACKED = gzip.compress(CONTENTS, mtime=0)
SHA256 = hashlib.sha256(CONTENTS).hexdigest()
HALF = len(PACKED) // 2
MAX_BYTES = 1_000_000


class Handler(BaseHTTPRequestHandler):
    """Serves site.files; HTTP/1.0, so that a connection ends with its answer, whole or not."""

    def do_GET(self):
        site = self.server.site
        wanted = self.headers["Range"] if site.ranges else None
        site.requests.append((self.path, self.headers["Range"]))
        with contextlib.suppress(ConnectionError):  # the client may have had enough
            if self.path not in site.files:
                self.send_error(404)
                return
            body = site.files[self.path]
            start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
            if start and start >= len(body):
                self.send_error(416)
                return
            self.send_response(206 if wanted else 200)
            site.send(self, body[start:])

    def log_message(self, *_):
        pass


class Site:
    """A web server on the loopback whose misbehaviour can be chosen."""

    def __init__(self):
        self.files, self.requests = {"/file.gz": PACKED}, []
        self.ranges = True
        self.send = whole
        self.over = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.site = self
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def close(self):
        self.over.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def whole(handler, body, announced=None):
    handler.send_header("Content-Length", str(announced or len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def cut_at(size):
    """Announces all, sends the first `size` bytes and closes the connection."""
    return lambda handler, body: whole(handler, body[:size], announced=len(body))


def stalling_at(size):
    """Sends the first `size` bytes, then nothing, and keeps the connection open."""

    def send(handler, body):
        whole(handler, body[:size], announced=len(body))
        handler.server.site.over.wait(10)

    return send


def in_chunks(behind):
    """The first 100,000 bytes in the chunked transfer encoding, and then what is `behind`."""

    def send(handler, body):
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for i in range(0, 100_000, 1000):
            handler.wfile.write(b"%x\r\n%b\r\n" % (1000, body[i : i + 1000]))
        handler.wfile.write(behind)

    return send


def endless(handler, body):
    handler.end_headers()
    while not handler.server.site.over.is_set():
        handler.wfile.write(body)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def site():
    site = Site()
    yield site
    site.close()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data" / "file.gz"


def fetch(site, path, **settings):
    settings = {"timeout": 10.0, "progress": None} | settings
    return download.fetch(f"{site.url}/file.gz", path, SHA256, MAX_BYTES, **settings)


def failure(site, path, **settings):
    """The one line that the failed download is ended with."""
    with pytest.raises(RunError) as caught:
        fetch(site, path, **settings)
    text = str(caught.value)
    assert f"{site.url}/file.gz" in text
    assert "\n" not in text
    return text


def folder(path):
    """{name: size} of what is in the folder of `path`."""
    return {entry.name: entry.stat().st_size for entry in path.parent.glob("*")}


def begin_half(site, path):
    site.send = cut_at(HALF)
    failure(site, path)
    assert folder(path) == {"file.gz.part": HALF}
    site.send = whole


# Whole downloads


def test_a_whole_download_gets_its_name_and_leaves_nothing_else(site, path):
    assert fetch(site, path) is True
    assert path.read_bytes() == PACKED
    assert folder(path) == {"file.gz": len(PACKED)}
    assert site.requests == [("/file.gz", None)]


def test_a_good_file_is_not_fetched_again(site, path):
    fetch(site, path)
    assert fetch(site, path) is False
    assert len(site.requests) == 1


@pytest.mark.parametrize(
    "wrong", [b"", b"not gzip", PACKED[:-9], gzip.compress(b"another file"), PACKED + b"garbage"]
)
def test_a_wrong_file_that_is_there_is_replaced(site, path, wrong):
    path.parent.mkdir()
    path.write_bytes(wrong)
    assert fetch(site, path) is True
    assert path.read_bytes() == PACKED
    assert folder(path) == {"file.gz": len(PACKED)}


def test_a_server_that_does_not_say_how_long_the_file_is_will_do(site, path):
    def send(handler, body):
        handler.end_headers()
        handler.wfile.write(body)

    site.send = send
    assert fetch(site, path) is True


def test_a_length_that_is_no_number_is_not_believed(site, path):
    site.send = lambda handler, body: whole(handler, body, announced="²")
    assert fetch(site, path) is True


# Broken connections


def test_a_broken_download_leaves_only_the_part_and_is_gone_on_with(site, path):
    begin_half(site, path)
    assert fetch(site, path) is True
    assert site.requests[-1] == ("/file.gz", f"bytes={HALF}-")
    assert path.read_bytes() == PACKED
    assert folder(path) == {"file.gz": len(PACKED)}


def test_the_message_of_a_broken_download_says_how_far_it_came_and_what_to_do(site, path):
    site.send = cut_at(HALF)
    text = failure(site, path)
    assert f"broke after {HALF:,}" in text
    assert "the same command goes on from there" in text


def test_without_ranges_the_server_sends_all_again(site, path):
    site.ranges = False
    begin_half(site, path)
    assert fetch(site, path) is True
    assert path.read_bytes() == PACKED


def test_a_download_may_break_many_times(site, path):
    site.send = cut_at(70_000)
    breaks = 0
    while len(PACKED) - breaks * 70_000 > 70_000:
        failure(site, path)
        breaks += 1
        assert folder(path) == {"file.gz.part": breaks * 70_000}
    assert fetch(site, path) is True
    assert path.read_bytes() == PACKED
    assert breaks == 4


def test_without_ranges_a_second_break_does_not_mix_up_the_bytes(site, path):
    site.ranges = False
    begin_half(site, path)
    site.send = cut_at(HALF // 2)
    failure(site, path)
    assert folder(path) == {"file.gz.part": HALF // 2}
    site.send = whole
    assert fetch(site, path) is True
    assert path.read_bytes() == PACKED


@pytest.mark.parametrize("behind", [b"", b"3e8\r\nabc", b"chunk\r\n", b"-5\r\nabc"])
def test_chunks_that_break_off_are_gone_on_with(site, path, behind):
    site.send = in_chunks(behind)
    assert "broke after" in failure(site, path)
    assert set(folder(path)) == {"file.gz.part"}
    assert PACKED.startswith(path.with_name("file.gz.part").read_bytes())
    site.send = whole
    assert fetch(site, path) is True
    assert path.read_bytes() == PACKED


def test_a_server_that_falls_silent_is_not_waited_for_beyond_the_timeout(site, path):
    site.send = stalling_at(HALF)
    text = failure(site, path, timeout=0.2)
    assert "broke after" in text
    assert "timed out" in text
    assert set(folder(path)) == {"file.gz.part"}
    site.send = whole
    assert fetch(site, path) is True


def test_ctrl_c_keeps_what_is_there_and_the_next_call_goes_on(site, path):
    class Impatient(io.StringIO):
        def write(self, text):
            raise KeyboardInterrupt

    site.send = stalling_at(HALF)
    with pytest.raises(KeyboardInterrupt):
        fetch(site, path, progress=Terminal(Impatient))
    assert set(folder(path)) == {"file.gz.part"}
    site.send = whole
    assert fetch(site, path) is True
    assert site.requests[-1][1] is not None


def test_the_name_never_belongs_to_half_a_file(site, path):
    seen = []

    def send(handler, body):
        seen.append(path.exists())
        whole(handler, body[:HALF], announced=len(body))
        seen.append(path.exists())
        handler.wfile.write(body[HALF:])
        seen.append(path.exists())

    site.send = send
    replace = os.replace

    def complete_by_now(source, target):
        assert Path(source).read_bytes() == PACKED
        replace(source, target)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "replace", complete_by_now)
        assert fetch(site, path) is True
    assert seen == [False, False, False]


def test_a_complete_part_needs_its_name_only(site, path):
    path.parent.mkdir()
    path.with_name("file.gz.part").write_bytes(PACKED)
    assert fetch(site, path) is True
    assert site.requests == [("/file.gz", f"bytes={len(PACKED)}-")]
    assert folder(path) == {"file.gz": len(PACKED)}


@pytest.mark.parametrize("wrong", [bytes(len(PACKED)), PACKED + b"more", bytes(1000)])
def test_a_part_of_something_else_is_removed_and_the_next_call_begins_anew(site, path, wrong):
    path.parent.mkdir()
    path.with_name("file.gz.part").write_bytes(wrong)
    assert "damaged or altered" in failure(site, path)
    assert folder(path) == {}
    assert fetch(site, path) is True
    assert path.read_bytes() == PACKED


# Wrong contents


WRONG_BODIES = {
    "altered": gzip.compress(CONTENTS[:-1] + b"!", mtime=0),
    "gzip cut": PACKED[:-1],
    "gzip checksum": PACKED[:-8] + bytes(8),
    "not gzip": b"<html>please log in</html>",
    "nothing": b"",
    "unpacks to too much": gzip.compress(bytes(30 * MAX_BYTES)),
}


@pytest.mark.parametrize("name", WRONG_BODIES)
def test_wrong_contents_are_removed_and_never_get_the_name(site, path, name):
    site.files["/file.gz"] = WRONG_BODIES[name]
    text = failure(site, path)
    assert "damaged or altered" in text
    assert "removed" in text
    assert folder(path) == {}


def test_wrong_contents_leave_the_file_that_was_there_as_it_was(site, path):
    path.parent.mkdir()
    path.write_bytes(b"old")
    site.files["/file.gz"] = WRONG_BODIES["altered"]
    failure(site, path)
    assert path.read_bytes() == b"old"
    assert folder(path) == {"file.gz": 3}


def test_an_announced_length_beyond_the_limit_is_not_even_begun(site, path):
    site.send = lambda handler, body: whole(handler, body, announced=MAX_BYTES + 1)
    assert f"announces {MAX_BYTES + 1:,} bytes" in failure(site, path)
    assert folder(path) == {}


def test_a_body_without_end_is_cut_off_and_leaves_no_bytes(site, path):
    site.send = endless
    assert f"sends more than the {MAX_BYTES:,} bytes" in failure(site, path)
    assert sum(folder(path).values()) == 0
    assert not path.exists()
    site.send = whole
    assert fetch(site, path) is True


# Servers that are not there


def test_a_missing_file_is_an_error_that_quotes_the_answer(site, path):
    site.files.clear()
    assert "answered 404 Not Found" in failure(site, path)
    assert folder(path) == {}


@pytest.mark.parametrize("answer", [404, 416])
def test_an_error_that_was_answered_leaves_no_connection_open(site, path, answer):
    if answer == 404:
        site.files.clear()
    else:
        path.parent.mkdir()
        path.with_name("file.gz.part").write_bytes(PACKED + b"more")
    gc.collect()
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        failure(site, path)
        gc.collect()
    assert not [str(warning.message) for warning in seen]


def test_a_server_that_hangs_up_at_once_is_an_error(path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=lambda: listener.accept()[0].close())
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/file.gz"
        with pytest.raises(RunError, match="cannot reach"):
            download.fetch(url, path, SHA256, MAX_BYTES, timeout=5.0, progress=None)
        thread.join()
    assert folder(path) == {}


def nobody():
    """The address of a port at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_a_port_at_which_nobody_listens_is_an_error(path):
    url = f"{nobody()}/file.gz"
    with pytest.raises(RunError, match="cannot reach") as caught:
        download.fetch(url, path, SHA256, MAX_BYTES, timeout=1.0, progress=None)
    assert url in str(caught.value)
    assert folder(path) == {}


@pytest.mark.parametrize(
    "url",
    [
        "127.0.0.1/no-scheme",
        "no-scheme",
        "gopher://127.0.0.1",
        "http://",
        "http://[::1",
        "http://127.0.0.1:port",
        "http://127.0.0.1/ü",
        "http://127.0.0.1/a b",
    ],
)
def test_an_address_that_leads_nowhere_is_an_error_that_quotes_it(path, url):
    with pytest.raises((UserError, RunError)) as caught:
        download.fetch(f"{url}/file.gz", path, SHA256, MAX_BYTES, timeout=1.0, progress=None)
    assert f"{url}/file.gz" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert folder(path) == {}


def test_a_folder_that_cannot_be_made_is_the_users_error(site, tmp_path):
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "file.gz"
    with pytest.raises(UserError, match="cannot write") as caught:
        fetch(site, path)
    assert str(path) in str(caught.value)


def test_a_name_too_long_for_the_file_system_is_the_users_error(site, tmp_path):
    with pytest.raises(UserError, match="too long"):
        fetch(site, tmp_path / ("x" * 300) / "file.gz")


# Progress


class Terminal:
    """A stream that says it is a terminal."""

    def __init__(self, stream=io.StringIO):
        self.stream = stream()

    def isatty(self):
        return True

    def write(self, text):
        return self.stream.write(text)

    def flush(self):
        pass


def test_the_progress_ends_in_one_line_with_the_size(site, path):
    log = io.StringIO()
    fetch(site, path, progress=log)
    assert log.getvalue() == "file.gz  0.3 of 0.3 MB\n"


def test_a_terminal_sees_one_line_that_is_written_over(site, path):
    terminal = Terminal()
    fetch(site, path, progress=terminal)
    text = terminal.stream.getvalue()
    assert text.startswith("\rfile.gz  0.1 of 0.3 MB")
    assert text.endswith("\rfile.gz  0.3 of 0.3 MB\n")
    assert text.count("\n") == 1


def test_on_a_terminal_an_error_begins_on_a_line_of_its_own(site, path):
    site.send = stalling_at(HALF)
    terminal = Terminal()
    failure(site, path, timeout=0.2, progress=terminal)
    assert terminal.stream.getvalue().endswith("\n")


# The command


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
    """The last of the lines, which alone speaks of an error."""
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
        assert f"{name}.gz is there already, and good" in err
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
        (["fetch"], "required: name"),
        ([], "required: action, name"),
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
    def broken_off(response, *_):
        raise KeyboardInterrupt

    monkeypatch.setattr(download, "_show", broken_off)
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
    assert f"broke after {HALF:,} of {len(PACKED):,} bytes" in error_line(broken.stderr)
    assert [path.name for path in tmp_path.iterdir()] == [f"{first}.gz.part"]
    site.send = whole
    refused = real_command()
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "damaged or altered" in error_line(refused.stderr)
    assert site.requests[-1] == (f"/{first}.gz", f"bytes={HALF}-")
    assert not list(tmp_path.iterdir())
