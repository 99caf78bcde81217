"""A U-Net: a network from images to images that works at several sizes, for the velocity of pixels.

On the way down the image is halved, twice; on the way up it is doubled again, and what each size
looked like on the way down is put beside it (the "skips"), so that no detail has to pass through
the small middle.
Source: Ronneberger et al. 2015, "U-Net: convolutional networks for biomedical image segmentation",
figure 1; Ho et al. 2020, appendix B (residual blocks that are told the time).
"""

import math

from tinygan import backend, nn
from tinygan.models.condition import Condition

GROUPS = 8  # of channels, for GroupNorm; fewer where 8 does not divide the channels


class ResidualBlock(nn.Layer):
    """h = f(x) + c W + b, the same row at every pixel;    y = s(x) + g(h).

    f, g = Conv2d 3×3 ∘ LeakyReLU ∘ GroupNorm. s is x itself, or a Conv2d 1×1 where the channels
    change. x (N, H, W, c_in), c (N, width) -> y (N, H, W, c_out). g's convolution starts at 0.

    Backward: with gh = g.backward(gy), gx = s.backward(gy) + f.backward(gh). The row of c was added
    at every pixel, so its gradient is gh summed over the pixels.
    """

    per_example = True

    def __init__(self, c_in, c_out, width, *, rng):
        self.f = _convolution(c_in, c_out, rng, math.sqrt(2 / (9 * c_in)))
        self.told = nn.Dense(width, c_out, rng=rng, std=math.sqrt(1 / width))
        self.g = _convolution(c_out, c_out, rng, 0)
        self.s = None
        if c_in != c_out:
            self.s = nn.Conv2d(c_in, c_out, 1, rng=rng, std=math.sqrt(1 / c_in))

    def forward(self, x, c):
        h = self.f.forward(x)
        h += self.told.forward(c)[:, None, None, :]
        y = self.g.forward(h)
        y += x if self.s is None else self.s.forward(x)
        return y

    def backward(self, gy, accumulate=True):
        """gx, gc."""
        gh = self.g.backward(gy, accumulate)
        gc = self.told.backward(gh.sum(axis=(1, 2)), accumulate)
        gx = self.f.backward(gh, accumulate)
        gx += gy if self.s is None else self.s.backward(gy, accumulate)
        return gx, gc


class UNet(nn.Layer):
    """v(x, t, labels).    x (N, H, W, C), H and W multiples of 4 -> v of x's shape and dtype.

    channels: C. classes: how many; the number `classes` itself as a label stands for none. width:
    channels at the full size; twice as many at half and at a quarter of it. rng: host NumPy
    Generator for the initial weights; the last convolution starts at 0.

        28×28: block ─────────────────── skip ──────────────────→ block → v
                  ↘ half                              double ↗
        14×14:      block ────────── skip ──────────→ block
                      ↘ half                double ↗
        7×7:            block ────────────→ block
    """

    per_example = True

    def __init__(self, channels, classes, *, width=32, rng):
        a, b, told = width, 2 * width, 4 * width
        self.condition = Condition(classes, told, rng=rng)
        self.act = nn.LeakyReLU()
        self.first = nn.Conv2d(
            channels, a, 3, padding=1, rng=rng, std=math.sqrt(1 / (9 * channels))
        )
        self.down = [ResidualBlock(a, a, told, rng=rng), ResidualBlock(b, b, told, rng=rng)]
        self.half = [_halve(a, b, rng), _halve(b, b, rng)]
        self.middle = [ResidualBlock(b, b, told, rng=rng) for _ in range(2)]
        self.double = [_double(b, b, rng), _double(b, a, rng)]
        self.up = [ResidualBlock(2 * b, b, told, rng=rng), ResidualBlock(2 * a, a, told, rng=rng)]
        self.last = _convolution(a, channels, rng, 0)

    def children(self):
        lists = {
            f"{name}{i}": layer
            for name in ("down", "half", "middle", "double", "up")
            for i, layer in enumerate(getattr(self, name))
        }
        return super().children() | lists

    def forward(self, x, t, labels):
        c = self.act.forward(self.condition.forward(t, labels))
        x, skips = self.first.forward(x), []
        for block, half in zip(self.down, self.half, strict=True):
            x = block.forward(x, c)
            skips.append(x)
            x = half.forward(x)
        for block in self.middle:
            x = block.forward(x, c)
        join = backend.array_module(x).concatenate
        for double, block in zip(self.double, self.up, strict=True):
            x = join([double.forward(x), skips.pop()], axis=3)
            x = block.forward(x, c)
        return self.last.forward(x)

    def backward(self, gv, accumulate=True, input_grad=True):
        gx, gskips = self.last.backward(gv, accumulate), []
        gc = 0.0
        for double, block in zip(reversed(self.double), reversed(self.up), strict=True):
            gx, g = block.backward(gx, accumulate)
            gc = gc + g
            half = gx.shape[3] // 2  # where the two were joined
            gskips.append(gx[..., half:])
            gx = double.backward(gx[..., :half].copy(), accumulate)
        for block in reversed(self.middle):
            gx, g = block.backward(gx, accumulate)
            gc = gc + g
        for block, half in zip(reversed(self.down), reversed(self.half), strict=True):
            gx = half.backward(gx, accumulate) + gskips.pop()
            gx, g = block.backward(gx, accumulate)
            gc = gc + g
        self.condition.backward(self.act.backward(gc), accumulate)
        return self.first.backward(gx, accumulate, input_grad)


def _convolution(c_in, c_out, rng, std):
    return nn.Sequential(
        nn.GroupNorm(math.gcd(GROUPS, c_in), c_in),
        nn.LeakyReLU(),
        nn.Conv2d(c_in, c_out, 3, padding=1, rng=rng, std=std),
    )


def _halve(c_in, c_out, rng):
    return nn.Conv2d(c_in, c_out, 3, stride=2, padding=1, rng=rng, std=math.sqrt(1 / (9 * c_in)))


def _double(c_in, c_out, rng):
    return nn.Sequential(
        nn.Upsample2d(2),
        nn.Conv2d(c_in, c_out, 3, padding=1, rng=rng, std=math.sqrt(1 / (9 * c_in))),
    )
