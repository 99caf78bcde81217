"""Checkpoints: everything a run needs to go on, in one .npz file that NumPy alone can read.

The file is what npz.write_arrays writes: `np.load(path)` opens it, it holds its own SHA-256, and it
has no pickle. The members:

    meta                 JSON: format, recipe, options, step, notes, states of the random generators
    G/0.W, D/3.b, …      the model's arrays, such as weights and running statistics
    kept/G/0.W, …        these arrays as they were at the lowest distance, where they are kept
    adam_G/t, adam_G/m.0…  the optimizers' step counts and moments
    history              (steps, columns) float32: what was measured at every update
"""

import numpy as np

from tinygan import backend
from tinygan.errors import UserError, first_line, shown
from tinygan.npz import FORMAT, read_arrays, write_arrays
from tinygan.runs.config import LEARNING_RATES
from tinygan.runs.random_state import set_state, state_of

# A generator of the first edition; what draws the masks now begins anew when such a run goes on.
_OLD_DROPOUT = "dropout"


def save(
    path,
    *,
    recipe,
    options,
    step,
    arrays,
    optimizers,
    generators,
    history,
    notes=None,
    run=None,
    kept=None,
):
    """Write a checkpoint, all or nothing.

    recipe: its name. options: JSON-able dict of what shaped the training. step: updates done.
    arrays: dict[str, array]. optimizers: dict[str, Adam]. generators: dict[str, Generator].
    history: (step, columns) float32. notes: JSON-able dict, whatever else to remember.
    run: JSON-able dict of what else must be the same to go on. kept: dict[str, array] of other
    values for all of `arrays`, which notes["best"] describes.
    Raises OSError when it cannot be written.
    """
    members = arrays | _optimizer_arrays(optimizers) | {"history": np.asarray(history, np.float32)}
    members |= {f"kept/{name}": array for name, array in (kept or {}).items()}
    meta = {
        "format": FORMAT,
        "recipe": recipe,
        "options": options,
        "run": run,
        "step": step,
        "notes": notes or {},
        "generators": {name: state_of(rng) for name, rng in generators.items()},
    }
    write_arrays(path, meta, backend.all_to_numpy(members))


def load(path, *, recipe, options, arrays, optimizers=None, generators=None, run=None, kept=None):
    """Read a checkpoint into arrays, and into optimizers and generators where they are given.

    The learning rates may differ from those in `options`, and the file may lack an option that came
    later. kept: a dict, which gets the arrays that were kept, on the host, where the file has any.
    Everything is checked before anything is changed. Returns (step, history, notes).
    Raises UserError, naming the file and the cause: missing, truncated or altered, of another
    recipe or shape, or from a newer format.
    """
    optimizers, generators = optimizers or {}, generators or {}
    meta, found = _read(path, recipe, options)
    if run is not None:
        _check_same(path, "is of another run", meta.get("run"), run)
    _check_arrays(path, found, arrays | _optimizer_arrays(optimizers))
    step, history, notes = meta.get("step"), found.get("history"), meta.get("notes")
    if type(step) is not int or history is None or history.ndim != 2 or len(history) != step:
        raise UserError(f"{path} does not fit this recipe: its step and its history disagree")
    if history.dtype != np.float32 or not np.isfinite(history).all():
        raise UserError(f"{path} does not fit this recipe: its history is not finite float32")
    if not isinstance(notes, dict) or not _is_sentence(notes.get("finished", "")):
        raise UserError(f"{path} does not fit this recipe: it has no notes")
    has_kept = "best" in notes
    if has_kept:
        _check_best(path, notes["best"], step)
        _check_arrays(path, found, {f"kept/{name}": array for name, array in arrays.items()})
    states = meta.get("generators")
    if isinstance(states, dict) and _OLD_DROPOUT in states:
        generators = {name: rng for name, rng in generators.items() if name in states}
    for name, rng in generators.items():
        _check_state(path, name, rng, states)

    if kept is not None and has_kept:
        kept.update({name: found[f"kept/{name}"] for name in arrays})
    for name, array in arrays.items():
        array[...] = backend.to_device(found[name], backend.array_module(array))
    for name, optimizer in optimizers.items():
        # not whatever begins with adam_: a forged file may hold more
        optimizer.load_state_dict({n: found[f"adam_{name}/{n}"] for n in optimizer.state_dict()})
    for name, rng in generators.items():
        set_state(rng, states[name])
    return step, history, notes


def share(ranks, shard, *, arrays, optimizers, generators, notes):
    """Let every rank have what rank 0 has, in its own arrays, optimizers and generators.

    ranks: see ranks.py. shard: see nn/shard.py. Returns rank 0's notes.
    """
    states, notes = ranks.only_first(
        lambda: ({name: state_of(rng) for name, rng in generators.items()}, notes)
    )
    for array in arrays.values():
        mine = shard.from_first(backend.to_numpy(array))
        array[...] = backend.to_device(mine, backend.array_module(array))
    for optimizer in optimizers.values():
        state = optimizer.state_dict()
        optimizer.load_state_dict({name: shard.from_first(state[name]) for name in state})
    for name, rng in generators.items():
        set_state(rng, states[name])
    return notes


def check(path, *, recipe, options):
    """Raise UserError where `load` would, whatever the model's arrays are.

    To be called before the model is made: the sizes in a damaged config.json can be too large.
    """
    _read(path, recipe, options)


def _read(path, recipe, options):
    """What npz.read_arrays reads of a checkpoint. UserError if it is of another run."""
    meta, found = read_arrays(path)
    if meta.get("recipe") != recipe:
        raise UserError(f"{path} is of the recipe {_words(meta.get('recipe'))}, not of {recipe}")
    _check_options(path, meta.get("options"), options)
    return meta, found


def _optimizer_arrays(optimizers):
    return {
        f"adam_{name}/{key}": array
        for name, optimizer in optimizers.items()
        for key, array in optimizer.state_dict().items()
    }


def _check_options(path, found, options):
    if isinstance(found, dict):
        options = {name: value for name, value in options.items() if name in found}
        for name in LEARNING_RATES:
            found = found | {name: options[name]} if name in options else found
    _check_same(path, "has other options", found, options)


def _check_same(path, what, found, expected):
    """Raise UserError, naming what differs, unless the two dicts are equal."""
    if not isinstance(found, dict):
        raise UserError(f"{path} {what}: it names none")
    for name in sorted(found.keys() | expected.keys()):
        here, there = found.get(name, "nothing"), expected.get(name, "nothing")
        if here != there:
            name, here, there = map(_words, (name, here, there))
            raise UserError(f"{path} {what}: {name} is {here} in it, and {there} in this run")


def _check_arrays(path, found, expected):
    for name, array in expected.items():
        if name not in found:
            raise UserError(f"{path} does not fit this recipe: it has no {name}")
        if found[name].shape != array.shape or found[name].dtype != array.dtype:
            raise UserError(
                f"{path} does not fit this recipe: {name} is {found[name].dtype} "
                f"{found[name].shape} instead of {array.dtype} {array.shape}"
            )
        if not np.isfinite(found[name]).all():
            raise UserError(f"{path} is corrupt: {name} has values that are not finite")


def _check_best(path, best, step):
    """Raise UserError unless notes["best"] is a dict(epoch, step, fd)."""
    sound = isinstance(best, dict) and best.keys() == {"epoch", "step", "fd"}
    sound = sound and type(best["epoch"]) is type(best["step"]) is int
    sound = sound and 0 < best["epoch"] <= best["step"] <= step
    if not sound or type(best["fd"]) is not float or not 0 <= best["fd"] < np.inf:
        raise UserError(f"{path} is corrupt: what it notes of the weights that it keeps is wrong")


def _check_state(path, name, rng, states):
    try:
        set_state(np.random.Generator(type(rng.bit_generator)()), states[name])
    except Exception as error:  # whatever NumPy makes of a state that is none
        raise UserError(
            f"{path} does not fit this recipe: no state for the generator {name} "
            f"({first_line(error)})"
        ) from None


def _words(value):
    """A value out of a file inside a sentence."""
    try:
        return shown(str(value))
    except RecursionError:
        return "lists inside lists"


def _is_sentence(value):
    return isinstance(value, str) and value.isprintable() and len(value) <= 300
