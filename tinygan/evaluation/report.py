"""Results as text: the table of a run, of a classifier, of several runs, and what they mean.

Arguments: `evaluation`, what result.py keeps of a run; `how`, its part "protocol".
"""

import math
import textwrap

from tinygan.data import cifar10, fashion_mnist
from tinygan.evaluation import protocol
from tinygan.progress import duration

CLASSES = {"fashion_mnist": fashion_mnist.CLASSES, "cifar10": cifar10.CLASSES}  # by extractor
FLOOR = "real training images"  # what the floor's row is called
MEANINGS = {  # in the order of the table; kid_std and bins stand beside kid and ndb
    "fd": "0 is best: Fréchet distance of features",
    "kid": "0 is best: kernel distance of features, ± over subsets",
    "precision": "share of samples whose features lie among real ones",
    "recall": "share of real images whose features lie among samples'",
    "density": "real neighbourhoods around a sample: mean number over k",
    "coverage": "share of real neighbourhoods that hold a sample",
    "ndb": "bins of pixels that hold too many samples or too few",
    "js": "0 is best: divergence of the bins' shares, at most 0.693",
    "entropy": "of the classes; ln 10 = 2.303 is ten in equal parts",
    "memorisation": "about 1: no copies of training images; 0: only copies",
    "agreement": "share recognised as the class asked for, among those that could be",
}


def table(evaluation):
    """The metrics of a run or file, the floor beside them, and what they can be compared with."""
    how, metrics, floor = (evaluation[key] for key in ("protocol", "metrics", "floor"))
    name = evaluation["recipe"] if "recipe" in evaluation else evaluation["file"]
    if evaluation.get("drawn_with"):
        name += f" with its {evaluation['drawn_with']} weights"
    if evaluation.get("prior"):
        name += f" with the prior {evaluation['prior']}"
    found = [key for key in MEANINGS if key in metrics]
    rows = [("", "samples", "real (floor)")]
    rows += [(key, shown(key, metrics), shown(key, floor)) for key in found]
    names = CLASSES.get(how["extractor"]["name"], [""] * len(floor["classes"]))
    counts = zip(names, metrics["classes"], floor["classes"], strict=True)
    rows += [(f"{c} {name}", *map(str, pair)) for c, (name, *pair) in enumerate(counts)]
    lines = _in_columns(rows)
    head, of_classes = lines[: 1 + len(found)], lines[1 + len(found) :]
    meanings = ["", *(meaning(key, how) for key in found)]
    return "\n".join([
        f"{name}: {amount(how)}",
        "",
        *(f"{line}  {text}".rstrip() for line, text in zip(head, meanings, strict=True)),
        "",
        "classes, as the extractor's classifier predicts them:",
        *of_classes,
        "",
        explanation(how),
    ])  # fmt: skip


def confusion_table(evaluation):
    """How often a classifier is right, and a row for each true class: what it was taken for."""
    how, counts = evaluation["protocol"], evaluation["confusion"]
    images = sum(map(sum, counts))
    lines = [
        f"{100 * evaluation['accuracy']:.2f} % of the {images:,} images of {how['data']}'s "
        f"{how['split']} split are classified correctly",
        "",
        "rows: the true class; columns: the predicted class",
        "     " + "".join(f"{c:>6}" for c in range(len(counts))),
    ]
    learned = how["data"].removesuffix("-subset").replace("-", "_")
    names = CLASSES.get(learned, [""] * len(counts))
    for c, (name, row) in enumerate(zip(names, counts, strict=True)):
        lines.append((f"{c:>5}" + "".join(f"{k:>6}" for k in row) + f"  {name}").rstrip())
    return "\n".join(lines)


def comparison_table(rows):
    """One table of runs that were measured alike, the floor last. rows: comparison.Row of each."""
    how = rows[0].evaluation["protocol"]
    return "\n".join([amount(how), "", *_in_columns(comparison_cells(rows)), "", explanation(how)])


def comparison_cells(rows):
    """The texts of that table, row by row; the first row is its head."""
    floor = rows[0].evaluation["floor"]
    metrics = [m for m in MEANINGS if any(m in row.evaluation["metrics"] for row in rows)]
    cells = [("", "parameters", "updates", "training", "ms/1000", *metrics)]
    for row in rows:
        seconds = row.evaluation["training_seconds"]
        cells.append((
            row.name,
            f"{row.evaluation['parameters']:,}",
            f"{row.evaluation['updates']:,}",
            "-" if seconds is None else duration(seconds),
            f"{row.evaluation['ms_per_1000']:.0f}",
            *(shown(metric, row.evaluation["metrics"]) for metric in metrics),
        ))  # fmt: skip
    cells.append((FLOOR, "", "", "", "", *(shown(metric, floor) for metric in metrics)))
    return cells


def shown(key, metrics):
    """A metric as it is printed; "-" where there is none."""
    value = metrics.get(key)
    if value is None:
        return "-"
    if key == "kid":
        return f"{value:.3g} ± {metrics['kid_std']:.2g}"
    if key == "ndb":
        return f"{value} / {metrics['bins']}"
    return f"{value:.4g}"


def data_words(how):
    """The data of a protocol in words: "the test split of cifar10, classes 0, 1"."""
    text, classes = f"the {how['split']} split of {how['data']}", how["classes"]
    if classes is None:
        return text
    return f"{text}, class{'es' * (len(classes) > 1)} {', '.join(map(str, classes))}"


def explanation(how):
    """The lines that say what fd is, and what it is not."""
    extractor = how["extractor"]
    other = "" if extractor["learned_this_data"] else (
        f"; it has not learned {how['data']}, so it ranks runs but knows neither its classes nor "
        "what matters in it"
    )  # fmt: skip
    return textwrap.fill(
        "fd and kid are not comparable with published FIDs and KIDs: their features are those of "
        f"tinygan's own classifier {extractor['name']}.npz (SHA-256 {extractor['sha256'][:12]}…, "
        f"right on {100 * extractor['accuracy']:.2f} % of its test images), not Inception's{other}"
        f"; from {how['n']:,} samples and {how['n']:,} images of the {how['split']} split, seed "
        f"{how['seed']}.",
        100,
    )


def too_few(reference):
    """Lines of text when there are fewer images than were asked for, or than numbers need."""
    n, asked, lines = reference.n, reference.asked, []
    if n < asked:
        lines.append(f"{asked:,} images were asked for: {reference.data} allows for {n:,}")
    if n < protocol.ENOUGH:
        lines.append(
            f"warning: {n:,} samples against {n:,} images are fewer than {protocol.ENOUGH:,}: fd "
            "is biased upwards and all numbers are noisy; compare them only with their floor and "
            "at equal numbers of images"
        )
    return lines


def meaning(key, how):
    """What a metric means, in a few words."""
    if key == "entropy" and how["classes"] is not None:
        k = len(how["classes"])
        return f"of the classes seen; the {k} alone, equally: ln {k} = {math.log(k):.3f}"
    return MEANINGS[key]


def amount(how):
    """How many samples were compared with how many images of what."""
    return f"{how['n']:,} samples against {how['n']:,} images of {data_words(how)}"


def _in_columns(rows):
    """A line for each row of texts: the first column is set left, the others right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for first, *others in rows:
        cells = [f"{cell:>{width}}" for cell, width in zip(others, widths[1:], strict=True)]
        lines.append("  ".join([f"{first:<{widths[0]}}", *cells]))
    return lines
