"""Exercises of lesson 08. Fill in each function; then: python -m lessons check 08"""


def gradient(gy, x, gamma, eps=1e-5):
    """1. The gradient of batch normalisation by x, in train mode, from memory.

    gy, x (M, F), gamma (F,). Returns gx (M, F).
    """
    raise NotImplementedError


def of_pictures(x, gamma, beta, eps=1e-5):
    """2. The forward for pictures in train mode, without `reshape`.

    x (N, h, w, C), gamma and beta (C,). Returns y (N, h, w, C).
    """
    raise NotImplementedError


def learns_nothing():
    """3. A dense layer with W and b stands right before a BatchNorm with gamma and beta.

    Returns the name of the one of the four whose gradient is always 0: "W", "b", "gamma" or "beta".
    """
    raise NotImplementedError


def stretched():
    """4. All x are multiplied by 10, and 5 is added; the gy that arrives stays the same.

    Returns (the factor by which y changes, the factor by which gx changes), up to ε.
    """
    raise NotImplementedError


def batch_of_two(a, b, gamma, beta):
    """5. A batch has two examples, and the feature has the values a and b, which differ.

    Returns the two values of y in train mode, up to ε, without computing a mean or a variance.
    """
    raise NotImplementedError
