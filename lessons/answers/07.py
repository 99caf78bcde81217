"""Answers to the exercises of lesson 07. Run it: every answer is checked."""

import numpy as np

from tinygan import nn

rng = np.random.default_rng(0)

# 1. (7 − 1) · 2 − 2 · 2 + 5 = 13. The convolution that goes back, (H + 2·2 − 5) // 2 + 1, makes 7
#    of 13 and 7 of 14 alike, because of the rounding; output_padding=1 chooses 14.
sizes = []
for output_padding in (0, 1):
    layer = nn.ConvTranspose2d(1, 1, 5, stride=2, padding=2, output_padding=output_padding, rng=rng)
    large = layer.forward(np.zeros((1, 7, 7, 1), np.float32))
    back = nn.Conv2d(1, 1, 5, stride=2, padding=2, rng=rng).forward(large)
    sizes.append((large.shape[1], back.shape[1]))
print(f"1. 7 → {sizes[0][0]} → {sizes[0][1]}, and with output_padding=1 7 → {sizes[1][0]} → 7")
assert sizes == [(13, 7), (14, 7)]

# 2. im2col only copies: a matrix of zeros and ones. <im2col(x), c> = <x, col2im(c)>.
x, c = rng.normal(size=(2, 6, 5, 3)), rng.normal(size=(2 * 6 * 5, 3 * 3 * 3))
one = (nn.im2col(x, 3, 1, 1) * c).sum()
other = (x * nn.col2im(c, x.shape, 3, 1, 1)).sum()
print(f"2. {one:.10f} and {other:.10f}")
assert np.isclose(one, other, rtol=1e-12)

# 3. No. Aᵀ A would have to be the identity; A has fewer rows than columns, so it cannot be. The
#    transposed brings back the shape, not the picture.
conv = nn.Conv2d(1, 1, 4, stride=2, padding=1, bias=False, rng=rng)
back = nn.ConvTranspose2d(1, 1, 4, stride=2, padding=1, bias=False, rng=rng)
back.W.data = conv.W.data
picture = rng.normal(size=(1, 8, 8, 1))
again = back.forward(conv.forward(picture))
likeness = np.corrcoef(picture.ravel(), again.ravel())[0, 1]
print(f"3. same shape: {again.shape == picture.shape}, correlation {likeness:.2f}")
assert again.shape == picture.shape
assert likeness < 0.9
