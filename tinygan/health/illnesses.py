"""What can be wrong with a GAN, by the signs of several looks in a row.

Each illness is a question to the rows of health.csv, up to and with the last. THRESHOLDS has the
numbers that decide. Where an illness explains others, those do not begin beside it.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from statistics import fmean

IN_A_ROW, MEMORY = 3, 12  # looks: before an illness has begun or ended; that are looked at


@dataclass(frozen=True)
class Threshold:
    """A number; what it decides; and where it comes from."""

    value: float
    rule: str
    why: str


THRESHOLDS = {  # beside these: the same in three looks in a row, and 1e-6 and 0.01 in signs.py
    "apart": Threshold(
        0.01,
        "D overpowers G: overlap below it, in five looks",
        "Reasoned: below 1 % of all pairs D errs less than once for an image. Measured: so it "
        "is in a tenth to six tenths of the looks at healthy runs of dcgan-fashion, "
        "dcgan-faces and dcgan-cifar10, so it says nothing alone",
    ),
    "better": Threshold(
        0.1,
        "no collapse and no D that overpowers, while off falls or varied grows by this share "
        "of the best up to three looks before",
        "Measured: so in 5 of the 7 looks at healthy runs whose samples were poor; the other "
        "two stood alone",
    ),
    "poor": Threshold(
        0.45,
        "D overpowers G: varied below it, or off above `far`",
        "Measured: in healthy runs varied is above 0.45 from update 1,000 on, also where D is "
        "far ahead",
    ),
    "reversed": Threshold(
        0.8,
        "G overpowers D: overlap above it",
        "Reasoned: 0.5 is a guess, and 64 + 64 images scatter by 0.05. Measured: 0.53 at most "
        "in a look at a healthy run",
    ),
    "alike": Threshold(
        0.1,
        "total collapse: varied, without a classifier diversity, below it",
        "Measured: 0.40 and more in healthy runs from update 750 on, 0.00 to 0.08 where there "
        "is one picture for all noise. So it is in convolutional Gs before they have learned, "
        "see `better`",
    ),
    "little": Threshold(
        0.35,
        "collapse to few kinds: varied below it",
        "Measured: 0.40 and more in healthy runs from update 750 on, 0.2 in collapsed ones of "
        "gan-dense-2 --init-std he and gan-dense-cnn (the median; they come to 0.42). Dense Gs "
        "have 0.3 before they have learned, see `better`",
    ),
    "few": Threshold(
        0.1,
        "collapse to few kinds: classes below it",
        "Reasoned: two kinds of ten. Measured: 0.13 and more in healthy runs from update "
        "1,000 on, before that 0.06 in single looks",
    ),
    "dead": Threshold(
        0.5,
        "dead units: d_dead or g_dead above it",
        "Reasoned: half a layer does nothing. Measured: 0.00 in all healthy games, 0.6 to 1.0 "
        "where a rate is much too high",
    ),
    "flat": Threshold(
        0.5,
        "saturated output: saturated above it",
        "Reasoned: half of what is neither black nor white in real images can no longer be "
        "changed. Measured: 0.12 at most in healthy runs, 0.6 to 1.0 where G's rate is much "
        "too high",
    ),
    "swing": Threshold(
        0.3,
        "oscillation: overlap further from 0.5 than this, on either side by turns",
        "Measured: overlap is 0.53 at most in healthy runs",
    ),
    "one": Threshold(
        0.2,
        "oscillation: classes below it, so that most samples are of one kind, which may be "
        "another at the next look",
        "Reasoned: two kinds of ten, and a few samples of others",
    ),
    "turns": Threshold(
        3,
        "oscillation: turns of overlap, or changes of kind, in twelve looks, at least so many",
        "Reasoned: there, back, and there again",
    ),
    "still": Threshold(
        0.1,
        "standing still: off, diversity and varied change by less, against three looks before",
        "Measured: with rates of 1e-7 they change by 1 to 8 %, in the one look at a healthy "
        "run whose off was above 0.5 one of them by 106 %",
    ),
    "guess": Threshold(
        0.15,
        "D guesses: overlap, the mean of three looks, nearer to 0.5 than this",
        "Reasoned: one look scatters by 0.05, and D is always a little ahead, because it "
        "learns first. Measured: the mean of three is 0.47 at most in healthy runs, which is "
        "a guess too: `far` decides",
    ),
    "far": Threshold(
        0.5,
        "D guesses, standing still, D overpowers G: off above it",
        "Reasoned: the mean images alone would tell samples from real images. Measured: below "
        "0.45 in healthy runs from update 500 on, but for one look at gan-cnn",
    ),
}


def _value(name):
    return THRESHOLDS[name].value


@dataclass(frozen=True)
class Illness:
    """name: what it is called. begins: (rows, dicts of signs) -> whether the last row shows it.
    lasts: the same, once it has begun; None: as begins. seen: (the last row) -> what is seen, a
    sentence without a full stop. lesson: to read. cure: what to try. unless: the illnesses beside
    which it does not begin, since they explain it. in_a_row: looks that it takes to begin or end.
    moment: whether one look can show it.
    """

    name: str
    begins: Callable
    seen: Callable
    lesson: str
    cure: str
    lasts: Callable | None = None
    unless: tuple = ()
    in_a_row: int = IN_A_ROW
    moment: bool = True

    def words(self, row):
        """What it is, what is seen, what to read and to try: a line without a full stop."""
        some = "s" if " and " in self.lesson else ""
        return (
            f"{self.name}. {self.seen(row)}. Read lesson{some} {self.lesson}; to try: {self.cure}"
        )


def is_finite(row):
    """Whether all signs of a look are."""
    return None not in row.values()


def _better(rows):
    """Whether the samples are better than in any look up to three before (early: the first)."""
    now, before, least = rows[-1], rows[:-3] or rows[:1], 1 - _value("better")
    nearer = now["off"] < least * min(row["off"] for row in before)
    return nearer or least * now.get("varied", 0) > max(row.get("varied", 0) for row in before)


def _dead(rows):
    return max(rows[-1]["g_dead"], rows[-1]["d_dead"]) > _value("dead")


def _saturated(rows):
    return rows[-1]["saturated"] > _value("flat")


def _alike(rows):
    return rows[-1].get("varied", rows[-1]["diversity"]) < _value("alike")


def _of_few_kinds(rows):
    row = rows[-1]
    return row.get("classes", 1) < _value("few") or row.get("varied", 1) < _value("little")


def _collapsed(rows):
    return _alike(rows) and not _better(rows)


def _has_few_kinds(rows):
    """Beside a D that tells all apart this is not said: it is no collapse, G is only behind."""
    return _of_few_kinds(rows) and not _better(rows) and rows[-1]["overlap"] >= _value("apart")


def _tells_all_apart(rows):
    return len(rows) >= 5 and all(row["overlap"] < _value("apart") for row in rows[-5:])


def _is_poor(rows):
    return rows[-1]["off"] > _value("far") or rows[-1].get("varied", 1) < _value("poor")


def _d_overpowers(rows):
    """D tells all apart, and what G draws is poor and becomes no better."""
    return _tells_all_apart(rows) and _is_poor(rows) and not _better(rows)


def _d_still_overpowers(rows):
    return rows[-1]["overlap"] < _value("apart") and _is_poor(rows)


def _g_overpowers(rows):
    return rows[-1]["overlap"] > _value("reversed")


def _oscillates(rows):
    """D is far ahead, then G, then D …; or G draws one kind, then another, then another …"""
    ahead = [row["overlap"] - 0.5 for row in rows]
    far = [x for x in ahead if abs(x) > _value("swing")]
    turns = sum(a * b < 0 for a, b in itertools.pairwise(far))
    told_apart = _value("apart")  # there G is only behind
    kinds = [
        row["kind"]
        for row in rows
        if row.get("classes", 1) < _value("one") and row["overlap"] >= told_apart
    ]
    jumps = sum(a != b for a, b in itertools.pairwise(kinds))
    return max(turns, jumps) >= _value("turns")


def _guesses(rows):
    mean = fmean(row["overlap"] for row in rows[-3:])
    return abs(mean - 0.5) < _value("guess") and rows[-1]["off"] > _value("far")


def _stands_still(rows):
    if len(rows) < 4 or rows[-1]["off"] < _value("far"):
        return False
    now, before = rows[-1], rows[-4]
    names = [name for name in ("off", "diversity", "varied") if name in now]
    return all(abs(now[n] - before[n]) < _value("still") * before[n] for n in names)


def _dead_words(row):
    network = "G" if row["g_dead"] >= row["d_dead"] else "D"
    return (
        f"In a layer of {network} {row[f'{network.lower()}_dead']:.0%} of the units give the same "
        "output for all images, and learn nothing more"
    )


def _behind_words(row):
    """How clear D's word to G is decides little under Adam, and tells where to look."""
    clear = "clear" if row["agreement"] > 0.5 else "little more than chance"
    return (
        f"D tells every sample from a real image (overlap {row['overlap']:.3f}), and the samples "
        f"become no better (off {row['off']:.2f}); what G hears from it is {clear} (agreement "
        f"{row['agreement']:.2f})"
    )


def _alike_words(row):
    where = "a classifier's features" if "varied" in row else "pixels"
    share = row.get("varied", row["diversity"])
    return (
        f"G draws one picture whatever the noise is: in {where} two samples differ by {share:.0%} "
        "of what two real images do"
    )


def _few_words(row):
    words = [f"two of them differ by {row['varied']:.0%} of what two real images do"]
    if "classes" in row:
        words.append(f"and their classes are {row['classes']:.0%} as many (0%: one class)")
    return f"The samples are of few kinds: in a classifier's features {', '.join(words)}"


_RATES = "--lr, and --lr-d and --lr-g where they were given"

ILLNESSES = (
    Illness(
        "not finite",
        lambda rows: not is_finite(rows[-1]),
        lambda row: "A number that was measured is infinite, or no number any more",
        "20 and 04",
        f"start again with a tenth of the learning rates ({_RATES})",
        in_a_row=1,
    ),
    Illness(
        "dead units",
        _dead,
        _dead_words,
        "03 and 05",
        f"start again with a tenth of the learning rates ({_RATES}): one large step can do this, "
        "and nothing undoes it",
    ),
    Illness(
        "saturated output",
        _saturated,
        lambda row: (
            "G's last function is flat at its output, which hardly changes any more: at "
            f"{row['saturated']:.0%} of the pixels that are neither black nor white in real images"
        ),
        "03 and 12",
        "start again with a tenth of G's learning rate (--lr-g; without it, --lr)",
    ),
    Illness(
        "D overpowers G",
        _d_overpowers,
        _behind_words,
        "13 and 15",
        "--resume with a lower --lr-d or a higher --lr-g; or start again with a larger "
        "--instance-noise, such as 0.3",
        lasts=_d_still_overpowers,
        unless=("dead units", "saturated output"),
        moment=False,
    ),
    Illness(
        "G overpowers D",
        _g_overpowers,
        lambda row: (
            f"D prefers the fake in {row['overlap']:.0%} of all pairs: it takes fakes for real, "
            "whatever they are, so that G learns nothing of real images"
        ),
        "13",
        "--resume with a higher --lr-d or a lower --lr-g; or start again with more --d-steps",
    ),
    Illness(
        "total collapse",
        _collapsed,
        _alike_words,
        "13 and 20",
        "start again with a larger --instance-noise, such as 0.3, a lower --lr, or another --seed",
        lasts=_alike,
    ),
    Illness(
        "collapse to few kinds",
        _has_few_kinds,
        _few_words,
        "13 and 20",
        "start again with a larger --instance-noise, such as 0.3, or a lower --lr",
        lasts=_of_few_kinds,
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
        lambda row: (
            "D and G are far ahead of each other by turns, or G jumps from one kind of samples to "
            f"another (at this look overlap {row['overlap']:.2f}, off {row['off']:.2f})"
        ),
        "04 and 20",
        f"--resume with half of the learning rates ({_RATES})",
        unless=("dead units", "saturated output"),
        moment=False,
    ),
    Illness(
        "D guesses",
        _guesses,
        lambda row: (
            "D can only guess (overlap near 0.5 in the mean of three looks), though the mean "
            f"sample is far from the mean real image (off {row['off']:.2f}): nobody learns"
        ),
        "13 and 14",
        "--resume with a higher --lr-d; or start again with another recipe, whose D is stronger",
    ),
    Illness(
        "standing still",
        _stands_still,
        lambda row: (
            "Since three looks the samples have hardly changed, and are far from real images (off "
            f"{row['off']:.2f})"
        ),
        "04",
        f"--resume with higher learning rates ({_RATES})",
        unless=("dead units", "saturated output", "D overpowers G", "G overpowers D"),
        moment=False,
    ),
)


def shown(rows, ill=()):
    """The names of the illnesses that the last of these rows, dicts of signs, shows: a set.

    ill: the names of those that have begun; they are asked whether they last. The others begin
    only where nothing explains them. Only the last MEMORY rows count, and of these those after
    one that is not finite.
    """
    if not is_finite(rows[-1]):
        return {ILLNESSES[0].name}
    rows = list(itertools.takewhile(is_finite, rows[: -MEMORY - 1 : -1]))
    rows.reverse()
    found = set()
    for illness in ILLNESSES:
        lasts = illness.name in ill and illness.lasts
        if (lasts or illness.begins)(rows):
            found.add(illness.name)
    explained = {i.name for i in ILLNESSES if i.name not in ill and found & set(i.unless)}
    return found - explained
