"""What is recorded of a game is what the library says of it, and recording changes nothing."""

import base64
import copy
import html
import json
import re
import zlib

import numpy as np
import pytest

from lessons import replay
from tinygan import nn, web

HALVES = ("before", "D has learned", "G has learned")


def story_of(page):
    return json.loads(page.partition('id="story">')[2].partition("</script>")[0])


def unpacked(packed):
    """(moments, size), as the page unpacks them."""
    dtype = {8: "<u1", 16: "<i2"}[packed["bits"]]
    changes = np.frombuffer(zlib.decompress(base64.b64decode(packed["data"])), dtype)
    return np.cumsum(changes.reshape(-1, packed["size"]), axis=0, dtype=dtype) * packed["step"]


@pytest.fixture(params=["on_line", "in_plane"])
def played(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def told(played):
    kind = "one_dimension" if played.grid.shape[1] == 1 else "plane"
    return story_of(replay.page(kind, "A game", {"one": played.game}))["games"][0]


def fakes_of(played, G):
    return G.eval().forward(played.z)


def belief(D, places):
    return nn.sigmoid(D.eval().forward(places))[:, 0]


def push_by_differences(D, fakes):
    """Minus the slope of each fake's own −log d."""
    D = copy.deepcopy(D).eval()

    def loss(x):
        return np.logaddexp(0, -D.forward(x))[:, 0]

    fakes, columns = fakes.astype(float), []
    for param in D.params():
        param.data = param.data.astype(float)
    for step in 1e-5 * np.eye(fakes.shape[1]):
        columns.append((loss(fakes - step) - loss(fakes + step)) / 2e-5)
    return np.stack(columns, axis=1)


def test_each_half_is_recorded_as_the_networks_were(played):
    assert len(played.game.moments) > 8
    for done, *halves in played.game.moments:
        for seen, (G, D), what in zip(halves, played.copies[done], HALVES, strict=True):
            fakes = fakes_of(played, G)
            assert np.array_equal(seen["fakes"], fakes), what
            assert np.array_equal(seen["belief"], belief(D, played.grid)), what
            assert seen["real"] == belief(D, played.real).mean(), what
            assert seen["fake"] == pytest.approx(belief(D, fakes).mean(), abs=1e-6), what
            assert seen["about"]["spread"] == fakes.std(), what
        before, learned, both = halves
        assert (learned["loss"], both["loss"]) == played.losses[done]
        G, D = played.copies[done][1]
        pushes = push_by_differences(D, before["fakes"])
        assert np.median(abs(pushes)) > 0.01
        close = np.isclose(learned["push"], pushes, rtol=1e-3, atol=1e-4)
        assert close.mean() > 0.98  # a step over a kink of LeakyReLU is another slope


def test_which_updates_are_recorded(on_line, in_plane):
    assert [done for done, *_ in on_line.game.moments] == list(range(50))
    assert [done + 1 for done, *_ in in_plane.game.moments] == [1, 2, 3, 4, 5, 10, 15, 20, 25, 30]
    film = in_plane.game.film(10)
    assert len(film) == 3
    for fakes, update in zip(film, (10, 20, 30), strict=True):
        assert np.array_equal(fakes, fakes_of(in_plane, in_plane.copies[update - 1][2][0]))


@pytest.mark.parametrize("dimensions", [1, 2])
def test_recording_changes_nothing_of_the_game(play, dimensions):
    with_it, without = (
        play(dimensions, 12, record=record, **({"first": 4, "every": 3} if record else {}))
        for record in (True, False)
    )
    assert with_it.losses == without.losses
    assert with_it.next_random == without.next_random
    for a, b in zip(with_it.arrays, without.arrays, strict=True):
        assert np.array_equal(a, b)


def test_the_page_has_what_was_recorded(played, told):
    moments = played.game.moments
    assert told["updates"] == [done for done, *_ in moments]
    assert told["total"] == len(played.copies)
    beliefs, fakes = unpacked(told["belief"]), unpacked(told["fakes"])
    pushes, half = unpacked(told["push"]), 0.501
    for m, (_, before, learned, both) in enumerate(moments):
        for k, seen in enumerate((before, learned)):
            off = abs(beliefs[2 * m + k] - seen["belief"])
            assert off.max() <= half * told["belief"]["step"]
        for k, seen in enumerate((before, both)):
            off = abs(fakes[2 * m + k] - seen["fakes"].ravel())
            assert off.max() <= half * told["fakes"]["step"]
            for name, packed in told["curves"].items():
                off = abs(unpacked(packed)[2 * m + k] - seen["about"][name])
                assert off.max() <= half * packed["step"]
        assert abs(pushes[m] - learned["push"].ravel()).max() <= half * told["push"]["step"]
        at = np.array([told["losses"][0][m], told["losses"][1][m], told["moved"][m]])
        moved = np.linalg.norm(both["fakes"] - before["fakes"], axis=1).mean()
        assert at == pytest.approx([learned["loss"], both["loss"], moved], rel=1e-3)
        for name in ("real", "fake"):
            trust = [series[m] for series in told["trust"][name]]
            assert trust == pytest.approx([s[name] for s in (before, learned, both)], rel=1e-3)
        for name in ("spread", "heaps"):
            values = [series[m] for series in told["measures"][name]]
            assert values == pytest.approx([s["about"][name] for s in (before, both)], rel=1e-3)
    assert set(told["curves"]) == ({"p", "q", "best"} if played.grid.shape[1] == 1 else set())


def test_what_is_too_far_away_is_held_at_the_edge_of_the_numbers():
    packed = replay._packed([np.array([1e9, -1e9, 0.5])], "place")
    assert unpacked(packed)[0] == pytest.approx([65.534, -65.536, 0.5])


def test_the_page_is_one_file_with_a_policy_that_fits(in_plane, other):
    games = {"a <b>": in_plane.game, "c": other.game}
    page = replay.page("plane", "A </title><script>alert(1)</script>", games)
    policy = html.unescape(re.search('Content-Security-Policy" content="(.+?)"', page)[1])
    style = page.partition("<style>")[2].partition("</style>")[0]
    script = page.rpartition("<script>")[2].partition("</script>")[0]
    assert policy == web.policy(style, script)
    assert page.count("<script") == 2
    assert not re.search(r"""(?:src|href)=["'](?!data:)|@import|url\(|https?://(?!www\.w3)""", page)
    assert [game["name"] for game in story_of(page)["games"]] == ["a <b>", "c"]
    assert "<noscript>" in page
    assert len(page) < 200_000


@pytest.mark.parametrize(("number", "name", "limit"), [(12, "game", 1.5e6), (20, "ring", 3e6)])
def test_the_pages_that_are_kept_are_whole_and_of_today(number, name, limit):
    file = replay._FOLDER.parent / "out" / str(number) / f"{name}.html"
    page = file.read_text(encoding="utf-8")
    assert len(page) < limit
    for part in replay._FOLDER.glob("*.[jc]s*"):
        assert part.read_text(encoding="utf-8") in page, f"run lesson {number}: {part.name} is new"


def test_the_cells_of_a_square():
    cells = replay.square(2, 4)
    assert cells.shape == (16, 2)
    assert cells[:5].tolist() == [
        [-1.5, -1.5],
        [-0.5, -1.5],
        [0.5, -1.5],
        [1.5, -1.5],
        [-1.5, -0.5],
    ]
