"""A dense network for the velocity of a flow of vectors, such as the codes of an autoencoder."""

import math

from tinygan import nn
from tinygan.models.condition import Condition


class DenseVelocity(nn.Layer):
    """v(x, t, labels): residual blocks of dense layers.    x (N, dim) -> v (N, dim), x's dtype.

        h ← x W + b
        h ← h + f(h + c)      for each block, f = Dense ∘ LeakyReLU ∘ Dense ∘ LeakyReLU
        v = LeakyReLU(h) W′ + b′

    c: the Condition, a row for the time and the class. classes: how many there are. width: numbers
    in h. blocks: how many. rng: host NumPy Generator for the initial weights, in the blocks with
    variance 2 / n_in (He et al. 2015), in W with 1 / n_in; the last layer of each block and of the
    network starts at 0, so that v is 0 and each block does nothing at first.

    Backward of a block: h feels the gradient gh directly and through f, so with g = f.backward(gh)
    the gradient of the block's input is gh + g, and that of c is g, summed over the blocks.
    """

    per_example = True

    def __init__(self, dim, classes, *, width=256, blocks=3, rng):
        self.condition = Condition(classes, width, rng=rng)
        self.first = nn.Dense(dim, width, rng=rng, std=math.sqrt(1 / dim))
        self.blocks = [_block(width, rng) for _ in range(blocks)]
        self.last = nn.Sequential(nn.LeakyReLU(), nn.Dense(width, dim, rng=rng, std=0))

    def children(self):
        blocks = {f"block{i}": block for i, block in enumerate(self.blocks)}
        return {"condition": self.condition, "first": self.first} | blocks | {"last": self.last}

    def forward(self, x, t, labels):
        c = self.condition.forward(t, labels)
        h = self.first.forward(x)
        for block in self.blocks:
            h = h + block.forward(h + c)
        return self.last.forward(h)

    def backward(self, gv, accumulate=True, input_grad=True):
        gh = self.last.backward(gv, accumulate)
        gc = 0.0
        for block in reversed(self.blocks):
            g = block.backward(gh, accumulate)
            gh, gc = gh + g, gc + g
        self.condition.backward(gc, accumulate)
        return self.first.backward(gh, accumulate, input_grad)


def _block(width, rng):
    return nn.Sequential(
        nn.LeakyReLU(),
        nn.Dense(width, width, rng=rng, std=math.sqrt(2 / width)),
        nn.LeakyReLU(),
        nn.Dense(width, width, rng=rng, std=0),
    )
