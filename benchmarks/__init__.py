"""Time and memory of tinygan, PyTorch and scikit-learn: python -m benchmarks --help."""

import tinygan  # noqa: F401 — first of all, so that Ctrl-C is one line from the start
