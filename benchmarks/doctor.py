"""python -m benchmarks doctor: what the doctor's looks cost, as a share of a GAN's training."""

from benchmarks import machine, report
from benchmarks.launches import random_images
from benchmarks.workloads import width_of
from tinygan import backend, recipes
from tinygan.cli import Parser, whole_number
from tinygan.evaluation.features import features_of
from tinygan.recipes.check_up import EVERY
from tinygan.recipes.gan import Gan

GANS = tuple(name for name in recipes.names() if issubclass(recipes.get(name).model, Gan))
AIM = 0.02  # of the time


def main(argv):
    parser = Parser(
        prog="python -m benchmarks doctor",
        description=f"Time an update of each GAN and a look at its health. There is a look at each "
        f"{EVERY} updates.",
        examples=("benchmarks doctor --recipe dcgan --width 32 --batch-size 32",),
    )
    report.add_training_options(parser, GANS, "GANs")
    parser.add_argument("--batch-size", type=whole_number(2), metavar="N", help="images in a batch "
        "(default: the recipe's own)")  # fmt: skip
    args = parser.parse_args(argv)
    report.check_files(args)
    about = machine.describe(backend.get("numpy"), [])
    print(machine.line(about), "\n")
    rows = []
    for name in args.recipe:
        rows.append(measured(name, args.width, args.batch_size, args.rounds))
        report.say(f"{name}: measured")
    print(f"{_table(rows)}\n\nMedian and quartiles. share: of the time, with a look at each "
          f"{EVERY} updates; at most {AIM:.0%} is wanted.")  # fmt: skip
    report.write_files(args, "doctor", [{"machine": about, "gans": rows}], None)
    return 0


def measured(name, width=None, batch_size=None, rounds=5):
    """A row: how long an update and a look take, in seconds, and the share of the looks."""
    recipe = recipes.get(name)
    asked = {"width": width, "batch_size": batch_size}
    options = recipe.options | {n: v for n, v in asked.items() if v and n in recipe.options}
    images, labels = random_images(recipe, 3 * options["batch_size"] * options["d_steps"])
    training = recipe.new_training(options, 0, images, labels, features=features_of)
    updates = training.updates(0)
    update = report.times(lambda: next(updates), rounds)
    look = report.times(lambda: training.check_up.look(EVERY), rounds)
    return {
        "recipe": name,
        "width": width_of(name, width),
        "batch_size": options["batch_size"],
        "update": update,
        "look": look,
        "share": look["median"] / (look["median"] + EVERY * update["median"]),
    }


def _table(rows):
    lines = [["", "width", "batch", "ms an update", "ms a look", "share"]]
    for row in rows:
        lines.append([
            row["recipe"],
            str(row["width"] or "-"),
            str(row["batch_size"]),
            report.milliseconds(row["update"]),
            report.milliseconds(row["look"]),
            f"{row['share']:.2%}",
        ])  # fmt: skip
    return report.table(lines)
