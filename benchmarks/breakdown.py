"""Where the time of a step goes: seconds and operations of each layer."""

import statistics
import time

from tinygan import backend, nn


def breakdown(step, networks, optimizers, xp, rounds=5):
    """Seconds of each part of a step, and the floating-point operations of its products.

    step: a function that makes one update. networks, optimizers: those it uses, dicts by name.
    Returns (total, parts) of the round with the median time: its seconds, and a dict part ->
    dict(kind, seconds, flops). The parts are each layer's forwards and backwards ("D 3 Conv2d
    backward", of the kind Conv2d), the optimizers, and "the rest": everything between them. The
    seconds of the parts sum to the total.
    """
    parts, found = {}, []

    def timed(owner, method, kind, part, count):
        real = getattr(owner, method)

        def call(*args, **how):
            backend.synchronize(xp)
            began = time.perf_counter()
            result = real(*args, **how)
            backend.synchronize(xp)
            seconds = time.perf_counter() - began
            entry = parts.setdefault(part, {"kind": kind, "seconds": 0.0, "flops": 0})
            entry["seconds"] += seconds
            entry["flops"] += count(args, how, result)
            return result

        setattr(owner, method, call)
        return owner, method

    changed = []
    for name, network in networks.items():
        for place, layer in network.children().items():
            kind = type(layer).__name__
            counts = _counts(layer)
            for method in ("forward", "backward"):
                part = f"{name} {place} {kind} {method}"
                changed.append(timed(layer, method, kind, part, counts[method]))
    for name, optimizer in optimizers.items():
        for method in ("step", "zero_grad"):
            changed.append(timed(optimizer, method, "Adam", f"{name} Adam {method}", lambda *_: 0))
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
            parts["the rest"] = {"kind": "the rest", "seconds": rest, "flops": 0}
            found.append((total, parts))
            parts = {}
    finally:
        for owner, method in changed:
            delattr(owner, method)  # the class's own method is used again
    median = statistics.median_low([total for total, _ in found])
    return next((total, kept) for total, kept in found if total == median)


def product_flops(layer, input_shape, output_shape):
    """Operations of a layer's forward product: 2 for each multiplication and its addition.

    Multiplications by the zeros of padding count, as is usual; an implementation that skips them
    is faster by that. 0 for a layer without a product.
    """
    if isinstance(layer, nn.Dense):
        return 2 * output_shape[0] * layer.n_in * layer.n_out
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
        n, h, w, _ = output_shape if isinstance(layer, nn.Conv2d) else input_shape
        return 2 * n * h * w * layer.kernel**2 * layer.c_in * layer.c_out
    return 0


def _counts(layer):
    """dict(forward, backward): functions of a call's (args, how, result) that count operations.

    backward has as many as forward for the weights' gradient, and as many again for the input's
    gradient, each only if it is computed.
    """
    product = 0

    def forward(args, how, y):
        nonlocal product
        product = product_flops(layer, args[0].shape, y.shape)
        return product

    def backward(args, how, gx):
        accumulate = args[1] if len(args) > 1 else how.get("accumulate", True)
        of_weights = product if accumulate else 0
        return of_weights if gx is None else of_weights + product

    return {"forward": forward, "backward": backward}
