"""Classifier-free guidance: follow the class that is asked for more than the data do.

The network has learned two velocities: v(x, t, c) for a class and v(x, t, ∅) for all. Their
difference points to where the class is more likely, relative to everything (the score of log
p(c|x), up to a factor that depends on t). So strengthen it:

    v = v(x, t, ∅) + s (v(x, t, c) − v(x, t, ∅))

s = 0 ignores the class, s = 1 is the class as the data have it, and more than 1 exaggerates it:
draws become more typical of the class and less different from each other.
Source: Ho & Salimans 2022, "Classifier-free diffusion guidance", equation 6 (whose w is s − 1).
"""

from tinygan import backend


def guided(network, labels, strength):
    """A function (x, t) -> v for ode.py, t a number.

    network: (x, t (N,), labels (N,)) -> v, in eval mode; its condition.classes stands for no class.
    labels: (N,) on the network's device. strength: s. For s = 1 and for s = 0 the network is called
    once, else twice.
    """
    xp = backend.array_module(labels)
    none = xp.full(len(labels), network.condition.classes, labels.dtype)

    def velocity(x, t):
        t = xp.full(len(x), t, x.dtype)
        if strength == 1:
            return network.forward(x, t, labels)
        v = network.forward(x, t, none)
        if strength == 0:
            return v
        return v + strength * (network.forward(x, t, labels) - v)

    return velocity
