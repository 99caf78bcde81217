"""Networks that are given a class: the embedding of the label is one more part of the input."""

import math

from tinygan import backend, nn
from tinygan.nn.dense import input_gradient
from tinygan.nn.dispatch import fastest
from tinygan.nn.layer import check_float


class Conditional(nn.Sequential):
    """y = f_n(… f_1([x, E(labels)])): layers on x flattened, with the label's vector appended.

    embedding: nn.Embedding, a learned vector for each class. layers: the Layers; the first is a
    Dense, for the size of x plus embedding.dim. Raises TypeError when it is another layer.
    Backward cuts the gradient of the joined input where it was joined: the first part is x's, the
    rest goes on into the embedding.
    Source: Mirza & Osindero 2014, "Conditional generative adversarial nets", section 3.2.
    """

    per_example = True

    def __init__(self, embedding, *layers):
        super().__init__(*layers)
        if not isinstance(layers[0], nn.Dense):
            raise TypeError(
                f"Conditional needs Dense as its first layer, got {type(layers[0]).__name__}"
            )
        self.embedding = embedding

    def children(self):
        return {"embedding": self.embedding} | super().children()

    def forward(self, x, labels):
        check_float(self, x)
        xp = backend.array_module(x)
        self.keep(x.shape)
        flat = x.reshape(len(x), math.prod(x.shape[1:]))
        vector = self.embedding.forward(labels).astype(x.dtype)
        return super().forward(xp.concatenate([flat, vector], axis=1))

    def jvp(self, v):
        raise NotImplementedError("Conditional has no jvp")

    def backward(self, gy, accumulate=True, input_grad=True):
        shape = self.take()
        size = math.prod(shape[1:])  # of an example of x; the other columns are the label's
        first, *others = self.layers
        for layer in reversed(others):
            gy = layer.backward(gy, accumulate)
        gjoined = first.backward(gy, accumulate, input_grad)
        if input_grad:
            gx, gvector = gjoined[:, :size].copy().reshape(shape), gjoined[:, size:]
        else:  # the label's columns alone
            gx, gvector = None, fastest(input_gradient, gy)(gy, first.W.data[size:])
        self.embedding.backward(gvector, accumulate)
        return gx


class ConditionalImages(nn.Sequential):
    """y = f_n(… f_1([x, E(labels)])): layers on images with one more channel, that of the label.

    embedding: nn.Embedding of H·W numbers: a learned picture, or plane, for each class. layers: the
    first takes images (N, H, W, C + 1). x: (N, H, W, C).
    Source: Mirza & Osindero 2014, as for Conditional; a plane is what a convolution can take.
    """

    per_example = True

    def __init__(self, embedding, *layers):
        super().__init__(*layers)
        self.embedding = embedding

    def children(self):
        return {"embedding": self.embedding} | super().children()

    def forward(self, x, labels):
        check_float(self, x)
        self.keep(x.shape)
        plane = self.embedding.forward(labels).astype(x.dtype).reshape(*x.shape[:3], 1)
        return super().forward(backend.array_module(x).concatenate([x, plane], axis=3))

    def jvp(self, v):
        raise NotImplementedError("ConditionalImages has no jvp")

    def backward(self, gy, accumulate=True, input_grad=True):
        n, h, w, c = self.take()
        gjoined = super().backward(gy, accumulate)  # (N, H, W, C + 1)
        self.embedding.backward(gjoined[..., c].reshape(n, h * w), accumulate)
        return gjoined[..., :c].copy() if input_grad else None
