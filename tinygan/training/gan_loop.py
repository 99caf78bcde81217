"""How a GAN learns: one update of D, one update of G, over and over.

The generator G turns noise z into an image. The discriminator D gives an image a logit: above 0 for
"real". D is trained to tell the two apart, G to make D call its images real:

    D:  minimise  bce(D(real), 1) + bce(D(G(z)), 0)
    G:  minimise  bce(D(G(z)), 1)

G's loss is the non-saturating one: maximising bce(D(G(z)), 0) has the same aim, but its gradient
vanishes just when D is sure of itself, which is when G has the most to learn.
Source: Goodfellow et al. 2014, algorithm 1 and section 3 (the non-saturating loss).
"""

import numpy as np

from tinygan import backend
from tinygan.data.pixels import to_float, to_uint8
from tinygan.nn import bce_with_logits, sigmoid


def d_step(D, opt_d, real, fake):
    """One update of D; the losses on real and on fake images are added up.

    D: (N, H, W, C) -> logits (N, 1), in training mode. opt_d: its optimizer. real, fake: images.
    Returns dict(loss, real_score, fake_score): 0-d arrays on the images' device; the scores are the
    mean of sigmoid(logit), D's belief that an image is real, in [0, 1].

    Each backward comes right after its own forward, since a layer remembers one forward at a time.
    Nobody asks here how the images should change: D's input gradient is not computed, and G, whose
    own cache is waiting for g_step, is not touched.
    """
    opt_d.zero_grad()
    real_logits = D.forward(real)
    real_loss, glogits = bce_with_logits(real_logits, 1.0)
    D.backward(glogits, input_grad=False)
    fake_logits = D.forward(fake)
    fake_loss, glogits = bce_with_logits(fake_logits, 0.0)
    D.backward(glogits, input_grad=False)
    opt_d.step()
    return {
        "loss": real_loss + fake_loss,
        "real_score": sigmoid(real_logits).mean(),
        "fake_score": sigmoid(fake_logits).mean(),
    }


def g_step(G, D, opt_g, fake):
    """One update of G through D as it is after d_step.

    fake: what G.forward returned, in training mode, since G's last update. Returns dict(loss), a
    0-d array on fake's device.

    The gradient goes back through D to the images and on through G to its weights. D only passes it
    on: accumulate=False leaves D's own gradients alone.
    """
    opt_g.zero_grad()
    loss, glogits = bce_with_logits(D.forward(fake), 1.0)
    gfake = D.backward(glogits, accumulate=False)
    G.backward(gfake, input_grad=False)
    opt_g.step()
    return {"loss": loss}


def fit(G, D, opt_g, opt_d, batches, rng, *, noise_dim):
    """The training loop, one update of each network at a time, for as long as you ask for the next.

    batches: an iterator of uint8 images (N, H, W, C) on the host. rng: host NumPy Generator for the
    noise z ~ N(0, 1), which is drawn on the host so that every backend sees the same.
    Yields after each update dict(d_loss, g_loss, real_score, fake_score) of 0-d arrays on the
    networks' device; reading one waits for the device.
    """
    xp = backend.array_module(G.params()[0].data)
    for images in batches:
        real = to_float(backend.to_device(images, xp))  # (N, H, W, C) in [-1, 1]
        z = rng.standard_normal((len(images), noise_dim), dtype=np.float32)
        fake = G.forward(backend.to_device(z, xp))
        d = d_step(D, opt_d, real, fake)
        g = g_step(G, D, opt_g, fake)
        yield {
            "d_loss": d["loss"],
            "g_loss": g["loss"],
            "real_score": d["real_score"],
            "fake_score": d["fake_score"],
        }


def generate(G, z, batch_size=256):
    """Draw images: z (N, noise_dim) float32 on the host -> uint8 (N, H, W, C) on the host.

    In eval mode, so the same z gives the same image whatever is drawn beside it, and no running
    statistic moves; the mode is put back afterwards.
    """
    xp = backend.array_module(G.params()[0].data)
    was_training = G.training
    G.eval()
    try:
        pieces = [
            backend.to_numpy(to_uint8(G.forward(backend.to_device(z[i : i + batch_size], xp))))
            for i in range(0, len(z), batch_size)
        ]
    finally:
        if was_training:
            G.train()
    return np.concatenate(pieces)
