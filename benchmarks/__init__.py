"""What tinygan costs, beside PyTorch and scikit-learn: python -m benchmarks --help."""
