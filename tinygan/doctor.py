"""python -m tinygan.doctor RUN: what is wrong with a GAN, and what to try."""

import textwrap

from tinygan import backend
from tinygan.cli import Parser, exit_on_error, next_line, path, say
from tinygan.drawings.opened_run import OpenedRun
from tinygan.errors import UserError
from tinygan.evaluation.features import features_of
from tinygan.evaluation.options import add_backend_option
from tinygan.health.course import Course
from tinygan.health.illnesses import IN_A_ROW, THRESHOLDS
from tinygan.health.signs import MEANINGS
from tinygan.help_text import columns, two_columns
from tinygan.progress import plural
from tinygan.recipes.check_up import CheckUp
from tinygan.recipes.gan import Gan
from tinygan.report.folder import read_run


def main(argv=None):
    args = _parser().parse_args(argv)
    if args.thresholds:
        print(two_columns({f"{name} {t.value:g}": t.why for name, t in THRESHOLDS.items()}))
        return 0
    if args.run is None:
        raise UserError("name a run folder: python -m tinygan.doctor RUN")
    xp = backend.get(args.backend)
    backend.set_tf32(xp, False)
    run, files = OpenedRun(args.run, xp, args.data_dir), read_run(args.run)
    if not issubclass(run.recipe.model, Gan):
        raise UserError(
            f"{args.run} is a run of {run.recipe.name}, which is no GAN: there is no game that "
            "could be ill"
        )
    _tell_the_past(files)
    if not files.has_checkpoint:
        say("there is no checkpoint yet, so nothing more can be seen")
        return 0
    now = _look(run)
    _tell_the_present(now, run.model.step)
    print(next_line("how good its images are", "tinygan.evaluate", args.run))
    return 0


def _tell_the_past(files):
    """What the files say of the time while it trained."""
    rows, changes = files.health.rows, files.health.changes
    if files.state == "failed":
        print(_wrapped(f"The training failed: {files.data['why']}"))
    if not rows:
        print("There is no health.csv: nobody looked while it trained.\n")
        return
    print(f"While it trained ({plural(len(rows), 'look')} in {files.folder / 'health.csv'}):")
    for change in changes:
        print(_wrapped(f"{change.words()}.", indent="  "))
    print("" if changes else "  nothing wrong\n")


def _look(run):
    """The Course of so many looks at the checkpoint as an illness takes, each with other noise."""
    images, labels = run.trained_on()
    per_epoch = max(
        1, len(images) // (run.model.options["batch_size"] * run.model.options["d_steps"])
    )
    check_up = CheckUp(
        run.model, images, labels, run.config["seed"], per_epoch,
        lambda x: features_of(x, xp=run.xp),
    )  # fmt: skip
    return Course(check_up.look(run.model.step, again) for again in range(IN_A_ROW))


def _tell_the_present(course, step):
    print(f"At update {step:,}, in {plural(len(course.rows), 'look')} at the checkpoint:")
    for change in course.changes:
        print(_wrapped(f"{change.illness.words(change.row)}.", indent="  "))
    print("" if course.changes else "  nothing wrong\n")
    last = course.rows[-1]
    print(two_columns({
        f"{name:<9} {_number(last[name]):>10}": meaning
        for name, meaning in MEANINGS.items() if name in last
    }) + "\n")  # fmt: skip


def _number(value):
    return "not finite" if value is None else f"{value:.3g}"


def _wrapped(text, indent=""):
    more = {"break_long_words": False, "break_on_hyphens": False}
    return textwrap.fill(
        text, columns() - 2, initial_indent=indent, subsequent_indent=indent + "  " * bool(indent),
        **more,
    )  # fmt: skip


def _parser():
    parser = Parser(
        prog="python -m tinygan.doctor",
        usage="%(prog)s RUN [options]",
        description="Say what is wrong with a GAN: what was seen while it trained, every few "
        "hundred updates, and what the checkpoint shows now. Each illness comes with the lesson "
        "to read and an option to try.",
        examples=("tinygan.doctor runs/dcgan", "tinygan.doctor --thresholds"),
    )
    add = parser.add_argument
    add("run", nargs="?", metavar="RUN", type=path, help="the run folder")
    add("--thresholds", action="store_true", help="print from where on a sign is one of illness, "
        "and why there")  # fmt: skip
    add("--data-dir", metavar="DIR", type=path, help="look for data here and nowhere else")
    add_backend_option(parser)
    return parser


if __name__ == "__main__":
    exit_on_error(main)
