"""A run made ready: its data are found, its training and its folder are there, on every rank."""

import dataclasses
from pathlib import Path

from tinygan import backend
from tinygan.cli import flag
from tinygan.errors import UserError
from tinygan.runs import checkpoint, log, training_data
from tinygan.runs.config import versions
from tinygan.runs.lock import only_one
from tinygan.runs.run import Run


def prepare(recipe, wanted, config, out, ranks, features):
    """(the Run, its Dataset), in the folder `out`; nothing is written yet.

    wanted: Settings. config: config.json, as a dict, of the run that goes on. features: (uint8
    images, xp) -> features, for a recipe that watches a distance between images.
    Raises UserError, on every rank, when one of them cannot, or does not have the same.
    """
    xp = ranks.together(lambda: backend.get(wanted.backend))
    ranks.take_device(xp)

    def make():
        settings = log.with_tf32(wanted, xp)
        ranks.check_batch(settings.options.get("batch_size"))
        file = Path(out) / "checkpoint.npz"
        if ranks.rank == 0 and config and file.exists():
            checkpoint.check(file, recipe=recipe.name, options=settings.options)
        dataset = training_data.load(settings, config)
        images, labels = dataset.images[: settings.limit], dataset.labels[: settings.limit]
        training = recipe.new_training(
            settings.options, settings.seed, images, labels, xp, lambda x: features(x, xp=xp)
        )
        facts = {"name": dataset.name, "images": len(images), "sha256": dataset.sha256}
        run = Run(out, training, settings, facts, ranks)
        settle(run, recipe, is_new=not config)
        return run, dataset

    run, dataset = ranks.together(make)
    ranks.check_same(
        {"the recipe": run.settings.recipe, "--out": str(out), "--seed": run.settings.seed}
        | {flag(name): value for name, value in run.settings.options.items()}
        | {f"the data's {name}": value for name, value in run.trained_on.items()}
        | {f"the version of {name}": value for name, value in versions(xp).items()}
    )
    return run, dataset


def settle(run, recipe, is_new):
    """Fill in what depends on how long the run is, where it was left open.

    is_new: whether it begins; a run that goes on keeps the options that it has.
    Raises UserError for settings that cannot be.
    """
    training, settings = run.training, run.settings
    epochs = run.last_step / training.steps_per_epoch
    if is_new:
        training.settle(epochs)
        options = {name: training.options[name] for name in settings.options}
        run.settings = dataclasses.replace(settings, options=options)
    per_epoch = training.steps_per_epoch * training.images_per_step
    run.fd_every = settings.fd_every
    if run.fd_every is None:
        run.fd_every = recipe.fd_every(settings.options, per_epoch, epochs)
    if not recipe.model.draws_images and (run.fd_every or settings.keep_best):
        raise UserError(
            f"--fd-every and --keep-best are for recipes that draw images, and {recipe.name} draws "
            "none"
        )
    if 0 < run.fd_every <= epochs:
        return
    why = (
        f"with its {epochs:.4g} epoch{'s' * (epochs != 1)} this run measures none: --fd-every can "
        f"be 1 to {int(epochs)}"
    )
    if epochs < 1:
        why = "this run is shorter than an epoch, so it measures none"
    if settings.keep_best:
        raise UserError(f"--keep-best keeps the weights of the lowest distance, and {why}")
    if recipe.model.keeps_best and settings.fd_every is not None:
        raise UserError(f"{recipe.name} draws with the weights of its lowest distance, and {why}")


def begin(run, config, ranks, locked):
    """Write or read the run's folder, on rank 0, and let all ranks have the state to go on from.

    locked: an ExitStack, which keeps the folder from other processes.
    Returns whether there is anything to do.
    """

    def on_first():
        if not config:
            run.make_folder()
        locked.enter_context(only_one(run.folder))
        if config:
            run.resume(config)
            log.warn_of_other_versions(config["versions"], run)
        else:
            run.start()
        return not run.finished

    if not ranks.only_first(on_first):
        return False
    if ranks.ranks > 1:
        run.share()
    return True
