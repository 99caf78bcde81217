"""Applying a trained network to many inputs, a batch at a time."""

import numpy as np

from tinygan import backend


def in_batches(network, *inputs, before=None, after=None, batch_size=256):
    """network(*inputs) in eval mode, however many inputs.    host arrays -> a host array.

    inputs: host arrays of one length N, at least 1. Batches of batch_size rows are moved to the
    network's device; before(x), if given, prepares the first input there, after(y) turns the output
    into what is wanted. Returns the results for all N rows on the host.
    In eval mode a row's result does not depend on its batch, and no running statistic moves; the
    mode is put back afterwards.
    """
    xp = backend.array_module(network.params()[0].data)
    modes = [(layer, layer.training) for layer in network.tree()]
    network.eval()
    try:
        n, results = len(inputs[0]), None
        for i in range(0, n, batch_size):
            x, *others = (backend.to_device(array[i : i + batch_size], xp) for array in inputs)
            y = network.forward(x if before is None else before(x), *others)
            y = backend.to_numpy(y if after is None else after(y))
            if results is None:
                results = np.empty((n, *y.shape[1:]), y.dtype)
            results[i : i + batch_size] = y
    finally:
        for layer, training in modes:
            layer.training = training
    return results
