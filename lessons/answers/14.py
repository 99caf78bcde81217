"""Answers to the exercises of lesson 14. To check them: python -m lessons check 14 --answers"""


def parameters(c):
    # The Dense has 100 weights for each of the 49 · 4c numbers; each BatchNorm two parameters a
    # feature; a kernel k · k · in · out; and there is one bias, at the end.
    dense = 100 * 49 * 4 * c
    norms = 2 * (49 * 4 * c + 2 * c + c)
    stamps = 25 * (4 * c * 2 * c + 2 * c * c + c * 1) + 1
    return dense + norms + stamps


def seen(kernel, stride, layers):
    # From the last layer back: n places that lie `stride` apart reach (n − 1) · stride from first
    # to last, and each sees `kernel`. For two layers of kernel 5 and stride 2: 5, then 13.
    n = 1
    for _ in range(layers):
        n = (n - 1) * stride + kernel
    return n


def output_padding(h, wanted, kernel, stride, padding):
    # A convolution with a stride rounds down, so `stride` sizes end at the same h: output_padding
    # says which of them is meant. Beyond stride − 1 it would be a size of another h.
    more = wanted - ((h - 1) * stride - 2 * padding + kernel)
    return more if 0 <= more < stride else None
