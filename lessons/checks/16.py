"""What must hold of the functions in exercises/16.py."""

import numpy as np

from tinygan import data, metrics


def length_of_z(answer):
    rng = np.random.default_rng(0)
    for n in (100, 2500):
        lengths = np.linalg.norm(rng.standard_normal((2000, n), np.float32), axis=1)
        mean, std = answer(n)
        assert abs(mean / lengths.mean() - 1) < 0.01, f"with {n} numbers ‖z‖ is not {mean:.2f}"
        assert abs(std / lengths.std() - 1) < 0.1, (
            f"with {n} numbers 2000 lengths vary by {lengths.std():.2f}, not by {std:.2f}: the "
            "variance of ‖z‖² is 2 n"
        )


def length_of_sum(answer):
    rng = np.random.default_rng(0)
    for n, k in ((100, 3), (400, 5)):
        A, B, C = rng.standard_normal((3, 300, k, n)).mean(axis=2)
        for found, x, name in zip(answer(n, k), (A, A - B + C), ("a mean", "the sum"), strict=True):
            length = np.linalg.norm(x, axis=1).mean()
            assert abs(found / length - 1) < 0.02, (
                f"with n = {n}, k = {k} {name} is {length:.2f} long, not {found:.2f}: variances of "
                "independent numbers add up, also where one is taken away"
            )


def by_heart(answer):
    rng = np.random.default_rng(0)
    photos = data.load("fashion-mnist-subset").images[:300].reshape(300, -1) / 255
    keys = rng.standard_normal((300, 20))
    z0, z1 = rng.standard_normal((2, 1, 20))
    steps = []
    for n in (100, 200):
        t = np.linspace(0, 1, n + 1)[:, None]
        walk = np.asarray(answer((1 - t) * z0 + t * z1, keys, photos, 4.0))
        assert walk.shape == (n + 1, 784), f"it should return {(n + 1, 784)}, not {walk.shape}"
        steps.append(np.linalg.norm(np.diff(walk, axis=0), axis=1).max())
    assert steps[1] < 0.7 * steps[0], (
        "twice as many steps should be nearly half as long: does it blend, or choose one?"
    )
    drawn = np.asarray(answer(rng.standard_normal((200, 20)), keys, photos, 20.0))
    assert not np.isnan(drawn).any(), "subtract the largest score before exp: softmax is the same"
    near = metrics.nearest(np.clip(2 * drawn - 1, -1, 1), 2 * photos - 1)[0]
    assert np.median(near) < 0.5, (
        "with a sharpness of 20 most of what it draws should be copies: is the softmax over the "
        "photographs, for each z?"
    )
