"""Answers to the exercises of lesson 03. Run it: every answer is checked."""

import numpy as np

from tinygan import nn

# 1. By BCE the gradient is p − t, by squared error 2 (p − t) · p (1 − p), since it has to come back
#    through the sigmoid. So the factor is 2 p (1 − p): 0.0007, twice the slope of a saturated
#    sigmoid. The network with the squared error hardly learns, where it has the most to learn.
p = 1 / (1 + np.exp(8.0))
factor = 2 * p * (1 - p)
print(f"1. {factor:.4f}, about {1 / factor:.0f} times smaller")
assert 0.0006 < factor < 0.0007

# 2. e^l / (e^l + e^0) = 1 / (1 + e^−l). And −log of that is BCE with t = 1.
l = np.linspace(-20, 20, 9)
both = np.stack([l, np.zeros_like(l)], axis=1)  # class 0 is "yes"
for label, t in ((0, 1.0), (1, 0.0)):
    softmax, _ = nn.softmax_cross_entropy(both, np.full(9, label))
    bce, _ = nn.bce_with_logits(l, t)
    print(f"2. t = {t:.0f}: softmax {softmax:.6f}, BCE {bce:.6f}")
    assert np.isclose(softmax, bce)


# 3. The sigmoid passes at most a quarter, each time; ReLU passes half of the numbers whole. With
#    weights of N(0, 2 / n_in), which make up for that half, the gradient arrives at its length.
def share_that_gets_back(activation, std):
    rng = np.random.default_rng(0)
    layers = []
    for _ in range(10):
        layers += [nn.Dense(64, 64, rng=rng, std=std), activation()]
    net = nn.Sequential(*layers)
    gy = rng.standard_normal(net.forward(rng.standard_normal((32, 64))).shape)
    return np.linalg.norm(net.backward(gy)) / np.linalg.norm(gy)


shares = {a: share_that_gets_back(a, np.sqrt(2 / 64)) for a in (nn.Sigmoid, nn.ReLU)}
print(f"3. through ten sigmoids {shares[nn.Sigmoid]:.0e}, through ten ReLUs {shares[nn.ReLU]:.2f}")
assert shares[nn.Sigmoid] < 1e-3
assert 0.1 < shares[nn.ReLU] < 10
