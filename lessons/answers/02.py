"""Answers to the exercises of lesson 02. To check them: python -m lessons check 02 --answers"""


def dense_backward(x, W, gy):
    return gy @ W.T, x.T @ gy, gy.sum(axis=0)


def one_layer(W1, b1, W2, b2):
    # (x W₁ + b₁) W₂ + b₂ = x (W₁ W₂) + (b₁ W₂ + b₂): again a weighted sum of the inputs and a bias.
    # Something that is not a weighted sum has to stand between them: an activation, lesson 03.
    return W1 @ W2, b1 @ W2 + b2


def gradient_of_parts(parts):
    # gW[i,j] = Σ_n x[n,i] gy[n,j] is a sum over the rows, and so the sum of those of the parts,
    # whatever their sizes. That is why backward adds to what is there: to train with a batch too
    # large for the memory, send it through in parts and step once.
    return sum(x.T @ gy for x, gy in parts)


def multiplications(n, n_in, hidden, n_out):
    # A product (a, b) (b, c) takes a·b·c. From the left, each product has n rows. From the right,
    # the first product is that of the two matrices. For one example and layers 784 → 256 → 10 it is
    # 203,264 against 2,014,880. From the left every product has one row for each example, because
    # the loss is one number and so gy has one row for each: that is why backward is cheap.
    from_left = n * n_out * hidden + n * hidden * n_in
    from_right = n_out * hidden * n_in + n * n_out * n_in
    return from_left, from_right
