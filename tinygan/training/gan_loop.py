"""How a GAN learns: one update of D, one update of G, again and again.

The generator G turns noise z into an image. The discriminator D gives an image a logit: above 0 for
"real". D is trained to tell real images from G's, and G to make D call G's images real:

    D:  minimise  bce(D(real), 1) + bce(D(G(z)), 0)
    G:  minimise  bce(D(G(z)), 1)

G's loss is the non-saturating one: maximising bce(D(G(z)), 0) has the same aim, but its gradient
vanishes just when D is confident, which is when G has the most to learn. gan_loss.py has the other
losses that can be used instead.
Source: Goodfellow et al. 2014, algorithm 1 and section 3 (the non-saturating loss).
"""

import numpy as np

from tinygan import backend
from tinygan.data.pixels import to_uint8
from tinygan.nn import in_batches
from tinygan.nn.dispatch import fastest
from tinygan.nn.flat import flat_of, length
from tinygan.nn.shard import drawn, stacked
from tinygan.training import gan_loss
from tinygan.training.parallel import average_gradients

BCE = gan_loss.bce()


def d_step(D, opt_d, real, fake, *labels, loss=BCE, penalty=None):
    """One update of D; the losses on real and on fake images are summed.

    D: (N, H, W, C) -> logits (N, 1), in training mode. opt_d: its optimizer. real, fake: images.
    labels: for a conditional D, the classes (N,) of both. loss: a GanLoss. penalty: a function of
    (D, real, fake) that returns a further term of the loss and adds its gradient to D's gradients.
    Returns dict(loss, real_score, fake_score): 0-d arrays on the images' device. The scores are the
    means of loss.score(logits); for bce this is D's probability that an image is real, in [0, 1].

    Each backward directly follows its own forward, because a layer keeps the values of one forward.
    The gradient with respect to the images is not needed, so it is not computed. G is not used: it
    keeps the values of its forward for g_step.
    """
    opt_d.zero_grad()
    learn = _in_one_pass if D.is_per_example() else _one_after_the_other
    real_logits, fake_logits, total = learn(D, real, fake, labels, loss)
    if penalty is not None:
        total = total + penalty(D, real, fake)
    average_gradients(D)
    opt_d.step()
    return {
        "loss": total,
        "real_score": loss.score(real_logits).mean(),
        "fake_score": loss.score(fake_logits).mean(),
    }


def _one_after_the_other(D, real, fake, labels, loss):
    """Add both losses' gradients to D's. Returns the logits of real and fake images and the loss.

    BatchNorm takes its statistics from a batch of real images, then from one of fakes.
    """
    real_logits = D.forward(real, *labels)
    real_loss, glogits = loss.real(real_logits)
    D.backward(glogits, input_grad=False)
    fake_logits = D.forward(fake, *labels)
    fake_loss, glogits = loss.fake(fake_logits)
    D.backward(glogits, input_grad=False)
    return real_logits, fake_logits, real_loss + fake_loss


def _in_one_pass(D, real, fake, labels, loss):
    """The same for a D that looks at each image by itself, with fewer and larger products."""
    if real.shape[1:] != fake.shape[1:]:
        raise ValueError(
            f"real images {tuple(real.shape)} and fake ones {tuple(fake.shape)} differ in size"
        )
    n, join = len(real), backend.array_module(real).concatenate
    with stacked(2):
        logits = D.forward(join([real, fake]), *(join([array, array]) for array in labels))
    real_logits, fake_logits = logits[:n], logits[n:]
    real_loss, greal = loss.real(real_logits)
    fake_loss, gfake = loss.fake(fake_logits)
    D.backward(join([greal, gfake]), input_grad=False)
    return real_logits, fake_logits, real_loss + fake_loss


def g_step(G, D, opt_g, fake, *labels, loss=BCE):
    """One update of G through D, as D is after d_step.

    fake: the output of G.forward, in training mode, after G's last update. labels: for a
    conditional D, the classes that G was asked for. Returns dict(loss), a 0-d array on fake's
    device.

    The gradient passes back through D to the images, and through G to its weights. With
    accumulate=False, D's own gradients do not change.
    """
    opt_g.zero_grad()
    g_loss, glogits = loss.generator(D.forward(fake, *labels))
    gfake = D.backward(glogits, accumulate=False)
    G.backward(gfake, input_grad=False)
    average_gradients(G)
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
    loss=BCE,
    penalty=None,
    d_steps=1,
    blur=None,
    blur_std=None,
    start=0,
    steps_per_epoch=1,
    average=None,
):
    """The training loop, as an iterator that makes one update of G for each item.

    batches: an iterator of images, float32 (N, H, W, C) on the networks' device as data/feed.py
    makes them, or of (images, labels (N,)) for conditional networks. rng: host NumPy Generator for
    the noise z ~ N(0, 1), which is drawn on the host so that it is the same on every backend. loss,
    penalty: see d_step. d_steps: updates of D per update of G; the batch is divided into d_steps
    pieces. blur: a GaussianNoise for all images that D sees. blur_std: its standard deviation, a
    function of the epoch (a fraction); None leaves it as it is. See instance_noise.py. start: the
    number of updates before this loop. steps_per_epoch: updates per epoch.
    average: a function that is called with G after each of its updates, for a moving average.
    Yields after each update dict(d_loss, g_loss, real_score, fake_score, g_grad) of 0-d arrays on
    the networks' device; g_grad is the norm of G's gradient. Reading one waits for the device.
    """
    xp = backend.array_module(G.params()[0].data)

    def seen(images):
        """The images with noise, for D. Their gradient is that of `images`: noise is only added."""
        return images if blur is None else blur.forward(images)

    for step, batch in enumerate(batches, start):
        if blur is not None and blur_std is not None:
            blur.std = blur_std(step / steps_per_epoch)
        batch = batch if isinstance(batch, tuple) else (batch,)
        n = len(batch[0]) // d_steps
        for i in range(d_steps):
            real, *labels = (array[i * n : (i + 1) * n] for array in batch)
            z = drawn(n, lambda n: rng.standard_normal((n, noise_dim), dtype=np.float32))
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
    flat = flat_of(network.params())
    if flat is not None:
        return fastest(length, flat.grad)(flat.grad)
    lengths = [length(p.grad) for p in network.params()]
    return length(backend.array_module(lengths[0]).stack(lengths))


def generate(G, z, *labels, low=-1, batch_size=256):
    """Draw images: z (N, noise_dim) float32 on the host -> uint8 (N, H, W, C) on the host.

    labels (N,), for a conditional G: the classes to draw. low: the value of black in G, -1 or 0.
    G is in eval mode, so the same z gives the same image whatever else is in the batch.
    """
    return in_batches(
        G, z, *labels, after=lambda images: to_uint8(images, low), batch_size=batch_size
    )
