"""How the noise on the images for D decreases: strong at first, when G needs it, gone at the end.

Source of the noise: Sønderby et al. 2017, "Amortised MAP inference for image super-resolution",
appendix. That it falls linearly is this library's choice.
"""

HALF_LIFE = 5  # epochs in which the standard deviation halves, where no end is given


def std_at(epoch, std, until=None):
    """The standard deviation at this epoch (may be a fraction), if training begins with std.

    until: the epoch from which on there is none: std · (1 − epoch / until) before it. None: halved
    every HALF_LIFE epochs, as in the first edition, whose runs go on so.
    """
    if until is None:
        return std * 0.5 ** (epoch / HALF_LIFE)
    return std * max(0.0, 1 - epoch / until)
