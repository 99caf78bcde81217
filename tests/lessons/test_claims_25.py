"""Lesson 25: with any seed, the smaller BatchNorm's shards, the further off is the gradient."""

import copy

import numpy as np
import pytest

from tinygan import data, nn

N = 128


def gradient(net, x, labels):
    net = copy.deepcopy(net)
    net.backward(nn.softmax_cross_entropy(net.forward(x), labels)[1])
    return np.concatenate([param.grad.ravel() for param in net.params()])


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("behind", [False, True], ids=["last", "between"])
def test_smaller_shards_are_further_off(seed, behind):
    rng, shown = np.random.default_rng(seed), data.load("fashion-mnist-subset")
    layers = [nn.Flatten(), nn.Dense(784, 64, rng=rng, std=0.05)]
    dense = nn.Dense(64, 10, rng=rng, std=0.18)
    if behind:
        net = nn.Sequential(*layers, nn.BatchNorm(64), nn.LeakyReLU(), dense)
    else:
        net = nn.Sequential(*layers, nn.LeakyReLU(), dense, nn.BatchNorm(10))
    errors = []
    for rows in rng.permutation(6000)[: 10 * N].reshape(10, N):
        x, labels = shown.images[rows].astype(np.float32) / 127.5 - 1, shown.labels[rows]
        whole = gradient(net, x, labels)
        for size in (2, 8, 32):
            shards = zip(np.split(x, N // size), np.split(labels, N // size), strict=True)
            mean = np.mean([gradient(net, *shard) for shard in shards], axis=0)
            errors.append(np.linalg.norm(mean - whole) / np.linalg.norm(whole))
    of_2, of_8, of_32 = np.reshape(errors, (10, 3)).mean(axis=0)
    assert of_2 > 1.5 * of_8 > 2.25 * of_32 > 0.1
