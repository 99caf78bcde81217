"""Copying batches to a device while it works on the ones before.

A copy out of ordinary memory makes the host wait for the device. One out of memory that the system
may not move ("pinned"), on a stream of its own, goes on beside the device's work; then the two have
to tell each other, by events, what is copied and what has been read.
"""

import numpy as np


def copied_ahead(images, rows_of_batches, batch_size, xp):
    """Yield (a batch of uint8 images on the device, its places 0, 1, …, its rows), without end.

    images: uint8 (N, H, W, C) on the host. rows_of_batches: an endless iterator of int64
    (batch_size,). There are two places for batches, used in turns. The copy into one waits until
    the batch that was there has been read; so the host is at most two batches ahead of the device.
    """
    copying, computing = xp.cuda.Stream(non_blocking=True), xp.cuda.get_current_stream()
    shape = (batch_size, *images.shape[1:])
    slots = [_Slot(shape, xp) for _ in range(2)]

    def begin_copy(slot):
        slot.rows = next(rows_of_batches)
        slot.copied.synchronize()  # what is in pinned memory has been copied
        np.take(images, slot.rows, axis=0, out=slot.pinned)
        copying.wait_event(slot.read)
        slot.batch.set(slot.pinned, stream=copying)
        copying.record(slot.copied)

    try:
        begin_copy(slots[0])
        while True:
            now, then = slots
            begin_copy(then)
            computing.wait_event(now.copied)
            yield now.batch, np.arange(batch_size), now.rows
            computing.record(now.read)
            slots.reverse()
    finally:
        copying.synchronize()  # before others get the memory


class _Slot:
    """A place for a batch on the host and one on the device, and when they were last used."""

    def __init__(self, shape, xp):
        size = int(np.prod(shape))
        memory = xp.cuda.alloc_pinned_memory(size)
        self.pinned = np.frombuffer(memory, np.uint8, size).reshape(shape)
        self.batch = xp.empty(shape, np.uint8)
        self.copied, self.read = xp.cuda.Event(), xp.cuda.Event()
        xp.cuda.get_current_stream().record(self.read)  # by whatever had this memory before
        self.rows = None
