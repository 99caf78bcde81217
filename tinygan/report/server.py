"""A run's page on 127.0.0.1, renewed as the run trains: read only, that page and nothing else."""

import contextlib
import hashlib
import os
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tinygan.errors import UserError, first_line
from tinygan.files import reason
from tinygan.report.page import page, policy
from tinygan.report.story import story
from tinygan.runs.lock import in_use
from tinygan.web import as_json

_FILES = (
    "config.json report.json metrics.csv validation.csv timing.csv health.csv result.json "
    "evaluation.json evaluation.npz curves.png checkpoint.npz"
).split()
_SECONDS = 10  # that a browser may take to ask
_RECENT = 3  # seconds within which an open page asks again


@contextlib.contextmanager
def served(folder):
    """A with-block in which the page of a run folder is served; it yields the address.

    At its end an open page gets the last news before the server is gone.
    """
    server = PageServer(folder).start()
    try:
        yield server.address
        server.send_the_last_news()
    finally:
        server.close()


class PageServer(ThreadingHTTPServer):
    """Serves the page of a run folder at "/" and its story at "/story.json".

    folder: the run folder. port: 0 takes a free one. Its address is in `.address`. It runs in the
    background from `start` on, and ends with the process or `close`.
    Only requests whose Host header names this very server are answered: a page from elsewhere
    cannot read it under a name of its own (DNS rebinding).
    Raises UserError when the port cannot be had.
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, folder, port=0):
        self.folder = Path(folder)
        self._told = threading.Lock()  # one story is made at a time
        self._tag = self._story = None
        self.sent, self.asked = None, -_RECENT  # the tag of what was last sent, and when
        try:
            super().__init__(("127.0.0.1", port), _Handler)
        except (OSError, OverflowError) as error:
            why = reason(error) if isinstance(error, OSError) else str(error)
            raise UserError(
                f"cannot serve on port {port}: {why}; leave --port out for a free one"
            ) from None
        self.hosts = {f"{name}:{self.server_port}" for name in ("127.0.0.1", "localhost")}
        self.address = f"http://127.0.0.1:{self.server_port}/"

    def start(self):
        threading.Thread(target=self.serve_forever, args=(0.1,), daemon=True).start()
        return self

    def close(self):
        self.shutdown()
        self.server_close()

    def told(self):
        """(tag, story) of the folder as it is now; made anew only when a file has changed."""
        with self._told:
            tag = _tag_of(self.folder)
            if tag != self._tag:
                self._story = story([self.folder])
                self._tag = tag
            return self._tag, self._story

    def send_the_last_news(self):
        """Wait until a page that is open has asked for the newest story, for a few seconds."""
        end = time.monotonic() + _RECENT
        while time.monotonic() < min(end, self.asked + _RECENT):
            if self.sent == _tag_of(self.folder):
                break
            time.sleep(0.05)

    def handle_error(self, request, client_address):
        """A browser that has gone is no news."""


class _Handler(BaseHTTPRequestHandler):
    """One request and its answer; the connection is closed then (HTTP/1.0)."""

    timeout = _SECONDS
    server_version, sys_version = "tinygan", ""

    def do_GET(self):
        if self.headers.get("Host") not in self.server.hosts:
            return self._answer(HTTPStatus.FORBIDDEN, "text/plain", f"open {self.server.address}")
        if self.path not in ("/", "/story.json"):
            return self._answer(HTTPStatus.NOT_FOUND, "text/plain", "only the page is served here")
        try:
            tag, told = self.server.told()
        except UserError as error:  # the folder is gone, or is no run any more
            return self._answer(HTTPStatus.SERVICE_UNAVAILABLE, "text/plain", str(error))
        except Exception as error:
            text = f"the page cannot be made: {first_line(error)}"
            return self._answer(HTTPStatus.INTERNAL_SERVER_ERROR, "text/plain", text)
        if self.path == "/":
            return self._answer(HTTPStatus.OK, "text/html", page(told, tag=tag))
        self.server.asked = time.monotonic()
        if self.headers.get("If-None-Match") == tag:
            self._answer(HTTPStatus.NOT_MODIFIED, "application/json", "", tag)
        else:
            self._answer(HTTPStatus.OK, "application/json", as_json(told), tag)
        self.server.sent = tag
        return None

    do_HEAD = do_GET

    def _answer(self, status, kind, text, tag=None):
        body = text.encode()
        self.send_response(status)
        headers = {
            "Content-Type": f"{kind}; charset=utf-8",
            "Content-Length": str(len(body)),
            "Cache-Control": "no-store",
            "Content-Security-Policy": f"{policy(live=True)}; frame-ancestors 'none'",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        } | ({"ETag": tag} if tag else {})  # fmt: skip
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *args):
        """Nothing is printed: the terminal is the training's."""


def _tag_of(folder):
    """A text that changes with the files that a page is made of."""
    facts = [str(in_use(folder))]
    for file in [*(folder / name for name in _FILES), *sorted(_listed(folder / "samples"))]:
        try:
            found = os.stat(file)
        except OSError:
            continue
        facts.append(f"{file} {found.st_mtime_ns} {found.st_size}")
    return f'"{hashlib.sha256(chr(10).join(facts).encode(errors="replace")).hexdigest()[:32]}"'


def _listed(folder):
    try:
        return [folder / name for name in os.listdir(folder)]
    except OSError:
        return []
