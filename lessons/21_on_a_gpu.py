# %% [markdown]
# # 21 · The same code on a GPU
#
# **Goal:** what has to move, who waits for whom, which layers gain; with or without a GPU.
# **Builds by hand:** `backend.array_module`, `backend.synchronize`.
# **You need:** 06, 12, 14, 20. **Time:** seconds. **Next:** `python -m tinygan.train dcgan`.
# **Source:** CuPy's user guide, "Performance best practices"; Williams, Waterman & Patterson 2009,
# "Roofline: an insightful visual performance model" (operations for each byte).
#
# A GPU is a second computer with thousands of simple arithmetic units and memory of its own. CuPy
# gives it NumPy's functions under NumPy's names. This lesson runs without one: what a GPU would do
# is then shown on a stand-in, and each figure says what it was taken on.

# %%
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from tinygan import backend, nn, recipes
from tinygan.errors import UserError

FAST = "--fast" in sys.argv  # a shorter run, for testing the lesson itself
OUT = (Path(__file__).parent if "__file__" in globals() else Path()) / "out" / "21"
OUT.mkdir(parents=True, exist_ok=True)
rng = np.random.default_rng(0)
try:
    gpu = backend.get("cupy")
except UserError as error:
    gpu = None
    print(f"no GPU here: {error}")

# %% [markdown]
# ## One code, two modules
#
# A function that says np.exp works on the CPU for ever. One that asks its *data* where they live
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
# Arrays cross between the two memories by `to_device` and `to_numpy`, over a wire that is slow
# beside either. So weights, gradients, Adam's moments and the pictures (as bytes, if they take less
# than a quarter of the free memory) go over once, each update only its rows and its noise. Counted,
# for the DCGAN at full width, 60,000 pictures of clothes and batches of 128:

# %%
G, D = recipes.get("dcgan").networks(rng, width=8 if FAST else 64)
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
# A call to the GPU only puts the work into a queue and returns. The processor runs ahead, and waits
# where it asks for a *value*: `float(loss)`, `print`, `if loss > 1`. A clock that does not wait for
# the queue to empty measures how quickly one can give orders. A thread with a queue behaves so too:


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


a = rng.standard_normal((500 if FAST else 1000,) * 2)
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
# ## Which layers gain
#
# A layer does some number of operations on some number of bytes. Few operations for each byte, and
# memory sets the pace; many, and the arithmetic does. A GPU has more of both. Here every layer of
# the DCGAN's G and D goes forward and back with 128 pictures.


# %%
def seconds(layer, x, xp):
    """The median time of forward and backward."""
    times, layer, x = [], layer.to(xp), backend.to_device(x, xp)
    gy = xp.ones_like(layer.forward(x))
    layer.backward(gy)  # warm up
    for _ in range(2 if FAST else 5):
        wait_for(xp)
        start = time.perf_counter()
        layer.forward(x)
        layer.backward(gy)
        wait_for(xp)
        times.append(time.perf_counter() - start)
    layer.to(np)
    return np.median(times)


def operations(layer, x, y):
    """Multiplications and additions of forward and the two products of backward."""
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

figure, axes = plt.subplots(figsize=(7, 5.5), layout="constrained")
at = np.arange(len(rows))
for i, (times, where, color) in enumerate(zip(columns, ("CPU", "GPU"), ("C0", "C1"), strict=False)):
    axes.barh(at + 0.4 * i, 1000 * np.array(times), 0.4, color=color, label=where)
for y, ratio, time_ in zip(at, intensity, columns[0], strict=True):
    axes.text(1100 * time_, y, f"{ratio:.0f}" if ratio >= 10 else f"{ratio:.1f}", va="center")
axes.set_yticks(at, names)
axes.invert_yaxis()
axes.set(xscale="log", xlim=(0.05, 200), xlabel="forward and backward, 128 pictures (ms)")
axes.legend(title="at the bars: operations for each byte", frameon=False, loc="lower right")
figure.savefig(OUT / "layers.png", dpi=120)

# %% [markdown]
# ![the time of each layer, and its operations for each byte](out/21/layers.png)
#
# The picture that is kept here was made on two cores of a CPU without a GPU: the bars of a GPU come
# when you run it on one. The convolutions are the work, and the layers that do hundreds of
# operations with each byte; those leave a GPU's arithmetic something to do. Activations and
# BatchNorm touch each byte once or twice: they go at the pace of the memory, there as here.
#
# ## Fewer orders
#
# Each function of CuPy is an order of its own: microseconds of Python, and a pass over the memory.
# `xp.where(x > 0, x, slope * x)` is three. As a kernel it is one, `y = x > 0 ? x : slope * x`, a
# line of C++ that runs for each element (`tinygan/nn/fast/kernels.py`). `python -m benchmarks
# launches` counts the orders of an update; `--tf32` lets products round their factors.
#
# `--backend cupy` trains with all this, `python -m benchmarks step --backend numpy cupy` times it.
#
# ## Exercises (answers: `lessons/answers/21.py`)
#
# 1. A loop prints float(loss) after each update. What does that cost on a GPU, and what costs less?
# 2. One picture in place of 128: how many operations for each byte does the dense layer of G do?
#    (Count its weights among the bytes.)
# 3. z comes from the host, a dropout mask is made where it is used. How can both backends get the
#    same mask, and what would it cost an update of the DCGAN to move its masks?
