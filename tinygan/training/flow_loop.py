"""How a flow learns: regress on the velocity that leads from noise to data along a straight line.

Draw noise x_0 ~ N(0, I) and, independently, an example x_1 of the data, and connect them:

    x_t = (1 − t) x_0 + t x_1,        0 ≤ t ≤ 1

A point on this path moves with the velocity dx_t/dt = x_1 − x_0. Many paths cross at the same place
x at the same time t, so the network v(x, t), trained by the squared error

    L = mean (v(x_t, t) − (x_1 − x_0))²

learns what minimises it: the mean velocity E[x_1 − x_0 | x_t = x] of all paths through x. Points
that start from noise and move with this mean velocity have, at every time t, the same distribution
as the points x_t (Lipman et al., theorem 1). So at t = 1 they are distributed like the data:
models/ode.py moves them there.

Source: Lipman et al. 2023, "Flow matching for generative modeling", sections 3 and 4; Liu et al.
2023, "Flow straight and fast", equation 1.
"""

from tinygan import backend, nn
from tinygan.nn.shard import drawn
from tinygan.training.parallel import average_gradients


def path(x0, x1, t):
    """x_t = (1 − t) x_0 + t x_1.    x0, x1 (N, …), t (N,) -> (N, …)."""
    t = t.reshape(-1, *[1] * (x1.ndim - 1))
    return (1.0 - t) * x0 + t * x1


def flow_step(network, optimizer, x0, x1, t, labels):
    """One update of a velocity network.    -> dict(loss), a 0-d array on the network's device.

    network: (x, t, labels) -> v of x's shape, in training mode. x0: noise. x1: data of its shape.
    t (N,): times, of [0, 1]. labels (N,): the class of each, or what stands for none.
    """
    optimizer.zero_grad()
    v = network.forward(path(x0, x1, t), t, labels)
    loss, gv = nn.mse(v, x1 - x0)
    network.backward(gv, input_grad=False)
    average_gradients(network)
    optimizer.step()
    return {"loss": loss}


def without_some(labels, none, share, rng):
    """The labels (N,), a random share of them replaced by `none`, what stands for no class.

    A network that has learned with and without its class can be guided, see models/guidance.py.
    rng: a host Generator. Source: Ho & Salimans 2022, "Classifier-free diffusion guidance",
    algorithm 1.
    """
    xp = backend.array_module(labels)
    chosen = drawn(len(labels), rng.random) < share
    return xp.where(backend.to_device(chosen, xp), none, labels)


def times(n, rng, xp):
    """t (n,) float32 on xp: uniform in [0, 1), drawn on the host, one in each n-th of it.

    Spread evenly, they leave less to chance than n independent draws (stratified sampling).
    """
    t = drawn(n, lambda n: (rng.permutation(n) + rng.random(n)) / n)
    return backend.to_device(t.astype("float32"), xp)
