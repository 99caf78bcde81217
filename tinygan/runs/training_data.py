"""The images that a run trains on: found at its start, and the same ones when it goes on."""

import sys

from tinygan import data
from tinygan.errors import UserError


def load(settings, config=None):
    """The training split for a run; a line on stderr says when it is not what was asked for.

    config: config.json, as a dict, of a run that goes on. Returns a Dataset. Raises UserError when
    the data is missing or damaged, or not what the run began with.
    """
    if config:
        return _as_before(settings, config["trained_on"])
    dataset = data.load(settings.data, "train", settings.data_dir, settings.background)
    if dataset.name != settings.data:
        print(
            f"data: the whole {settings.data} was not found, so this run uses the embedded subset "
            f"of {len(dataset.images):,} images; get the whole with: "
            f"{data.fashion_mnist.fetch_command()}",
            file=sys.stderr,
        )
    return dataset


def _as_before(settings, began_with):
    try:
        dataset = data.load(began_with["name"], "train", settings.data_dir, settings.background)
    except UserError as error:
        raise UserError(f"{error} (if it has moved, say where to with --data-dir)") from None
    if (dataset.name, dataset.sha256) != (began_with["name"], began_with["sha256"]):
        read_otherwise = "" if began_with["name"] != "faces" else (
            ", or the run began with a tinygan that read large pictures, 16-bit grey and "
            "transparency otherwise"
        )  # fmt: skip
        raise UserError(
            f"the data is not what the run began with ({began_with['name']}, SHA-256 "
            f"{began_with['sha256'][:12]}…){read_otherwise}: bring that back, or start another run "
            "with --out"
        )
    if dataset.name != settings.data:
        print(f"data: goes on with {dataset.name}, as the run began", file=sys.stderr)
    return dataset
