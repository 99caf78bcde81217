"""python -m tinygan.evaluate RUN|FILE.npz: measure how good samples are, beside real images."""

import math
import os
import sys
import textwrap
import time
from pathlib import Path

import numpy as np

from tinygan import backend, data, recipes
from tinygan.cli import Parser, class_list, class_numbers, exit_on_error, one_of, path, whole_number
from tinygan.data import cifar10, fashion_mnist
from tinygan.errors import UserError
from tinygan.evaluation import protocol
from tinygan.evaluation.result import MEANINGS, file_sha256, write_evaluation, write_json
from tinygan.npz import read_arrays, read_images
from tinygan.recipes import trained
from tinygan.runs import checkpoint
from tinygan.runs.config import read_config
from tinygan.runs.tables import read_timing
from tinygan.training.classifier_loop import predict

CLASSES = {"fashion_mnist": fashion_mnist.CLASSES, "cifar10": cifar10.CLASSES}  # by extractor
SHOWN = 16  # samples that are kept to be shown
BY_SHAPE = {(28, 28, 1): "fashion-mnist", (32, 32, 3): "cifar10", (64, 64, 3): "faces"}


def main(argv=None):
    parser = Parser(
        prog="python -m tinygan.evaluate",
        usage="%(prog)s RUN|FILE.npz [options]",
        description="Measure samples against images of the test split, beside the floor: the same "
        "numbers for real training images. A run's go into RUN/evaluation.json, and its samples "
        "with the nearest training images into RUN/memorisation.png. A run of the recipe "
        "classifier is asked to name all test images.",
    )
    add = parser.add_argument
    add("samples", metavar="RUN|FILE.npz", type=path, help="a run folder, or a file with an array "
        "images, uint8 (N, H, W, C), and if you like labels (N,)")  # fmt: skip
    add_protocol_options(parser)
    add("--data", metavar="NAME", help="for FILE.npz: what to compare with (default: by the size "
        f"of the images, {', '.join(BY_SHAPE.values())})")  # fmt: skip
    add("--json", metavar="FILE", type=path, help="for FILE.npz: write the numbers there")
    add("--prior", metavar="NAME", type=one_of("normal", "gmm"), help="of an autoencoder: decode "
        "N(0, I), or samples of a mixture fitted to its codes (default: the run's)")  # fmt: skip
    add("--classes", metavar="A,B,…", type=class_list, help="of a conditional GAN: draw, and "
        "compare with, these classes alone; of FILE.npz: compare with these alone")  # fmt: skip
    args = parser.parse_args(argv)
    say = to_stderr(args.quiet)
    xp = backend.get(args.backend)
    if args.samples.endswith(".npz") or os.path.isfile(args.samples):
        if args.prior is not None:
            raise UserError("--prior is for a run folder: the images of a file are drawn already")
        evaluation = _evaluate_file(args, xp, say)
        if args.json:
            write_json(args.json, evaluation)
        print(table(evaluation))
        return 0
    for option in ("data", "json"):
        if getattr(args, option) is not None:
            raise UserError(
                f"--{option} is for FILE.npz: a run is measured on its own data, and its numbers "
                "go into evaluation.json in its folder"
            )
    if read_config(args.samples)["recipe"] == "classifier":
        if args.prior is not None or args.classes is not None:
            raise UserError("--prior and --classes are for recipes that draw images")
        print(confusion_table(evaluate_classifier(args.samples, args.data_dir, xp)))
        return 0

    def measured_against(name, **how):
        reference = protocol.build(name, args.n, args.seed, xp=xp, say=say, **how)
        warn_of_few(reference)
        return reference, protocol.floor(reference, say=say)

    evaluation, _ = evaluate_run(
        args.samples,
        measured_against,
        seed=args.seed,
        prior=args.prior,
        classes=args.classes,
        data_dir=args.data_dir,
        xp=xp,
        say=say,
    )
    folder = Path(args.samples)
    print(table(evaluation))
    print(f"written to {folder}: evaluation.json, evaluation.npz, memorisation.png")
    return 0


def add_protocol_options(parser):
    """The options that evaluate and compare share."""
    add = parser.add_argument
    add("--n", metavar="N", type=whole_number(protocol.LEAST), default=10_000, help="how many "
        "samples and how many real images (default 10000)")  # fmt: skip
    add(
        "--seed",
        metavar="S",
        type=whole_number(0),
        default=0,
        help="of noise and choice (default 0)",
    )
    add("--data-dir", metavar="DIR", type=path, help="look for data here and nowhere else")
    add("--backend", choices=backend.NAMES, default="auto", help="what to compute with")
    add("--quiet", action="store_true", help="do not tell of each step")


def to_stderr(quiet):
    """A function that says a line on stderr, or nothing."""
    return (lambda text: None) if quiet else lambda text: print(text, file=sys.stderr, flush=True)


def evaluate_run(folder, measured_against, *, seed, data_dir, xp, say, prior=None, classes=None):
    """Measure a run that draws images, and write evaluation.json and its pictures.

    measured_against: (data name, data_dir=, classes=, sha256=) -> (Reference, its floor).
    "parameters" are those of all that draws; "ms_per_1000" is what drawing 1,000 samples takes: the
    fastest of three draws of 1,000, or of n when that is less.
    Returns what read_evaluation reads. Raises UserError as trained.load, trained.draw and
    protocol.build do, and when the folder cannot be written.
    """
    folder, config = Path(folder), read_config(folder)
    file = folder / "checkpoint.npz"
    if file.exists():
        digest = file_sha256(file)  # before it is read: a run that goes on may replace it
    trainer = trained.load(folder, xp)
    step = read_arrays(file)[0]["step"]
    if classes is None:
        classes = config["options"].get("classes")
    trained.draw(trainer, 64, seed, prior=prior, classes=classes)  # warms up, and refuses early
    reference, floor = measured_against(
        config["trained_on"]["name"],
        data_dir=data_dir or config["data_dir"],
        classes=class_numbers(classes),
        sha256=config["trained_on"]["sha256"],
    )
    n, limit = reference.n, config["limit"]
    say(f"drawing {n:,} samples with {folder} …")
    images, labels = trained.draw(trainer, n, seed, prior=prior, classes=classes)
    if images.shape[1:] != reference.image_shape:
        raise UserError(
            f"{folder} draws images of {_by(images)}, but its data has {_by(reference.test)}"
        )
    few, seconds = min(n, 1000), []
    for _ in range(3):
        began = time.perf_counter()
        trained.draw(trainer, few, seed, prior=prior, classes=classes)
        seconds.append(time.perf_counter() - began)
    metrics = protocol.measure(reference, images, labels, limit=limit, say=say)
    prior = prior or config["options"].get("prior")
    evaluation = {
        "protocol": reference.protocol(),
        "metrics": metrics,
        "floor": floor,
        "recipe": config["recipe"],
        "options": config["options"],
        "prior": prior,
        "checkpoint_sha256": digest,
        **_facts(folder, trainer, step, prior),
        "ms_per_1000": 1e6 * min(seconds) / few,
        "backend": xp.__name__,
    }
    shown = images[protocol.spread(n, SHOWN)]
    pictures = {
        "samples": shown,
        "nearest": protocol.nearest_training_images(reference, shown, limit=limit),
        "real": reference.test[protocol.spread(n, SHOWN)],
    }
    write_evaluation(folder, evaluation, pictures)
    return evaluation, pictures


def evaluate_classifier(folder, data_dir, xp):
    """How often a run's classifier is right on all test images, and what it takes them for.

    Writes and returns what evaluation.json holds; "confusion" has a row for each true class.
    """
    folder, config = Path(folder), read_config(folder)
    recipe, options = recipes.get(config["recipe"]), config["options"]
    recipes.check_options(recipe, options, folder / "config.json")
    file = folder / "checkpoint.npz"
    if not file.exists():
        raise UserError(f"{folder} has no checkpoint yet")
    digest = file_sha256(file)
    name, sha256 = config["trained_on"]["name"], config["trained_on"]["sha256"]
    train, test = (data.load(name, s, data_dir or config["data_dir"]) for s in ("train", "test"))
    protocol.check_same_data(train, sha256)
    rng = np.random.default_rng(0)  # the weights come from the file
    network = recipe.build(rng, image_shape=test.images.shape[1:], width=options["width"]).to(xp)
    step, _, _ = checkpoint.load(
        file, recipe=recipe.name, options=options, networks={"classifier": network}
    )
    classes = network.layers[-1].n_out
    if test.labels.max() >= classes:
        raise UserError(
            f"the test images have labels up to {test.labels.max()}, and {folder} knows those to "
            f"{classes - 1}"
        )
    named = predict(network, test.images).argmax(axis=1)
    confusion = np.zeros((classes, classes), np.int64)
    np.add.at(confusion, (test.labels, named), 1)
    parameters = sum(p.data.size for p in network.params())
    evaluation = {
        "protocol": {"split": protocol.SPLIT, "data": name, "test_sha256": test.sha256},
        "accuracy": float((named == test.labels).mean()),
        "confusion": confusion.tolist(),
        "recipe": recipe.name,
        "options": options,
        "checkpoint_sha256": digest,
        "parameters": parameters,
        "weights": {"classifier": parameters},
        "updates": step,
        "training_seconds": _training_seconds(folder, step),
    }
    write_json(folder / "evaluation.json", evaluation)
    return evaluation


def table(evaluation):
    """What is printed: the metrics, the floor beside them, and what they can be compared with."""
    how, metrics, floor = (evaluation[key] for key in ("protocol", "metrics", "floor"))
    name = evaluation.get("recipe") or evaluation["file"]
    if evaluation.get("prior"):
        name += f" with the prior {evaluation['prior']}"
    title = f"{name}: {how['n']:,} samples against {how['n']:,} images of {data_words(how)}"
    rows = [("", "samples", "real (floor)", "")]
    for key, meaning in MEANINGS.items():
        if key == "entropy" and how["classes"] is not None:
            k = len(how["classes"])
            meaning = f"of the classes seen; the {k} alone, equally: ln {k} = {math.log(k):.3f}"
        if key in metrics:
            rows.append((key, shown(key, metrics), shown(key, floor), meaning))
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    lines = [title, ""]
    for key, value, real, meaning in rows:
        cells = f"{key:<{widths[0]}}  {value:>{widths[1]}}  {real:>{widths[2]}}  {meaning}"
        lines.append(cells.rstrip())
    lines += ["", "classes, as the extractor's classifier sees them:"]
    names = CLASSES.get(how["extractor"]["name"], [""] * len(floor["classes"]))
    counts = zip(names, metrics["classes"], floor["classes"], strict=True)
    for c, (name, count, real) in enumerate(counts):
        cells = f"{f'{c} {name}':<{widths[0]}}  {count:>{widths[1]}}  {real:>{widths[2]}}"
        lines.append(cells.rstrip())
    return "\n".join([*lines, "", explanation(how)])


def explanation(how):
    """The line that says what fd is, and what it is not. how: the protocol."""
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


def data_words(how):
    """The data of a protocol in words: "the test split of cifar10, classes 0, 1"."""
    classes = how["classes"]
    only = "" if classes is None else f", class{'es' * (len(classes) > 1)} " + ", ".join(
        map(str, classes)
    )  # fmt: skip
    return f"the {how['split']} split of {how['data']}{only}"


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


def confusion_table(evaluation):
    """How often a classifier is right, and a row for each true class: what it was taken for."""
    how, counts = evaluation["protocol"], evaluation["confusion"]
    images = sum(map(sum, counts))
    lines = [
        f"{100 * evaluation['accuracy']:.2f} % of the {images:,} images of {how['data']}'s "
        f"{how['split']} split are named right",
        "",
        "rows: the true class; columns: what it was taken for",
        "     " + "".join(f"{c:>6}" for c in range(len(counts))),
    ]
    learned = how["data"].removesuffix("-subset").replace("-", "_")
    names = CLASSES.get(learned, [""] * len(counts))
    for c, (name, row) in enumerate(zip(names, counts, strict=True)):
        lines.append((f"{c:>5}" + "".join(f"{k:>6}" for k in row) + f"  {name}").rstrip())
    return "\n".join(lines)


def warn_of_few(reference):
    """A line on stderr when there are fewer images than were asked for, or than it takes."""
    n, asked = reference.n, reference.asked
    if n < asked:
        print(
            f"{asked:,} images were asked for: {reference.data} allows for {n:,}", file=sys.stderr
        )
    if n < protocol.ENOUGH:
        print(
            f"warning: {n:,} samples against {n:,} images are fewer than {protocol.ENOUGH:,}: fd "
            "is biased upwards and all numbers are unsteady; compare them only with their floor "
            "and at equal numbers",
            file=sys.stderr,
        )


def _evaluate_file(args, xp, say):
    images, labels = read_images(args.samples)
    if args.json:
        check_folder(args.json)
    name = args.data or BY_SHAPE.get(images.shape[1:])
    if name is None:
        raise UserError(
            f"{args.samples} has images of {_by(images)}: name what to compare them with, --data"
        )
    classes = None
    if args.classes is not None:
        classes = class_numbers(args.classes)
        left_out = [] if labels is None else sorted(set(labels.tolist()) - set(classes))
        if left_out:
            raise UserError(
                f"{args.samples} has labels that --classes {args.classes} leaves out, such as "
                f"{left_out[0]}: name these too, or leave --classes out"
            )
    elif labels is not None:
        classes = tuple(np.unique(labels).tolist())
    n = min(args.n, len(images))
    if n < protocol.LEAST:
        raise UserError(f"{args.samples} holds {n} images: {protocol.LEAST} are needed at least")
    reference = protocol.build(
        name, n, args.seed, data_dir=args.data_dir, classes=classes, xp=xp, say=say
    )
    if reference.image_shape != images.shape[1:]:
        raise UserError(
            f"{args.samples} has images of {_by(images)}, {reference.data} of "
            f"{_by(reference.test)}: name the right --data"
        )
    if reference.data != name:
        print(f"the whole {name} was not found: compared with {reference.data}", file=sys.stderr)
    warn_of_few(reference)
    chosen = np.random.default_rng(args.seed).choice(len(images), reference.n, replace=False)
    chosen.sort()
    labels = None if labels is None else labels[chosen]
    return {
        "protocol": reference.protocol(),
        "metrics": protocol.measure(reference, images[chosen], labels, say=say),
        "floor": protocol.floor(reference, say=say),
        "file": Path(args.samples).name,
        "file_sha256": file_sha256(args.samples),
        "backend": xp.__name__,
    }


def check_folder(file):
    """Raise UserError now when `file` could not be written later, for want of a folder."""
    if not Path(file).absolute().parent.is_dir():
        raise UserError(f"cannot write {file}: there is no folder {Path(file).parent}")


def _facts(folder, trainer, step, prior):
    weights = trainer.weights()
    drawing = {"G", "decoder", "projection"} | ({"mixture"} if prior != "normal" else set())
    return {
        "parameters": sum(weights[name] for name in drawing & weights.keys()),
        "weights": weights,
        "updates": step,
        "training_seconds": _training_seconds(folder, step),
    }


def _training_seconds(folder, step):
    seconds = sum(row[2] for row in read_timing(folder / "timing.csv", step))
    return seconds if 0 < seconds < math.inf else None


def _by(images):
    return " × ".join(map(str, images.shape[1:]))


if __name__ == "__main__":
    exit_on_error(main)
