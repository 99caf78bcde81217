"""Which rows of signs show which illness, on both sides of each threshold."""

import re
from pathlib import Path

import pytest
from health.healthy import WELL, looks

from tinygan.health.illnesses import ILLNESSES, THRESHOLDS, holding
from tinygan.health.signs import MEANINGS

LESSONS = Path(__file__).parent.parent.parent / "lessons"


def names(rows):
    return [illness.name for illness in holding(rows)]


ILL = {  # illness: the signs of five looks that show it
    "not finite": {"g_grad": None},
    "dead units": {"g_dead": 0.6},
    "saturated output": {"saturated": 0.3},
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
    "few classes, early": {"classes": 0.25},
    "D takes some the wrong way round": {"overlap": [0.6, 0.75, 0.4, 0.79, 0.5]},
}  # fmt: skip


def test_every_illness_has_its_rows():
    assert list(ILL) == [illness.name for illness in ILLNESSES]


@pytest.mark.parametrize("name", ILL)
def test_an_illness_is_recognised_and_nothing_else(name):
    assert names(looks(5, **ILL[name])) == [name]


@pytest.mark.parametrize("what", HEALTHY)
def test_nothing_is_said_of_a_game_that_is_well(what):
    rows = looks(12) + looks(5, **HEALTHY[what])
    for n in range(1, len(rows) + 1):
        assert names(rows[:n]) == []


@pytest.mark.parametrize(
    ("sign", "threshold", "above"),
    [
        ("g_dead", "dead", True),
        ("d_dead", "dead", True),
        ("saturated", "flat", True),
        ("overlap", "reversed", True),
        ("varied", "little", False),
        ("classes", "few", False),
    ],
)
def test_a_threshold_divides(sign, threshold, above):
    value = THRESHOLDS[threshold].value
    for change in (-0.01, 0.01):
        ill = names(looks(3, **{sign: value + change}))
        assert bool(ill) == ((change > 0) == above)


def test_a_generator_that_jumps_from_kind_to_kind_oscillates():
    rows = looks(8, classes=0.22, kind=[6.0, 8.0, 6.0, 6.0, 3.0, 3.0, 8.0, 6.0])
    assert names(rows) == ["oscillation"]
    assert names(looks(8, classes=0.22, kind=6.0)) == []
    assert names(looks(8, classes=0.8, kind=[6.0, 8.0, 6.0, 6.0, 3.0, 3.0, 8.0, 6.0])) == []


def test_without_a_classifier_pixels_tell_of_a_collapse():
    rows = looks(3, diversity=0.05)
    for row in rows:
        del row["varied"], row["classes"], row["kind"]
    assert names(rows) == ["total collapse"]


def test_what_explains_others_is_named_alone():
    everything = {"g_dead": 1.0, "varied": 0.0, "classes": 0.1, "off": 1.0, "overlap": 0.0}
    assert names(looks(6, **everything)) == ["dead units"]


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
    from tinygan.recipes.gan import OPTIONS

    for option in re.findall(r"--[a-z-]+", illness.cure):
        assert option == "--resume" or option[2:].replace("-", "_") in OPTIONS


def test_every_threshold_is_used_and_says_where_it_is_from():
    text = (Path(__file__).parent.parent.parent / "tinygan/health/illnesses.py").read_text("utf-8")
    for name, threshold in THRESHOLDS.items():
        assert f'_value("{name}")' in text
        assert re.search(r"Reasoned|Measured", threshold.why)
        assert any(sign in threshold.why for sign in MEANINGS)
