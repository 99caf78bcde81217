"""Options, tables and files that all benchmarks share."""

import json
import math
import statistics
import sys
import time
from importlib.util import find_spec

from tinygan import backend, figures
from tinygan.cli import check_folder, path, whole_number
from tinygan.errors import UserError
from tinygan.files import reason, write_text

LIMIT = """\
Share of limit: the products' operations per second, divided by the machine's rate for one large
matrix product (the median of measurements before and after). Multiplications by the zeros of
padding count, so the share may be too high."""


def add_options(parser, peers, rounds=15, tf32=False, default=None, more=""):
    """--backend, --peer, --rounds, --json and --plot; with `tf32` also --tf32.

    peers: those that this benchmark knows. default: those that take part unless others are named;
    all when left out. more: a sentence for --help about the others.
    """
    default = peers if default is None else default
    add = parser.add_argument
    add("--backend", nargs="+", choices=("numpy", "cupy"), default=["numpy"], metavar="NAME",
        help="numpy, cupy, or both (default numpy)")  # fmt: skip
    if peers:
        which = "all that are" if default == peers else f"{', '.join(default)}, if it is"
        add("--peer", nargs="*", choices=peers, default=list(default), metavar="NAME", help="what "
            f"to compare with: {', '.join(peers)} (default: {which} installed){more}",
        )  # fmt: skip
    add("--rounds", type=whole_number(1), default=rounds, metavar="N", help="measurements of each, "
        f"in turns (default {rounds})")  # fmt: skip
    parser.set_defaults(tf32=False)
    if tf32:
        add("--tf32", action="store_true", help="on a GPU, let products of float32 round their "
            "factors to TF32, in CuPy and in PyTorch (default: neither does)")  # fmt: skip
    add("--json", metavar="FILE", type=path, help="write the results to this file")
    add("--plot", metavar="FILE.png", type=path, help="write a plot to this file")


def add_training_options(parser, names, all_of):
    """The options of what times trainings of recipes: --recipe, --width, --rounds, --json.

    names: of the recipes. all_of: what they are, in words.
    """
    add = parser.add_argument
    add("--recipe", nargs="+", choices=names, default=names, metavar="NAME", help="which (default "
        f"all {all_of})")  # fmt: skip
    add("--width", type=whole_number(1), metavar="W", help="how wide the networks are (default: "
        "the recipe's own)")  # fmt: skip
    add("--rounds", type=whole_number(1), default=5, metavar="N", help="measurements (default 5)")
    add("--json", metavar="FILE", type=path, help="write the results to this file")
    parser.set_defaults(plot=None)


def package(peer):
    """The package that a peer is part of: "torch-graph" -> "torch"."""
    return peer.partition("-")[0]


def installed(peers):
    """Those of the peers that are installed; the others are named on stderr."""
    found = [peer for peer in peers if find_spec(package(peer))]
    for peer in peers:
        if peer not in found:
            how = "jax" if peer == "jax" else "'.[peers]'"
            what = "it" if package(peer) == peer else peer
            say(
                f"{package(peer)} is not installed, so {what} is left out: pip install {how} "
                "installs it"
            )
    return found


def say(text):
    """A line on stderr, at once."""
    print(text, file=sys.stderr, flush=True)


def backends(names, tf32=False):
    """Returns name -> array module, with products set to TF32 or not.

    Raises UserError when one is not available.
    """
    found = {name: backend.get(name) for name in dict.fromkeys(names)}
    for xp in found.values():
        backend.set_tf32(xp, tf32)
    return found


def check_files(args):
    """Raise UserError now if a file could not be written later."""
    for file in (args.json, args.plot):
        if file is not None:
            check_folder(file)
    if args.plot is not None and not args.plot.endswith(".png"):
        raise UserError(f"--plot {args.plot} should end in .png")


def spread(values):
    """Median and quartiles: dict(median, low, high)."""
    values = sorted(values)
    if len(values) < 2:
        return {"median": values[0], "low": values[0], "high": values[0]}
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return {"median": median, "low": low, "high": high}


def times(run, rounds):
    """The spread of so many times that run() takes, after two that do not count."""
    found = []
    for _ in range(rounds + 2):
        began = time.perf_counter()
        run()
        found.append(time.perf_counter() - began)
    return spread(found[2:])


def seconds(found, unit=1.0):
    """A spread in seconds as text: "12.3 (12.1 to 12.9)", with three digits of the median."""
    digits = [found[name] / unit for name in ("median", "low", "high")]
    places = max(0, 2 - math.floor(math.log10(digits[0]))) if digits[0] > 0 else 0
    return "{:.{p}f} ({:.{p}f} to {:.{p}f})".format(*digits, p=places)


def milliseconds(found):
    return seconds(found, 1e-3)


def megabytes(memory):
    """Bytes as text in MB; "-" if they are not known."""
    return "-" if memory is None else f"{memory / 1e6:.0f}"


def on_gpu(result):
    """The text that marks the rows of the GPU in a plot."""
    return ", GPU" if result["backend"] == "cupy" else ""


def table(rows):
    """Rows of texts as lines of aligned columns, the first row as the head."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for first, *others in rows:
        cells = [f"{cell:>{width}}" for cell, width in zip(others, widths[1:], strict=True)]
        lines.append("  ".join([f"{first:<{widths[0]}}", *cells]).rstrip())
    return "\n".join(lines)


def write_json(file, found):
    """Write a dict as JSON. Raises UserError when the file cannot be written."""
    try:
        write_text(file, json.dumps(found, indent=1) + "\n")
    except OSError as error:
        raise UserError(f"cannot write {file}: {reason(error)}") from None
    print(f"written: {file}")


def write_files(args, kind, results, plot):
    """Write the files of --json and --plot. plot: a function of (file, results)."""
    if args.json:
        write_json(args.json, {"benchmark": kind, "results": results})
    if args.plot:
        try:
            plot(args.plot, results)
        except OSError as error:
            raise UserError(f"cannot write {args.plot}: {reason(error)}") from None
        print(f"written: {args.plot}")


def bars(file, rows, label, line=None):
    """Horizontal bars, the first row on top.

    rows: list of (text, {name: length}); a bar consists of its parts, one colour for each name.
    label: of the axis. line: the position of a vertical line, or None.
    """
    with figures.new(file, (9, 1.2 + 0.3 * len(rows)), dpi=130) as figure:
        _draw_bars(figure.subplots(), rows, label, line)


def groups(file, rows, label):
    """As bars, but the parts of a row are bars of their own, one below the other."""
    height = 1.2 + 0.18 * len(rows) * len(_names(rows))
    with figures.new(file, (9, height), dpi=130) as figure:
        _draw_groups(figure.subplots(), rows, label)


def _draw_bars(axes, rows, label, line):
    left = [0.0] * len(rows)
    for name in _names(rows):
        lengths = [parts.get(name, 0.0) for _, parts in rows]
        axes.barh(range(len(rows)), lengths, left=left, label=name)
        left = [start + length for start, length in zip(left, lengths, strict=True)]
    _finish(axes, rows, label, max([*left, line or 0]))
    if line is not None:
        axes.axvline(line, color="black", linewidth=0.8)


def _draw_groups(axes, rows, label):
    names = _names(rows)
    height = 0.8 / len(names)
    for i, name in enumerate(names):
        lengths = [parts.get(name, 0.0) for _, parts in rows]
        middles = [row + (i - (len(names) - 1) / 2) * height for row in range(len(rows))]
        axes.barh(middles, lengths, height, label=name)
    _finish(axes, rows, label, max(max(parts.values()) for _, parts in rows))


def plain_ticks(axis):
    """The numbers 1, 2, 5, 10, 20, … beside a logarithmic axis."""
    from matplotlib.ticker import LogLocator, NullFormatter

    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter(NullFormatter())


def _names(rows):
    return list(dict.fromkeys(name for _, parts in rows for name in parts))


def _finish(axes, rows, label, longest):
    axes.set_xlim(0, 1.03 * longest or 1)
    axes.set_yticks(range(len(rows)), [text for text, _ in rows], fontsize="small")
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlabel(label)
    if len(axes.containers) > 1:
        axes.legend(
            frameon=False, ncols=4, loc="lower left", bbox_to_anchor=(0, 1), fontsize="small"
        )
