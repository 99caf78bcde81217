"""The health of a GAN on its page: what was said, the signs, two panels; nothing where none is."""

import pytest
from health.healthy import looks

from tinygan.health.course import Course
from tinygan.health.table import health_lines
from tinygan.report.story import story


@pytest.fixture
def told(trained):
    """told(rows): the story of a run with these looks."""

    def tell(rows):
        folder = trained()
        if rows:
            (folder / "health.csv").write_text("\n".join(health_lines(rows)) + "\n")
        return story([folder])

    return tell


def section(told):
    (found,) = [section for section in told["sections"] if section["id"] == "health"]
    return found


def test_an_illness_stands_at_the_head_and_in_its_section(told):
    rows = looks(2) + looks(5, first=3, overlap=0.9)
    page = told(rows)
    assert "The doctor: G overpowers D since update 750; see Health." in page["lead"]
    (text,) = section(page)["text"]
    assert text == f"F{Course(rows).changes[0].words()[1:]}."
    (table,) = section(page)["tables"]
    assert table["rows"][0][:2] == ["overlap", "0.9"]
    assert len(table["notes"]) == len(table["rows"])


def test_a_healthy_game_says_so_and_only_there(told):
    page = told(looks(4))
    assert len(page["lead"]) == 1
    assert section(page)["text"] == ["The doctor looked 4 times and found nothing wrong."]


def test_what_has_passed_is_told_and_not_at_the_head(told):
    page = told(looks(4, overlap=0.9) + looks(4, first=5))
    assert len(page["lead"]) == 1
    assert len(section(page)["text"]) == 2


def test_the_panels_have_the_looks(told):
    panels = {
        panel["label"]: panel for panel in told(looks(4, overlap=[0.1, 0.2, 0.3, 0.4]))["panels"]
    }
    (line,) = panels["can D tell samples from real images?"]["lines"]
    assert line["steps"] == [250, 500, 750, 1000]
    assert line["means"] == [0.1, 0.2, 0.3, 0.4]
    variety = panels["variety of the samples"]
    assert [line["name"] for line in variety["lines"]] == ["pixels", "features", "classes"]


def test_a_sign_that_is_not_finite_has_no_point_and_is_told(told):
    page = told(looks(2) + looks(1, first=3, off=None, overlap=None))
    assert "The doctor: not finite since update 750; see Health." in page["lead"]
    (table,) = section(page)["tables"]
    assert ["off", "not finite"] in [row[:2] for row in table["rows"]]


def test_without_looks_there_is_nothing(told):
    page = told([])
    assert "health" not in [section["id"] for section in page["sections"]]
    assert len(page["lead"]) == 1


@pytest.mark.parametrize("text", ["", "\x00\xff", "step\n1\n", "step," * 10**5, "a,b\n1,2\n" * 10])
def test_a_damaged_table_is_left_out(trained, text):
    folder = trained()
    (folder / "health.csv").write_bytes(text.encode("latin-1"))
    assert "health" not in [section["id"] for section in story([folder])["sections"]]
