"""The gradient penalty of WGAN-GP, without autograd.

The output of a Wasserstein critic D must not change faster than its input. Gulrajani et al. require
this at random points x̂ between a real image and a generated one, one point n for each pair:

    P = λ mean_n (‖g_n‖ − 1)²,        g_n = dD(x̂_n)/dx̂_n

A backward pass gives g_n. To train D we need dP/dW, the gradient of a function of a gradient; with
autograd one would differentiate twice. By hand there is less to do. By the chain rule

    dP = Σ_n <v_n, dg_n>,             v_n = dP/dg_n = (2 λ / N) (‖g_n‖ − 1) g_n / ‖g_n‖

and <v_n, g_n> is the slope of D in the direction v_n: D *linearised* at x̂_n and applied to v_n (a
Jacobian-vector product, `jvp`). With v held fixed, dP/dW is the gradient of Σ_n jvp(v)_n by the
weights. For a D that is piecewise linear (Dense, Conv2d, LeakyReLU) the linearised network is D
without its biases and with each LeakyReLU on its side at x̂: one more forward and one more backward.
The second derivatives that autograd would add are zero, as those of a straight line.

Source: Gulrajani et al. 2017, "Improved training of Wasserstein GANs", algorithm 1 and section 4.
"""

import numpy as np

from tinygan import backend
from tinygan.nn.shard import drawn

_TINY = 1e-12  # keeps the direction of a gradient of length 0 from being 0 / 0


def gradient_penalty(D, real, fake, *, rng, weight=10.0):
    """P, and add dP/dW to the gradient of every weight of D.    real, fake (N, …) -> 0-d array.

    D: a critic of piecewise-linear layers that treat each example separately (no BatchNorm), in
    training mode. rng: host NumPy Generator for the position of each point between its real and its
    fake image. weight: λ, at least 0.
    Raises NotImplementedError, from the layer, for a D that is not piecewise linear.
    """
    xp = backend.array_module(real)
    n, axes = len(real), tuple(range(1, real.ndim))
    share = drawn(n, lambda n: rng.random((n, *[1] * len(axes)), dtype=np.float32))
    share = backend.to_device(share.astype(real.dtype), xp)
    between = share * real + (1.0 - share) * fake  # x̂

    ones = xp.ones_like(D.forward(between))
    slope = D.backward(ones, accumulate=False)  # g; no example's slope depends on another example
    length = xp.sqrt((slope * slope).sum(axis=axes, keepdims=True))
    penalty = weight * ((length - 1.0) * (length - 1.0)).mean()

    v = slope * ((2.0 * weight / n) * (length - 1.0) / xp.maximum(length, _TINY))
    D.forward(between)  # again: backward has used up the values that the layers kept
    D.jvp(v)
    D.backward(ones, input_grad=False)
    return penalty
