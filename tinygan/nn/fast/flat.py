"""What treats all weights of a network alike, in fewer passes."""

import numpy as np


def length(x):
    return np.sqrt(np.dot(x.reshape(-1), x.reshape(-1)))
