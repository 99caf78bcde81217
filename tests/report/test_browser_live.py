"""The live page in a real browser: new epochs come to it as a run trains; and when they end."""

import contextlib
import subprocess
import sys
import threading

import pytest

from tinygan.errors import RunError
from tinygan.progress import Progress
from tinygan.report.server import PageServer
from tinygan.runs import run
from tinygan.runs.lock import only_one

pytest_plugins = ["real_browser", "report_pages"]
pytestmark = pytest.mark.browser

PER_EPOCH = 5  # updates


@pytest.fixture
def quick(monkeypatch):
    """Pages that ask for news ten times a second, and runs that tell of each epoch."""
    module = sys.modules["tinygan.report.page"]  # the name in tinygan.report is the function's
    text = module._script()
    assert "ASK_EVERY = 2000;" in text
    quicker = text.replace("ASK_EVERY = 2000;", "ASK_EVERY = 100;")
    monkeypatch.setattr(module, "_script", lambda: quicker)
    monkeypatch.setattr(run, "TOLD_EVERY", -1)


class Trained:
    """A run that trains in a thread, an epoch at each call of epoch()."""

    def __init__(self, run):
        self.run, self.folder, self.ended = run, run.folder, False
        self._allowed, self._closed = threading.Semaphore(0), threading.Semaphore(0)
        self._updates = 0
        self._thread = threading.Thread(target=self._train, daemon=True)
        self._thread.start()
        assert self._closed.acquire(timeout=60)  # the folder is there

    def epoch(self):
        """Let it train one epoch, and wait for the end of that."""
        self._allowed.release()
        assert self._closed.acquire(timeout=60)

    def end(self):
        """Let it stop, if it has not finished."""
        self.ended = True
        self._allowed.release()
        self._thread.join(60)

    def _train(self):
        with only_one(self.folder), contextlib.suppress(RunError):
            self.run.train(Progress(quiet=True), self._asked, self._reported)

    def _reported(self, last=False):
        """The first call comes at the start, then one after each epoch, then the last."""
        self._closed.release()

    def _asked(self):
        self._updates += 1
        if self._updates % PER_EPOCH == 1:  # the first update of an epoch
            assert self._allowed.acquire(timeout=60)
        return self.ended


@pytest.fixture
def training(make_run, quick):
    found = Trained(make_run(lr=0.01))  # each epoch looks different
    yield found
    found.end()


@pytest.fixture
def live(browser, quick):
    """live(folder): its page in the browser, from a server of its own; the server."""
    servers = []

    def serve(folder):
        servers.append(PageServer(folder).start())
        browser.open(servers[-1].address)
        browser.js("window.kept = 1")  # gone when the page is loaded again
        return servers[-1]

    yield serve
    browser.driver.get("about:blank")
    for server in servers:
        server.close()


def at(browser):
    """(the slider's place, its end, the label, whether this is still the page that was opened)"""
    return tuple(browser.js("""
        const slider = document.getElementById("slider");
        return [+slider.value, +slider.max, document.getElementById("place").textContent,
          window.kept === 1]"""))  # fmt: skip


def trouble(browser):
    """What the page shows of a server that does not answer as it should."""
    note = browser.find("#trouble")
    return note.text if note.is_displayed() else ""


def test_new_epochs_come_to_a_page_that_is_open(browser, live, training):
    server = live(training.folder)
    assert "training · update 0 of 20" in browser.text("#state")
    assert "No sheet of samples yet." in browser.text("#samples-note")
    assert not browser.find("#controls").is_displayed()

    training.epoch()
    browser.wait(lambda: "update 5 of 20" in browser.text("#state"), "epoch 1")
    assert at(browser) == (0, 0, "epoch 1", True)
    first = browser.find("#sheets img").get_attribute("src")

    training.epoch()  # the slider is at the end: it follows
    browser.wait(lambda: at(browser) == (1, 1, "epoch 2", True), "epoch 2")
    assert browser.find("#sheets img").get_attribute("src") != first
    browser.js("document.getElementById('slider').focus()")
    browser.press("HOME")
    assert at(browser) == (0, 1, "epoch 1", True)

    training.epoch()  # the slider is at epoch 1: it stays
    browser.wait(lambda: at(browser) == (0, 2, "epoch 1", True), "epoch 3")
    assert browser.find("#sheets img").get_attribute("src") == first
    assert browser.driver.switch_to.active_element.get_attribute("id") == "slider"
    browser.js("document.querySelector('.panel:nth-child(2) svg').focus();"
               "window.scrollTo(0, 300)")  # fmt: skip

    training.epoch()
    browser.wait(lambda: at(browser) == (0, 3, "epoch 1", True), "epoch 4")
    assert browser.js("return scrollY") == 300
    focus = "return document.activeElement === document.querySelector('.panel:nth-child(2) svg')"
    assert browser.js(focus)
    training.end()
    browser.wait(lambda: browser.text("#state") == "finished · update 20 of 20", "the end")
    assert at(browser) == (0, 3, "epoch 1", True)
    browser.wait(lambda: browser.all(".command button"), "what to type")
    assert (trouble(browser), browser.console()) == ("", [])
    asked = {address for address in browser.requested() if not address.startswith("data:")}
    assert asked == {server.address, f"{server.address}story.json"}


def test_a_renewal_leaves_what_is_shown_in_its_place(browser, live, training):
    training.epoch(), training.epoch()
    live(training.folder)
    browser.wait(lambda: at(browser)[1] == 1, "two epochs")
    places = """return ["#sheets img", "#slider", "#classes", "#panels", ".panel:nth-child(3)"]
        .map((name) => document.querySelector(name).getBoundingClientRect().y)"""
    before = browser.js(places)
    training.epoch()
    browser.wait(lambda: at(browser)[1] == 2, "a third epoch")
    assert browser.js(places) == before


def test_a_renewal_leaves_the_keyboard_where_it_is(browser, live, training):
    training.epoch(), training.epoch()
    live(training.folder)
    browser.wait(lambda: at(browser)[1] == 1, "two epochs")
    browser.js("""window.held = document.querySelector("#commands button"); window.held.focus();
        window.facts = document.querySelector("#facts")""")
    training.epoch()
    browser.wait(lambda: at(browser)[1] == 2, "a third epoch")
    assert browser.js("return document.activeElement === window.held")
    assert not browser.js("return window.facts.isConnected")  # those have changed
    ids = browser.js('return [...document.querySelectorAll("#sections > *")].map((one) => one.id)')
    assert ids == ["facts", "networks", "settings", "commands"]


def test_playing_goes_on_through_a_renewal(browser, live, training):
    training.epoch(), training.epoch()
    live(training.folder)
    browser.wait(lambda: at(browser)[1] == 1, "two epochs")
    browser.js("const real = setInterval; window.setInterval = (f, ms) => real(f, 3 * ms);")
    browser.find("#play").click()
    training.epoch()
    browser.wait(lambda: at(browser)[1] == 2, "a third epoch")
    browser.wait(lambda: browser.text("#play") == "Play", "the end of playing")
    assert at(browser) == (2, 2, "epoch 3", True)


def test_a_run_that_fails_says_so(browser, live, training):
    training.epoch()
    live(training.folder)
    training.run.training.model.networks["G"].params()[0].data[...] = float("nan")
    training.epoch()
    browser.wait(lambda: browser.text("#state").startswith("failed · update "), "word of it")
    assert " is nan at step " in browser.text("#state")
    assert browser.console() == []


def test_a_page_whose_program_has_ended_says_so_and_stays(browser, finished):
    """The browser itself logs each request that found nobody: nothing else is logged."""
    command = [sys.executable, "-m", "tinygan.watch", str(finished)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        try:
            address = program.stdout.readline().split()[-1]
            browser.open(address)
            browser.wait(lambda: browser.text("#made").startswith("Made by"), "the page")
            assert browser.console() == []
        finally:
            program.terminate()
    browser.wait(lambda: "has ended" in trouble(browser), "word of the end")
    browser.press("ARROW_LEFT")
    assert browser.text("#place") == "epoch 3"
    said = browser.console()
    assert said
    assert all("story.json - Failed to load resource: net::ERR_" in line for line in said)


def test_a_page_whose_server_has_come_back_goes_on(browser, live, finished):
    server = live(finished)
    server.close()
    browser.wait(lambda: "has ended" in trouble(browser), "word of the end", seconds=5)
    again = PageServer(finished, server.server_port).start()
    try:
        browser.wait(lambda: not trouble(browser), "an answer")
    finally:
        again.close()


def test_a_folder_that_is_taken_away_is_said(browser, live, pictured):
    folder = pictured("away")
    live(folder)
    (folder / "config.json").rename(folder / "elsewhere.json")
    browser.wait(lambda: "is not a run folder" in trouble(browser), "word of that")
    (folder / "elsewhere.json").rename(folder / "config.json")
    browser.wait(lambda: not trouble(browser), "the run again")
    assert at(browser) == (3, 3, "epoch 4", True)
