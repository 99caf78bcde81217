"""How the noise on what D sees fades: wide at first, where G needs it, narrow at the end.

Source of the noise: Sønderby et al. 2017, "Amortised MAP inference for image super-resolution",
appendix. That it halves every five epochs is this library's choice.
"""

HALF_LIFE = 5  # epochs after which the noise is half as wide


def std_at(epoch, std):
    """The standard deviation in this epoch (a fraction is fine), when training begins with std."""
    return std * 0.5 ** (epoch / HALF_LIFE)
