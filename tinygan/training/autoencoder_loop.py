"""How an autoencoder learns: compress an image into a short code and reconstruct it.

The encoder maps an image x to a code z, the decoder maps z to logits; the sigmoid of a logit is the
brightness of a pixel, in [0, 1]. The reconstruction term is the cross-entropy between x and these
pixels, in nats, summed over the pixels of an image and averaged over the batch.

The variational autoencoder makes z random. Its encoder outputs a mean μ and a log variance λ for
each element of the code, and

    z = μ + σ ε,    σ = e^(λ/2),    ε ~ N(0, I)                            (the reparameterisation)

so that z is drawn from N(μ, σ²) but can be differentiated: dz/dμ = 1, dz/dλ = ½ σ ε. The second
term of the loss is the Kullback–Leibler divergence of N(μ, σ²) from N(0, I),

    KL = ½ Σ ( μ² + σ² − 1 − λ )

which pulls all codes towards N(0, I), so that decoding samples of N(0, I) draws images. If pixels
are 0 or 1, the sum of the two terms is an upper bound of −log p(x). For grey pixels, as here, it is
the same trade-off in the same units, but no longer a bound on a probability.
Source: Kingma & Welling 2014, "Auto-encoding variational Bayes", section 2.4 and appendix B.
"""

from tinygan import backend, nn
from tinygan.training.parallel import average_gradients, begin_average


def ae_step(encoder, decoder, optimizers, images):
    """One update of both networks.    images (N, H, W, C) in [0, 1] -> dict(reconstruction)."""
    return ae_step_and_codes(encoder, decoder, optimizers, images)[0]


def ae_step_and_codes(encoder, decoder, optimizers, images):
    """As ae_step. Returns (what it returns, the codes of the images before the update (N, d))."""
    for optimizer in optimizers:
        optimizer.zero_grad()
    code = encoder.forward(images)
    loss, glogits = reconstruction(decoder.forward(code), images)
    gcode = decoder.backward(glogits)
    decoder_is_done = begin_average(decoder)
    encoder.backward(gcode, input_grad=False)
    average_gradients(encoder)
    decoder_is_done()
    for optimizer in optimizers:
        optimizer.step()
    return {"reconstruction": loss}, code


def vae_step(encoder, decoder, optimizers, images, noise):
    """One update of both networks of a variational autoencoder.

    images (N, H, W, C) in [0, 1]. noise: ε (N, code). Returns dict(reconstruction, kl), in nats
    per image.
    """
    for optimizer in optimizers:
        optimizer.zero_grad()
    xp = backend.array_module(images)
    d = noise.shape[1]
    out = encoder.forward(images)  # (N, 2 d)
    mean, log_var = out[:, :d], out[:, d:]
    sigma = xp.exp(0.5 * log_var)
    loss, glogits = reconstruction(decoder.forward(mean + sigma * noise), images)
    gz = decoder.backward(glogits)
    decoder_is_done = begin_average(decoder)
    kl, gmean, glog_var = gaussian_kl(mean, log_var)
    gmean = gmean + gz  # dz/dmean = 1
    glog_var = glog_var + gz * (0.5 * sigma * noise)  # dz/dlog_var = ½ σ ε
    encoder.backward(xp.concatenate([gmean, glog_var], axis=1), input_grad=False)
    average_gradients(encoder)
    decoder_is_done()
    for optimizer in optimizers:
        optimizer.step()
    return {"reconstruction": loss, "kl": kl}


def reconstruction(logits, images):
    """Cross-entropy, Σ over pixels, mean over images: (loss, glogits). Images in [0, 1]."""
    pixels = logits.size // len(logits)
    loss, glogits = nn.bce_with_logits(logits, images)  # mean over all N · pixels elements
    return loss * float(pixels), glogits * float(pixels)


def gaussian_kl(mean, log_var):
    """KL of N(mean, e^log_var) from N(0, I), Σ over the code, mean over the batch.

    mean, log_var (N, d). Returns (kl, gmean, glog_var): KL = ½ Σ (μ² + e^λ − 1 − λ) / N, so
    dKL/dμ = μ / N and dKL/dλ = ½ (e^λ − 1) / N.
    """
    n = len(mean)
    var = backend.array_module(mean).exp(log_var)
    kl = 0.5 * (mean * mean + var - 1.0 - log_var).sum() / n
    return kl, mean / n, 0.5 * (var - 1.0) / n
