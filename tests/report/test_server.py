"""The live page: that page and nothing else, to this computer alone, new when the run has news."""

import http.client
import json
import socket
import threading
import time

import pytest

from tinygan.errors import UserError
from tinygan.report import server as module
from tinygan.report.server import PageServer, served


@pytest.fixture
def server(trained):
    server = PageServer(trained()).start()
    yield server
    server.close()


class Address:
    """What `ask` needs of a server that is known by its address alone."""

    def __init__(self, address):
        self.server_port = int(address.rstrip("/").rpartition(":")[2])


def ask(server, path="/", method="GET", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    connection.request(method, path, headers={"Host": f"127.0.0.1:{server.server_port}"} | headers)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer, body


def test_the_page_and_its_story_are_served(server):
    answer, body = ask(server)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert json.dumps(server.told()[0]) in body
    answer, body = ask(server, "/story.json")
    assert json.loads(body)["title"] == "run: dcgan on fashion-mnist-subset"


def test_it_listens_to_this_computer_alone(server):
    assert server.server_address[0] == "127.0.0.1"
    assert server.address == f"http://127.0.0.1:{server.server_port}/"


@pytest.mark.parametrize(
    "path",
    ["/checkpoint.npz", "/config.json", "/../secret", "/samples/epoch_0001.png", "/%2e%2e/", "/?x"],
)
def test_no_file_is_served(server, path):
    answer, body = ask(server, path)
    assert answer.status == 404
    assert body == "only the page is served here"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_nothing_can_be_written(server, method):
    assert ask(server, method=method)[0].status == 501


def test_a_head_has_no_body(server):
    answer, body = ask(server, method="HEAD")
    assert (answer.status, body) == (200, "")
    assert int(answer.headers["Content-Length"]) > 10_000


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "0.0.0.0:80", ""])
def test_another_host_is_refused(server, host):
    answer, body = ask(server, Host=host)
    assert answer.status == 403
    assert body == f"open {server.address}"


def test_a_request_without_a_host_is_refused(server):
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=10) as connection:
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert b" 403 " in connection.recv(100)


def test_localhost_is_a_name_of_it(server):
    assert ask(server, Host=f"localhost:{server.server_port}")[0].status == 200


def test_the_story_is_sent_again_only_when_it_is_new(server, edit):
    first, body = ask(server, "/story.json")
    tag = {"If-None-Match": first.headers["ETag"]}
    again, nothing = ask(server, "/story.json", **tag)
    assert (again.status, nothing) == (304, "")
    edit(server.folder / "report.json", step=19, state="stopped")
    news, body = ask(server, "/story.json", **tag)
    assert news.status == 200
    assert json.loads(body)["state"] == {"word": "stopped", "text": "update 19 of 20"}
    assert news.headers["ETag"] != first.headers["ETag"]


def test_the_answers_forbid_what_a_page_could_do(server):
    headers = ask(server)[0].headers
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; img-src data:;")
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"


def test_a_folder_that_is_gone_is_said(server):
    (server.folder / "config.json").unlink()
    answer, body = ask(server, "/story.json")
    assert answer.status == 503
    assert "is not a run folder" in body


def test_a_page_that_cannot_be_made_is_said(server, monkeypatch):
    def broken(folders):
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(module, "story", broken)
    answer, body = ask(server)
    assert answer.status == 500
    assert body == "the page cannot be made: division by zero"


def test_nothing_is_printed(server, capfd):
    ask(server)
    ask(server, "/nothing")
    with socket.create_connection(("127.0.0.1", server.server_port)) as connection:
        connection.sendall(b"nonsense\r\n\r\n")
    ask(server)
    assert capfd.readouterr() == ("", "")


def test_nothing_is_written_in_the_folder(server):
    before = {file: file.stat().st_mtime_ns for file in server.folder.rglob("*")}
    ask(server)
    ask(server, "/story.json")
    assert {file: file.stat().st_mtime_ns for file in server.folder.rglob("*")} == before


def test_a_port_that_is_taken_is_said(server):
    with pytest.raises(UserError, match=r"cannot serve on port \d+: address already in use"):
        PageServer(server.folder, server.server_port)


def test_the_address_ends_with_the_block(trained):
    with served(trained()) as address:
        port = Address(address).server_port
        socket.create_connection(("127.0.0.1", port), timeout=10).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=10)


def test_an_open_page_gets_the_last_news(trained, edit):
    folder = trained()
    with served(folder) as address:
        server = Address(address)
        tag = ask(server, "/story.json")[0].headers["ETag"]
        edit(folder / "report.json", state="failed", why="the last news")
        seen = []

        def ask_again():
            time.sleep(0.3)  # as a page does, some time after the end
            seen.append(json.loads(ask(server, "/story.json", **{"If-None-Match": tag})[1]))

        page = threading.Thread(target=ask_again)
        page.start()
    page.join()
    assert seen[0]["state"]["word"] == "failed"


def test_where_no_page_is_open_nobody_waits(trained):
    began = time.monotonic()
    with served(trained()):
        pass
    assert time.monotonic() - began < 2
