"""Exercises of lesson 23. Fill in each function; then: python -m lessons check 23"""


def weight_in_average(k, age):
    """1. average ← k · average + (1 − k) · weights, after each of many updates. How much of the
    average are the weights that were the newest `age` updates ago (0: the newest now)?

    Returns a share, from 0 to 1.
    """
    raise NotImplementedError


def residual_backward(f, gy):
    """2. y = h + f(h + c), with a layer f whose forward was called. From gy, the gradient of y:

    returns (gh, gc), those of h and of c. f.backward(g) returns the gradient of f's input.
    """
    raise NotImplementedError


def calls(method, steps):
    """3. How many calls of the network do so many steps make? method: "Euler" or "Heun", whose last
    step is Euler's.
    """
    raise NotImplementedError


def which_is_the_floor(fd):
    """4. fd: a dict of the lesson's distances, by the names in its picture. Which of them can a
    flow of these codes, drawn by this decoder, not be expected to fall below? Returns its name.
    """
    raise NotImplementedError
