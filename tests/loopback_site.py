"""A web server on the loopback that can be told to misbehave, and the file it serves."""

import contextlib
import gzip
import hashlib
import socket
import threading
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer

import numpy as np

CONTENTS = np.random.default_rng(0).bytes(300_000)
PACKED = gzip.compress(CONTENTS, mtime=0)
SHA256 = hashlib.sha256(CONTENTS).hexdigest()
HALF = len(PACKED) // 2
MAX_BYTES = 1_000_000  # what a test accepts


class Handler(BaseHTTPRequestHandler):
    """Serves site.files; HTTP/1.0, so that a connection ends with its answer, whole or not."""

    def do_GET(self):
        site = self.server.site
        wanted = self.headers["Range"] if site.ranges else None
        site.requests.append((self.path, self.headers["Range"]))
        with contextlib.suppress(OSError):  # the client may have had enough
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
        self.server = ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.site = self
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
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


def nobody():
    """The address of a port at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"
