"""python -m benchmarks distance: what measuring the distance to real images costs a training."""

from benchmarks import machine, report
from benchmarks.launches import random_images
from benchmarks.workloads import width_of
from tinygan import backend, recipes
from tinygan.cli import Parser
from tinygan.evaluation.features import features_of

DRAWING = tuple(n for n in recipes.names() if recipes.get(n).model.draws_images)
AIM = 0.03  # of the time
WHOLE = {"fashion-mnist": 60_000, "cifar10": 50_000, "faces": 9_000}  # images
TWO_CLASSES = 12_000  # images of Fashion-MNIST, for conditional GANs


def main(argv):
    parser = Parser(
        prog="python -m benchmarks distance",
        description="Time an update of each recipe and a Fréchet distance of its draws to real "
        "images, as train --fd-every measures it, and say what share of the time that takes by "
        "default, with the whole data set.",
        examples=("benchmarks distance --recipe dcgan --width 32",),
    )
    report.add_training_options(parser, DRAWING, "that draw")
    args = parser.parse_args(argv)
    report.check_files(args)
    about = machine.describe(backend.get("numpy"), [])
    print(machine.line(about), "\n")
    rows = []
    for name in args.recipe:
        rows.append(measured(name, args.width, args.rounds))
        report.say(f"{name}: measured")
    print(f"{_table(rows)}\n\nMedian and quartiles. every: epochs between two distances, in a run "
          f"of the recipe's length. share: of the time; at most {AIM:.0%} is wanted.")  # fmt: skip
    report.write_files(args, "distance", [{"machine": about, "recipes": rows}], None)
    return 0


def measured(name, width=None, rounds=5):
    """A row: how long an update and a distance take, in seconds, and the share of the distances."""
    recipe = recipes.get(name)
    asked = {"width": width} if width and "width" in recipe.options else {}
    options = recipe.options | asked
    conditional = recipe.model.keeps_best
    images, labels = random_images(recipe, TWO_CLASSES if conditional else WHOLE[recipe.data])
    training = recipe.new_training(options, 0, images, labels, features=features_of)
    updates = training.updates(0)
    update = report.times(lambda: next(updates), rounds)
    training.prepare()
    distance = report.times(lambda: training.measure(1), rounds)
    steps = training.steps_per_epoch
    every = recipe.fd_every(options, steps * training.images_per_step, recipe.epochs)
    between = every * steps * update["median"]
    return {
        "recipe": name,
        "width": width_of(name, width),
        "update": update,
        "distance": distance,
        "every": every,
        "share": every and distance["median"] / (distance["median"] + between),
    }


def _table(rows):
    lines = [["", "width", "ms an update", "ms a distance", "every", "share"]]
    for row in rows:
        lines.append([
            row["recipe"],
            str(row["width"] or "-"),
            report.milliseconds(row["update"]),
            report.milliseconds(row["distance"]),
            str(row["every"] or "-"),
            f"{row['share']:.2%}" if row["every"] else "-",
        ])  # fmt: skip
    return report.table(lines)
