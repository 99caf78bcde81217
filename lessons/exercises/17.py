"""Exercises of lesson 17. Fill in each function; then: python -m lessons check 17"""


def embedding_gradient(ge, labels, classes):
    """1. The gradient of an embedding's W, without a one-hot matrix.

    ge (N, dim): the gradient of each vector that was looked up. labels (N,). Returns gW
    (classes, dim). gW[labels] += ge looks right: try it with labels 0, 2, 0.
    """
    raise NotImplementedError


def stopped(distances, patience):
    """2. Early stopping: after which epoch does the training end, and which epoch's G is kept?

    distances: the validation distance after each epoch, a list; the first is epoch 1. Returns both
    epochs, a pair of numbers. A training that is never ended by the rule ends with the list.
    """
    raise NotImplementedError


def flattery(n):
    """3. Of n noisy measurements of the same quantity choose the lowest. How far below the truth is
    it on average, in standard deviations of the noise, which is N(0, 1)?

    Returns a number above 0, from a few thousand trials. What does it say of the best of many
    validation distances?
    """
    raise NotImplementedError


def heeds_the_label(d_is_told):
    """4. A conditional G plays against a D that is told the labels of the pictures, or not told.

    What share of G's pictures are of the class that was asked for, when there are two classes, both
    as frequent? Returns 1 or 0.5.
    """
    raise NotImplementedError
