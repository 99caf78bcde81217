"""A network that is told a class: its label's embedding is one more part of the input."""

import math

from tinygan import backend, nn


class Conditional(nn.Sequential):
    """y = f_n(… f_1([x, E(labels)])): layers on x flattened, with the label's vector appended.

    embedding: nn.Embedding, a learned vector for each class. layers: the Layers; the first takes
    the size of x plus embedding.dim.
    Backward cuts the gradient of the joined input where it was joined: the first part is x's, the
    rest goes on into the embedding.
    Source: Mirza & Osindero 2014, "Conditional generative adversarial nets", section 3.2.
    """

    def __init__(self, embedding, *layers):
        super().__init__(*layers)
        self.embedding = embedding

    def children(self):
        return {"embedding": self.embedding} | super().children()

    def forward(self, x, labels):
        xp = backend.array_module(x)
        self.keep(x.shape)
        flat = x.reshape(len(x), math.prod(x.shape[1:]))
        vector = self.embedding.forward(labels).astype(x.dtype)
        return super().forward(xp.concatenate([flat, vector], axis=1))

    def jvp(self, v):
        raise NotImplementedError("Conditional has no jvp")

    def backward(self, gy, accumulate=True, input_grad=True):
        shape = self.take()
        size = math.prod(shape[1:])
        if not input_grad and isinstance(self.layers[0], nn.Dense):
            gvector = super().backward(gy, accumulate, input_grad=slice(size, None))
            self.embedding.backward(gvector, accumulate)  # the label's part was all that it takes
            return None
        gjoined = super().backward(gy, accumulate)
        self.embedding.backward(gjoined[:, size:], accumulate)
        return gjoined[:, :size].reshape(shape).copy() if input_grad else None
