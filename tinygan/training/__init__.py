"""How models learn: the loops, and the run folder that a loop fills."""

from tinygan.training.gan_loop import d_step, fit, g_step, generate

__all__ = ["d_step", "fit", "g_step", "generate"]
