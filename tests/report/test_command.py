"""python -m tinygan.report: the page of a run, or of several."""

import pytest

from tinygan.report.__main__ import main


@pytest.fixture
def report(cli):
    return lambda words: cli(main, words)


def test_a_page_is_made_anew_in_the_runs_folder(trained, report):
    folder = trained()
    (folder / "report.html").unlink()
    code, out, err = report("run")
    assert (code, err) == (0, "")
    assert out.splitlines()[0].startswith(
        "4 sheets of samples, 3 panels of curves: run/report.html"
    )
    assert "tinygan.evaluate run" in out.splitlines()[-1]
    assert (folder / "report.html").exists()


def test_several_runs_are_one_page(trained, report, tmp_path):
    trained("a"), trained("b")
    code, out, _ = report("a b a/")
    assert code == 0
    assert "2 runs side by side" in (tmp_path / "comparison.html").read_text()
    assert "tinygan.evaluate a" in out.splitlines()[-1]


def test_the_page_goes_where_it_is_asked_to(trained, report, tmp_path):
    trained()
    assert report("run --out page.html")[0] == 0
    assert (tmp_path / "page.html").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("nothing", "nothing is not a run folder: there is no such folder"),
        ("run --out page.pdf", "--out page.pdf should end in .html"),
        ("run --out no/page.html", "cannot write no/page.html: there is no folder no"),
    ],
)
def test_mistakes_are_one_sentence(trained, report, words, sentence):
    trained()
    code, out, err = report(words)
    assert (code, out) == (2, "")
    assert err == f"tinygan: {sentence}\n"
