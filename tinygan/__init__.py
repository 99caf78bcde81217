"""tinygan: generative models from scratch, on NumPy or CuPy, without autograd.

    from tinygan import backend, nn

`nn` has the layers, each with its backward pass written out; `backend` chooses the array module.
The rest is imported where it is wanted: tinygan.models, .data, .training, .recipes.
"""

import os
import sys

from tinygan import ctrl_c

ctrl_c.end_while_importing()

# NumPy's OpenBLAS lets its threads turn idly for a tenth of a second after each product, in the way
# of all else. 20 stands for 2^20 ticks of the clock, half a millisecond. NumPy reads it when it is
# first imported: if the program has done that already, it is told to read it again.
if "OPENBLAS_THREAD_TIMEOUT" not in os.environ:
    os.environ["OPENBLAS_THREAD_TIMEOUT"] = "20"
    if "numpy" in sys.modules:
        from tinygan.nn.fast import openblas

        openblas.read_environment()

from tinygan import backend, nn

__version__ = "0.2.0"

__all__ = ["__version__", "backend", "nn"]
