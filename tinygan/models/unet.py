"""A U-Net: a network from images to images that works at several sizes, for the velocity of pixels.

On the way down the image is halved, twice; on the way up it is doubled again, and what half the
size looked like on the way down is put beside it (the "skip"), so that no detail has to pass
through the small middle. Nothing but the first and the last layer works at the full size: its
pixels are many, and hold little each.
Source: Ronneberger et al. 2015, "U-Net: convolutional networks for biomedical image segmentation",
figure 1; Ho et al. 2020, appendix B (residual blocks that are told the time).
"""

import math

from tinygan import backend, nn
from tinygan.models.condition import Condition

GROUP = 4  # channels that GroupNorm takes together; where 4 does not divide them, all


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
    channels at half the size, where most of the work is done; twice as many at a quarter. rng: host
    NumPy Generator for the initial weights; the last layer starts at 0, so that v is 0 at first.
    Forward raises ValueError when H or W is no multiple of 4.

        28×28:  first                                                last → v
                  ↘ half                                    double ↗
        14×14:      block ────────────── skip ─────────────→ block
                      ↘ half                        double ↗
        7×7:            block → block
    """

    per_example = True

    def __init__(self, channels, classes, *, width=48, rng):
        a, b, told = width, 2 * width, 4 * width
        self.condition = Condition(classes, told, rng=rng)
        self.act = nn.LeakyReLU()
        self.first = _halve(channels, a, rng)
        self.down = ResidualBlock(a, a, told, rng=rng)
        self.half = _halve(a, b, rng)
        self.middle = [ResidualBlock(b, b, told, rng=rng) for _ in range(2)]
        self.double = nn.Sequential(
            nn.Upsample2d(2),
            nn.Conv2d(b, a, 3, padding=1, rng=rng, std=math.sqrt(1 / (9 * b))),
        )
        self.up = ResidualBlock(2 * a, a, told, rng=rng)
        self.last = nn.Sequential(
            nn.GroupNorm(_groups(a), a),
            nn.LeakyReLU(),
            nn.ConvTranspose2d(a, channels, 4, stride=2, padding=1, rng=rng, std=0),
        )

    def children(self):
        return super().children() | {f"middle{i}": block for i, block in enumerate(self.middle)}

    def forward(self, x, t, labels):
        if x.shape[1] % 4 or x.shape[2] % 4:
            raise ValueError(f"UNet needs H and W that are multiples of 4, got {x.shape[1:3]}")
        c = self.act.forward(self.condition.forward(t, labels))
        skip = self.down.forward(self.first.forward(x), c)  # (N, H/2, W/2, width)
        x = self.half.forward(skip)  # (N, H/4, W/4, 2 width)
        for block in self.middle:
            x = block.forward(x, c)
        join = backend.array_module(x).concatenate
        x = join([self.double.forward(x), skip], axis=3)
        return self.last.forward(self.up.forward(x, c))

    def backward(self, gv, accumulate=True, input_grad=True):
        gjoined, gc = self.up.backward(self.last.backward(gv, accumulate), accumulate)
        half = gjoined.shape[3] // 2  # where the two were joined
        gx = self.double.backward(gjoined[..., :half].copy(), accumulate)
        for block in reversed(self.middle):
            gx, g = block.backward(gx, accumulate)
            gc = gc + g
        gskip = self.half.backward(gx, accumulate) + gjoined[..., half:]
        gx, g = self.down.backward(gskip, accumulate)
        self.condition.backward(self.act.backward(gc + g), accumulate)
        return self.first.backward(gx, accumulate, input_grad)


def _convolution(c_in, c_out, rng, std):
    return nn.Sequential(
        nn.GroupNorm(_groups(c_in), c_in),
        nn.LeakyReLU(),
        nn.Conv2d(c_in, c_out, 3, padding=1, rng=rng, std=std),
    )


def _halve(c_in, c_out, rng):
    """Conv2d 4×4 with stride 2: as many windows reach each pixel."""
    return nn.Conv2d(c_in, c_out, 4, stride=2, padding=1, rng=rng, std=math.sqrt(1 / (16 * c_in)))


def _groups(channels):
    """How many. A group of one channel (width 1) takes out again what the condition adds."""
    return channels // GROUP if channels % GROUP == 0 else 1
