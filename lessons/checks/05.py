"""What must hold of the functions in exercises/05.py."""

import numpy as np

RNG = np.random.default_rng(0)


def without_looking(answer):
    even, uneven = np.repeat(np.arange(10), 100), np.array([2] * 60 + [0] * 30 + [1] * 10)
    constant, guess = answer(even, 10)
    assert np.isclose(constant, 0.1), f"ten classes of 100 pictures, always one of them: {constant}"
    assert np.isclose(guess, 0.1), f"ten classes of 100 pictures, guessed: {guess}"
    constant, guess = answer(uneven, 4)
    assert np.isclose(constant, 0.6), f"60, 30 and 10 pictures of 100, always one: {constant}"
    assert not np.isclose(guess, (0.36 + 0.09 + 0.01)), "a guess gives all classes equally often"
    assert np.isclose(guess, 0.25), f"60, 30, 10 and 0 pictures, guessed: {guess}"


def confusion_matrix(answer):
    labels, said = RNG.integers(0, 3, 200), RNG.integers(0, 4, 200)  # class 3 is only said
    wanted = np.zeros((4, 4), int)
    for row, column in zip(labels, said, strict=True):
        wanted[row, column] += 1
    found = np.asarray(answer(labels, said, 4))
    assert found.shape == (4, 4), f"it should be (4, 4) for 4 classes, not {found.shape}"
    assert not np.array_equal(found, wanted.T), (
        "rows are what the pictures are, columns what it said"
    )
    assert found.sum() == 200, f"200 pictures, and it counts {found.sum()}: C[i, j] += 1 adds once"
    assert np.array_equal(found, wanted), "the counts are not right"


def start_variance(answer):
    for slope in (0.0, 0.2, 1.0):
        x, n_in = RNG.standard_normal((1000, 300)), 300
        y = x @ RNG.normal(0, np.sqrt(answer(n_in, slope)), (n_in, 400))
        ratio = (np.where(y > 0, y, slope * y) ** 2).mean() / (x**2).mean()
        assert 0.97 < ratio < 1.03, (
            f"slope {slope}: the mean square becomes {ratio:.2f} times what it was"
        )


def without_mirror_or_relu(answer):
    on_training, gaps = (list(names) for names in answer())
    names = ["as it is", "no ReLU", "no mirror"]
    assert sorted(on_training) == sorted(gaps) == names, f"two lists of the three names {names}"
    assert on_training[0] == "no ReLU", "accuracies: which can do no more than one dense layer?"
    assert on_training[2] == "no mirror", "accuracies: which network sees the same pictures often?"
    assert gaps[2] == "no mirror", "gaps: which network can learn the pictures by heart best?"
    assert gaps[0] == "no ReLU", "gaps: which network can learn the least by heart?"
