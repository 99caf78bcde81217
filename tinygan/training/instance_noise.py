"""How the noise on the images for D decreases: strong at first, when G needs it, gone at the end.

Source of the noise: Sønderby et al. 2017, "Amortised MAP inference for image super-resolution",
appendix. That it falls linearly is this library's choice.
"""


def falling(epoch, std, until):
    """std · (1 − epoch / until), and 0 from then on.

    epoch: may be a fraction. std: the standard deviation at the beginning. until: an epoch above 0.
    """
    return std * max(0.0, 1 - epoch / until)


def halved(epoch, std):
    """Half of it after every five epochs: how it was in the first edition, whose runs go on so."""
    return std * 0.5 ** (epoch / 5)
