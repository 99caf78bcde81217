"""python -m tinygan.doctor RUN: what is wrong with a GAN, and what to try."""

import functools
import textwrap

from tinygan import backend
from tinygan.cli import Parser, exit_on_error, next_line, path, say
from tinygan.drawings.opened_run import OpenedRun
from tinygan.errors import UserError
from tinygan.evaluation.features import features_of
from tinygan.evaluation.options import add_backend_option
from tinygan.health.course import Course
from tinygan.health.illnesses import ILLNESSES, IN_A_ROW, THRESHOLDS
from tinygan.health.signs import MEANINGS
from tinygan.help_text import columns, two_columns
from tinygan.progress import plural
from tinygan.recipes.check_up import EVERY, CheckUp
from tinygan.recipes.gan import Gan
from tinygan.report.folder import read_run


def main(argv=None):
    args = _parser().parse_args(argv)
    if args.thresholds:
        table = {f"{n} {t.value:g}": f"{t.rule}. {t.why}" for n, t in THRESHOLDS.items()}
        print(two_columns(table))
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
    _tell_the_present(*_look(run, files.health.rows))
    print(next_line("how good its images are", "tinygan.evaluate", args.run))
    return 0


def _tell_the_past(files):
    """What the files say of the time while it trained."""
    rows, changes = files.health.rows, files.health.changes
    if files.state == "failed":
        print(_wrapped(f"The training failed: {files.data['why']}"))
    table = files.folder / "health.csv"
    if not rows:
        why = "cannot be read" if table.exists() else f"is not there: a look comes every {EVERY}"
        print(_wrapped(f"While it trained: {table} {why}{'' if table.exists() else ' updates'}."))
        return print()
    print(f"While it trained ({plural(len(rows), 'look')} in {table}):")
    for change in changes:
        print(_wrapped(f"{change.words()}.", indent="  "))
    return print("" if changes else "  nothing wrong\n")


def _look(run, before):
    """(illnesses that are there now, the last look): by as many looks at the checkpoint as it takes
    to name one, each with other noise, after those of the training.

    Without the latter only what one moment can show, and None where it is too early for that.
    """
    step, features = run.model.step, functools.partial(features_of, xp=run.xp)
    check_up = CheckUp(run.model, *run.trained_on(), run.config["seed"], features)
    course = Course(row for row in before if row["step"] <= step)
    had_looks = bool(course.rows)
    for again in range(IN_A_ROW):
        course.add(check_up.look(step, again))
    found = [illness for illness in ILLNESSES if illness.name in course.ill]
    if not had_looks:
        early = step < IN_A_ROW * EVERY
        found = None if early else [illness for illness in found if illness.moment]
    return found, course.rows[-1]


def _tell_the_present(found, row):
    print(f"At update {row['step']:,}, in {IN_A_ROW} looks at the checkpoint:")
    if found is None:
        print(f"  too early to say: before update {IN_A_ROW * EVERY} a healthy game looks ill")
    for illness in found or ():
        print(_wrapped(f"{illness.words(row)}.", indent="  "))
    print("  nothing wrong\n" if found == [] else "")
    signs = {name: row[name] for name in MEANINGS if name in row}
    print(two_columns({f"{n:<9} {_number(signs[n]):>10}": MEANINGS[n] for n in signs}) + "\n")


def _number(value):
    return "not finite" if value is None else f"{value:.3g}"


def _wrapped(text, indent=""):
    indents = {"initial_indent": indent, "subsequent_indent": 2 * indent}
    return textwrap.fill(text, columns() - 2, break_on_hyphens=False, **indents)


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
    add("--thresholds", action="store_true", help="print the numbers that decide, and why those")
    add("--data-dir", metavar="DIR", type=path, help="look for data here and nowhere else")
    add_backend_option(parser)
    return parser


if __name__ == "__main__":
    exit_on_error(main)
