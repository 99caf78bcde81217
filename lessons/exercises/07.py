"""Exercises of lesson 07. Fill in each function; then: python -m lessons check 07"""


def sizes_before(oh, k, s, p):
    """1. All h for which a convolution makes oh pixels of h: oh = (h + 2p − k) // s + 1.

    Returns (the set of these h, the one of them that the transposed convolution makes of oh).
    """
    raise NotImplementedError


def matrix_of(f, shape):
    """2. The matrix of a linear map of pictures.

    f: function of x (1, h, w, C), returns an array of any shape, and is linear. shape: of x.
    Returns A, with A @ x.ravel() equal to f(x).ravel() for every x.
    """
    raise NotImplementedError


def directions_lost(A):
    """3. How much y = A x does not tell about x.

    A (m, n). Returns how many independent directions of x there are that do not change y.
    """
    raise NotImplementedError


def unevenness(k, s):
    """4. The counts of a transposed convolution with kernel k × k and stride s, k ≥ s.

    Returns the largest count of products for a pixel, divided by the smallest, away from the edges.
    """
    raise NotImplementedError
