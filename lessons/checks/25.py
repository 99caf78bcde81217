"""What must hold of the functions in exercises/25.py."""

import numpy as np


def mean_gradient(answer):
    rng = np.random.default_rng(0)
    examples = rng.normal(size=(12, 3))  # the gradients of single examples

    def found(*sizes):
        shards = np.split(examples, np.cumsum(sizes)[:-1])
        means = [shard.mean(axis=0) if len(shard) else np.zeros(3) for shard in shards]
        return answer(means, list(sizes))

    wanted = examples.mean(axis=0)
    assert np.shape(found(4, 4, 4)) == (3,), "it should have the shape of one gradient"
    assert np.allclose(found(4, 4, 4), wanted), "with equal shards it is the mean of the gradients"
    assert np.allclose(found(9, 2, 1), wanted), (
        "with shards of 9, 2 and 1 each *example* should count the same, not each rank"
    )
    assert np.allclose(found(9, 3, 0), wanted), "a rank without examples should not count"


def whole_moments(answer):
    rng = np.random.default_rng(0)
    for sizes, centre in (((4, 4, 4), 0), ((9, 2, 1), 0), ((9, 2, 1), 1e7)):
        x = centre + rng.normal(size=12) + np.repeat([0, 3, -2], sizes)
        shards = np.split(x, np.cumsum(sizes)[:-1])
        means, variances = ([f(shard) for shard in shards] for f in (np.mean, np.var))
        mean, var = answer(np.array(means), np.array(variances), np.array(sizes))
        case = f"shards of {', '.join(map(str, sizes))}, mean {centre:g}"
        assert np.isclose(mean, x.mean(), rtol=1e-12, atol=1e-9), (
            f"{case}: the mean is {x.mean():.3f}, not {mean:.3f}. Does each example count the same?"
        )
        hint = "Do you take the shards' means apart?" if centre == 0 else (
            "Squares of large numbers lose digits: subtract the mean first"
        )  # fmt: skip
        assert np.isclose(var, x.var(), rtol=1e-6), (
            f"{case}: the variance is {x.var():.4f}, not {var:.4f}. {hint}"
        )


def bytes_sent(answer):
    assert answer(1, 1000) == 0, "one rank alone sends nothing"
    assert answer(4, 1000) == 6000, f"P = 4, 1000 numbers: 6 chunks of 250, not {answer(4, 1000)}"
    assert answer(3, 1000) == 5344, f"P = 3, 1000 numbers: chunks of 334, not {answer(3, 1000)}"
    assert answer(16, 5, 8) == 240, "P = 16, 5 numbers: chunks of one number"
    big = answer(7, 7 * (10**17 + 1))
    assert big == 48 * (10**17 + 1), f"not {big}: // keeps all digits of a whole number, / does not"


def most_ranks(answer):
    for case in ((1.0, 1e6, 1e-4, 1e8), (0.3, 1e7, 5e-5, 1.25e9), (10.0, 1e3, 1e-6, 1e10)):
        found, (computing, size, latency, speed) = answer(*case), case

        def exchange(P):
            return 2 * (P - 1) * (latency + size / (P * speed))  # noqa: B023 - used in this turn

        assert exchange(found) < computing / found, (
            f"{case}: with {found} ranks the exchange takes {exchange(found):.4f} s, the computing "
            f"only {computing / found:.4f} s"
        )
        more = found + 1
        assert exchange(more) >= computing / more, (
            f"{case}: with {more} ranks, not only {found}, the exchange still takes less time"
        )
    assert answer(1e-9, 1e9, 1, 1) == 1, "a rank alone exchanges nothing, so P = 1 is always right"
