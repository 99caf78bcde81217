"""Checkpoints: everything a run needs to go on, in one .npz file that NumPy alone can read.

The file is what npz.write_arrays writes: `np.load(path)` opens it, it holds its own SHA-256, and it
has no pickle.
The members:

    meta                 JSON: format, recipe, options, step, notes, states of the random generators
    G/0.W, D/3.b, …      weights and running statistics, by network and dotted name
    adam_G/t, adam_G/m.0…  the optimizers' step counts and moments
    history              (steps, columns) float32: what was measured at every update
"""

import numpy as np

from tinygan import backend
from tinygan.errors import UserError
from tinygan.npz import FORMAT, first_line, read_arrays, write_arrays


def save(
    path,
    *,
    recipe,
    options,
    step,
    networks,
    optimizers,
    generators,
    history,
    notes=None,
    run=None,
):
    """Write a checkpoint, all or nothing.

    recipe: its name. options: JSON-able dict of what shaped the training. step: updates done.
    networks: dict[str, Layer]. optimizers: dict[str, Adam]. generators: dict[str, Generator].
    history: (step, columns) float32. notes: JSON-able dict, whatever else to remember.
    run: JSON-able dict of what else must be the same to go on.
    Raises OSError when it cannot be written.
    """
    arrays = _network_arrays(networks) | _optimizer_arrays(optimizers)
    arrays["history"] = np.asarray(history, np.float32)
    meta = {
        "format": FORMAT,
        "recipe": recipe,
        "options": options,
        "run": run,
        "step": step,
        "notes": notes or {},
        "generators": {name: rng.bit_generator.state for name, rng in generators.items()},
    }
    write_arrays(path, meta, {name: backend.to_numpy(value) for name, value in arrays.items()})


def load(path, *, recipe, options, networks, optimizers=None, generators=None, run=None):
    """Read a checkpoint into networks, and into optimizers and generators where they are given.

    Everything is checked before anything is changed. Returns (step, history, notes).
    Raises UserError, naming the file and the cause: missing, truncated or altered, of another
    recipe or shape, or from a newer format.
    """
    optimizers, generators = optimizers or {}, generators or {}
    meta, arrays = read_arrays(path)
    if meta.get("recipe") != recipe:
        raise UserError(f"{path} is of the recipe {meta.get('recipe')}, not of {recipe}")
    if meta.get("options") != options:
        raise UserError(f"{path} has the options {meta.get('options')}, not {options}")
    if run is not None and meta.get("run") != run:
        raise UserError(f"{path} is of another run: it has {meta.get('run')}, this run {run}")
    network_arrays = _network_arrays(networks)
    _check_fit(path, arrays, network_arrays | _optimizer_arrays(optimizers))
    step, history = meta.get("step"), arrays.get("history")
    if type(step) is not int or history is None or history.ndim != 2 or len(history) != step:
        raise UserError(f"{path} does not fit this recipe: its step and its history disagree")
    if history.dtype != np.float32 or not np.isfinite(history).all():
        raise UserError(f"{path} does not fit this recipe: its history is not finite float32")
    if not isinstance(meta.get("notes"), dict):
        raise UserError(f"{path} does not fit this recipe: it has no notes")
    for name, rng in generators.items():
        try:
            type(rng.bit_generator)().state = meta["generators"][name]
        except Exception as error:  # whatever NumPy makes of a state that is none
            raise UserError(
                f"{path} does not fit this recipe: no state for the generator {name} "
                f"({first_line(error)})"
            ) from None

    for name, array in network_arrays.items():
        array[...] = backend.to_device(arrays[name], backend.array_module(array))
    for name, optimizer in optimizers.items():
        optimizer.load_state_dict(_below(f"adam_{name}/", arrays))
    for name, rng in generators.items():
        rng.bit_generator.state = meta["generators"][name]
    return step, history, meta["notes"]


def _network_arrays(networks):
    arrays = {}
    for name, layer in networks.items():
        arrays |= {f"{name}/{key}": p.data for key, p in layer.named_params().items()}
        arrays |= {f"{name}/{key}": array for key, array in layer.named_buffers().items()}
    return arrays


def _optimizer_arrays(optimizers):
    return {
        f"adam_{name}/{key}": array
        for name, optimizer in optimizers.items()
        for key, array in optimizer.state_dict().items()
    }


def _check_fit(path, arrays, expected):
    for name, array in expected.items():
        if name not in arrays:
            raise UserError(f"{path} does not fit this recipe: it has no {name}")
        if arrays[name].shape != array.shape or arrays[name].dtype != array.dtype:
            raise UserError(
                f"{path} does not fit this recipe: {name} is {arrays[name].dtype} "
                f"{arrays[name].shape} instead of {array.dtype} {array.shape}"
            )
        if not np.isfinite(arrays[name]).all():
            raise UserError(f"{path} is of no use: {name} has values that are not finite")


def _below(prefix, arrays):
    return {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}
