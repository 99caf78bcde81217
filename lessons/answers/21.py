"""Answers to the exercises of lesson 21. Run it: every answer is checked."""

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from tinygan import nn, recipes

# 1. It waits for the queue to empty at each update: the host, which could have given the next
#    orders meanwhile, stands still, and then the GPU stands still while the host prepares. Keep the
#    losses where they are and read them once in a while. On the stand-in, with 5 ms of work for
#    either side in each update, waiting makes ten updates take twice as long.
totals = {}
for wait in (True, False):
    with ThreadPoolExecutor(1) as device:
        start = time.perf_counter()
        for _ in range(10):
            loss = device.submit(time.sleep, 0.005)  # the device's work
            if wait:
                loss.result()
            time.sleep(0.005)  # the host's: the next batch
        loss.result()
        totals[wait] = time.perf_counter() - start
print(f"1. waiting each time {1e3 * totals[True]:.0f} ms, once {1e3 * totals[False]:.0f} ms")
assert totals[True] > 0.095  # 10 · (5 + 5) ms; without waiting about 55

# 2. Forward is 2 · 100 · 12,544 operations; the 100 · 12,544 weights alone are 4 bytes each, so at
#    most half an operation for a byte: one must read every weight to use it twice. With 128
#    pictures each weight that is read serves 128 times. That is why one trains with batches.
G, _ = recipes.get("dcgan").networks(np.random.default_rng(0))
dense = G.layers[0]
n_in, n_out = dense.W.data.shape
for n in (1, 128):
    operations = 2 * n * n_in * n_out
    moved = dense.W.data.nbytes + 4 * n * (n_in + n_out)
    print(f"2. {n} pictures: {operations / moved:.1f} operations for each byte")
    assert (operations / moved < 0.5) == (n == 1)

# 3. The bits come from a generator that only counts (Philox): block c follows from c and a key, by
#    whole numbers alone, so any device can make it, and all make the same. D sees 3 batches of 128
#    pictures in an update; a byte for each number that is dropped or kept makes 7.2 MB, against
#    52 kB for z and the rows.
_, D = recipes.get("dcgan").networks(np.random.default_rng(0))
x, moved = np.zeros((128, 28, 28, 1), np.float32), 0
for layer in D.layers:
    if isinstance(layer, nn.Dropout):
        moved += 3 * x.size
    x = layer.forward(x)
print(f"3. masks of {moved / 1e6:.1f} MB for each update")
assert moved == 3 * 128 * (14 * 14 * 64 + 7 * 7 * 128)
masks = [nn.Dropout(0.3, rng=np.random.default_rng(1)).draw_mask((1000,)) for _ in range(2)]
assert np.array_equal(*masks)  # the same key and counter, the same mask
