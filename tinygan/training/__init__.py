"""How models learn: training loops that take arrays and return losses.

Nothing here reads a file or a command-line option.
"""

from tinygan.training.gan_loop import d_step, fit, g_step, generate

__all__ = ["d_step", "fit", "g_step", "generate"]
