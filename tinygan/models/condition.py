"""What a velocity network is told besides its input: the time, and the class that is asked for."""

import math

from tinygan import nn


class Condition(nn.Layer):
    """c = TimeEmbedding(t) W + b + E[labels]: one row of `width` numbers for each example.

    t (N,) float. labels (N,) integers from 0 to classes; the number `classes` itself stands for "no
    class", which classifier-free guidance needs (guidance.py). c (N, width), in t's dtype.
    rng: host NumPy Generator for the initial weights: of W with variance 2 / n_in, since a cos² or
    sin² has the mean ½, of E with variance 1.
    Neither t nor labels has a gradient: backward returns None.
    Source: Ho et al. 2020, "Denoising diffusion probabilistic models", appendix B (time); Nichol &
    Dhariwal 2021, "Improved denoising diffusion probabilistic models" (the sum of both).
    """

    per_example = True
    WAVES = 64  # numbers of a time embedding

    def __init__(self, classes, width, *, rng):
        self.classes = classes
        self.time = nn.Sequential(
            nn.TimeEmbedding(self.WAVES),
            nn.Dense(self.WAVES, width, rng=rng, std=math.sqrt(2 / self.WAVES)),
        )
        self.embedding = nn.Embedding(classes + 1, width, rng=rng)

    def forward(self, t, labels):
        return self.time.forward(t) + self.embedding.forward(labels).astype(t.dtype)

    def backward(self, gc, accumulate=True, input_grad=True):
        self.embedding.backward(gc, accumulate)
        self.time.backward(gc, accumulate, input_grad=False)
