"""report.html in a run's folder: renewed as it trains, without taking time or risk."""

import pytest
from small_run import QUIET, after, never

from tinygan.errors import RunError, Stopped
from tinygan.report import Writer, writer
from tinygan.runs.lock import only_one


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


def test_pages_take_a_hundredth_of_the_time(monkeypatch):
    now, written = [100.0], []

    def write(folder):
        now[0] += 0.5 if written else 3  # seconds; the first one takes long
        written.append(now[0])

    monkeypatch.setattr(writer, "write_report", write)
    monkeypatch.setattr(writer.time, "monotonic", lambda: now[0])
    pages = Writer("run")
    for _ in range(500):
        pages.renew()
        now[0] += 1  # an epoch of one second
    assert len(written) == 11  # the first, and one every 50 seconds
    pages.renew(last=True)
    assert len(written) == 12


def test_a_run_whose_config_is_taken_away_goes_on(make_run, capsys):
    run = make_run()

    def stop():
        (run.folder / "config.json").unlink(missing_ok=True)
        return False

    assert run.train(QUIET, stop, Writer(run.folder).renew)
    assert "report.html is not renewed" in capsys.readouterr().err


def test_a_page_that_cannot_be_written_ends_no_run(make_run, capsys):
    run = make_run()
    (run.folder / "report.html").mkdir()
    assert run.train(QUIET, never, Writer(run.folder).renew)
    err = capsys.readouterr().err
    assert err.count("report.html: is a directory") == 1


def test_a_fault_in_a_page_ends_no_run_and_hides_no_failure(make_run, monkeypatch, capsys):
    def broken(folder):
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(writer, "write_report", broken)
    run = make_run()
    assert not run.train(QUIET, after(7), Writer(run.folder).renew)
    assert "report.html is not renewed: division by zero" in capsys.readouterr().err
    run = make_run(resume=True)
    run.training.model.networks["G"].params()[0].data[...] = float("nan")
    with pytest.raises(RunError, match="is nan at step 8"):
        run.train(QUIET, never, Writer(run.folder).renew)


def test_a_link_is_replaced_and_what_it_names_is_left_alone(trained, tmp_path):
    folder = trained()
    (tmp_path / "thesis.txt").write_text("years of work")
    (folder / "report.html").unlink()
    (folder / "report.html").symlink_to(tmp_path / "thesis.txt")
    writer.write_report(folder)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"
    assert "finished" in page(folder)


def test_a_run_that_is_stopped_at_once_says_so(make_run):
    run = make_run()

    def twice():
        raise KeyboardInterrupt

    with pytest.raises(Stopped):
        run.train(QUIET, twice, Writer(run.folder).renew)
    assert "stopped · update 0 of 20: stopped at once" in page(run.folder)
