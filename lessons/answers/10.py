"""Answers to the exercises of lesson 10. Run it: every answer is checked."""

import numpy as np

from tinygan import data, models, nn

# 1. Without bends both together are a matrix of rank 8 at most, and among those PCA has the least
#    squared error (lesson 09). Training comes near to it and cannot get below.
x = data.load("fashion-mnist-subset").images.reshape(-1, 784).astype(np.float32) / 255
x = x - x.mean(axis=0)
pca = models.PCA(8).fit(x)
least = ((pca.inverse_transform(pca.transform(x)) - x) ** 2).mean()
rng = np.random.default_rng(0)
net = nn.Sequential(nn.Dense(784, 8, rng=rng), nn.Dense(8, 784, rng=rng))
adam = nn.Adam(net.params(), lr=3e-3, betas=(0.9, 0.999))
for epoch in range(30):
    adam.lr = 3e-3 * (1 - epoch / 30)
    for rows in rng.permutation(6000).reshape(-1, 100):
        adam.zero_grad()
        _, gy = nn.mse(net.forward(x[rows]), x[rows])
        net.backward(gy * 784)
        adam.step()
reached = ((net.forward(x) - x) ** 2).mean()
print(f"1. PCA {least:.5f}, two dense layers {reached:.5f}")
assert least < reached < 1.1 * least

# 2. −½ log p − ½ log(1 − p) is least at p = ½, and there it is log 2 = 0.69, not 0. So the loss of
#    a good reconstruction is far from 0, since clothes are grey; only differences of losses tell.
p = np.linspace(0.01, 0.99, 99)
loss = -0.5 * np.log(p) - 0.5 * np.log(1 - p)
print(f"2. least at p = {p[loss.argmin()]:.2f}: {loss.min():.3f}")
assert np.isclose(p[loss.argmin()], 0.5)
assert np.isclose(loss.min(), np.log(2))
