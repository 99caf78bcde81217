"""Exercises of lesson 13. Fill in each function; then: python -m lessons check 13"""


def ratio(d):
    """1. D believes a fake with d. How many times as long is the gradient of −log d by the logit as
    that of log(1 − d)?

    Returns a number. At which d are both of the same length?
    """
    raise NotImplementedError


def dropout_variance(x, p):
    """2. Dropout with probability p leaves the mean of y at x. What is the variance of y?

    Returns a number, from x, p and arithmetic alone. What does it say of dropout as noise?
    """
    raise NotImplementedError


def steps_after_a_change(size, n, betas=(0.5, 0.999)):
    """3. Adam has had 1000 gradients of 1 for a weight. Then the gradient is `size`, n times.

    Returns the lengths of these n steps, an array (n,), with lr = 1 and ε neglected. Try 0.001:
    when is a step half of lr again? Try 1000: when is it down to 2 lr?
    """
    raise NotImplementedError


def designs():
    """4. The second D is both smaller than the first and has dropout. Which Ds do you play, against
    the same G, to tell whether the size, the dropout or only both together make its G collapse?

    Returns a set of pairs (size, dropout), with size "small" or "large" and dropout 0 or 0.5.
    """
    raise NotImplementedError
