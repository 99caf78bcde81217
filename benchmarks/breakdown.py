"""Where the time of a step goes: seconds and operations of each layer."""

import statistics
import time

from tinygan import backend, nn


def breakdown(step, networks, optimizers, xp, rounds=5):
    """Seconds of each part of a step, and the floating-point operations of its products.

    step: a function that makes one update. networks, optimizers: what it calls, dicts by name.
    Returns a dict by part of dict(seconds, flops). The parts are each layer's forwards and
    backwards ("D 3 Conv2d backward"), the optimizers, and "the rest": all that happens between
    them. They are those of the round of median length, so they sum to it.
    """
    parts, found = {}, []

    def timed(owner, method, part, count):
        real = getattr(owner, method)

        def call(*args, **how):
            backend.synchronize(xp)
            began = time.perf_counter()
            result = real(*args, **how)
            backend.synchronize(xp)
            seconds = time.perf_counter() - began
            entry = parts.setdefault(part, {"seconds": 0.0, "flops": 0})
            entry["seconds"] += seconds
            entry["flops"] += count(args, how, result)
            return result

        setattr(owner, method, call)
        return owner, method

    changed = []
    for name, network in networks.items():
        for place, layer in network.children().items():
            called = f"{name} {place} {type(layer).__name__}"
            changed.append(timed(layer, "forward", f"{called} forward", _forward_flops(layer)))
            changed.append(timed(layer, "backward", f"{called} backward", _backward_flops(layer)))
    for name, optimizer in optimizers.items():
        for method in ("step", "zero_grad"):
            changed.append(timed(optimizer, method, f"{name} Adam {method}", lambda *_: 0))
    try:
        step()  # warm up
        for _ in range(rounds):
            parts.clear()
            backend.synchronize(xp)
            began = time.perf_counter()
            step()
            backend.synchronize(xp)
            total = time.perf_counter() - began
            rest = total - sum(part["seconds"] for part in parts.values())
            found.append((total, parts | {"the rest": {"seconds": rest, "flops": 0}}))
            parts = {}
    finally:
        for owner, method in changed:
            delattr(owner, method)  # the class's own is seen again
    median = statistics.median_low([total for total, _ in found])
    return next(kept for total, kept in found if total == median)


def product_flops(layer, input_shape, output_shape):
    """Operations of a layer's forward product: 2 for each multiplication and its addition.

    Multiplications with the zeros of padding count, as they do everywhere; who leaves them out is
    that much quicker. 0 for a layer without a product.
    """
    if isinstance(layer, nn.Dense):
        return 2 * output_shape[0] * layer.n_in * layer.n_out
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
        n, h, w, _ = output_shape if isinstance(layer, nn.Conv2d) else input_shape
        return 2 * n * h * w * layer.kernel**2 * layer.c_in * layer.c_out
    return 0


def _forward_flops(layer):
    def count(args, how, y):
        layer.counted = product_flops(layer, args[0].shape, y.shape)
        return layer.counted

    return count


def _backward_flops(layer):
    """As many again for the weights' gradient, and for the input's, where they are asked for."""

    def count(args, how, gx):
        accumulate = args[1] if len(args) > 1 else how.get("accumulate", True)
        return layer.counted * (bool(accumulate) + (gx is not None))

    return count
