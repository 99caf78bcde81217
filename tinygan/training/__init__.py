"""How models learn, as loops that one reads: arrays in, losses out.

No file and no option is known here.
"""

from tinygan.training.gan_loop import d_step, fit, g_step, generate

__all__ = ["d_step", "fit", "g_step", "generate"]
