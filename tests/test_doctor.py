"""python -m tinygan.doctor: what it says of a run afterwards, from its files and its checkpoint."""

import json

import pytest
from small_run import QUIET, after, never

from tinygan import doctor
from tinygan.errors import UserError
from tinygan.health.illnesses import THRESHOLDS
from tinygan.health.signs import MEANINGS
from tinygan.recipes import check_up, gan


@pytest.fixture
def sick(make_run, monkeypatch):
    """The folder of a run whose G's rate is far too high, with a look at every second update."""
    monkeypatch.setattr(gan, "EVERY", 2)
    monkeypatch.setattr(check_up, "LOOK", 8)
    monkeypatch.setattr(check_up, "REFERENCE", 20)
    run = make_run("sick", recipe="gan-dense-1", lr_g=0.3, epochs=4)
    run.train(QUIET, never)
    return run.folder


def said(capsys, *words):
    assert doctor.main([str(word) for word in words]) == 0
    return " ".join(capsys.readouterr().out.split())


def test_it_says_what_was_seen_and_what_the_checkpoint_shows(sick, capsys):
    text = said(capsys, sick)
    assert "While it trained (10 looks in" in text
    past, now = text.split("At update 20, in 3 looks at the checkpoint:")
    assert "saturated output. " in past
    assert "saturated output. " in now
    assert "Read lessons" in now
    assert "to try: start again with a tenth of G's learning rate (--lr-g; without it" in now
    assert "overlap" in now
    assert text.endswith(f"tinygan.evaluate {sick}")


def test_of_a_run_without_looks_the_checkpoint_tells(sick, capsys, monkeypatch):
    for name in ("health.csv", "diagnosis.csv"):
        (sick / name).unlink()
    text = said(capsys, sick)
    assert "health.csv, because a look comes every 250 updates." in text
    assert "too early to say: before update 750" in text
    monkeypatch.setattr(doctor, "EVERY", 2)
    assert "saturated output. " in said(capsys, sick)


def test_a_damaged_table_is_said_to_be_one(sick, capsys):
    (sick / "health.csv").write_text("a,b\n")
    assert "health.csv cannot be read." in said(capsys, sick)


def test_a_run_that_has_no_checkpoint_yet(sick, capsys):
    (sick / "checkpoint.npz").unlink()
    assert "saturated output. " in said(capsys, sick)


def test_a_run_that_failed_says_why(sick, capsys):
    file = sick / "report.json"
    file.write_text(
        json.dumps(json.loads(file.read_text()) | {"state": "failed", "why": "too hot"})
    )
    assert said(capsys, sick).startswith("The training failed: too hot")


def test_a_checkpoint_that_is_not_finite(sick, capsys, monkeypatch):
    look = check_up.CheckUp.look
    broken = dict.fromkeys(MEANINGS)
    monkeypatch.setattr(check_up.CheckUp, "look", lambda *args: look(*args) | broken)
    text = said(capsys, sick)
    assert "at the checkpoint: not finite. A number that was measured" in text


def test_nothing_is_written(sick, capsys):
    before = {file: file.stat().st_mtime_ns for file in sick.rglob("*")}
    said(capsys, sick)
    assert {file: file.stat().st_mtime_ns for file in sick.rglob("*")} == before


def test_looks_are_repeated_exactly(sick, capsys):
    assert said(capsys, sick) == said(capsys, sick)


def test_what_is_no_gan_has_no_doctor(make_run):
    run = make_run("vae", recipe="vae", code=3, components=2)
    run.train(QUIET, after(2))
    with pytest.raises(UserError, match=r"vae is a run of vae, which is no GAN"):
        doctor.main([str(run.folder)])


def test_the_thresholds_are_told(capsys):
    text = said(capsys, "--thresholds")
    for name, threshold in THRESHOLDS.items():
        assert f"{name} {threshold.value:g}" in text


def test_it_asks_for_a_run():
    with pytest.raises(UserError, match="name a run folder"):
        doctor.main([])


def test_a_folder_that_is_no_run(tmp_path):
    with pytest.raises(UserError, match="is not a run folder"):
        doctor.main([str(tmp_path)])


def test_the_end_of_a_training_says_what_is_still_wrong(sick, make_run, capsys):
    from tinygan.runs import log

    run = make_run("sick", recipe="gan-dense-1", lr_g=0.3, epochs=4, resume=True)
    text = log.conclusion(run)
    assert "doctor: saturated output" in text
    assert f"tinygan.doctor {sick}" in text
