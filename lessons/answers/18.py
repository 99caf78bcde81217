"""Answers to the exercises of lesson 18. Run it: every answer is checked."""

import numpy as np

from tinygan import data, metrics
from tinygan.evaluation.features import extractor_for

# 1. Both are photographs, so the true distance is 0. The estimate is above it, and the more the
#    fewer pictures there are: compare fds only at equal numbers.
images = data.load("fashion-mnist-subset").images[np.random.default_rng(0).permutation(6000)[:1000]]
features = extractor_for((28, 28, 1)).features(images)
found = [metrics.frechet_distance(features[:n], features[-n:]) for n in (50, 200, 500)]
print("1. fd of photographs, by 50, 200, 500:", ", ".join(f"{fd:.1f}" for fd in found))
assert found[0] > 1.5 * found[1] > 2 * found[2]

# 2. With R the root of S_a, R⁻¹ (S_a S_b) R = R S_b R: the two matrices are similar, so they have
#    the same eigenvalues, and the trace of a root is the sum of the roots of those.
rng = np.random.default_rng(0)
S_a, S_b = (np.cov(rng.standard_normal((50, 4)).T) for _ in range(2))
w, V = np.linalg.eigh(S_a)
R = (V * np.sqrt(w)) @ V.T
symmetric = np.sqrt(np.linalg.eigvalsh(R @ S_b @ R)).sum()
product = np.sqrt(np.linalg.eigvals(S_a @ S_b).real).sum()
print(f"2. {symmetric:.6f} and {product:.6f}")
assert np.isclose(symmetric, product)

# 3. Its ball reaches to its fifth neighbour, however far that is, and all that lies within counts
#    as realistic. One outlier is enough to let everything in.
real = rng.standard_normal((200, 2))
fakes = rng.uniform(-10, 10, (200, 2))
strange = np.concatenate([real, [[30.0, 30.0]]])
before, after = (metrics.prdc(points, fakes)["precision"] for points in (real, strange))
print(f"3. precision of points strewn about: {before:.2f}, with one outlier {after:.2f}")
assert after > before + 0.3
