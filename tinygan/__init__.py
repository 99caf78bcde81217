"""tinygan: generative models from scratch, on NumPy or CuPy, without autograd.

    from tinygan import backend, nn

`nn` has the layers, each with its backward pass written out; `backend` chooses the array module.
The rest is imported where it is wanted: tinygan.models, .data, .training, .recipes.
"""

__version__ = "0.1.0"

from tinygan import backend, nn

__all__ = ["__version__", "backend", "nn"]
