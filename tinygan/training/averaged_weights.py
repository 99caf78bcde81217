"""Averaged weights: a network that follows another one slowly and draws more stable images.

Source: Yazıcı et al. 2019, "The unusual effectiveness of averaging in GAN training".
"""

from tinygan.nn import flat
from tinygan.nn.dispatch import fastest


def move_average(average, network, keep):
    """a ← keep · a + (1 − keep) · w for all weights w; running statistics are copied.

    average, network: two networks with equal layers. keep: from 0 to 1; 0 makes a copy.
    """
    flats = flat.flat_of(average.params()), flat.flat_of(network.params())
    if None in flats:
        pairs = zip(average.params(), network.params(), strict=True)
    else:
        pairs = [flats]
    for a, w in pairs:
        fastest(flat.average, a.data)(a.data, w.data, keep)
    buffers = zip(average.named_buffers().values(), network.named_buffers().values(), strict=True)
    for a, newest in buffers:
        a[...] = newest
