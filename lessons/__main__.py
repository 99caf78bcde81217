"""python -m lessons check 04: which exercises are right. python -m lessons run 04: a lesson's run,
with what it prints kept beside its pictures.
"""

from lessons.checking import check, exercises, numbers
from lessons.running import run
from tinygan.cli import Parser, exit_on_error
from tinygan.errors import UserError


def main(argv=None):
    parser = Parser(
        prog="python -m lessons",
        usage="%(prog)s check|run NUMBER [options]",
        description="check: which functions of lessons/exercises/NUMBER.py are right, with a hint "
        "for the others.\nrun: run a lesson, and keep what it prints in lessons/out/NUMBER/"
        "printed.txt.",
        examples=["lessons check 04", "lessons run 04"],
    )
    add = parser.add_argument
    add("command", metavar="check|run", choices=("check", "run"), help="what to do")
    add("number", metavar="NUMBER", help="of the lesson: 04")
    add("--answers", action="store_true", help="check: the answers in place of your exercises")
    add("--fast", action="store_true", help="run: a shorter run, of which nothing is kept")
    args = parser.parse_args(argv)
    number = args.number.zfill(2)
    if number not in numbers():
        raise UserError(f"there is no lesson {args.number}: they go from 01 to {numbers()[-1]}")
    if args.command == "check" and number not in exercises():
        raise UserError(f"{number} has no exercises: those of lesson {number[:2]} are beside it")
    if (args.fast and args.command == "check") or (args.answers and args.command == "run"):
        raise UserError("--answers is for check, and --fast is for run")
    if args.command == "run":
        return run(number, fast=args.fast)
    return check(number, "answers" if args.answers else "exercises")


if __name__ == "__main__":
    exit_on_error(main)
