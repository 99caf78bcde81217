"""Exercises of lesson 16. Fill in each function; then: python -m lessons check 16"""


def length_of_z(n):
    """1. z has n numbers from N(0, 1), n large. How long is it, and how much does that vary?

    Returns the mean of ‖z‖ and its standard deviation, a pair of numbers, by a formula. (The
    standard deviation of a root is that of the square, divided by twice the root.)
    """
    raise NotImplementedError


def length_of_sum(n, k):
    """2. How long are the mean of k independent z of n numbers, and A − B + C of three such means?

    Returns a pair of numbers. The lesson's means are of z that were chosen by what they show: are
    they independent?
    """
    raise NotImplementedError


def by_heart(z, keys, photographs, sharpness):
    """3. A G that knows only photographs by heart, and yet is continuous: it blends them.

    Each photograph has a key, keys (m, n); photographs (m, pixels). For each z (N, n) the weights
    of the photographs are softmax(sharpness · z · key). Returns the weighted means (N, pixels).
    Walk with it: has it jumps? Then take its memorisation_ratio.
    """
    raise NotImplementedError
