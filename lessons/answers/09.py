"""Answers to the exercises of lesson 09. Run it: every answer is checked."""

import numpy as np

from tinygan import data, models

# 1. e^−1000 is 0 for a computer, and log 0 is −∞. Taken out of the sum first, −1000 does no harm.
a = np.array([-1000.0, -1000.0])
with np.errstate(divide="ignore"):
    plain = np.log(np.exp(a).sum())
stable = a.max() + np.log(np.exp(a - a.max()).sum())
print(f"1. plain {plain}, log-sum-exp {stable:.3f}")
assert plain == -np.inf
assert np.isclose(stable, -1000 + np.log(2))

# 2. All responsibilities are 1, so the M step takes the mean and covariance of everything, and a
#    second turn finds the same again.
train, test = (data.load("fashion-mnist-subset", split).images for split in ("train", "test"))
pca = models.PCA(20).fit(train.reshape(-1, 784) / 255.0)
z, z_test = (pca.transform(images.reshape(-1, 784) / 255.0) for images in (train, test))
one = models.GaussianMixture(1, reg_covar=0, rng=np.random.default_rng(0)).fit(z)
print(f"2. {one.n_iter_} turns, the second without gain")
assert np.allclose(one.means_[0], z.mean(axis=0))
assert np.allclose(one.covariances_[0], np.cov(z.T, bias=True))
assert one.n_iter_ <= 2

# 3. Up to a point. A component with few garments learns those by heart: it fits them closely, and
#    new ones badly. That is the overfitting of lesson 05.
gaps = {}
for K in (1, 10, 100):
    mixture = models.GaussianMixture(K, tol=0.01, reg_covar=1e-3, rng=np.random.default_rng(0))
    mixture.fit(z)
    gaps[K] = mixture.score(z), mixture.score(z_test)
    print(f"3. {K} components: training {gaps[K][0]:.2f}, test {gaps[K][1]:.2f} nats")
assert gaps[1][0] < gaps[10][0] < gaps[100][0]
assert gaps[100][0] - gaps[100][1] > 3 * (gaps[10][0] - gaps[10][1])
