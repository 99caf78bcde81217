"""A game of G and D as it was played, to watch on one HTML page: recorded while the two learn.

    game = replay.Game(G, D, real, z, grid, about)
    for … in …:
        game.d_learned(d_step(…))      # each step returns its loss
        game.g_learned(g_step(…))
    lesson.page("12/game.html", replay.page("one_dimension", "A title", {"the game": game}))

The page (web/) draws what is recorded here, and trains nothing. Recording draws no random numbers,
and leaves weights, gradients, running statistics and what G keeps for its backward as they are.
"""

import base64
import copy
import html
import io
import zlib
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from tinygan import nn, web

SHOWN = 150  # points of each kind on the page, at most
_FOLDER = Path(__file__).parent / "web"
_SCRIPTS = "unpack axes curves one_dimension plane sentence player game"
_STEPS = {"belief": 1 / 128, "place": 0.002, "push": 0.05, "curve": 0.001}  # of whole numbers


class Game:
    """What can be seen of a game: before an update, when D has learned, and when G has.

    G, D: the networks before their first update. real (n, c), z (m, k): data and noises to follow.
    grid (g, c): where D's belief is wanted. about(G): what else to note of G, which is in eval mode
    then: dict of name -> a number, or a curve over the grid (g,). The first `first` updates are
    recorded, and then each whose number, counted from 1, `every` divides.
    """

    def __init__(self, G, D, real, z, grid, about=lambda G: {}, *, first=40, every=1):
        self.G, self.D, self.real, self.z, self.grid, self.about = G, D, real, z, grid, about
        self.first, self.every = first, every
        self.done = 0  # updates
        self.moments = []  # (self.done, three dicts: before the update, D has learned, G has)
        self._before = self._all()

    def d_learned(self, loss):
        """D has made its half of an update. loss: D's, as its step returned it."""
        if self._is_recorded():
            push = self._push(self._before["fakes"])
            seen = self._of_d(self._before["fakes"])
            self._half = self._before | seen | {"push": push, "loss": float(loss)}

    def g_learned(self, loss):
        """G has made its half, and the update is done. loss: G's."""
        now = None
        if self._is_recorded():
            seen = self._of_g()
            fake = self._belief(seen["fakes"]).mean()
            now = self._half | seen | {"fake": fake, "loss": float(loss)}
            self.moments.append((self.done, self._before, self._half, now))
        self.done += 1
        if self._is_recorded():  # the next one, which begins here
            self._before = now or self._all()

    def film(self, every):
        """The fakes after each `every` updates, a list of (m, c), where those are recorded."""
        return [now["fakes"] for done, *_, now in self.moments if (done + 1) % every == 0]

    def _is_recorded(self):
        return self.done < self.first or (self.done + 1) % self.every == 0

    def _all(self):
        seen = self._of_g()
        return seen | self._of_d(seen["fakes"])

    def _of_g(self):
        with _in_eval_mode(self.G) as G:
            return {"fakes": G.forward(self.z), "about": self.about(G)}

    def _of_d(self, fakes):
        names = {"belief": self.grid, "real": self.real, "fake": fakes}
        seen = {name: self._belief(places) for name, places in names.items()}
        return seen | {"real": seen["real"].mean(), "fake": seen["fake"].mean()}

    def _belief(self, places):
        with _in_eval_mode(self.D) as D:
            return nn.sigmoid(D.forward(places))[:, 0]

    def _push(self, fakes):
        """Minus the gradient of −log d at each fake, by its place: (1 − d) dl/dx (m, c)."""
        D = copy.deepcopy(self.D)  # in training mode: statistics and generators of D stay
        logits = D.forward(fakes)
        return -D.backward(nn.sigmoid(logits) - 1, accumulate=False)


@contextmanager
def _in_eval_mode(network):
    was = network.training
    yield network.eval()
    if was:
        network.train()


def square(limit, n=40):
    """The middles of n × n equal cells of a square, row by row from below: (n², 2)."""
    middles = limit * ((2 * np.arange(n) + 1) / n - 1)
    return np.stack(np.meshgrid(middles, middles), axis=-1).reshape(-1, 2).astype(np.float32)


def page(kind, title, games):
    """The HTML of a page. kind: "one_dimension" or "plane". games: dict of name -> Game."""
    style = web.read(web.SHARED, "base.css") + web.read(_FOLDER, "game.css")
    lead, legend = web.read(_FOLDER, f"{kind}.html").split("\n\n", 1)
    scripts = web.read(_FOLDER, *(f"{name}.js" for name in _SCRIPTS.split()))
    return web.document(
        web.read(_FOLDER, "game.html"),
        style,
        web.read(web.SHARED, "elements.js") + scripts,
        title=html.escape(title),
        lead=lead,
        legend=legend,
        still=_still(games),
        story=web.as_json({"kind": kind, "games": [_told(*pair) for pair in games.items()]}),
    )


def _told(name, game):
    """What the page knows of a game: see web/unpack.js for what is packed."""
    befores, halves, nows = ([moment[k] for moment in game.moments] for k in (1, 2, 3))
    both = [seen for pair in zip(befores, nows, strict=True) for seen in pair]
    beliefs = [seen for pair in zip(befores, halves, strict=True) for seen in pair]
    moved = [np.linalg.norm(now["fakes"] - half["fakes"], axis=1).mean()
             for half, now in zip(halves, nows, strict=True)]  # fmt: skip
    belief = ("curve",) if game.grid.shape[1] == 1 else ("belief", np.uint8)  # one byte, for a map
    about = both[0]["about"].items()
    curves = [name for name, value in about if np.ndim(value)]
    numbers = [name for name, value in about if not np.ndim(value)]
    return {
        "name": name,
        "updates": [done for done, *_ in game.moments],
        "total": game.done,
        "grid": _rounded(game.grid.T),
        "real": _rounded(game.real[:SHOWN].T),
        "belief": _packed([seen["belief"] for seen in beliefs], *belief),
        "fakes": _packed([seen["fakes"][:SHOWN] for seen in both], "place"),
        "push": _packed([half["push"][:SHOWN] for half in halves], "push"),
        "curves": {
            name: _packed([seen["about"][name] for seen in both], "curve") for name in curves
        },
        "highest": {
            name: _rounded(max(seen["about"][name].max() for seen in both)) for name in curves
        },
        "measures": {
            name: [_rounded([seen["about"][name] for seen in some]) for some in (befores, nows)]
            for name in numbers
        },
        "losses": [_rounded([seen["loss"] for seen in some]) for some in (halves, nows)],
        "trust": {  # D's mean belief in the points that are followed: before, D learned, G learned
            name: [_rounded([seen[name] for seen in some]) for some in (befores, halves, nows)]
            for name in ("real", "fake")
        },
        "moved": _rounded(moved),
    }


def _rounded(numbers):
    """Lists with four significant digits."""
    if np.ndim(numbers) == 0:
        return float(f"{float(numbers):.4g}")
    return [_rounded(number) for number in numbers]


def _packed(moments, what, dtype=np.int16):
    """Arrays of one shape as whole numbers of steps: of each the difference to the one before it,
    all of them deflated, as base64. web/unpack.js reads them."""
    whole, limits = np.stack(moments) / _STEPS[what], np.iinfo(dtype)
    whole = np.clip(np.rint(whole), limits.min, limits.max).astype(dtype)
    changes = np.diff(whole, axis=0, prepend=np.zeros_like(whole[:1]))  # wraps, as sums of them do
    data = zlib.compress(changes.astype(changes.dtype.newbyteorder("<")).tobytes(), 9)
    return {"step": _STEPS[what], "bits": 8 * whole.itemsize, "size": whole[0].size,
            "data": base64.b64encode(data).decode()}  # fmt: skip


def _still(games):
    """The end of each game as a picture in an <img>, for a browser without scripts."""
    figure = Figure(figsize=(4 * len(games), 3.4), layout="constrained")
    for axes, (name, game) in zip(figure.subplots(1, len(games), squeeze=False)[0], games.items(),
                                  strict=True):  # fmt: skip
        fakes = game.moments[-1][-1]["fakes"]
        if fakes.shape[1] == 2:
            axes.plot(*game.real[:SHOWN].T, "+", color="0.5", label="data")
            axes.plot(*fakes[:SHOWN].T, "C1.", label="fakes")
            axes.set(xlabel="x₁", ylabel="x₂", aspect="equal")
        else:
            axes.plot(game.grid[:, 0], game.moments[-1][-1]["belief"], "C0", label="D's belief")
            for label, curve in game.moments[-1][-1]["about"].items():
                if np.ndim(curve):
                    axes.plot(game.grid[:, 0], curve, lw=1, label=label)
            axes.set(xlabel="x")
        axes.set_title(f"{name}, after {game.done} updates", size="medium")
        axes.legend(fontsize="small")
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=80)
    data = base64.b64encode(file.getvalue()).decode()
    return f'<img src="data:image/png;base64,{data}" alt="the end of the game">'
