"""Exercises of lesson 18. Fill in each function; then: python -m lessons check 18"""


def fd_on_a_line(x, y):
    """1. The least mean squared difference of two sets of numbers, over all ways to pair them.

    x, y: arrays (n,). Returns a number: the squared Wasserstein-2 distance of the two sets. For
    draws from N(0, 1) and N(3, 2²), is it near the formula's 10?
    """
    raise NotImplementedError


def trace_of_root(S_a, S_b):
    """2. Other people write (S_a S_b)^½ for (S_a^½ S_b S_a^½)^½. Why is its trace the same?

    Compute the trace of that root from the eigenvalues of S_a S_b alone, without the root of any
    matrix. S_a, S_b: covariances (n, n). Returns a number.
    """
    raise NotImplementedError


def precision_with_an_outlier(real, fakes, outlier):
    """3. Give precision one photograph that is nothing like the others. What happens to it?

    real (n, features), fakes (m, features), outlier (features,). Returns the precision without and
    with the outlier among the real ones, a pair of numbers, by metrics.prdc.
    """
    raise NotImplementedError


def fooled():
    """4. Which faults go unnoticed?

    Returns a dict: for each of "fd", "precision", "recall" and "ratio" the set of those of
    "copied", "pure noise" and "Gaussian features" which that figure takes for as good as
    photographs, or better (lesson's table; recall within 0.1; "ratio" knows no Gaussian features).
    """
    raise NotImplementedError
