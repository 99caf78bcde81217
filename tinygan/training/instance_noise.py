"""How the noise on the images for D decreases: strong at first, when G needs it, weak at the end.

Source of the noise: Sønderby et al. 2017, "Amortised MAP inference for image super-resolution",
appendix. Halving it every five epochs is this library's choice.
"""

HALF_LIFE = 5  # epochs in which the standard deviation halves


def std_at(epoch, std):
    """The standard deviation at this epoch (may be a fraction), if training begins with std."""
    return std * 0.5 ** (epoch / HALF_LIFE)
