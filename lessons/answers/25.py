"""Answers to the exercises of lesson 25. To check them: python -m lessons check 25 --answers"""


def mean_gradient(gradients, sizes):
    # L = Σ L[n] / N = Σ (n_r / N) L_r: each rank counts by its examples. The mean of the ranks
    # would count an example of a small shard more. A program multiplies before its all-reduce.
    return sum(n * gradient for n, gradient in zip(sizes, gradients, strict=True)) / sum(sizes)


def whole_moments(means, variances, sizes):
    # Σ (x − μ)² over a shard is n_r (v_r + (μ_r − μ)²). The mean of the squares minus the square of
    # the mean is the same number, but where the means are large it is the small difference of two
    # large ones, and rounding takes its digits away.
    share = sizes / sizes.sum()
    mean = (share * means).sum()
    return mean, (share * (variances + (means - mean) ** 2)).sum()


def bytes_sent(P, size, itemsize=4):
    # −(−size // P) is size / P rounded up: the numbers in a chunk. A rank sends P − 1 chunks while
    # the sums are made and P − 1 while they go round.
    return 2 * (P - 1) * -(-size // P) * itemsize


def most_ranks(computing, size, latency, speed):
    # computing / P falls with P and the time of the exchange rises: after the first P that is too
    # many, all are. With P → ∞ the bytes take 2 size / speed at most; the latency has no bound.
    P = 1
    while 2 * P * (latency + size / ((P + 1) * speed)) < computing / (P + 1):
        P += 1
    return P
