"""Answers to the exercises of lesson 23. To check them: python -m lessons check 23 --answers"""


def weight_in_average(k, age):
    # They came in with 1 − k and were multiplied by k since, once for each later update. Half of
    # the average is younger than log 2 / (1 − k): 690 updates for k = 0.999.
    return (1 - k) * k**age


def residual_backward(f, gy):
    # h reaches y directly, with gradient gy, and through f; c through f alone.
    g = f.backward(gy)
    return gy + g, g


def calls(method, steps):
    return steps if method == "Euler" else 2 * steps - 1


def which_is_the_floor(fd):
    # A perfect flow would draw the codes' own distribution, and the decoder makes reconstructions
    # of it. What those have lost, mostly fine detail, no flow brings back.
    return "reconstructed"
