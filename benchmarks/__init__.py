"""Time and memory of tinygan, PyTorch and scikit-learn: python -m benchmarks --help."""
