"""Answers to the exercises of lesson 11. Run it: every answer is checked."""

import numpy as np

from tinygan import nn
from tinygan.models import autoencoder
from tinygan.training import autoencoder_loop


# 1. 0, and μ²/2 = ½. Not the same the other way: N(0, 4) from N(0, 1) has (4 − 1 − log 4) / 2 =
#    0.81, N(0, 1) from N(0, 4) has log 2 + 1/8 − ½ = 0.32. To be wide where p is narrow costs more.
def kl(mu, std, to_mu=0.0, to_std=1.0):
    """By its definition: the mean of log q − log p over q, as a sum over many places."""
    z = np.linspace(-40, 40, 400_001)
    log_q = -(((z - mu) / std) ** 2) / 2 - np.log(std)
    log_p = -(((z - to_mu) / to_std) ** 2) / 2 - np.log(to_std)
    q = np.exp(log_q) / np.sqrt(2 * np.pi)
    return float(np.sum(q * (log_q - log_p)) * (z[1] - z[0]))


print(f"1. {kl(0, 1):.2f}, {kl(1, 1):.2f}; {kl(0, 2):.2f} and {kl(0, 1, to_std=2):.2f}")
assert abs(kl(0, 1)) < 1e-9
assert np.isclose(kl(1, 1), 0.5)
assert np.isclose(kl(0, 2), autoencoder_loop.gaussian_kl(np.zeros((1, 1)), np.log([[4.0]]))[0])
assert kl(0, 2) > kl(0, 1, to_std=2)

# 2. From the reconstruction nothing: its gradient by λ is gz σ ε / 2 = 0. Only the KL is left, and
#    it wants λ = 0. So σ is 1 whatever the picture, and the decoder meets no code but μ: it is an
#    autoencoder again.
rng = np.random.default_rng(0)
encoder = autoencoder.dense_encoder(rng, outputs=4, width=4)
decoder = autoencoder.dense_decoder(rng, code=2, width=4)
images = rng.random((64, 28, 28, 1), np.float32)
adams = [nn.Adam(net.params(), lr=1e-2, betas=(0.9, 0.999)) for net in (encoder, decoder)]
for _ in range(300):
    autoencoder_loop.vae_step(encoder, decoder, adams, images, np.zeros((64, 2), np.float32))
log_var = encoder.forward(images)[:, 2:]
print(f"2. the largest |λ| is {np.abs(log_var).max():.2f}")
assert np.abs(log_var).mean() < 0.2
