"""What lesson 05 says of its network, over three seeds."""

import numpy as np
import pytest

from tinygan import data, nn

TRAIN, TEST = (data.load("fashion-mnist-subset", split) for split in ("train", "test"))
X_TRAIN, X_TEST = (split.images.astype(np.float32) / 127.5 - 1 for split in (TRAIN, TEST))


def trained(seed, mirror=True, activation=nn.ReLU):
    """The network, and its accuracy on training and on test pictures, after 8 epochs."""
    rng = np.random.default_rng(seed)
    layers = [nn.Flatten()]
    for n_in, n_out in ((784, 256), (256, 128), (128, 10)):
        layers.append(nn.Dense(n_in, n_out, rng=rng, std=(2 / n_in) ** 0.5))
        if n_out > 10 and activation:
            layers.append(activation())
    net = nn.Sequential(*layers)
    adam = nn.Adam(net.params(), lr=1e-3, betas=(0.9, 0.999))
    for epoch in range(8):
        adam.lr = 1e-3 * (1 - epoch / 8)
        for rows in rng.permutation(6000).reshape(-1, 60):
            x = X_TRAIN[rows].copy()
            if mirror:
                flip = rng.random(60) < 0.5
                x[flip] = x[flip, :, ::-1]
            adam.zero_grad()
            _, glogits = nn.softmax_cross_entropy(net.forward(x), TRAIN.labels[rows])
            net.backward(glogits)
            adam.step()
    return net, *(
        (net.forward(x).argmax(axis=1) == split.labels).mean()
        for x, split in ((X_TRAIN, TRAIN), (X_TEST, TEST))
    )


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_accuracies_and_gaps_and_the_hardest_class(seed):
    net, *as_it_is = trained(seed)
    _, *no_mirror = trained(seed, mirror=False)
    _, *no_relu = trained(seed, activation=None)
    assert no_relu[0] + 0.02 < as_it_is[0] < no_mirror[0] - 0.01
    gaps = [on_train - on_test for on_train, on_test in (no_relu, as_it_is, no_mirror)]
    assert gaps == sorted(gaps)
    said = net.forward(X_TEST).argmax(axis=1)
    right = [(said[TEST.labels == label] == label).mean() for label in range(10)]
    assert np.argmin(right) == 6  # shirts
    assert min(right[label] for label in (1, 7, 8, 9)) > 0.85  # trousers, sneakers, bags, boots


@pytest.mark.parametrize("seed", range(3))
def test_start_weights_keep_the_mean_square_whatever_the_mean(seed):
    rng = np.random.default_rng(seed)
    signal = X_TRAIN[:500].reshape(500, -1)
    assert abs(X_TRAIN.mean() + 0.43) < 0.01
    for n_in, n_out in ((784, 256), (256, 128)):
        signal = np.maximum(signal @ rng.normal(0, (2 / n_in) ** 0.5, (n_in, n_out)), 0)
    ratio = np.sqrt((signal**2).mean() / (X_TRAIN**2).mean())
    assert 0.7 < ratio < 1.4
