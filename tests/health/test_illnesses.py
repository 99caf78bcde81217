"""Which rows of signs show which illness, on both sides of each threshold."""

import re
from pathlib import Path

import pytest
from health.healthy import WELL, looks

from tinygan import recipes
from tinygan.health.course import Course
from tinygan.health.illnesses import ILLNESSES, THRESHOLDS, shown
from tinygan.health.signs import MEANINGS

LESSONS = Path(__file__).parent.parent.parent / "lessons"


def names(rows):
    """In the order of ILLNESSES."""
    found = shown(rows)
    return [illness.name for illness in ILLNESSES if illness.name in found]


ILL = {  # illness: the signs of five looks that show it
    "not finite": {"g_grad": None},
    "dead units": {"g_dead": 0.6},
    "saturated output": {"saturated": 0.7},
    "D overpowers G": {"overlap": 0.0, "varied": 0.3, "off": 0.6},
    "G overpowers D": {"overlap": 0.9},
    "total collapse": {"varied": 0.05},
    "collapse to few kinds": {"varied": 0.3},
    "oscillation": {"overlap": [0.05, 0.95, 0.1, 0.9, 0.1]},
    "D guesses": {"overlap": 0.5, "off": [0.6, 0.9, 0.7, 1.0, 0.6]},
    "standing still": {"off": 0.7},
}
HEALTHY = {  # measured in runs that were well: nothing is to be said
    "all well": {},
    "D far ahead and the samples good": {"overlap": 0.0, "varied": 0.6},
    "D far ahead and the samples come nearer": {
        "overlap": 0.0, "varied": 0.4, "off": [0.9, 0.8, 0.7, 0.6, 0.5],
    },
    "a guess, as the samples are good": {"overlap": 0.5, "off": 0.15},
    "no agreement between two halves": {"agreement": 0.0},  # dcgan-fashion
    "a short gradient of G": {"g_grad": 1e-4, "ratio": 1e-4},
    "few classes, early": {"classes": 0.17},
    "slow, and ever nearer": {"varied": 0.3, "off": [0.7, 0.65, 0.6, 0.55, 0.49]},
    "slow, and ever more varied": {"varied": [0.01, 0.05, 0.1, 0.15, 0.2]},
    "one kind by turns while D is far ahead": {
        "overlap": 0.0, "classes": 0.15, "kind": [1.0, 2.0, 1.0, 2.0, 1.0],
    },
    "D takes some the wrong way round": {"overlap": [0.6, 0.75, 0.4, 0.79, 0.5]},
}  # fmt: skip


def test_every_illness_has_its_rows():
    assert list(ILL) == [illness.name for illness in ILLNESSES]


@pytest.mark.parametrize("name", ILL)
def test_an_illness_is_recognised_and_nothing_else(name):
    assert names(looks(5, **ILL[name])) == [name]


@pytest.mark.parametrize("what", HEALTHY)
def test_nothing_is_said_of_a_game_that_is_well(what):
    course = Course(looks(5, **HEALTHY[what]))
    assert [change.words() for change in course.changes] == []


NEXT_TO = {  # threshold: value of it -> rows that lie there
    "apart": lambda x: looks(5, overlap=x, varied=0.3, off=0.6),
    "better": lambda x: looks(8, varied=[0.6, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3], overlap=0.0,
                              off=[0.7, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7 * (1 - x)]),
    "poor": lambda x: looks(5, overlap=0.0, varied=x),
    "reversed": lambda x: looks(3, overlap=x),
    "alike": lambda x: looks(3, varied=x, classes=0.8),
    "little": lambda x: looks(3, varied=x),
    "few": lambda x: looks(3, classes=x),
    "dead": lambda x: looks(3, d_dead=x),
    "flat": lambda x: looks(3, saturated=x),
    "swing": lambda x: looks(4, overlap=[0.5 - x, 0.5 + x, 0.5 - x, 0.5 + x]),
    "one": lambda x: looks(4, classes=x, kind=[1.0, 2.0, 3.0, 4.0]),
    "turns": lambda x: looks(8, classes=0.15, kind=[1.0, *(1.0 + (i < x) * i for i in range(7))]),
    "still": lambda x: looks(4, overlap=0.2, off=[0.8, 0.8, 0.8, 0.8 * (1 - x)]),
    "guess": lambda x: looks(3, overlap=0.5 - x, off=[0.6, 0.9, 0.6]),
    "far": lambda x: looks(3, overlap=0.5, off=[x, x * 2, x]),
}  # fmt: skip


@pytest.mark.parametrize("threshold", THRESHOLDS)
def test_each_threshold_divides(threshold):
    """What is said on one side of it is not what is said on the other."""
    value = THRESHOLDS[threshold].value
    step = 2 if threshold == "turns" else 0.004
    below, above = (names(NEXT_TO[threshold](value + change)) for change in (-step, step))
    assert below != above


def test_a_generator_that_jumps_from_kind_to_kind_oscillates():
    rows = looks(8, classes=0.18, kind=[6.0, 8.0, 6.0, 6.0, 3.0, 3.0, 8.0, 6.0])
    assert names(rows) == ["oscillation"]
    assert names(looks(8, classes=0.18, kind=6.0)) == []
    assert names(looks(8, classes=0.8, kind=[6.0, 8.0, 6.0, 6.0, 3.0, 3.0, 8.0, 6.0])) == []


def test_without_a_classifier_pixels_tell_of_a_collapse():
    rows = looks(3, diversity=0.05)
    for row in rows:
        del row["varied"], row["classes"], row["kind"]
    assert names(rows) == ["total collapse"]


def test_what_explains_others_begins_alone():
    everything = {"g_dead": 1.0, "varied": 0.3, "classes": 0.0, "off": 1.0, "overlap": 0.0}
    assert names(looks(6, **everything)) == ["dead units"]


def test_what_has_begun_lasts_beside_what_would_explain_it():
    rows = looks(5, varied=0.3, saturated=0.9)
    assert shown(rows) == {"saturated output"}
    assert shown(rows, {"collapse to few kinds"}) == {"saturated output", "collapse to few kinds"}
    better = looks(5, varied=[0.1, 0.15, 0.2, 0.25, 0.3])  # it grows, and is little still
    assert shown(better) == set()
    assert shown(better, {"collapse to few kinds"}) == {"collapse to few kinds"}


def test_a_look_that_is_not_finite_ends_what_was_seen_before():
    rows = looks(4, overlap=0.0, varied=0.3, off=0.6) + looks(1, off=None) + looks(1, off=0.6)
    assert names(rows[:5]) == ["not finite"]
    assert names(rows) == []


@pytest.mark.parametrize("illness", ILLNESSES, ids=lambda illness: illness.name)
def test_its_words_say_what_to_read_and_to_try(illness):
    words = illness.words(WELL | {"step": 250})
    assert words.startswith(f"{illness.name}. ")
    assert "{" not in words
    for number in re.findall(r"\d\d", illness.lesson):
        assert list(LESSONS.glob(f"{number}_*.py")), "a lesson that there is not"
    for name in recipes.names():
        options = recipes.get(name).options
        for option in re.findall(r"--[a-z-]+", illness.cure if "d_steps" in options else ""):
            known = option in ("--resume", "--seed") or option[2:].replace("-", "_") in options
            assert known, f"{name} has no {option}"


def test_every_threshold_is_used_and_says_where_it_is_from():
    text = (Path(__file__).parent.parent.parent / "tinygan/health/illnesses.py").read_text("utf-8")
    for name, threshold in THRESHOLDS.items():
        assert f'_value("{name}")' in text
        assert re.search(r"Reasoned|Measured", threshold.why)
        assert any(illness.name.split(" to ")[0] in threshold.rule for illness in ILLNESSES)
        assert threshold.rule.startswith("no ") or any(sign in threshold.rule for sign in MEANINGS)
