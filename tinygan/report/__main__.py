"""python -m tinygan.report RUN …: a run's report.html made anew, or one page that compares runs."""

from pathlib import Path

from tinygan.cli import Parser, check_folder, exit_on_error, next_line, path, say
from tinygan.errors import UserError
from tinygan.evaluation.comparison import different
from tinygan.files import reason, write_text
from tinygan.progress import plural
from tinygan.report.page import page
from tinygan.report.story import story


def main(argv=None):
    args = _parser().parse_args(argv)
    folders = different(args.runs)
    out = args.out or (folders[0] / "report.html" if len(folders) == 1 else "comparison.html")
    if not str(out).endswith((".html", ".htm")):
        raise UserError(f"--out {out} should end in .html")
    told = story(folders)
    check_folder(out)
    try:
        write_text(out, page(told))
    except OSError as error:
        raise UserError(f"cannot write {out}: {reason(error)}") from None
    size = Path(out).stat().st_size
    print(f"{_words(told)}: {out} ({size / 1e6:.2f} MB), one file that opens in a browser")
    if unread := sum(run["unread"] for run in told["sheets"]):
        say(f"{plural(unread, 'sheet')} of samples cannot be read, and are left out")
    print(_next(folders, told))
    return 0


def _words(told):
    """What is in the page: "12 sheets of samples, 3 curves"."""
    sheets = sum(len(run["sheets"]) for run in told["sheets"])
    return f"{plural(sheets, 'sheet')} of samples, {plural(len(told['panels']), 'panel')} of curves"


def _next(folders, told):
    """What would make the page say more, or draw more."""
    if told["state"]["word"] == "training":
        return next_line("the page as the run trains", "tinygan.watch", folders[0])
    can = [folder for folder in folders if (folder / "checkpoint.npz").exists()]
    unmeasured = [folder for folder in can if not (folder / "evaluation.json").exists()]
    if unmeasured:
        return next_line("how good it is", "tinygan.evaluate", unmeasured[0])
    if can:
        return next_line("what it learned", "tinygan.draw", can[0])
    return next_line("runs to look at", "tinygan.train", "--list")


def _parser():
    parser = Parser(
        prog="python -m tinygan.report",
        usage="%(prog)s RUN [RUN …] [options]",
        description="Make a run's report.html anew: its samples with a slider through the epochs, "
        "its curves, its networks and settings, what evaluate measured. Training and evaluate make "
        "it too. With several runs: one page with their samples side by side, their curves in the "
        "same panels, and the table of python -m tinygan.compare. The page is one file that needs "
        "no network.",
        examples=(
            "tinygan.report runs/dcgan",
            "tinygan.report runs/dcgan runs/vae --out both.html",
        ),
    )
    add = parser.add_argument
    add("runs", nargs="+", metavar="RUN", type=path, help="run folders")
    add("--out", metavar="FILE.html", type=path, help="the page (default RUN/report.html; of "
        "several runs comparison.html)")  # fmt: skip
    return parser


if __name__ == "__main__":
    exit_on_error(main)
