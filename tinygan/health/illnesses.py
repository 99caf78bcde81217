"""What can be wrong with a GAN, by the signs of several looks in a row.

Each illness is a question to the rows of health.csv, up to and with the last; which of them holds
is decided by THRESHOLDS, and by nothing else. Where an illness explains others, those are not named
beside it.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from statistics import fmean

IN_A_ROW, MEMORY = 3, 12  # looks


@dataclass(frozen=True)
class Threshold:
    """A number, and where it comes from."""

    value: float
    why: str


THRESHOLDS = {
    "apart": Threshold(
        0.01,
        "overlap. Reasoned: below 1 % of all pairs D errs less than once for an image. Measured: "
        "in healthy games with D far ahead (wgan-gp, dcgan-faces) it is below too, so it says "
        "nothing alone",
    ),
    "nearer": Threshold(
        0.9,
        "off or varied, against four looks before. Measured: healthy games change one of them by "
        "more than 10 % in 1,000 updates as long as overlap is below 0.01",
    ),
    "poor": Threshold(
        0.45,
        "varied. Measured: healthy games are above it from update 1,000 on, also those in which D "
        "is far ahead",
    ),
    "reversed": Threshold(
        0.8,
        "overlap. Reasoned: 0.5 is a guess, and 64 + 64 images scatter by 0.05. Measured: healthy "
        "games stay below 0.65 in three looks",
    ),
    "alike": Threshold(
        0.1,
        "varied, without a classifier diversity. Measured: G before training has 0.2 to 0.3, "
        "healthy games above 0.4 from update 750 on, one picture for all noise 0.00 to 0.08",
    ),
    "little": Threshold(
        0.35,
        "varied. Measured: healthy games are above it from update 500 on, collapsed ones "
        "(gan-dense-2, gan-dense-cnn) at 0.12 to 0.26",
    ),
    "few": Threshold(
        0.2,
        "classes. Reasoned: two kinds of ten. Measured: healthy games may be as low as 0.25 in "
        "their first 2,000 updates",
    ),
    "dead": Threshold(
        0.5,
        "d_dead, g_dead. Reasoned: half a layer does nothing. Measured: 0.00 in all healthy games, "
        "0.6 to 1.0 where a rate is much too high",
    ),
    "flat": Threshold(
        0.25,
        "saturated. Reasoned: a quarter of the image can no longer be changed, beyond what is "
        "black and white in real images. Measured: below 0.05 in healthy games, 0.3 to 0.5 where "
        "G's rate is much too high",
    ),
    "swing": Threshold(
        0.3,
        "overlap, from 0.5, on either side by turns. Measured: healthy games do not reach 0.8",
    ),
    "one": Threshold(
        0.3,
        "classes: most samples are of one kind, which may be another at the next look. Reasoned: "
        "two kinds of ten, and a few samples of others",
    ),
    "turns": Threshold(
        3,
        "turns of overlap, or changes of kind, in twelve looks. Reasoned: there, back, and there "
        "again",
    ),
    "still": Threshold(
        0.1,
        "off, diversity and varied, against three looks before. Measured: with rates of 1e-7 they "
        "change by 1 to 8 %, in healthy games whose off is above 0.5 one of them by 30 % and more",
    ),
    "guess": Threshold(
        0.15,
        "overlap, the mean of three looks, from 0.5. Reasoned: twice the scatter of one look",
    ),
    "far": Threshold(
        0.5,
        "off. Reasoned: the mean images alone would tell samples from real images. Measured: "
        "healthy games are below 0.45 from update 500 on",
    ),
}


@dataclass(frozen=True)
class Illness:
    """name: what it is called. holds: (rows, dicts of signs) -> whether the last row shows it.
    seen: what is seen, to be filled with the signs of a row. lesson: to read. cure: what to try.
    unless: the illnesses that explain it. in_a_row: looks in which it has to hold before it has
    begun, and not to hold before it has ended.
    """

    name: str
    holds: Callable
    seen: str
    lesson: str
    cure: str
    unless: tuple = ()
    in_a_row: int = IN_A_ROW

    def words(self, row):
        """What it is, what is seen, what to read and to try: a line without a full stop."""
        some = "s" if " and " in self.lesson else ""
        seen = self.seen.format(**row)
        return f"{self.name}. {seen}. Read lesson{some} {self.lesson}; to try: {self.cure}"


def _value(name):
    return THRESHOLDS[name].value


def _not_finite(rows):
    return None in rows[-1].values()


def _dead(rows):
    return max(rows[-1]["g_dead"], rows[-1]["d_dead"]) > _value("dead")


def _saturated(rows):
    return rows[-1]["saturated"] > _value("flat")


def _collapsed(rows):
    row = rows[-1]
    return row.get("varied", row["diversity"]) < _value("alike")


def _few_kinds(rows):
    row = rows[-1]
    few = row.get("classes", 1) < _value("few") or row.get("varied", 1) < _value("little")
    return few and row["overlap"] >= _value("apart")


def _d_overpowers(rows):
    """D tells all apart, and what G draws is poor and comes no nearer to the real images."""
    if len(rows) < 5 or any(row["overlap"] >= _value("apart") for row in rows[-5:]):
        return False
    now, before = rows[-1], rows[-5]
    least = _value("nearer")
    poor = now["off"] > _value("far") or now.get("varied", 1) < _value("poor")
    nearer = now["off"] < least * before["off"]
    more_varied = least * now.get("varied", 0) > before.get("varied", 0)
    return poor and not nearer and not more_varied


def _g_overpowers(rows):
    return rows[-1]["overlap"] > _value("reversed")


def _oscillates(rows):
    """D is far ahead, then G, then D …; or G draws one kind, then another, then another …"""
    ahead = [row["overlap"] - 0.5 for row in rows]
    far = [x for x in ahead if abs(x) > _value("swing")]
    turns = sum(a * b < 0 for a, b in itertools.pairwise(far))
    kinds = [row["kind"] for row in rows if row.get("classes", 1) < _value("one")]
    jumps = sum(a != b for a, b in itertools.pairwise(kinds))
    return max(turns, jumps) >= _value("turns")


def _stands_still(rows):
    if len(rows) < 4 or rows[-1]["off"] < _value("far"):
        return False
    now, before = rows[-1], rows[-4]
    names = [name for name in ("off", "diversity", "varied") if name in now]
    return all(abs(now[n] - before[n]) < _value("still") * before[n] for n in names)


def _guesses(rows):
    mean = fmean(row["overlap"] for row in rows[-3:])
    return abs(mean - 0.5) < _value("guess") and rows[-1]["off"] > _value("far")


ILLNESSES = (
    Illness(
        "not finite",
        _not_finite,
        "A sign is infinite or no number",
        "20 and 04",
        "start again with a tenth of --lr",
        in_a_row=1,
    ),
    Illness(
        "dead units",
        _dead,
        "In one layer {g_dead:.0%} (G) or {d_dead:.0%} (D) of the units have the same output for "
        "all images, and learn nothing more",
        "03 and 05",
        "start again with a tenth of --lr: one large step can do this, and nothing undoes it",
    ),
    Illness(
        "saturated output",
        _saturated,
        "{saturated:.0%} more of G's output values than of real pixels lie where its last function "
        "is flat, and cannot be changed",
        "03 and 12",
        "start again with a tenth of --lr-g",
    ),
    Illness(
        "D overpowers G",
        _d_overpowers,
        "D tells every sample from a real image (overlap {overlap:.3f}), and for four looks they "
        "have come no nearer (off {off:.2f}); the steps that G hears agree by {agreement:.2f}",
        "13 and 15",
        "--resume with a lower --lr-d, or with a higher --lr-g where they agree; or start again "
        "with --instance-noise 0.3",
        unless=("dead units", "saturated output"),
    ),
    Illness(
        "G overpowers D",
        _g_overpowers,
        "D prefers the fake in {overlap:.0%} of all pairs: it takes fakes for real, whatever they "
        "are, so that G learns nothing of real images",
        "13",
        "--resume with a higher --lr-d or a lower --lr-g; or start again with --d-steps 2",
    ),
    Illness(
        "total collapse",
        _collapsed,
        "G draws one picture whatever the noise is: two samples differ by {diversity:.0%} (in "
        "pixels) of what two real images do",
        "13 and 20",
        "start again with --instance-noise 0.3, a lower --lr, or another seed",
        unless=("dead units",),
    ),
    Illness(
        "collapse to few kinds",
        _few_kinds,
        "The samples are of few kinds: two of them differ by {varied:.0%}, in a classifier's "
        "features, of what two real images do",
        "13 and 20",
        "start again with --instance-noise 0.3, a greater --width, or a lower --lr",
        unless=(
            "dead units",
            "saturated output",
            "D overpowers G",
            "G overpowers D",
            "total collapse",
            "standing still",
        ),
    ),
    Illness(
        "oscillation",
        _oscillates,
        "D and G are far ahead of each other by turns, or G jumps from one kind of samples to "
        "another (overlap {overlap:.2f}, off {off:.2f} now)",
        "04 and 20",
        "--resume with half of --lr",
    ),
    Illness(
        "D guesses",
        _guesses,
        "D can only guess (overlap near 0.5 in the mean of three looks), though the mean sample is "
        "far from the mean real image (off {off:.2f}): nobody learns",
        "13 and 14",
        "--resume with a higher --lr-d; or start again with a greater --width",
    ),
    Illness(
        "standing still",
        _stands_still,
        "For four looks the samples have not changed (off {off:.2f}, far from the real images)",
        "04",
        "--resume with a higher --lr",
        unless=("dead units", "saturated output", "D overpowers G", "G overpowers D"),
    ),
)


def holding(rows):
    """The Illnesses that the last of these rows shows, causes only; rows: dicts of signs.

    Only the last MEMORY rows count, and of these only those after one that is not finite.
    """
    if _not_finite(rows):
        return [ILLNESSES[0]]
    rows = list(itertools.takewhile(lambda row: not _not_finite([row]), rows[: -MEMORY - 1 : -1]))
    rows.reverse()
    found = [illness for illness in ILLNESSES if illness.holds(rows)]
    names = {illness.name for illness in found}
    return [illness for illness in found if names.isdisjoint(illness.unless)]
