"""python -m tinygan.evaluate RUN|FILE.npz|DIR: measure how good samples are, beside real images."""

from pathlib import Path

from tinygan import backend, recipes
from tinygan.cli import (
    Parser,
    check_folder,
    class_list,
    class_numbers,
    exit_on_error,
    next_line,
    path,
    printer,
)
from tinygan.errors import UserError
from tinygan.evaluation.measure_classifier import evaluate_classifier
from tinygan.evaluation.measure_file import BY_SHAPE, evaluate_file
from tinygan.evaluation.measure_run import evaluate_run, measured_against
from tinygan.evaluation.options import add_model_options, add_protocol_options
from tinygan.evaluation.report import confusion_table, table
from tinygan.evaluation.result import write_json
from tinygan.report import write_report
from tinygan.runs.config import is_run, read_config


def main(argv=None):
    args = _parser().parse_args(argv)
    args.classes = class_numbers(args.classes)
    xp, say = backend.get(args.backend), printer(args.quiet)
    backend.set_tf32(xp, False)
    if not is_run(args.samples):
        _file(args, xp, say)
        _say_next(args, "models to compare with", "tinygan.train", "--list")
        return 0
    for option in ("data", "json"):
        if getattr(args, option) is not None:
            raise UserError(
                f"--{option} is for FILE.npz and DIR: a run is measured on its own data, and its "
                "numbers go into evaluation.json in its folder"
            )
    if recipes.get(read_config(args.samples)["recipe"]).model.draws_images:
        _run(args, xp, say)
        weights = ["--weights", args.weights] if args.weights else []
        _say_next(args, "pictures of what it learned", "tinygan.draw", args.samples, *weights)
    else:
        _classifier(args, xp)
        _say_next(args, "models that draw", "tinygan.train", "--list")
    return 0


def _say_next(args, *what):
    if not args.quiet:
        print(f"\n{next_line(*what)}")


def _parser():
    parser = Parser(
        prog="python -m tinygan.evaluate",
        usage="%(prog)s RUN|FILE.npz|DIR [options]",
        description="Measure samples against images of the test split, beside the floor: the same "
        "numbers for real training images. What a run gets goes into RUN/evaluation.json, and its "
        "samples with the nearest training images into RUN/memorisation.png; all of it into "
        "RUN/report.html. A run of the recipe classifier is asked to classify all test images.",
        examples=("tinygan.evaluate runs/dcgan",
            "tinygan.evaluate samples.npz --data fashion-mnist"),
    )  # fmt: skip
    add = parser.add_argument
    add("samples", metavar="RUN|FILE.npz|DIR", type=path, help="a run folder; a file with an array "
        "images (or arr_0), uint8 (N, H, W, C), and optionally labels (or arr_1) (N,); or a folder "
        "or a .zip of pictures")  # fmt: skip
    add_protocol_options(parser)
    add("--data", metavar="NAME", help="for FILE.npz and DIR: what to compare with (default: by "
        f"the size of the images, {', '.join(BY_SHAPE.values())})")  # fmt: skip
    add("--json", metavar="FILE", type=path, help="for FILE.npz and DIR: write the numbers there")
    add_model_options(parser)
    add("--classes", metavar="A,B,…", type=class_list, help="of cgan and of a flow: draw, and "
        "compare with, these classes alone; of FILE.npz and DIR: compare with these")  # fmt: skip
    return parser


def _file(args, xp, say):
    if args.weights is not None or args.prior is not None:
        raise UserError("--weights and --prior are for a run: images of a file are drawn already")
    if args.json:
        check_folder(args.json)
    evaluation = evaluate_file(
        args.samples, n=args.n, seed=args.seed, name=args.data, data_dir=args.data_dir,
        classes=args.classes, xp=xp, say=say, warn=printer(),
    )  # fmt: skip
    if args.json:
        write_json(args.json, evaluation)
    print(table(evaluation))


def _classifier(args, xp):
    if any(x is not None for x in (args.weights, args.prior, args.classes)):
        raise UserError("--weights, --prior and --classes are for recipes that draw images")
    print(confusion_table(evaluate_classifier(args.samples, args.data_dir, xp)))
    _write_report(args.samples, "evaluation.json")


def _run(args, xp, say):
    evaluation, _ = evaluate_run(
        args.samples, measured_against(args.n, args.seed, xp=xp, say=say, warn=printer()),
        seed=args.seed, data_dir=args.data_dir, weights=args.weights, prior=args.prior,
        classes=args.classes, xp=xp, say=say,
    )  # fmt: skip
    print(table(evaluation))
    _write_report(args.samples, "evaluation.json, evaluation.npz, memorisation.png")


def _write_report(run, others):
    write_report(run)
    print(f"written to {Path(run)}: {others}, report.html")


if __name__ == "__main__":
    exit_on_error(main, lower="--n")
