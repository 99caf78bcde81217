"""Answers to the exercises of lesson 07. To check them: python -m lessons check 07 --answers"""

import numpy as np


def sizes_before(oh, k, s, p):
    # The division rounds down, so s sizes give the same oh. The transposed one makes the smallest
    # of them, (oh − 1) s − 2p + k: for kernel 5, stride 2, padding 2 and 7 pixels, 13 of {13, 14}.
    # output_padding=1 chooses 14: that is how a network gets from 7 to 14 to 28.
    smallest = (oh - 1) * s - 2 * p + k
    return set(range(smallest, smallest + s)), smallest


def matrix_of(f, shape):
    # Column j is what f makes of the x that is 1 at j. im2col only copies, so its matrix has one 1
    # in each row; and the matrix of col2im is its transpose: yes, it is the adjoint.
    n = int(np.prod(shape))
    return np.stack([f(one.reshape(shape)).ravel() for one in np.eye(n)], axis=1)


def directions_lost(A):
    # y has as many independent numbers as A's rank; the others of the n directions are lost. In the
    # lesson 36 numbers become 9, so 27 are lost, and no map brings them back: the transposed
    # convolution brings back the shape of the picture, not the picture.
    return A.shape[1] - np.linalg.matrix_rank(A)


def unevenness(k, s):
    # Along one axis a pixel is covered by k // s stamps or by one more; in two, by the products. It
    # is 1, even, if k is a multiple of s. With larger kernels it falls: 4 for k = 3, 9/4 for 5.
    return (-(-k // s) / (k // s)) ** 2
