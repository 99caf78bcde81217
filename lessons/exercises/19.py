"""Exercises of lesson 19. Fill in each function; then: python -m lessons check 19"""


def best_slope(gap, weight):
    """1. Data and fakes are `gap` apart in all pairs, and the critic is a ramp of slope s. Its loss
    is −gap · s + weight · (s − 1)². Which s is best?

    Returns s, a number. How far is the guess of W₁ off for a gap of 2 and a weight of 10?
    """
    raise NotImplementedError


def r1_by_hand(x, W1, b1, W2):
    """2. D(x) = LeakyReLU(x W1 + b1) W2, with slope 0.2. P = mean ‖g‖², with g = dD(x)/dx.

    x (N, n), W1 (n, h), b1 (h,), W2 (h, 1). Returns P, its gradient by W1 and that by W2.
    """
    raise NotImplementedError


def largest_singular_value(W, turns):
    """3. Power iteration: `turns` times u ← W v and v ← Wᵀ u, each divided by its length.

    W (n, m). Start from v = ones. Returns s = uᵀ W v, a number.
    """
    raise NotImplementedError


def reaches_others(D, x):
    """4. The penalty is on the slope at *each* point. How much does moving another example change
    what D says of example 0?

    D: a network with one output. x (N, n). Returns the largest absolute value among all numbers of
    dD(x)₀ / dx_i, over all other examples i ≥ 1. Try a D with a BatchNorm.
    """
    raise NotImplementedError
