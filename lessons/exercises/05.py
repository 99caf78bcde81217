"""Exercises of lesson 05. Fill in each function; then: python -m lessons check 05"""


def without_looking(labels, classes):
    """1. The accuracy of networks that do not look at the picture.

    labels (N,): of the test pictures, from 0 to classes − 1, some classes perhaps more often than
    others. Returns (of the best network that always gives the same answer, what a network that
    draws one of the classes at random reaches on average), two numbers.
    """
    raise NotImplementedError


def confusion_matrix(labels, said, classes):
    """2. The confusion matrix, without a loop over the pictures.

    labels, said (N,): what the pictures are, and what the network said. Returns integers
    (classes, classes): in row i and column j, how many pictures of class i it took for class j.
    """
    raise NotImplementedError


def start_variance(n_in, slope):
    """3. The variance of start weights that keeps the mean square behind a LeakyReLU.

    slope: of the LeakyReLU below 0; ReLU has 0. Returns the variance, a number.
    """
    raise NotImplementedError


def without_mirror_or_relu():
    """4. Train the lesson's network for 8 epochs: "as it is", with "no mirror", and with "no ReLU".

    Guess first. Returns (the accuracies on training pictures, the gaps between training and test):
    two lists of these three names, each from the smallest to the largest.
    """
    raise NotImplementedError
