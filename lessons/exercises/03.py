"""Exercises of lesson 03. Fill in each function; then: python -m lessons check 03"""


def log_sigmoid(l):
    """1. log s(l), exact and without a warning for every l from −1000 to 1000.

    l: an array. Returns an array of its shape.
    """
    raise NotImplementedError


def squared_error_factor(l):
    """2. The target is t = 1. By what factor is the squared error's gradient smaller than BCE's?

    Returns gl by the squared error (s(l) − 1)² divided by gl by BCE, for the logit l, a number.
    """
    raise NotImplementedError


def steps_until_right():
    """3. A logit l = −8 whose target is t = 1 goes downhill, l ← l − gl. When is it right, l > 0?

    Returns how many steps it takes with gl by BCE, and with gl by the squared error: two integers.
    """
    raise NotImplementedError


def two_logits(l):
    """4. Two logits whose softmax is (s(l), 1 − s(l)).

    l: an array (N,). Returns an array (N, 2).
    """
    raise NotImplementedError


def share_that_gets_back(activation, std, rng):
    """5. How much of gy gets back through ten layers.

    Build ten pairs of a dense layer 64 → 64, `nn.Dense(64, 64, rng=rng, std=std)`, and an
    activation, nn.Sigmoid or nn.ReLU. Send 32 examples of `rng.standard_normal` forward, and such a
    gy backward. std: standard deviation of the weights, about a mean of 0. Try √(2 / 64), of which
    lesson 05 says why. Returns ‖gx‖ / ‖gy‖, where ‖a‖ is the root of the sum of the squares
    (np.linalg.norm).
    """
    raise NotImplementedError
