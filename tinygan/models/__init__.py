"""Builders of whole models from the layers in tinygan.nn."""

from tinygan.models.gan import dcgan_discriminator, dcgan_generator

__all__ = ["dcgan_discriminator", "dcgan_generator"]
