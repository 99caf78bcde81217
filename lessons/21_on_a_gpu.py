# %% [markdown]
# # 21 · The same code on a GPU
#
# **Goal:** what has to move, who waits for whom, which layers should gain; with or without a GPU.
# **Builds by hand:** `backend.array_module`, `backend.synchronize`.
# **You need:** 06, 12, 14, 20. **Time:** seconds. **Next:** 22, from noise to data.
# **Source:** CuPy's user guide, "Performance best practices"; Williams, Waterman & Patterson 2009,
# "Roofline: an insightful visual performance model" (operations for each byte).
#
# A GPU is a second computer with thousands of simple arithmetic units and memory of its own. CuPy
# gives it NumPy's functions under NumPy's names. The lesson also runs without a GPU: a stand-in
# shows how calls queue up, and the picture of times has an empty place for the GPU's.

# %%
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import lesson
import matplotlib.pyplot as plt
import numpy as np

from tinygan import backend, nn, recipes
from tinygan.errors import UserError

FAST = lesson.FAST
WIDTH, SIDE, REPEATS = (8, 500, 2) if FAST else (64, 1000, 5)
rng = np.random.default_rng(0)
try:
    gpu = backend.get("cupy")
except UserError as error:
    gpu = None
    print(f"no GPU here: {error}")

# %% [markdown]
# ## One code, two modules
#
# A function that says np.exp works on the CPU only. One that asks its *data* where they live
# works on both: a NumPy array's class is defined in numpy, a CuPy array's in cupy.


# %%
def module_of(x):
    return np if type(x).__module__ == "numpy" else sys.modules["cupy"]


def softplus(x):  # log(1 + e^x) as in lesson 03, wherever x lives
    xp = module_of(x)
    return xp.maximum(x, 0) + xp.log1p(xp.exp(-abs(x)))


x = rng.standard_normal(5).astype(np.float32)
assert module_of(x) is backend.array_module(x) is np
assert np.allclose(softplus(x), np.log(1 + np.exp(x)))
if gpu:
    there = gpu.asarray(x)
    assert module_of(there) is backend.array_module(there) is gpu
    assert np.allclose(backend.to_numpy(softplus(there)), softplus(x), atol=1e-6)

# %% [markdown]
# ## What moves
#
# Arrays cross between the two memories by `to_device` and `to_numpy`, over a line that is slower
# than both. So weights, gradients, Adam's moments and the pictures (as bytes, if they take less
# than a quarter of the free memory) go over once, each update only its rows and its noise. This is,
# for the DCGAN at full width, 60,000 pictures of clothes and batches of 128:

# %%
G, D = recipes.get("dcgan").networks(rng, width=WIDTH)
params = G.params() + D.params()
once = 4 * sum(param.data.nbytes for param in params)  # weights, gradients, m and v
once += 60_000 * 28 * 28  # the pictures as uint8
each = 128 * 8 + 128 * 100 * 4  # the rows as int64, the noise as float32
back = 5 * 4  # losses, scores and the length of G's gradient, when they are shown
print(f"once: {once / 1e6:.1f} MB; each update: {each / 1e3:.0f} kB; back: {back} bytes")
assert each < once / 10

# %% [markdown]
# ## Who waits
#
# A call to the GPU only puts the work into a queue and returns. The processor (the *host*) runs
# ahead, and waits where it asks for a *value*: `float(loss)`, `print`, `if loss > 1`. A clock that
# does not wait for the queue to empty measures how quickly one can give orders. A thread with a
# queue does the same:


# %%
class Device:
    """Does what it is given in turn; `run` does not wait, `synchronize` does."""

    def __init__(self):
        self.queue, self.last = ThreadPoolExecutor(1), None

    def run(self, function, *args):
        self.last = self.queue.submit(function, *args)
        return self.last  # a promise of the result

    def synchronize(self):
        self.last.result()


a = rng.standard_normal((SIDE, SIDE))
device = Device()
device.run(np.matmul, a, a)
device.synchronize()  # warm up: on a GPU the first call compiles
gate, start = threading.Event(), time.perf_counter()
device.run(gate.wait)  # it is still busy with something else
products = [device.run(np.matmul, a, a) for _ in range(10)]
ordered = time.perf_counter() - start
assert not products[-1].done()  # a promise, no value yet
gate.set()
device.synchronize()
done = time.perf_counter() - start
print(f"ten products: ordered in {1e6 * ordered:.0f} µs, done after {1e3 * done:.0f} ms")
assert all(np.array_equal(product.result(), a @ a) for product in products[:1])


def wait_for(xp):
    """What backend.synchronize does: NumPy is never behind, a GPU is asked."""
    if xp is not np:
        xp.cuda.get_current_stream().synchronize()


for xp in (np, gpu or np):
    assert wait_for(xp) is backend.synchronize(xp) is None

# %% [markdown]
# ## Which layers should gain
#
# A layer does some number of operations on some number of bytes. Few operations for each byte, and
# memory sets the pace; many, and the arithmetic does. A GPU has more of both. Here every layer of
# the DCGAN's G and D goes forward and back with 128 pictures. How we count: a layer with weights
# has three products, the forward, the gradient by x and the one by W. Each takes a multiplication
# and an addition a term, 6 in all. The bytes are those of x, y and W, once for each product.


# %%
def seconds(layer, x, xp):
    """The median time of forward and backward."""
    times, layer, x = [], layer.to(xp), backend.to_device(x, xp)
    gy = xp.ones_like(layer.forward(x))
    layer.backward(gy)  # warm up
    for _ in range(REPEATS):
        wait_for(xp)
        start = time.perf_counter()
        layer.forward(x)
        layer.backward(gy)
        wait_for(xp)
        times.append(time.perf_counter() - start)
    layer.to(np)
    return np.median(times)


def operations(layer, x, y):
    """How many a forward and a backward take together, counted as above."""
    if isinstance(layer, nn.Dense):
        return 6 * x.size * y.shape[-1]
    if isinstance(layer, nn.Conv2d):
        return 6 * y.size * layer.W.data[..., 0].size
    if isinstance(layer, nn.ConvTranspose2d):
        return 6 * x.size * layer.W.data[..., 0].size
    if isinstance(layer, (nn.Reshape, nn.Flatten)):
        return 0
    return 10 * x.size  # element by element: about a handful each way


modules, rows = [xp for xp in (np, gpu) if xp], []
for name, net in (("G", G), ("D", D)):
    x = rng.standard_normal((128, 100) if net is G else (128, 28, 28, 1), np.float32)
    for layer in net.layers:
        y = layer.forward(x)
        label = f"{name} {type(layer).__name__}"
        times = [seconds(layer, x, xp) for xp in modules]
        moved = 3 * (x.nbytes + y.nbytes + sum(param.data.nbytes for param in layer.params()))
        rows.append((label, operations(layer, x, y) / moved, *times))
        x = y
names, intensity, *columns = zip(*rows, strict=True)
share = sum(t for n, i, t, *_ in rows if i > 20) / sum(columns[0])
print(f"on the CPU, layers with over 20 operations for a byte take {share:.0%} of the time")
assert share > (0 if FAST else 0.5)

columns = [*columns, None][:2]  # the CPU's times, and the GPU's or None
figure, panels = plt.subplots(1, 2, figsize=(8, 5.5), sharey=True, layout="constrained")
at = np.arange(len(rows))
for axes, times, where, color in zip(panels, columns, ("CPU", "GPU"), ("C0", "C1"), strict=True):
    axes.set(title=where, xscale="log", xlim=(0.01, 3000), xlabel="milliseconds")
    if times is None:
        axes.text(0.5, 0.5, "not measured:\nno GPU here", ha="center", transform=axes.transAxes)
        continue
    axes.barh(at, 1000 * np.array(times), 0.6, color=color)
    for y, ratio, time_ in zip(at, intensity, times, strict=True):
        axes.text(1100 * time_, y, f"{ratio:.0f}" if ratio >= 10 else f"{ratio:.1f}", va="center")
panels[0].set_yticks(at, names)
panels[0].invert_yaxis()
figure.suptitle("forward and backward, 128 pictures; at the bars: operations for each byte")
lesson.save(figure, "21/layers.png")

# %% [markdown]
# ![the time of each layer, and its operations for each byte](out/21/layers.png)
#
# The picture that is kept here was made on two cores of a CPU. That machine had no GPU, so the
# right half is empty: on a machine that has one, its bars come there. The convolutions take most of
# the time, and the large ones do hundreds of operations for each byte: work for a GPU's arithmetic.
# Activations, dropout and BatchNorm are counted here as 10 operations a number, 0.4 for each byte:
# an estimate, not a finding. On a GPU we expect the memory to set their pace; here that is not
# measured. On this CPU their times differ by up to about five at one size, so a count of
# operations and bytes does not tell all.
#
# ## Fewer orders
#
# Each function of CuPy is an order of its own: microseconds of Python, and a pass over the memory.
# `xp.where(x > 0, x, slope * x)` is three. As one *kernel*, here a small program that the GPU runs
# for every element, it is one: `y = x > 0 ? x : slope * x`, a line of C++
# (`tinygan/nn/fast/kernels.py`). `python -m benchmarks launches` counts the orders of an update;
# `--tf32` lets products round their factors.
#
# `--backend cupy` trains with all this, `python -m benchmarks step --backend numpy cupy` times it.
#
# ## Exercises
#
# Fill in `lessons/exercises/21.py`, then: `python -m lessons check 21`
#
# 1. `time_of_a_loop`: what it costs to read the loss after each update.
# 2. `operations_per_byte`: why one trains with batches.
# 3. `bytes_of_masks`: what it would cost to send dropout's masks.
# 4. `waits`: which lines make the processor wait.
