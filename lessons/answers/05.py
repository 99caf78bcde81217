"""Answers to the exercises of lesson 05. Run it: every answer is checked."""

import numpy as np

from tinygan import data, nn

train, test = data.load("fashion-mnist-subset", "train"), data.load("fashion-mnist-subset", "test")
x_train, x_test = (split.images.astype(np.float32) / 127.5 - 1 for split in (train, test))

# 1. The ten classes are equally large, so both are right once in ten times.
always_bag = (test.labels == 8).mean()
guesses = (np.random.default_rng(0).integers(0, 10, 1000) == test.labels).mean()
print(f"1. always bag: {always_bag:.1%}, a guess: {guesses:.1%}")
assert always_bag == 0.1
assert 0.06 < guesses < 0.14


def trained(mirror, activation):
    """Accuracy on training and test pictures after 8 epochs."""
    rng = np.random.default_rng(0)
    layers = [nn.Flatten()]
    for n_in, n_out in ((784, 256), (256, 128), (128, 10)):
        layers += [nn.Dense(n_in, n_out, rng=rng, std=(2 / n_in) ** 0.5), *activation()]
    net = nn.Sequential(*layers[: len(layers) - len(activation())])
    adam = nn.Adam(net.params(), lr=1e-3, betas=(0.9, 0.999))
    for epoch in range(8):
        adam.lr = 1e-3 * (1 - epoch / 8)
        for rows in rng.permutation(6000).reshape(-1, 60):
            x = x_train[rows].copy()
            if mirror:
                flip = rng.random(60) < 0.5
                x[flip] = x[flip, :, ::-1]
            adam.zero_grad()
            _, glogits = nn.softmax_cross_entropy(net.forward(x), train.labels[rows])
            net.backward(glogits)
            adam.step()
    return [
        (net.forward(x).argmax(axis=1) == split.labels).mean()
        for x, split in ((x_train, train), (x_test, test))
    ]


# 2. It knows the training pictures better and the test pictures no better: the gap grows.
# 3. Dense layers alone are one dense layer (lesson 02, exercise 1), which draws straight lines
#    between the classes. Three ReLU layers fit the training pictures better.
with_mirror = trained(True, lambda: [nn.ReLU()])
without = trained(False, lambda: [nn.ReLU()])
straight = trained(True, list)
for number, name, (on_train, on_test) in (
    ("2", "mirror", with_mirror),
    ("2", "no mirror", without),
    ("3", "mirror, no ReLU", straight),
):
    print(f"{number}. {name}: training {on_train:.1%}, test {on_test:.1%}")
assert without[0] > with_mirror[0]
assert without[0] - without[1] > with_mirror[0] - with_mirror[1]
assert straight[0] < with_mirror[0] - 0.02
