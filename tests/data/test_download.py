"""Only a complete and verified file gets its name, whatever the server does."""

import gc
import gzip
import hashlib
import io
import os
import socket
import threading
import warnings
from pathlib import Path

import pytest
from loopback_site import (
    CONTENTS,
    HALF,
    MAX_BYTES,
    PACKED,
    SHA256,
    cut_at,
    in_chunks,
    nobody,
    stalling_at,
    whole,
)

from tinygan.data import download
from tinygan.errors import RunError, UserError


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data" / "file.gz"


def fetch(site, path, sha256=SHA256, **settings):
    settings = {"timeout": 10.0, "progress": None} | settings
    return download.fetch(f"{site.url}/file.gz", path, sha256, MAX_BYTES, **settings)


def failure(site, path, **settings):
    """The one-line error of a download that fails."""
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


def test_the_server_need_not_announce_the_length(site, path):
    def send(handler, body):
        handler.end_headers()
        handler.wfile.write(body)

    site.send = send
    assert fetch(site, path) is True


def test_a_length_that_is_not_a_number_is_ignored(site, path):
    site.send = lambda handler, body: whole(handler, body, announced="²")
    assert fetch(site, path) is True


# Broken connections


def test_a_broken_download_leaves_only_the_part_and_is_continued(site, path):
    begin_half(site, path)
    assert fetch(site, path) is True
    assert site.requests[-1] == ("/file.gz", f"bytes={HALF}-")
    assert path.read_bytes() == PACKED
    assert folder(path) == {"file.gz": len(PACKED)}


def test_the_message_of_a_broken_download_says_how_much_arrived_and_what_to_do(site, path):
    site.send = cut_at(HALF)
    text = failure(site, path)
    assert f"broke after {HALF:,}" in text
    assert "run the same command again to continue" in text


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
def test_a_download_in_chunks_that_breaks_is_continued(site, path, behind):
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


def test_two_at_once_do_not_share_a_file_and_both_succeed(site, path):
    begun, go_on, found = threading.Event(), threading.Event(), []

    def waits_in_the_middle(handler, body):
        whole(handler, body[:HALF], announced=len(body))
        begun.set()
        go_on.wait(10)
        handler.wfile.write(body[HALF:])

    handlers = iter([waits_in_the_middle, whole])
    site.send = lambda *args: next(handlers)(*args)
    first = threading.Thread(target=lambda: found.append(fetch(site, path)))
    first.start()
    assert begun.wait(10)
    assert fetch(site, path) is True  # the second one begins later and ends earlier
    assert path.read_bytes() == PACKED
    assert set(folder(path)) == {"file.gz", "file.gz.part"}
    go_on.set()
    first.join()
    assert found == [True]
    assert path.read_bytes() == PACKED
    assert set(folder(path)) == {"file.gz"}


def test_ctrl_c_keeps_the_part_and_the_next_call_continues(site, path):
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


def test_an_incomplete_file_never_gets_the_name(site, path):
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


def test_a_complete_part_is_only_renamed(site, path):
    path.parent.mkdir()
    path.with_name("file.gz.part").write_bytes(PACKED)
    assert fetch(site, path) is True
    assert site.requests == [("/file.gz", f"bytes={len(PACKED)}-")]
    assert folder(path) == {"file.gz": len(PACKED)}


@pytest.mark.parametrize("wrong", [bytes(len(PACKED)), PACKED + b"more", bytes(1000)])
def test_a_part_of_another_file_is_removed_and_the_next_call_starts_again(site, path, wrong):
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
    "another file": gzip.compress(b"another file"),
}


@pytest.mark.parametrize("name", WRONG_BODIES)
def test_wrong_contents_are_removed_and_never_get_the_name(site, path, name):
    site.files["/file.gz"] = WRONG_BODIES[name]
    text = failure(site, path)
    assert "damaged or altered" in text
    assert "removed" in text
    assert folder(path) == {}


def test_contents_that_unpack_to_more_than_the_limit_are_wrong_even_with_the_right_digest(
    site, path
):
    contents = bytes(MAX_BYTES + 1)
    site.files["/file.gz"] = gzip.compress(contents)
    sha256 = hashlib.sha256(contents).hexdigest()
    assert "damaged or altered" in failure(site, path, sha256=sha256)
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
    sizes = []

    def send(handler, body):
        handler.end_headers()
        while not site.over.is_set():
            handler.wfile.write(body)
            sizes.append(sum(folder(path).values()))

    site.send = send
    assert f"sends more than the {MAX_BYTES:,} bytes" in failure(site, path)
    assert max(sizes) < 1.2 * MAX_BYTES
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


def test_on_a_terminal_one_line_is_overwritten(site, path, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    fetch(site, path, progress=terminal)
    text = terminal.stream.getvalue()
    assert text.startswith("\rfile.gz  0.1 of 0.3 MB")
    assert text.split("\r")[-1].rstrip() == "file.gz  0.3 of 0.3 MB"
    assert text.count("\n") == 1


def test_on_a_terminal_an_error_begins_on_a_line_of_its_own(site, path):
    site.send = stalling_at(HALF)
    terminal = Terminal()
    failure(site, path, timeout=0.2, progress=terminal)
    assert terminal.stream.getvalue().endswith("\n")
