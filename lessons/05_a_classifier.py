# %% [markdown]
# # 05 · A classifier of clothes
#
# **Goal:** train a first network, and find out what it has learned and what it confuses.
# **Builds by hand:** `classifier_loop.classifier_step`, `batches.mirrored`.
# **You need:** 02 to 04. **Time:** seconds. **Next:** 06, convolution.
# **Source:** Xiao et al. 2017, "Fashion-MNIST: a novel image dataset" (the data and its classes);
# He et al. 2015, "Delving deep into rectifiers", section 2.2 (start weights of variance 2 / n_in).
#
# A *network* is a chain of layers; those between the first and the last are *hidden*. This one gets
# the 784 pixels of a picture and gives ten logits, one for each kind of clothes.

# %%
import copy

import lesson
import matplotlib.pyplot as plt
import numpy as np

from tinygan import data, nn
from tinygan.data import batches
from tinygan.training import classifier_loop

rng = np.random.default_rng(0)
epochs, enough = (3, 0.75) if lesson.FAST else (15, 0.85)  # and the accuracy that is demanded

# %% [markdown]
# ## The data
#
# 6,000 pictures to learn from, *training data*, and 1,000 to find out how well it went, *test
# data*, which the network never learns from. A pixel is 0 to 255, and is scaled to [−1, 1]. Most of
# a picture is black, −1: the mean of the pixels is −0.43, their root mean square 0.83.
#
# Weights start at random, with mean 0 and variance 2 / n_in. A sum of n_in products of a weight and
# an input has the mean 0 and the variance n_in · 2 / n_in · q = 2q, where q is the mean of the
# inputs' squares. It is above 0 as often as below, so ReLU takes half of its square away, and the
# mean square behind it is q again, whatever the mean of the inputs was. So signals keep their size
# from layer to layer.

# %%
train, test = data.load("fashion-mnist-subset", "train"), data.load("fashion-mnist-subset", "test")
x_train, x_test = (split.images.astype(np.float32) / 127.5 - 1 for split in (train, test))


def dense(n_in, n_out):
    return nn.Dense(n_in, n_out, rng=rng, std=(2 / n_in) ** 0.5)


net = nn.Sequential(
    nn.Flatten(),  # (N, 28, 28, 1) -> (N, 784)
    *(dense(784, 256), nn.ReLU()),
    *(dense(256, 128), nn.ReLU()),
    dense(128, 10),
)
signal = net.layers[0].forward(x_train[:500])
for layer in net.layers[1:-1]:
    signal = layer.forward(signal)
pixels, after = (np.sqrt((a**2).mean()) for a in (x_train, signal))
print(f"pixels: mean {x_train.mean():.2f}, root mean square {pixels:.2f}; after two layers "
      f"{after:.2f}")  # fmt: skip
assert abs(x_train.mean() + 0.43) < 0.01
assert 0.7 < after / pixels < 1.4

# %% [markdown]
# ## The training loop
#
# An *epoch* shows every training picture once, in a new order, in batches. For each batch: forward,
# loss, backward, step. *Accuracy* is the share of pictures whose largest logit is the right one.
#
# A garment in a mirror is still a garment of its kind. So half of the pictures of each batch, drawn
# anew each time, are mirrored: more variety than 6,000 pictures have. And lr falls towards 0
# over the epochs: long steps to get near, short ones to settle.


# %%
def mirrored(images, rng):
    flip = rng.random(len(images)) < 0.5
    images = images.copy()
    images[flip] = images[flip, :, ::-1]
    return images


def step(net, adam, images, labels):
    adam.zero_grad()
    logits = net.forward(images)
    loss, glogits = nn.softmax_cross_entropy(logits, labels)
    net.backward(glogits)
    adam.step()
    return loss


def accuracy(net, x, labels):
    return (net.forward(x).argmax(axis=1) == labels).mean()


by_hand, by_library = copy.deepcopy(net), copy.deepcopy(net)
one, other = nn.Adam(by_hand.params()), nn.Adam(by_library.params())
for start in range(0, 150, 50):
    batch = x_train[start : start + 50], train.labels[start : start + 50]
    loss = step(by_hand, one, *batch)
    assert np.isclose(loss, classifier_loop.classifier_step(by_library, other, *batch)["loss"])
for mine, theirs in zip(by_hand.params(), by_library.params(), strict=True):
    assert np.allclose(mine.grad, theirs.grad, rtol=1e-4, atol=1e-6)
a, b = (f(x_train[:99], np.random.default_rng(1)) for f in (mirrored, batches.mirrored))
assert np.array_equal(a, b)

adam = nn.Adam(net.params(), lr=1e-3, betas=(0.9, 0.999))
history = [(accuracy(net, x_train, train.labels), accuracy(net, x_test, test.labels))]
for epoch in range(epochs):
    adam.lr = 1e-3 * (1 - epoch / epochs)
    for rows in rng.permutation(6000).reshape(-1, 60):
        step(net, adam, mirrored(x_train[rows], rng), train.labels[rows])
    history.append((accuracy(net, x_train, train.labels), accuracy(net, x_test, test.labels)))
on_train, on_test = history[-1]
print(f"after {epochs} epochs: {on_train:.1%} of the training, {on_test:.1%} of the test pictures")
assert on_test > enough
assert history[0][1] < 0.3  # it had to be learned

# %% [markdown]
# ## What it confuses
#
# The *confusion matrix* counts, for each true class (row), what the network said (column).

# %%
said = net.forward(x_test).argmax(axis=1)
confusion = np.zeros((10, 10), int)
np.add.at(confusion, (test.labels, said), 1)
assert confusion.sum() == 1000
hardest = lesson.CLOTHES[np.diag(confusion).argmin()]
print(f"hardest: {hardest}; right of 100:", np.diag(confusion))
assert lesson.FAST or hardest == "shirt"
assert np.isclose(np.trace(confusion) / 1000, on_test)

figure = plt.figure(figsize=(7, 3.9), layout="constrained")
left, right = figure.subfigures(1, 2, width_ratios=(1.6, 1))
axes = left.subplots()
axes.imshow(confusion, cmap="Blues", vmax=100)
for row, column in np.argwhere(confusion):
    color = "white" if confusion[row, column] > 50 else "black"
    axes.text(column, row, confusion[row, column], ha="center", va="center", size=7.5, color=color)
axes.set_xticks(range(10), lesson.CLOTHES, rotation=60, ha="right")
axes.set_yticks(range(10), lesson.CLOTHES)
axes.set(xlabel="the network said (test pictures)", ylabel="it was")
pairs = np.argsort((confusion - np.diag(np.diag(confusion))).ravel())[:-7:-1]  # the six worst
for axes, pair in zip(right.subplots(3, 2).ravel(), pairs, strict=True):
    was, wrong = divmod(pair, 10)
    axes.imshow(test.images[(test.labels == was) & (said == wrong)][0], cmap="gray")
    was_name, wrong_name = lesson.CLOTHES[was], lesson.CLOTHES[wrong]
    title = f"{was_name}, taken for\n{wrong_name} ({confusion[was, wrong]} times)"
    axes.set_title(title, size=8)
    axes.axis("off")
lesson.save(figure, "05/confusion.png")

figure, axes = plt.subplots(figsize=(7, 2.6), layout="constrained")
for name, line in zip(("training", "test"), np.array(history).T * 100, strict=True):
    axes.plot(line, label=f"{name} pictures")
axes.legend(frameon=False, loc="lower right")
axes.set(xlabel="epoch", ylabel="right answers, %", ylim=(60, 100), xlim=(0, epochs))
lesson.save(figure, "05/accuracy.png")

# %% [markdown]
# ![what the network takes for what](out/05/confusion.png)
# ![accuracy on training and test pictures](out/05/accuracy.png)
#
# Shirts are the hardest: they are taken for T-shirts, pullovers and coats. Trousers, sneakers, bags
# and boots are nearly always recognised. On the pictures that it learned from, the network is
# better than on new ones, and the gap grows: it learns some pictures by heart, which is called
# *overfitting*.
#
# ## Exercises
#
# Fill in `lessons/exercises/05.py`, then: `python -m lessons check 05`
#
# 1. What accuracy does a network reach that always gives the same answer, or that guesses?
# 2. Write the confusion matrix without a loop over the pictures.
# 3. Which start weights keep the size of signals behind a LeakyReLU?
# 4. Train without the mirror, and without the ReLUs. Which network knows its training pictures
#    best, and which one has the largest gap?
