"""Exercises of lesson 25. Fill in each function; then: python -m lessons check 25"""


def mean_gradient(gradients, sizes):
    """1. The gradient of the mean loss over a whole batch, whose shards need not be equal.

    gradients: list of arrays, for each rank the gradient of the mean loss over its shard. sizes:
    list of the numbers of examples in the shards; a shard may be empty, and its gradient is then 0.
    Returns an array.
    """
    raise NotImplementedError


def whole_moments(means, variances, sizes):
    """2. The mean and the variance (divided by N) of a whole batch, from those of its shards.

    means, variances: arrays (P,). sizes (P,): the numbers of examples in the shards, above 0, which
    need not be equal. The means may be a million times as large as the standard deviations.
    Returns (mean, variance).
    """
    raise NotImplementedError


def bytes_sent(P, size, itemsize=4):
    """3. How many bytes does each rank send in an all-reduce on a ring, if zeros are appended to
    the array, no more than needed, so that P divides its size?

    P: at least 1. size: numbers in the array before that. Returns a whole number.
    """
    raise NotImplementedError


def most_ranks(computing, size, latency, speed):
    """4. A batch of fixed size is divided over P ranks, with one all-reduce an update, as in the
    lesson. What is the largest P for which that takes less time than the computing of a rank?

    computing: seconds of one rank for the whole batch. size: of the array, in bytes. latency in
    seconds, above 0; speed in bytes for each second. Returns a whole number, at least 1.
    """
    raise NotImplementedError
