"""Exercises of lesson 14. Fill in each function; then: python -m lessons check 14"""


def parameters(c):
    """1. How many parameters has the lesson's G with a width of c?

    Count by hand from its layers: a Dense, three BatchNorms, three ConvTranspose2d. Returns a
    whole number.
    """
    raise NotImplementedError


def seen(kernel, stride, layers):
    """2. How wide is the window of pixels that one number of the last of `layers` convolutions
    sees, all of them with this kernel and stride?

    One convolution sees `kernel` pixels. Returns a whole number.
    """
    raise NotImplementedError


def output_padding(h, wanted, kernel, stride, padding):
    """3. Which output_padding makes a transposed convolution turn h into `wanted`?

    Returns a whole number from 0 to stride − 1, or None when none does.
    """
    raise NotImplementedError
