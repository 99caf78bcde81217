# %% [markdown]
# # 25 · Many machines
#
# **Goal:** divide each batch among many machines, get the training of one, and know what it costs.
# **Builds by hand:** `nn.BatchNorm` of a whole batch from its shards, the mean of gradients, a ring
# all-reduce: what tinygan/training/parallel.py does, or leaves to MPI and NCCL.
# **You need:** 05, 08, 14. **Time:** seconds. **Next:** `mpiexec -n 4 python -m tinygan.train dcgan
# --distributed`.
# **Source:** Patarasuk & Yuan 2009, "Bandwidth optimal all-reduce algorithms for clusters of
# workstations"; Goyal et al. 2017, "Accurate, large minibatch SGD"; McCandlish et al. 2018, "An
# empirical model of large-batch training".
#
# In *data-parallel* training P processes, the *ranks*, have the same network with the same weights.
# Each takes N / P of the N examples of a batch, its *shard*. Here the ranks are P copies of a
# network in one process. Where numbers of several ranks meet, real ones exchange them by a network.

# %%
import copy

import lesson
import matplotlib.pyplot as plt
import numpy as np

from tinygan import data, nn, recipes

N, BATCHES = 128, 3 if lesson.FAST else 20
rng = np.random.default_rng(25)
shown = data.load("fashion-mnist-subset")
pixels, labels = shown.images / 127.5 - 1, shown.labels  # float64, so that rounding is small
hidden = [nn.Flatten(), nn.Dense(784, 64, rng=rng, std=0.05), nn.LeakyReLU()]
plain = nn.Sequential(*hidden, nn.Dense(64, 10, rng=rng, std=0.18))
normed = nn.Sequential(*plain.layers, nn.BatchNorm(10))
for param in normed.params():
    param.data, param.grad = param.data.astype(float), np.zeros(param.data.shape)

# %% [markdown]
# ## The mean of gradients
#
# The loss of a batch is a mean over its examples. With shards of equal size it is a mean of means:
#
#     L = Σ L[n] / N = Σ L_r / P        L_r: the mean of the L[n] in the shard of rank r
#
# The derivative of a sum is the sum of the derivatives, so the gradient of L is the mean of the
# ranks' own. With it each makes the same step of Adam: the weights stay equal without being sent.
# (Unequal shards make the mean of means another number: exercise 1.)


# %%
def gradients(net, rows, P, meet=None):
    """(P, weights): each rank's gradient. meet: a layer for all ranks, on top; see BatchNorm."""
    nets, shards = [copy.deepcopy(net) for _ in range(P)], np.array_split(rows, P)
    y = [net.forward(pixels[shard]) for net, shard in zip(nets, shards, strict=True)]
    y = meet.forward(np.array(y)) if meet else y
    g = [nn.softmax_cross_entropy(y[r], labels[shards[r]])[1] for r in range(P)]
    g = meet.backward(np.array(g)) if meet else g
    for r in range(P):
        nets[r].backward(g[r])
    return np.array([np.hstack([p.grad.ravel() for p in net.params()]) for net in nets])


def off(found, wanted):
    return np.linalg.norm(found - wanted) / np.linalg.norm(wanted)


rows = np.arange(N)
(whole,) = gradients(plain, rows, 1)
for P in (2, 4, 8):
    ranks = gradients(plain, rows, P)
    one, mean = off(ranks[0], whole), off(ranks.mean(axis=0), whole)
    print(f"{P} ranks: the gradient of one is off by {one:.0%}, their mean by {mean:.0e}")
    assert mean < 1e-13 < 0.1 < one
assert off(gradients(plain, rows, 3).mean(axis=0), whole) > 1e-3  # 43, 43 and 42 examples

# %% [markdown]
# ## BatchNorm
#
# The proof needs an L[n] that depends on example n alone. With BatchNorm (lesson 08) it depends on
# the μ and v of the batch. A rank by itself has those of its shard, μ_r and v_r, and so computes
# the gradient of another function. The mean of (x − μ)² over a shard is v_r + (μ_r − μ)², so
#
#     μ = Σ μ_r / P        v = Σ (v_r + (μ_r − μ)²) / P
#
# Backward, gx = (g − mean(g) − x̂ · mean(g x̂)) / √(v + ε) has two means over the whole batch, again
# means of the ranks' means. They carry what the x of one rank does, by μ and v, to the losses of
# the others. So three exchanges are needed: μ, then v, then these two together. (Or two: tinygan
# gathers all μ_r and v_r in one.) The gradients of γ and β are averaged later, with those of the
# other weights. Here BatchNorm is the last layer.


# %%
class OverShards:
    """The BatchNorm of a whole batch, from its shards. x, y, gx and gy are (P, M, F)."""

    def __init__(self, norm):
        self.gamma, self.beta, self.eps = norm.gamma.data, norm.beta.data, norm.eps

    def forward(self, x):
        own_mean, own_var = x.mean(axis=1), x.var(axis=1)  # (P, F)
        mean = own_mean.mean(axis=0)  # the ranks meet in each mean(axis=0)
        var = (own_var + (own_mean - mean) ** 2).mean(axis=0)
        self.std = np.sqrt(var + self.eps)
        self.xhat = (x - mean) / self.std
        return self.gamma * self.xhat + self.beta

    def backward(self, gy):
        self.ggamma, self.gbeta = (gy * self.xhat).sum(axis=1), gy.sum(axis=1)  # (P, F)
        g = self.gamma * gy
        of_g, of_gx = (own.mean(axis=1).mean(axis=0) for own in (g, g * self.xhat))
        return (g - of_g - self.xhat * of_gx) / self.std


x, gy = rng.normal(3, 2, (2, 8, 16, 10))
mine, norm = OverShards(normed.layers[-1]), nn.BatchNorm(10)
assert np.allclose(mine.forward(x).reshape(N, 10), norm.forward(x.reshape(N, 10)))
assert np.allclose(mine.backward(gy).reshape(N, 10), norm.backward(gy.reshape(N, 10)))

sizes, found = (2, 4, 8, 16, 32, 64), []
for rows in rng.permutation(6000)[: BATCHES * N].reshape(-1, N):
    (whole,) = gradients(normed, rows, 1)
    for P in (N // s for s in sizes):
        meet, own = OverShards(normed.layers[-1]), gradients(normed, rows, P)
        both = np.hstack([gradients(plain, rows, P, meet), meet.ggamma, meet.gbeta])
        found.append((off(both.mean(axis=0), whole), off(own.mean(axis=0), whole)))
errors = np.reshape(found, (BATCHES, len(sizes), 2)).mean(axis=0)
for s in (32, 8, 2):
    both, own = errors[sizes.index(s)]
    print(f"{N // s} shards of {s}: off by {own:.0%} without the exchange, by {both:.0e} with it")
assert (errors[:, 0] < 1e-12).all()
assert (np.diff(errors[:, 1]) < 0).all()

figure, axes = plt.subplots(figsize=(7, 2.8), layout="constrained")
axes.semilogx(sizes, 100 * errors, "o-", label=["with the exchange", "without"])
axes.set(xlabel=f"examples in a shard, of {N}", xticks=sizes, xticklabels=sizes)
axes.set(ylabel="gradient off by, %", yscale="symlog", ylim=(-0.5, 1000))
axes.minorticks_off()
axes.legend(frameon=False)
lesson.save(figure, "25/batchnorm.png")

# %% [markdown]
# ![how far the gradient is off, with and without the exchange](out/25/batchnorm.png)
#
# The smaller the shards, the worse. In a shard of 2 a feature's x̂ is +1 and −1 whatever x was, so
# hardly any gradient reaches x; but where the two lie so close that ε counts, it is very large.
# Ranks without the exchange can train, too, but it is another training, and it depends on P.
#
# ## Chance
#
# Noise and dropout's masks are random. P ranks that start with one seed draw the same numbers: a
# known mistake (dropout: huggingface/transformers, issue 31412; noise: mlcommons/training, pull
# request 844). The cure, without an exchange: each draws for the whole batch, and takes its rows.

# %%
alone = [np.random.default_rng(3).standard_normal((N // 4, 100)) for _ in range(4)]
rows = [np.random.default_rng(3).standard_normal((N, 100))[r::4] for r in range(4)]
assert len(np.unique(alone, axis=0)) == 1  # the same, four times
assert len(np.unique(np.concatenate(rows), axis=0)) == N

# %% [markdown]
# ## The exchange
#
# An *all-reduce* gives each rank the sum over all ranks. Through rank 0, P − 1 arrays come in to be
# added, and the sum goes out P − 1 times. On a *ring* a rank sends to the next one only, in pieces,
# *chunks*, of a P-th of the array. For P − 1 turns each passes a chunk on, and adds the one that it
# gets to its own: then each has one chunk of the sum. For P − 1 more turns these go round. In all
# both ways move 2 (P − 1) arrays. But rank 0 sends half of them, and on the ring each rank sends
# 2 (P − 1) / P of an array, less than two whatever P is: the bound that Patarasuk & Yuan derive.


# %%
def ring_all_reduce(arrays):
    """arrays: a list, one (n,) for each rank. Returns the list of sums, and of the bytes sent."""
    P, sums = len(arrays), [array.copy() for array in arrays]
    chunks, sent = [np.array_split(array, P) for array in sums], [0] * P  # views of the sums
    for turn in range(2 * (P - 1)):
        messages = [chunks[r][(r - turn) % P].copy() for r in range(P)]
        for r, message in enumerate(messages):
            chunk = chunks[(r + 1) % P][(r - turn) % P]
            chunk[...] = chunk + message if turn < P - 1 else message
            sent[r] += message.nbytes
    return sums, sent


for P, n in ((1, 10), (2, 1000), (3, 1000), (8, 1000), (16, 4096)):
    arrays = list(rng.standard_normal((P, n), np.float32))
    sums, sent = ring_all_reduce(arrays)
    assert np.allclose(sums, sum(arrays), atol=1e-4)
    assert len(np.unique(sums, axis=0)) == 1  # equal to the last bit, as the weights must stay
    assert n % P or set(sent) == {2 * (P - 1) * 4 * n // P}

G, D = recipes.get("dcgan").networks(rng)
weights = [sum(param.data.size for param in net.params()) for net in (G, D)]
mb = 4e-6 * sum(weights)
print(f"DCGAN, 64 ranks: {126 / 64 * mb:.0f} MB from each on a ring, or {63 * mb:.0f} from rank 0")

# %% [markdown]
# ## What it costs
#
# This is a model, not a measurement. A message takes the *latency* of the link, whatever its size,
# and its bytes over the *speed*. An exchange is 2 (P − 1) turns on the ring, so an update takes
#
#     computing + Σ over the exchanges 2 (P − 1) (latency + bytes / (P · speed))
#
# In this way the DCGAN has eleven: the gradients of D, those of G, and three for each BatchNorm of
# G. A rank computes 404 images/s, as the README has it for two cores, and P ranks P times as many
# (not quite: the step of Adam is not divided). In the model no rank computes while it sends, though
# programs can. The latencies are assumed: 50 µs for Ethernet, 2 µs for InfiniBand of 200 Gbit/s.

# %%
features = [layer.features for layer in G.layers if isinstance(layer, nn.BatchNorm)]
exchanges = weights + [several * c for c in features for several in (1, 1, 2)]  # numbers in each
links = {"1 Gbit/s": (50e-6, 1e9), "10 Gbit/s": (50e-6, 1e10), "InfiniBand": (2e-6, 2e11)}
ranks = 2 ** np.arange(7)


def seconds(P, images, latency, bits):  # images of each rank, bits per second of the link
    return images / 404 + 2 * (P - 1) * sum(latency + 32 * n / (P * bits) for n in exchanges)


figure, panels = plt.subplots(1, 2, figsize=(7, 3.3), sharey=True, layout="constrained")
for name, link in links.items():
    strong, weak = (N / seconds(ranks, N / ranks, *link), ranks * N / seconds(ranks, N, *link))
    for axes, speed in zip(panels, (strong, weak), strict=True):
        axes.loglog(ranks, speed / 404, "o-", label=name)
    best, last = strong.max() / 404, weak[-1] / 404
    print(f"{name}: batch of {N}, {best:.1f} times at best; {N} for each of 64, {last:.0f} times")
for axes, title in zip(panels, (f"batch of {N} in all", f"{N} images for each rank"), strict=True):
    axes.loglog(ranks, ranks, ":", color="0.6", label="P times")
    axes.set(title=title, xlabel="ranks P", xticks=ranks, yticks=ranks)
    axes.set(xticklabels=ranks, yticklabels=ranks)
    axes.minorticks_off()
panels[0].set_ylabel("images/s (model), times one rank's")
panels[0].legend(frameon=False)
lesson.save(figure, "25/cost.png")

# %% [markdown]
# ![how many times as fast P ranks are by the model, for three links](out/25/cost.png)
#
# On 1 Gbit/s a batch of 128 is never twice as fast: from 3 ranks on the bytes take longer than the
# computing. On 10 Gbit/s it is slower again beyond about 16 ranks, by the latency of 22 (P − 1)
# messages. Ranks that compute k times as fast have these curves with k times the speed and 1 / k of
# the latency.
#
# With 128 images for each rank less is lost. But the batch is 128 P then, so an epoch has fewer
# updates. Goyal et al. multiply the lr of SGD by P, after a start with smaller ones; McCandlish et
# al. predict the largest batch that is of use.
#
# ## Exercises
#
# Fill in `lessons/exercises/25.py`, then: `python -m lessons check 25`
#
# 1. `mean_gradient`: the gradient of the whole batch when the shards are not equal.
# 2. `whole_moments`: the mean and the variance of a batch from those of unequal shards.
# 3. `bytes_sent`: what each rank sends when P does not divide the size.
# 4. `most_ranks`: up to which P an exchange takes less time than the computing.
