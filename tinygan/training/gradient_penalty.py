"""The gradient penalty of WGAN-GP, without autograd.

A Wasserstein critic D must not change faster than its input does. Gulrajani et al. ask that of it
at random points x̂ between a real image and a generated one, one point n for each pair:

    P = λ mean_n (‖g_n‖ − 1)²,        g_n = dD(x̂_n)/dx̂_n

g_n is what a backward pass gives. To train D we need dP/dW, the gradient of something made of a
gradient; with autograd one would differentiate twice. By hand it is less. By the chain rule

    dP = Σ_n <v_n, dg_n>,             v_n = dP/dg_n = (2 λ / N) (‖g_n‖ − 1) g_n / ‖g_n‖

and <v_n, g_n> is the slope of D in the direction v_n: the output of D *linearised* at x̂_n, put to
v_n (a Jacobian-vector product, `jvp`). With v held fixed, dP/dW is the gradient of Σ_n jvp(v)_n by
the weights. For a D that is piecewise linear (Dense, Conv2d, LeakyReLU) that linearised network is
D with its biases left out and each LeakyReLU on the side that x̂ put it: one more forward and one
more backward. The second derivatives that autograd would add are zero: a straight line has none.

Source: Gulrajani et al. 2017, "Improved training of Wasserstein GANs", algorithm 1 and section 4.
"""

import numpy as np

from tinygan import backend

_TINY = 1e-12  # keeps the direction of a gradient of length 0 from being 0 / 0


def gradient_penalty(D, real, fake, *, rng, weight=10.0):
    """P, and add dP/dW to the gradient of every weight of D.    real, fake (N, …) -> 0-d array.

    D: a critic of piecewise-linear layers that keep the examples of a batch apart (no BatchNorm),
    in training mode. rng: host NumPy Generator, for where between its real and its fake image each
    point lies. weight: λ, at least 0.
    Raises NotImplementedError, from the layer, for a D that is not piecewise linear.
    """
    xp = backend.array_module(real)
    n, axes = len(real), tuple(range(1, real.ndim))
    share = rng.random((n, *[1] * len(axes)), dtype=np.float32).astype(real.dtype)
    share = backend.to_device(share, xp)
    between = share * real + (1.0 - share) * fake  # x̂

    ones = xp.ones_like(D.forward(between))
    slope = D.backward(ones, accumulate=False)  # g; no example's slope depends on another example
    length = xp.sqrt((slope * slope).sum(axis=axes, keepdims=True))
    penalty = weight * ((length - 1.0) * (length - 1.0)).mean()

    v = slope * ((2.0 * weight / n) * (length - 1.0) / xp.maximum(length, _TINY))
    D.forward(between)  # once more: backward has used up what the layers kept
    D.jvp(v)
    D.backward(ones, input_grad=False)
    return penalty
