"""How a GAN learns: one update of D, one update of G, over and over.

The generator G turns noise z into an image. The discriminator D gives an image a logit: above 0 for
"real". D is trained to tell the two apart, G to make D call its images real:

    D:  minimise  bce(D(real), 1) + bce(D(G(z)), 0)
    G:  minimise  bce(D(G(z)), 1)

G's loss is the non-saturating one: maximising bce(D(G(z)), 0) has the same aim, but its gradient
vanishes just when D is sure of itself, which is when G has the most to learn. gan_loss.py has the
other losses that can stand here.
Source: Goodfellow et al. 2014, algorithm 1 and section 3 (the non-saturating loss).
"""

import numpy as np

from tinygan import backend
from tinygan.data.pixels import to_float, to_uint8
from tinygan.nn import GaussianNoise, in_batches
from tinygan.training import gan_loss
from tinygan.training.instance_noise import std_at

BCE = gan_loss.bce()


def d_step(D, opt_d, real, fake, *labels, loss=BCE, penalty=None):
    """One update of D; the losses on real and on fake images are added up.

    D: (N, H, W, C) -> logits (N, 1), in training mode. opt_d: its optimizer. real, fake: images.
    labels: for a conditional D, the classes (N,) of both. loss: a GanLoss. penalty: a function of
    (D, real, fake) that returns one more term of the loss and adds its gradient to D's.
    Returns dict(loss, real_score, fake_score): 0-d arrays on the images' device; the scores are the
    mean of loss.score(logits), for bce the sigmoid: D's belief that an image is real, in [0, 1].

    Each backward comes right after its own forward, since a layer remembers one forward at a time.
    Nobody asks here how the images should change: D's input gradient is not computed, and G, whose
    own cache is waiting for g_step, is not touched.
    """
    opt_d.zero_grad()
    real_logits = D.forward(real, *labels)
    real_loss, glogits = loss.real(real_logits)
    D.backward(glogits, input_grad=False)
    fake_logits = D.forward(fake, *labels)
    fake_loss, glogits = loss.fake(fake_logits)
    D.backward(glogits, input_grad=False)
    total = real_loss + fake_loss
    if penalty is not None:
        total = total + penalty(D, real, fake)
    opt_d.step()
    return {
        "loss": total,
        "real_score": loss.score(real_logits).mean(),
        "fake_score": loss.score(fake_logits).mean(),
    }


def g_step(G, D, opt_g, fake, *labels, loss=BCE):
    """One update of G through D as it is after d_step.

    fake: what G.forward returned, in training mode, since G's last update. labels: for a
    conditional D, the classes that G was asked for. Returns dict(loss), a 0-d array on fake's
    device.

    The gradient goes back through D to the images and on through G to its weights. D only passes it
    on: accumulate=False leaves D's own gradients alone.
    """
    opt_g.zero_grad()
    g_loss, glogits = loss.generator(D.forward(fake, *labels))
    gfake = D.backward(glogits, accumulate=False)
    G.backward(gfake, input_grad=False)
    opt_g.step()
    return {"loss": g_loss}


def fit(
    G,
    D,
    opt_g,
    opt_d,
    batches,
    rng,
    *,
    noise_dim,
    low=-1,
    loss=BCE,
    penalty=None,
    d_steps=1,
    instance_noise=0.0,
    start=0,
    steps_per_epoch=1,
    average=None,
):
    """The training loop, one update of G at a time, for as long as you ask for the next.

    batches: an iterator of uint8 images (N, H, W, C) on the host, or of (images, labels (N,)) for
    conditional networks. rng: host NumPy Generator for the noise z ~ N(0, 1), which is drawn on the
    host so that every backend sees the same. low: black, -1 or 0. loss, penalty: see d_step.
    d_steps: updates of D for each of G; the batch is cut into as many pieces.
    instance_noise: standard deviation of the noise that blurs all images before D sees them, at the
    beginning; instance_noise.py says how it fades. start, steps_per_epoch: where in the training
    this loop begins, and how many updates an epoch has.
    average: a function of (G) called after each update of it, to keep a moving average.
    Yields after each update dict(d_loss, g_loss, real_score, fake_score, g_grad) of 0-d arrays on
    the networks' device, g_grad the length of G's gradient; reading one waits for the device.
    """
    xp = backend.array_module(G.params()[0].data)
    blur = GaussianNoise(instance_noise, rng=rng) if instance_noise else None

    def seen(images):
        """What D sees. The noise is only added, so D's gradient by `seen` is that by `images`."""
        return images if blur is None else blur.forward(images)

    for step, batch in enumerate(batches, start):
        if blur is not None:
            blur.std = std_at(step / steps_per_epoch, instance_noise)
        images, *labels = batch if isinstance(batch, tuple) else (batch,)
        pieces = zip(*(np.split(array, d_steps) for array in (images, *labels)), strict=True)
        for images, *labels in pieces:
            real = to_float(backend.to_device(images, xp), low)  # (N, H, W, C) in [low, 1]
            labels = [backend.to_device(array, xp) for array in labels]
            z = rng.standard_normal((len(images), noise_dim), dtype=np.float32)
            fake = G.forward(backend.to_device(z, xp), *labels)
            d = d_step(D, opt_d, seen(real), seen(fake), *labels, loss=loss, penalty=penalty)
        g = g_step(G, D, opt_g, seen(fake), *labels, loss=loss)
        if average is not None:
            average(G)
        yield {
            "d_loss": d["loss"],
            "g_loss": g["loss"],
            "real_score": d["real_score"],
            "fake_score": d["fake_score"],
            "g_grad": gradient_length(G),
        }


def gradient_length(network):
    """sqrt( Σ g² ) over all gradients of a network: a 0-d array on its device."""
    squares = [(p.grad * p.grad).sum() for p in network.params()]
    xp = backend.array_module(squares[0])
    return xp.sqrt(sum(squares[1:], squares[0]))


def generate(G, z, *labels, low=-1, batch_size=256):
    """Draw images: z (N, noise_dim) float32 on the host -> uint8 (N, H, W, C) on the host.

    labels (N,), for a conditional G: the classes to draw. low: what G means by black, -1 or 0.
    In eval mode, so the same z gives the same image whatever is drawn beside it.
    """
    return in_batches(
        G, z, *labels, after=lambda images: to_uint8(images, low), batch_size=batch_size
    )
