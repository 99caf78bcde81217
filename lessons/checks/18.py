"""What must hold of the functions in exercises/18.py."""

import itertools

import numpy as np

from tinygan import metrics


def fd_on_a_line(answer):
    rng = np.random.default_rng(0)
    x, y = rng.normal(0, 1, 6), rng.normal(3, 2, 6)
    least = min(np.mean((x - np.array(order)) ** 2) for order in itertools.permutations(y))
    found = answer(x.copy(), y.copy())
    assert np.isclose(found, least), (
        f"for six numbers each it gives {found:.3f}, and the best of all 720 pairings "
        f"{least:.3f}: which number should the smallest be paired with?"
    )


def trace_of_root(answer):
    rng = np.random.default_rng(0)
    for n in (2, 5):
        S_a, S_b = (np.cov(rng.standard_normal((50, n)).T) for _ in range(2))
        w, V = np.linalg.eigh(S_a)
        R = (V * np.sqrt(w)) @ V.T
        wanted = np.sqrt(np.linalg.eigvalsh(R @ S_b @ R)).sum()
        found = answer(S_a, S_b)
        assert np.isclose(found, wanted), (
            f"it gives {found:.4f}, not {wanted:.4f}: the eigenvalues of S_a S_b are those of the "
            "symmetric matrix, and the root is taken of each of them"
        )


def precision_with_an_outlier(answer):
    rng = np.random.default_rng(0)
    real, fakes = rng.standard_normal((200, 2)), rng.uniform(-10, 10, (200, 2))
    found = answer(real, fakes, np.array([30.0, 30.0]))
    strange = np.concatenate([real, [[30.0, 30.0]]])
    wanted = [metrics.prdc(points, fakes)["precision"] for points in (real, strange)]
    assert np.isclose(found[0], wanted[0]), f"without the outlier it is not {found[0]:.2f}"
    assert np.isclose(found[1], wanted[1]), (
        f"with the outlier it is not {found[1]:.2f}: it joins the real ones, not the fakes"
    )


def fooled(answer):
    wanted = {
        "fd": ({"copied", "Gaussian features"}, "it knows means and covariances only"),
        "precision": ({"copied", "pure noise"}, "does a fake lie in a ball of a photograph?"),
        "recall": ({"copied", "Gaussian features"}, "do photographs lie in the fakes' balls?"),
        "ratio": ({"pure noise"}, "it asks only whether training pictures are nearer than others"),
    }
    found = answer()
    assert set(found) == set(wanted), f"its names should be {', '.join(wanted)}"
    for name, (faults, hint) in wanted.items():
        assert set(found[name]) == faults, f"{name} is not right: {hint}"
