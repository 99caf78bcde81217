"""report.html in a run's folder: renewed as it trains, without taking time or risk."""

import pytest

from tinygan.errors import RunError
from tinygan.progress import Progress
from tinygan.report import Writer, writer
from tinygan.runs.lock import only_one

QUIET = Progress(quiet=True)


def never():
    return False


def after(steps):
    asked = iter(range(1, 10**6))
    return lambda: next(asked) >= steps


def page(folder):
    return (folder / "report.html").read_text(encoding="utf-8")


def test_a_page_is_there_from_the_start_and_at_the_end(make_run):
    run, pages = make_run(), []

    def stop():
        pages.append(page(run.folder))
        return False

    with only_one(run.folder):
        run.train(QUIET, stop, Writer(run.folder).renew)
    assert "training · update 0 of 20" in pages[0]
    assert "finished · update 20 of 20" in page(run.folder)


def test_a_stopped_and_a_failed_run_have_their_page(make_run):
    run = make_run()
    run.train(QUIET, after(7), Writer(run.folder).renew)
    assert "stopped · update 7 of 20" in page(run.folder)
    run = make_run(resume=True)
    run.training.model.networks["G"].params()[0].data[...] = float("nan")
    with pytest.raises(RunError):
        run.train(QUIET, never, Writer(run.folder).renew)
    assert "failed · update 7 of 20: " in page(run.folder)
    assert "is nan at step 8" in page(run.folder)


def test_pages_take_a_hundredth_of_the_time(make_run, monkeypatch):
    now = [100.0]

    def write(folder):
        now[0] += 0.5  # a page takes half a second
        written.append(now[0])

    written = []
    monkeypatch.setattr(writer, "write_report", write)
    monkeypatch.setattr(writer.time, "monotonic", lambda: now[0])
    pages = Writer("run")
    for _ in range(500):
        pages.renew()
        now[0] += 1  # an epoch of one second
    assert len(written) == 10  # one every 50 seconds
    assert pages.seconds == 5
    pages.renew(last=True)
    assert len(written) == 11


def test_a_run_whose_config_is_taken_away_goes_on(make_run, capsys):
    run = make_run()

    def stop():
        (run.folder / "config.json").unlink(missing_ok=True)
        return False

    assert run.train(QUIET, stop, Writer(run.folder).renew)
    assert "report.html is not renewed" in capsys.readouterr().err


def test_a_page_that_cannot_be_written_ends_the_run_in_a_sentence(make_run):
    run = make_run()
    (run.folder / "report.html").mkdir()
    with pytest.raises(RunError, match=r"cannot write .*report\.html: is a directory"):
        run.train(QUIET, never, Writer(run.folder).renew)
