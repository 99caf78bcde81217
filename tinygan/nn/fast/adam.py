"""Adam, block by block, in few passes and with one scratch array per block.

√v̂ + eps is (√v + eps · root) / root, where root = √(1 − β₂ᵗ). So neither m̂ nor v̂ is computed:
their factors go into one number, rate = lr · root / (1 − β₁ᵗ), and

    w ← w − rate · m / (√v + eps · root)
"""

import numpy as np

from tinygan.nn.fast.blocks import cut, each


def adam_step(weights, gradients, ms, vs, t, lr, beta1, beta2, eps):
    root = (1.0 - beta2**t) ** 0.5
    rate = lr * root / (1.0 - beta1**t)

    def update(w, g, m, v):
        part = (1.0 - beta1) * g
        m *= beta1
        m += part
        np.multiply(g, g, out=part)
        part *= 1.0 - beta2
        v *= beta2
        v += part
        np.sqrt(v, out=part)
        part += eps * root
        np.divide(m, part, out=part)
        part *= rate
        w -= part

    blocks = []
    for arrays in zip(weights, gradients, ms, vs, strict=True):
        blocks += cut(*in_one_row(*arrays))
    each(update, blocks, weight=2)


def in_one_row(*arrays):
    """Arrays of one shape, each as an array of one axis that shares its memory.

    Cut by rows, an array of few long rows would have few blocks. If one of the arrays cannot be
    read as one axis without a copy, all are returned unchanged.
    """
    if not all(array.flags.c_contiguous for array in arrays):
        return arrays
    return tuple(array.reshape(-1) for array in arrays)
