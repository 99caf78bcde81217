"""Exercises of lesson 06. Fill in each function; then: python -m lessons check 06"""


def weights(h, w, c_in, c_out, k):
    """1. How many weights take pictures of h × w pixels from c_in to c_out channels.

    The pictures keep their size. Biases are not counted. Returns (of a k × k convolution, of a
    dense layer from all numbers of a picture to all numbers of the result), two integers.
    """
    raise NotImplementedError


def edge_kernel():
    """2. A kernel that answers to one kind of edge.

    Returns W (3, 3) such that the convolution is above 0 where a grey picture is dark on the left
    and bright on the right, below 0 where it is bright on the left, and 0 where the picture is
    uniform, or changes only from top to bottom.
    """
    raise NotImplementedError


def one_by_one(x, W, b):
    """3. The convolution with k = 1, stride 1 and no padding, without a loop and without im2col.

    x (N, h, w, C), W (1, 1, C, O), b (O,). Returns y (N, h, w, O).
    """
    raise NotImplementedError


def windows_of_each_pixel(h, k, s, p):
    """4. In how many windows each pixel of an h × h picture is.

    k: pixels of the window's side, s: stride, p: padding. Returns an array (h, h) of integers.
    """
    raise NotImplementedError
