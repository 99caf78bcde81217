"""Answers to the exercises of lesson 15. Run it: every answer is checked."""

import numpy as np

from tinygan import recipes, training


def normal(x, mean, variance):
    return np.exp(-((x - mean) ** 2) / (2 * variance)) / np.sqrt(2 * np.pi * variance)


# 1. The slope is m / (0.04 + s²), so s² must be at least 3 − 0.04: s = 1.72.
s = np.sqrt(3 - 0.04)
logits = [np.log(normal(x, 3, 0.04 + s**2) / normal(x, 0, 0.04 + s**2)) for x in (1.0, 2.0)]
print(f"1. s = {s:.2f}: the logit changes by {logits[1] - logits[0]:.3f} from x = 1 to x = 2")
assert np.isclose(logits[1] - logits[0], 1)


# 2. To about m = 1.1, five to six times the width 0.2: then each hill has died away before the
#    other begins.
def js(m):
    x = np.linspace(-3, 6, 9001)
    p, q = normal(x, 0, 0.04), normal(x, m, 0.04)
    tiny = 1e-300
    terms = p * np.log((p + tiny) / (p + q + tiny)) + q * np.log((q + tiny) / (p + q + tiny))
    return np.log(2) + terms.sum() * (x[1] - x[0]) / 2


m = np.linspace(0, 3, 301)
far = m[np.argmax([js(centre) > np.log(2) - 0.01 for centre in m])]
print(f"2. from m = {far:.2f} on, {far / 0.2:.1f} times the width")
assert 0.9 < far < 1.3

# 3. The noise is put on what D sees, after G: G itself has no layer that draws. The same z gives
#    the same picture twice.
rng = np.random.default_rng(0)
G, _ = recipes.get("dcgan-cifar10").networks(rng, width=4)
z = rng.standard_normal((5, 100), np.float32)
first, second = training.generate(G, z), training.generate(G, z)
print(f"3. the same: {np.array_equal(first, second)}; layers that draw: {len(G.generators())}")
assert np.array_equal(first, second)
assert not G.generators()
