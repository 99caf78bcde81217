"""Exercises of lesson 10. Fill in each function; then: python -m lessons check 10"""


def least_error(x, code):
    """1. An autoencoder without activations: one dense layer to `code` numbers, and one back.

    x (N, n). Returns the smallest mean squared error, for each number of x, that any weights and
    biases can reach on x. No training is needed.
    """
    raise NotImplementedError


def smallest_loss(t):
    """2. The smallest binary cross-entropy that a pixel t can have, whatever the decoder says.

    t: an array of numbers in [0, 1]. Returns an array of its shape, finite for 0 and 1.
    """
    raise NotImplementedError


def nearest_code(z, codes):
    """3. How far each z is from the nearest of the codes, without a loop.

    z (n, d), codes (m, d). Returns distances (n,).
    """
    raise NotImplementedError


def typical_length(n):
    """4. The length of a code from N(0, I) with n numbers: the root of the mean of its square.

    Returns a number.
    """
    raise NotImplementedError
