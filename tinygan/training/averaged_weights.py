"""Averaged weights: a network that follows another one slowly and draws more stable images.

Source: Yazıcı et al. 2019, "The unusual effectiveness of averaging in GAN training".
"""


def move_average(average, network, keep):
    """a ← keep · a + (1 − keep) · w for all weights w; running statistics are copied.

    average, network: two networks with equal layers. keep: from 0 to 1; 0 makes a copy.
    """
    for a, w in zip(average.params(), network.params(), strict=True):
        a.data *= keep
        a.data += (1.0 - keep) * w.data
    buffers = zip(average.named_buffers().values(), network.named_buffers().values(), strict=True)
    for a, newest in buffers:
        a[...] = newest
