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
from tinygan.health.illnesses import ILLNESSES, IN_A_ROW, THRESHOLDS, is_finite
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
    table = files.folder / "health.csv"
    if files.state == "failed":
        print(_wrapped(f"The training failed: {files.data['why']}"))
    if rows:
        print(f"While it trained ({plural(len(rows), 'look')} in {table}):")
        for line in [f"{change.words()}." for change in changes] or ["nothing wrong"]:
            print(_wrapped(line, indent="  "))
    elif table.exists():
        print(f"While it trained: {table} cannot be read.")
    else:
        print(f"While it trained: there is no {table}, because a look comes every {EVERY} updates.")
    print()


def _look(run, rows):
    """(lines on what is wrong now, the last look): what had not ended when it trained, and what
    looks at the checkpoint show, with other noise each; alone only what one moment can show.
    """
    step, features = run.model.step, functools.partial(features_of, xp=run.xp)
    check_up = CheckUp(run.model, *run.trained_on(), run.config["seed"], features)
    course = Course(row for row in rows if row["step"] <= step)
    had_looks, before = bool(course.rows), set(course.ill)
    for again in range(IN_A_ROW):
        course.add(check_up.look(step, again))
    row = course.rows[-1]
    names = before | set(course.ill)
    ill = [one for one in ILLNESSES if one.name in names and (had_looks or one.moment)]
    if not is_finite(row):
        ill = ILLNESSES[:1]
    elif not had_looks and step < IN_A_ROW * EVERY:
        return [f"too early to say: before update {IN_A_ROW * EVERY} healthy games look ill"], row
    nothing = "nothing wrong" if had_looks else "nothing wrong that one moment can show"
    return [f"{illness.words(row)}." for illness in ill] or [nothing], row


def _tell_the_present(lines, row):
    print(f"At update {row['step']:,}, in {IN_A_ROW} looks at the checkpoint:")
    for line in lines:
        print(_wrapped(line, indent="  "))
    signs = {f"{n:<9} {_number(row[n]):>10}": MEANINGS[n] for n in MEANINGS if n in row}
    print(f"\n{two_columns(signs)}\n")


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
