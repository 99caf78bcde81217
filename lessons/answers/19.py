"""Answers to the exercises of lesson 19. Run it: every answer is checked."""

import numpy as np

from tinygan import nn, training
from tinygan.training import gan_loss
from tinygan.training.gradient_penalty import gradient_penalty

# 1. The derivative by s, −d + 2 λ (s − 1), is 0 at s = 1 + d / (2 λ): 1.1 for d = 2; the guess is
#    d s = 2.2, a tenth too much. The nearer the fakes, the better the guess.
d, weight = 2.0, 10.0
s = np.linspace(0.5, 2, 15_001)
best = s[np.argmin(-d * s + weight * (s - 1) ** 2)]
print(f"1. the best slope is {best:.3f}, the guess {d * best:.2f} for a distance of {d:.0f}")
assert abs(best - (1 + d / (2 * weight))) < 1e-3

# 2. Nothing keeps D's slope, so it grows with each update, and the guess with it: it tells for how
#    long D has been trained.
rng = np.random.default_rng(0)
for name, penalty in (("with", lambda *them: gradient_penalty(*them, rng=rng)), ("without", None)):
    D = nn.Sequential(
        nn.Dense(1, 32, rng=rng, std=1), nn.LeakyReLU(), nn.Dense(32, 1, rng=rng, std=0.25)
    )
    adam = nn.Adam(D.params(), lr=1e-3, betas=(0.0, 0.9))
    said = []
    for _ in range(3000):
        real, fake = (rng.normal(mean, 0.1, (64, 1)).astype(np.float32) for mean in (1, -1))
        d = training.d_step(D, adam, real, fake, loss=gan_loss.wasserstein(), penalty=penalty)
        said.append(d["real_score"] - d["fake_score"])
    print(f"2. {name} the fine: {said[999]:.1f} after 1,000 updates, {said[2999]:.1f} after 3,000")
    if penalty is None:
        assert said[2999] > 2 * said[999] > 20
    else:
        assert abs(said[2999] - 2.2) < 0.4

# 3. The fine is on the slope at each x̂ on its own. BatchNorm takes the mean and the spread of the
#    whole batch, so moving one example moves what D says of the others: dD(x̂_2)/dx̂_1 is not 0, and
#    "the slope of D at x̂_1" has no meaning. A gradient that reaches x̂_1 from x̂_2's output:
x, gy = rng.standard_normal((6, 4)), np.zeros((6, 1))
gy[2] = 1  # only what D says of the example 2
reached = {}
for name, middle in (("BatchNorm", nn.BatchNorm(8)), ("none", nn.LeakyReLU())):
    D = nn.Sequential(nn.Dense(4, 8, rng=rng, std=1), middle, nn.Dense(8, 1, rng=rng, std=1))
    D.forward(x)
    gx = D.backward(gy)
    reached[name] = np.abs(np.delete(gx, 2, axis=0)).max()
    print(f"3. {name}: largest slope by another example {reached[name]:.3f}")
assert reached["BatchNorm"] > 1e-3
assert reached["none"] == 0
