"""The parameters of a network in one flat array, and their gradients in another.

Each Param then has views into the two. What treats all weights alike (Adam, a moving average, the
length of a gradient, a copy to another machine) is one pass over one array: one kernel on a GPU
where there were as many as parameters.
"""

from tinygan import backend

_ALIGNED = 64  # numbers: each array starts at a multiple, where matrix products read it fastest


class Flat:
    """Params whose arrays lie one after another, in the order given.

    data, grad: arrays of one axis. Between two arrays there may be a gap of zeros, which every
    update leaves at zero.
    """

    def __init__(self, params):
        self.params = list(params)
        self.data, self._data = lay_out([p.data for p in self.params])
        self._grad, self._grads = lay_out([p.grad for p in self.params])
        for p, data, grad in zip(self.params, self._data, self._grads, strict=True):
            data[...], grad[...] = p.data, p.grad
            p.move_into(data, grad, self)

    @property
    def grad(self):
        """To be read at once: what is kept of it does not see the next `clear`."""
        for p in self.params:
            p.settle()
        return self._grad

    def holds(self, params):
        """Whether these are its params, all of them in order, and all still have its views."""
        return len(params) == len(self.params) and all(
            p is mine and p.lies_in(data, grad) and data.base is self.data
            for p, mine, data, grad in zip(
                params, self.params, self._data, self._grads, strict=True
            )
        )  # of a deep copy the arrays are no views any more


def flat_of(params):
    """The Flat that holds exactly these params in this order, or None."""
    flat = params[0].flat if params else None
    return flat if flat is not None and flat.holds(params) else None


def flatten(params):
    """Lay the params out in a Flat, if there are any and they have one dtype and one device.

    Their arrays become views; whoever holds an earlier array of theirs holds a copy from then on.
    """
    kinds = {(p.data.dtype, backend.array_module(p.data)) for p in params}
    if len(kinds) == 1 and flat_of(params) is None:
        Flat(params)


def lay_out(arrays):
    """(one array of zeros, its views of these arrays' shapes, one after another).

    arrays: a list of them, of one dtype and device. Each view starts at a multiple of 64 elements.
    """
    starts, end = [], 0
    for array in arrays:
        starts.append(end)
        end += -(-array.size // _ALIGNED) * _ALIGNED
    flat = backend.array_module(arrays[0]).zeros(end, arrays[0].dtype)
    views = [
        flat[start : start + array.size].reshape(array.shape)
        for array, start in zip(arrays, starts, strict=True)
    ]
    return flat, views


def length(x):
    """√(Σ x²), over all elements: a 0-d array on x's device."""
    return backend.array_module(x).sqrt((x * x).sum())


def average(a, w, keep):
    """a ← keep · a + (1 − keep) · w, in place."""
    a *= keep
    a += (1.0 - keep) * w
