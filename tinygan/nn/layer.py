"""What every layer is: a forward, the backward that carries gradients back through it, and params.

A network computes y = f(x) for a whole batch of N examples at once; they lie along the first axis
of x. Training needs the other direction: given gy = dL/dy, how the loss L changes with each element
of the output, find gx = dL/dx, how it changes with each element of the input, and the same for
every parameter. Let J[i,j] = ∂y_i/∂x_j, the matrix of all derivatives of the layer (its Jacobian).
A small change of x_j changes every y_i, and each of those changes L, so the effects add up (the
chain rule):

    gx_j = Σ_i gy_i ∂y_i/∂x_j,    that is  gx = Jᵀ gy, a "vector-Jacobian product".

No layer ever builds J; each `backward` is the few lines that compute this sum directly. Called from
the last layer to the first, they are backpropagation, all of it.

Some layers also have the product J v, `jvp`: how the output changes when the input moves in the
direction v. The gradient penalty of a Wasserstein GAN is trained with it.
"""

import numpy as np

from tinygan import backend
from tinygan.nn.flat import flatten

_FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


class Param:
    """A weight array and the gradient of the loss with respect to it.

    data, grad: arrays of one shape, dtype and device. A layer never replaces its Param objects, so
    an optimizer that holds one always sees the current arrays.

    Most gradients are set to 0, written once by a backward and read once by the optimizer. So
    `clear` only notes that the gradient is 0, and the next `add` writes where it would have added:
    two passes over the memory less. Whoever reads `.grad` notices nothing of this; and as the array
    may then be kept, and changed at any time, from then on `clear` does fill it with zeros.
    """

    flat = None  # the Flat that the arrays are views of, if there is one: see flat.py

    def __init__(self, data):
        self.data = data
        self._grad = backend.array_module(data).zeros_like(data)
        self._is_clear = False  # whether the gradient is 0 whatever _grad holds
        self._is_known = False  # whether anyone outside may hold _grad

    @property
    def grad(self):
        self.settle()
        self._is_known = True
        return self._grad

    @grad.setter
    def grad(self, array):
        self._grad, self._is_clear, self._is_known = array, False, True

    def clear(self):
        """grad = 0."""
        if self._is_known:
            self._grad.fill(0)
        else:
            self._is_clear = True

    def add(self, g):
        """grad += g.    g: an array of grad's shape."""
        if self._is_clear:
            self._grad[...] = g
            self._is_clear = False
        else:
            self._grad += g

    def add_from(self, f, *arguments):
        """grad += f(*arguments).    f: takes the array to write its result to as out=."""
        if self._is_clear:
            f(*arguments, out=self._grad)
            self._is_clear = False
        else:
            self.add(f(*arguments))

    def read_grad(self):
        """The gradient, for a reader who neither keeps the array nor writes into it."""
        self.settle()
        return self._grad

    def settle(self):
        """Write the zeros that `clear` left out, if nothing has been added since."""
        if self._is_clear:
            self._grad.fill(0)
            self._is_clear = False

    def move_into(self, data, grad, flat):
        """Have these arrays, views of `flat`, which hold the same values as the arrays so far."""
        self.data, self._grad, self.flat = data, grad, flat
        self._is_clear = self._is_known = False

    def __getstate__(self):
        """What a copy is made of: arrays of its own, in no Flat."""
        return {name: value for name, value in vars(self).items() if name != "flat"}

    def lies_in(self, data, grad):
        """Whether its arrays are these."""
        return self.data is data and self._grad is grad


class Layer:
    """A differentiable function y = f(x), with parameters that can be trained.

    Subclasses write `forward` and `backward`; the rest works on the Params and Layers that the
    instance has as attributes.

    The cache. Backward needs something from forward, usually x. A training-mode forward stores it
    with `keep`, and the one backward that follows removes it with `take`. An eval-mode forward
    leaves the cache alone, so a preview can be drawn between the two.

    The dtype. Layers compute in float32 or float64, whichever x has. `check_float` in each forward,
    backward and jvp refuses all others: half precision overflows in sums of squares, and integers
    wrap around. (Labels are not computed with; Embedding takes integers and nothing else.)
    """

    training = True
    per_example = False  # whether y of an example depends on that example alone, not on the batch
    buffers = ()  # names of attributes that are state but not trained, such as running statistics
    _kept = None

    def forward(self, x):
        """y = f(x). Never writes into x; y belongs to the caller.

        Raises TypeError, as do backward and jvp, when x is neither float32 nor float64.
        """
        raise NotImplementedError(f"{type(self).__name__} has no forward")

    def backward(self, gy, accumulate=True, input_grad=True):
        """gx = Jᵀ gy; also adds the gradient of every Param to its grad.

        gy: dL/dy, of y's shape; never written into. accumulate: False leaves every grad alone.
        input_grad: False returns None instead of gx, which a layer with costly products then skips.
        In all cases what forward kept is removed. gx belongs to the caller.
        Raises RuntimeError without a training-mode forward before it.
        """
        raise NotImplementedError(f"{type(self).__name__} has no backward")

    def jvp(self, v):
        """J v, of y's shape: the layer linearised at the x of the last training-mode forward.

        v: a direction, of x's shape. Only for layers that are piecewise linear: their J does not
        change with x, except where two pieces meet. The linearised layer v -> J v replaces the
        layer itself: the one backward that follows goes back through it, and so adds the gradients
        of <gy, J v> with respect to the weights in J.
        Raises NotImplementedError for a layer that does not have it, and RuntimeError, where J
        depends on x, without a training-mode forward before it.
        """
        raise NotImplementedError(f"{type(self).__name__} has no jvp")

    def keep(self, *values):
        """Store what backward will need; in eval mode, nothing."""
        if self.training:
            self._kept = values

    def take(self):
        """Remove what forward kept and return it: a single value as it is, several as a tuple."""
        if self._kept is None:
            raise RuntimeError(
                f"{type(self).__name__}.backward needs a forward in training mode before it, one "
                "forward for each backward"
            )
        values, self._kept = self._kept, None
        return values[0] if len(values) == 1 else values

    def drop(self):
        """Remove what forward kept, here and in every layer inside: no backward will follow."""
        for layer in self.tree():
            layer._kept = None

    def is_per_example(self):
        """Whether this layer's class, and that of each layer inside, says `per_example = True`.

        A subclass has to say so again: its forward may be another one.
        """
        says_so = vars(type(self)).get("per_example", False)
        return says_so and all(child.is_per_example() for child in self.children().values())

    def children(self):
        """The layers inside this one, by attribute name: dict[str, Layer]."""
        return {name: value for name, value in vars(self).items() if isinstance(value, Layer)}

    def tree(self):
        """This layer and all the layers inside it, outermost first."""
        yield self
        for child in self.children().values():
            yield from child.tree()

    def params(self):
        """Every Param in this layer and the layers inside it, in a fixed order: list[Param]."""
        return list(self.named_params().values())

    def named_params(self):
        """As params(), by dotted name such as "0.W": dict[str, Param]."""
        own = {name: value for name, value in vars(self).items() if isinstance(value, Param)}
        return own | self._of_children(lambda child: child.named_params())

    def named_buffers(self):
        """Untrained state (running statistics), by dotted name: dict[str, array], not copies."""
        own = {name: getattr(self, name) for name in self.buffers}
        return own | self._of_children(lambda child: child.named_buffers())

    def named_arrays(self):
        """Everything a checkpoint must hold, by dotted name: dict[str, array], not copies.

        The data of named_params(), then named_buffers().
        """
        return {name: p.data for name, p in self.named_params().items()} | self.named_buffers()

    def generators(self):
        """The random generators that forward draws from, each once: list[np.random.Generator]."""
        found = []
        for layer in self.tree():
            rng = getattr(layer, "bits", None) or getattr(layer, "rng", None)
            if rng is not None and not any(rng is other for other in found):
                found.append(rng)
        return found

    def train(self):
        """Training mode, here and in every layer inside: batch statistics, dropout, caches."""
        return self._set_training(True)

    def eval(self):
        """Evaluation mode: running statistics, no dropout, no noise, nothing kept for backward."""
        return self._set_training(False)

    def to(self, xp):
        """Move all parameters, gradients and buffers to module `xp`, in place. Returns self.

        The parameters then lie in one flat array, and the gradients in another: see flat.py. So the
        `data` and `grad` of a Param that was moved are other arrays than before.
        """
        for p in self.params():
            if {backend.array_module(array) for array in (p.data, p.read_grad())} != {xp}:
                p.data, p.grad = backend.to_device(p.data, xp), backend.to_device(p.grad, xp)
        flatten(self.params())
        for layer in self.tree():
            for name in layer.buffers:
                setattr(layer, name, backend.to_device(getattr(layer, name), xp))
            layer._kept = None
        return self

    def _set_training(self, training):
        for layer in self.tree():
            layer.training = training
        return self

    def _of_children(self, named):
        return {
            f"{name}.{key}": value
            for name, child in self.children().items()
            for key, value in named(child).items()
        }


class Sequential(Layer):
    """y = f_n(… f_2(f_1(x))): layers one after another. Names count from 0: "0.W", "1.gamma".

    layers: the Layers; readable as the list `.layers`.
    """

    per_example = True

    def __init__(self, *layers):
        if not layers:
            raise ValueError("Sequential needs at least one layer")
        for layer in layers:
            if not isinstance(layer, Layer):
                raise TypeError(f"Sequential takes layers, got {type(layer).__name__}")
        self.layers = list(layers)

    def children(self):
        return {str(i): layer for i, layer in enumerate(self.layers)}

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def jvp(self, v):
        for layer in self.layers:
            v = layer.jvp(v)
        return v

    def backward(self, gy, accumulate=True, input_grad=True):
        """The chain rule: each layer's gx is the gy of the layer before it.

        With input_grad=False the first layer that has parameters is the last one called: the layers
        before it have nothing to learn, and its own gx, the gradient with respect to the images or
        the noise, would not be used.
        """
        first = 0 if input_grad else self._first_to_learn(accumulate)
        for i in reversed(range(first, len(self.layers))):
            how = {} if input_grad or i > first else {"input_grad": False}
            gy = self.layers[i].backward(gy, accumulate, **how)
        for layer in self.layers[:first]:
            layer.drop()
        return gy if input_grad else None

    def _first_to_learn(self, accumulate):
        """The index of the first layer with parameters; len(layers) if no gradient is wanted."""
        if accumulate:
            for i, layer in enumerate(self.layers):
                if layer.params():
                    return i
        return len(self.layers)


def check_shape(layer, x, *expected):
    """Raise ValueError unless x has the expected shape; None stands for any size of that axis."""
    fits = x.ndim == len(expected) and all(
        want is None or have == want for have, want in zip(x.shape, expected, strict=True)
    )
    if not fits:
        wanted = ", ".join("any" if want is None else str(want) for want in expected)
        raise ValueError(f"{type(layer).__name__} expects shape ({wanted}), got {tuple(x.shape)}")


def check_float(user, x):
    """Raise TypeError unless x is in one of the two dtypes that everything here computes in.

    user: the layer, or the name of the function, that was given x.
    """
    if x.dtype not in _FLOATS:
        name = user if isinstance(user, str) else type(user).__name__
        raise TypeError(
            f"{name} computes in float32 or float64, got {x.dtype}: convert it with "
            ".astype('float32')"
        )


def check_size(layer, least=1, **sizes):
    """Raise ValueError unless every named size is a whole number of at least `least`."""
    for name, size in sizes.items():
        if not isinstance(size, int | np.integer) or isinstance(size, bool) or size < least:
            raise ValueError(
                f"{type(layer).__name__} needs {name} to be a whole number of at least {least}, "
                f"got {size!r}"
            )
