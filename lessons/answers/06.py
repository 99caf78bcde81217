"""Answers to the exercises of lesson 06. To check them: python -m lessons check 06 --answers"""

import numpy as np

from tinygan import nn


def weights(h, w, c_in, c_out, k):
    # The convolution's do not depend on the size of the picture. For 28 × 28, 32 → 32 channels and
    # k = 3 it is 9,216 against 629 million.
    return k * k * c_in * c_out, (h * w * c_in) * (h * w * c_out)


def edge_kernel():
    # Bright minus dark: −1 on the left, 0 in the middle, 1 on the right. Each row adds up to 0, so
    # that an even picture, or one that changes from above to below, gives 0. (One row is enough, if
    # the others are 0; three rows take a mean, which helps where a picture has noise.)
    return np.array([[-1, 0, 1]] * 3)


def one_by_one(x, W, b):
    # A window of one pixel: a dense layer from C to O channels, for each pixel by itself.
    return x @ W[0, 0] + b


def windows_of_each_pixel(h, k, s, p):
    # col2im adds 1 to each pixel for each window that contains it. With s > 1 the counts can
    # differ between neighbours: lesson 07 meets this again, as a checkerboard.
    places = (h + 2 * p - k) // s + 1
    return nn.col2im(np.ones((places * places, k * k)), (1, h, h, 1), k, s, p)[0, :, :, 0]
