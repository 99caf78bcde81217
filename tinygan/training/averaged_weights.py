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


def warm(keep, step):
    """`keep` for the average after the update number `step`, from 0: less while there were few.

    min(keep, (1 + step) / (10 + step)): an average of a short training would else be made of the
    initial weights. Source: TensorFlow's ExponentialMovingAverage, the argument num_updates.
    """
    return min(keep, (1.0 + step) / (10.0 + step))
