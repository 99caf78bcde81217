"""Exercises of lesson 02. Fill in each function; then: python -m lessons check 02"""


def dense_backward(x, W, gy):
    """1. The backward of y = x W + b, from memory.

    x (N, n_in), W (n_in, n_out), gy (N, n_out). Returns (gx, gW, gb).
    """
    raise NotImplementedError


def one_layer(W1, b1, W2, b2):
    """2. Two dense layers in a chain, x → x W1 + b1 → …, as one.

    W1 (n_in, k), b1 (k,), W2 (k, n_out), b2 (n_out,). Returns (W, b) of the one dense layer that
    gives the same y for every x.
    """
    raise NotImplementedError


def gradient_of_parts(parts):
    """3. gW of a whole batch, where only a part of it is at hand at any time.

    parts: an iterator of (x, gy), x (n, n_in) and gy (n, n_out), the rows of the batch in parts
    that differ in size. It can be gone through once. Returns gW (n_in, n_out).
    """
    raise NotImplementedError


def multiplications(n, n_in, hidden, n_out):
    """4. How many multiplications gy W₂ᵀ W₁ᵀ takes.

    gy (n, n_out), W₁ (n_in, hidden), W₂ (hidden, n_out). Returns (from the left: (gy W₂ᵀ) W₁ᵀ,
    from the right: gy (W₂ᵀ W₁ᵀ)), two numbers.
    """
    raise NotImplementedError
