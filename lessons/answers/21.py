"""Answers to the exercises of lesson 21. To check them: python -m lessons check 21 --answers"""

import math


def time_of_a_loop(host, device, updates, wait):
    # Waiting, each stands still while the other works. Otherwise the slower one sets the pace, and
    # only the first preparation and the last update stand alone. With 5 ms each, ten updates take
    # 100 ms or 55. So keep the losses on the GPU and read them once in a while.
    if wait:
        return updates * (host + device)
    return host + device + (updates - 1) * max(host, device)


def operations_per_byte(n, n_in, n_out):
    # The weights alone are 4 n_in n_out bytes, for 2 n n_in n_out operations: with one picture at
    # most half an operation for each byte, since every weight is read to be used once. With 128
    # pictures (28 operations) each weight that is read serves 128 times: hence batches.
    return 2 * n * n_in * n_out / (4 * (n * n_in + n_in * n_out + n * n_out))


def bytes_of_masks(n, shapes):
    # D sees three batches: the photographs, the fakes, and the fakes again for G. For the DCGAN
    # that is 7.2 MB, against 52 kB for z and the rows. So each device makes its masks itself, and
    # all make the same: the bits come from a generator that only counts (Philox), where block c
    # follows from c and a key by whole numbers alone.
    return 3 * n * sum(math.prod(shape) for shape in shapes)


def waits():
    # Those that need the value: to show it, to decide, to make a Python number of it. The others
    # give an array back, or keep one, whose value may come later.
    return {"print(loss)", "if loss > 1: ...", "float(loss)"}
