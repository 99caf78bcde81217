"""A hostile run in a real browser: its words stay text, and what gets past that is not let run."""

import contextlib
import csv
import json
import socket
import threading

import pytest

from tinygan.report import page, story, write_report
from tinygan.report.server import PageServer

pytest_plugins = ["real_browser", "report_pages"]
pytestmark = pytest.mark.browser

IMAGE = '"><img src=x onerror="window.hacked=1">'
TAGS = f"</script x>{IMAGE}<script>window.hacked=1</script>"
NAME = IMAGE  # of a folder, where / cannot be


@pytest.fixture
def hostile(trained, edit):
    """hostile(name): the folder of a run with markup wherever a file of it can have text."""

    def make(name=NAME):
        folder = trained(name)
        config = json.loads((folder / "config.json").read_text())
        config["options"] |= {TAGS: TAGS}
        config["trained_on"]["name"] = TAGS
        config["versions"] |= {TAGS: TAGS}
        config["changes"] = [{"step": 3, "what": TAGS, "before": TAGS, "now": TAGS}]
        config["recipe"] = TAGS
        (folder / "config.json").write_text(json.dumps(config))
        data = json.loads((folder / "report.json").read_text())
        data |= {"state": "failed", "why": TAGS, "weights": {TAGS: 3}}
        for panel in data["panels"]:
            panel["label"] = TAGS
            panel["guides"] = [{"name": TAGS, "level": 0.5}]
            for line in panel["lines"]:
                line["name"] = TAGS
        data["networks"][0]["name"] = data["networks"][0]["rows"][0][0] = TAGS
        (folder / "report.json").write_text(json.dumps(data))
        (folder / "result.json").write_text(json.dumps({"step": 20, TAGS: 1.5}))
        columns, *rows = csv.reader((folder / "metrics.csv").read_text().splitlines())
        with open(folder / "metrics.csv", "w", newline="") as file:
            csv.writer(file).writerows([columns[:2] + [TAGS] * len(columns[2:]), *rows])
        write_report(folder)
        return folder

    return make


def assert_harmless(browser, images):
    """Nothing ran, nothing was made an element, and the markup is there to be read."""
    browser.press("ARROW_LEFT", "ARROW_RIGHT")
    assert browser.js("return window.hacked") is None
    assert len(browser.all("script")) == 2
    assert len(browser.all("img")) == images
    assert browser.all("iframe, object, a, link:not([rel=icon])") == []
    assert browser.js("""return [...document.querySelectorAll("*")].filter((node) =>
        [...node.attributes].some((one) => one.name.startsWith("on"))).length""") == 0  # fmt: skip
    assert browser.console() == []


def test_the_words_of_a_hostile_run_stay_text(browser, hostile):
    browser.open(hostile())
    assert_harmless(browser, images=1)
    assert browser.text("h1") == browser.driver.title == f"{NAME}: {TAGS} on {TAGS}"
    assert TAGS in browser.text("#state")
    assert browser.text(".panel h3") == TAGS
    for place in ("#panels .readout", "#panels svg", "#facts", "#networks", "#settings"):
        assert TAGS[:39] in browser.text(place), place  # the first part of what is shortened


def test_those_of_one_without_report_json_do_too(browser, hostile):
    folder = hostile("plain")
    config = json.loads((folder / "config.json").read_text()) | {"recipe": "dcgan"}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "report.json").unlink()
    write_report(folder)
    browser.open(folder)
    assert_harmless(browser, images=1)
    assert browser.text(".panel h3").startswith(TAGS[:39])


def test_those_of_a_live_page_do_too(browser, hostile):
    server = PageServer(hostile()).start()
    try:
        browser.open(server.address)
        asked = f"{server.address}story.json"
        browser.wait(lambda: asked in browser.requested(), "a question for news")
        browser.wait(lambda: "Made by" in browser.text("#made"), "an answer")
        assert_harmless(browser, images=1)
    finally:
        browser.driver.get("about:blank")
        server.close()


def test_those_of_a_comparison_do_too(browser, hostile, finished, tmp_path):
    (tmp_path / "report.html").write_text(page(story([hostile(), finished])), encoding="utf-8")
    browser.open(tmp_path)
    assert_harmless(browser, images=2)
    assert NAME in browser.text("#sheets")


@pytest.fixture
def listener():
    """A place that nobody may call, and what was asked there: (address, a list of requests)."""
    calls = []
    server = socket.create_server(("127.0.0.1", 0))

    def answer(connection):
        with connection, contextlib.suppress(OSError):
            connection.settimeout(5)
            if asked := connection.recv(1000):  # not only connected, in case there would be one
                calls.append(asked.split(b"\r\n")[0])
                connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")

    def listen():
        with contextlib.suppress(OSError):  # closed
            while True:
                threading.Thread(target=answer, args=server.accept()[:1], daemon=True).start()

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.getsockname()[1]}", calls
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join(10)


def planted(text, address):
    """The text of a page into which someone has got elements of his own."""
    return text.replace(
        "<main>",
        f"""<script>window.hacked = 1; fetch("{address}/fetched")</script>
        <script src="data:text/javascript,window.hacked=1"></script>
        <script src="{address}/script.js"></script>
        <img src="data:image/png,x" onerror="window.hacked=1"><img src="{address}/image.png">
        <iframe srcdoc="<script>parent.hacked=1</script>"></iframe>
        <iframe src="{address}/frame"></iframe><link rel="stylesheet" href="{address}/style.css">
        <style>main {{ display: none }}</style><base href="{address}/"><main>""",
    )


def test_what_gets_into_a_page_is_not_let_run(browser, finished, listener, tmp_path):
    address, calls = listener
    text = (finished / "report.html").read_text(encoding="utf-8")
    (tmp_path / "planted.html").write_text(planted(text, address), encoding="utf-8")
    browser.open(tmp_path / "planted.html")
    assert browser.js("return window.hacked") is None
    assert calls == []
    assert len([said for said in browser.console() if "Content Security Policy" in said]) >= 7
    assert browser.find("main").is_displayed()
    browser.press("ARROW_LEFT")
    assert browser.text("#place") == "epoch 3"  # the page's own script runs


def test_without_the_policy_it_would_have_run(browser, finished, listener, tmp_path):
    """The measure of the test above: what it plants does harm."""
    address, calls = listener
    text = (finished / "report.html").read_text(encoding="utf-8")
    text = planted(text, address).replace('http-equiv="Content-Security-Policy"', "")
    (tmp_path / "planted.html").write_text(text, encoding="utf-8")
    browser.open(tmp_path / "planted.html")
    assert browser.js("return window.hacked") == 1
    assert not browser.find("main").is_displayed()
    assert calls


@pytest.mark.parametrize(
    "panel",
    [
        {"log": True, "limits": [0, 1]},
        {"log": True, "guides": [{"name": "nothing", "level": 0}]},
        {"limits": [4e15, 4e15 + 1]},
        {"limits": [-1e100, 1e100]},
        {"limits": [1, 1 + 1e-15]},
        {"log": True, "limits": [1e-100, 1e100]},
    ],
)
def test_absurd_numbers_do_not_stop_the_page(browser, trained, panel):
    folder = trained()
    data = json.loads((folder / "report.json").read_text())
    data["panels"][0] |= panel
    for line in data["panels"][1]["lines"]:
        line |= {name: [4e15] * len(line["steps"]) for name in ("means", "lows", "highs")}
    data["panels"][1]["limits"] = None
    (folder / "report.json").write_text(json.dumps(data))
    write_report(folder)
    browser.open(folder)
    assert browser.find("#commands") is not None
    assert browser.console() == []
