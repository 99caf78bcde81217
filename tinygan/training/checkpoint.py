"""Checkpoints: everything a run needs to go on, in one .npz file that NumPy alone can read.

The file is a plain, uncompressed .npz (a zip of .npy members; `np.load(path)` opens it) whose zip
comment is the SHA-256 of all the bytes before it, so a single changed bit is noticed. There is no
pickle in it and none is ever read. The members:

    meta                 JSON: format, recipe, options, step, states of the random generators
    G/0.W, D/3.b, …      weights and running statistics, by network and dotted name
    opt_g/t, opt_g/m.0…  the optimizers' step counts and moments
    history              (steps, columns) float32: what was measured at every update
"""

import hashlib
import io
import json
import math
import os
import zipfile

import numpy as np

from tinygan import backend
from tinygan.errors import UserError
from tinygan.files import atomic_write, reason

FORMAT = 1
_DIGEST = 64  # hex digits


def save(path, *, recipe, options, step, networks, optimizers, generators, history, run=None):
    """Write a checkpoint, all or nothing.

    recipe: its name. options: JSON-able dict of what shaped the networks. step: updates done.
    networks: dict[str, Layer]. optimizers: dict[str, Adam]. generators: dict[str, Generator].
    history: (step, columns) float32. run: JSON-able dict of what else must be the same to go on.
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
        "generators": {name: rng.bit_generator.state for name, rng in generators.items()},
    }
    write_arrays(path, meta, {name: backend.to_numpy(value) for name, value in arrays.items()})


def load(path, *, recipe, options, networks, optimizers=None, generators=None, run=None):
    """Read a checkpoint into networks, and into optimizers and generators where they are given.

    Everything is checked before anything is changed. Returns (step, history).
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
    for name, rng in generators.items():
        try:
            type(rng.bit_generator)().state = meta["generators"][name]
        except Exception as error:  # whatever NumPy makes of a state that is none
            raise UserError(
                f"{path} does not fit this recipe: no state for the generator {name} "
                f"({_first_line(error)})"
            ) from None

    for name, array in network_arrays.items():
        array[...] = backend.to_device(arrays[name], backend.array_module(array))
    for name, optimizer in optimizers.items():
        optimizer.load_state_dict(_below(f"{name}/", arrays))
    for name, rng in generators.items():
        rng.bit_generator.state = meta["generators"][name]
    return step, history


def write_arrays(path, meta, arrays):
    """Write the dict `meta` and the host arrays as one file with its digest, all or nothing."""
    text = json.dumps(meta, sort_keys=True).encode()
    with atomic_write(path) as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            archive.comment = b"0" * _DIGEST  # holds the place of the digest
            for name, array in {"meta": np.frombuffer(text, np.uint8), **arrays}.items():
                member = io.BytesIO()
                np.lib.format.write_array(member, array, allow_pickle=False)
                archive.writestr(zipfile.ZipInfo(f"{name}.npy"), member.getbuffer())
        digest = _digest(file)
        file.seek(-_DIGEST, os.SEEK_END)
        file.write(digest)


def read_arrays(path):
    """Read what write_arrays wrote: (meta, dict of read-only arrays). UserError if it is not that.

    The file is not trusted: its members are stored as they are and together no larger than the
    file, and an array's header must agree with the bytes behind it.
    """
    try:
        with open(path, "rb") as file:
            if file.seek(0, os.SEEK_END) <= _DIGEST or _digest(file) != file.read(_DIGEST):
                raise UserError(f"{path} is truncated or altered: its SHA-256 does not match")
            size = file.tell()
            with zipfile.ZipFile(file) as archive:
                members = archive.infolist()
                if len({info.filename for info in members}) < len(members):
                    raise ValueError("a name occurs twice")
                if any(info.compress_type != zipfile.ZIP_STORED for info in members):
                    raise ValueError("a member is compressed")
                if sum(info.file_size for info in members) > size:
                    raise ValueError("its members are larger than the file")
                arrays = {
                    info.filename.removesuffix(".npy"): _parse_npy(archive.read(info))
                    for info in members
                }
        meta = json.loads(arrays.pop("meta").tobytes())
        if type(meta["format"]) is not int or meta["format"] < 1:
            raise ValueError(f"its format is {meta['format']!r}")
    except UserError:
        raise
    except OSError as error:
        raise UserError(f"cannot read {path}: {reason(error)}") from None
    except Exception as error:  # zipfile, json and NumPy's header parser raise a dozen kinds
        raise UserError(f"{path} is not a tinygan checkpoint: {_first_line(error)}") from None
    if meta["format"] > FORMAT:
        raise UserError(
            f"{path} has format {meta['format']} and comes from a newer tinygan; this one reads "
            f"format {FORMAT}: update tinygan"
        )
    return meta, arrays


def _first_line(error):
    return (str(error) or type(error).__name__).splitlines()[0]


def _network_arrays(networks):
    arrays = {}
    for name, layer in networks.items():
        arrays |= {f"{name}/{key}": p.data for key, p in layer.named_params().items()}
        arrays |= {f"{name}/{key}": array for key, array in layer.named_buffers().items()}
    return arrays


def _optimizer_arrays(optimizers):
    return {
        f"{name}/{key}": array
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


def _digest(file):
    """SHA-256 of all but the last 64 bytes, in hex; the file is left standing right behind them."""
    size = file.seek(0, os.SEEK_END) - _DIGEST
    file.seek(0)
    digest = hashlib.sha256()
    while size > 0:
        chunk = file.read(min(size, 1 << 20))
        digest.update(chunk)
        size -= len(chunk)
    return digest.hexdigest().encode()


def _parse_npy(data):
    stream = io.BytesIO(data)
    if np.lib.format.read_magic(stream) != (1, 0):
        raise ValueError("an array is not in version 1.0 of the .npy format")
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
    offset = stream.tell()
    if dtype.hasobject or math.prod(shape) * dtype.itemsize != len(data) - offset:
        raise ValueError("an array's header does not agree with its data")
    flat = np.frombuffer(data, dtype, offset=offset)
    return flat.reshape(shape, order="F" if fortran else "C")
