"""A network as a table: what each layer gives, and how many weights it has."""


def summary(network, *inputs):
    """A row (name, layer, output shape, number of weights) for each layer of a network.

    network: a Layer with layers inside, a Sequential for example. inputs: examples of what its
    forward takes, a batch of one on the host. Rows are in the order of the forward; in shapes the
    batch is left out.
    """
    rows, modes = [], [(layer, layer.training) for layer in network.tree()]

    def watched(name, layer):
        forward = layer.forward

        def watching(*inputs):
            y = forward(*inputs)
            weights = sum(p.data.size for p in layer.params())
            rows.append((name, type(layer).__name__, y.shape[1:], weights))
            return y

        return watching

    children = network.children()
    for name, layer in children.items():
        layer.forward = watched(name, layer)  # hides the method of the class, for this once
    try:
        network.eval().forward(*inputs)
    finally:
        for layer in children.values():
            vars(layer).pop("forward", None)
        for layer, training in modes:
            layer.training = training
    return rows


def summary_text(title, network, *inputs):
    """The summary as lines of text under a title, with the sum of the weights."""
    rows = summary(network, *inputs)
    cells = [(title, "output", "weights")]
    for name, layer, shape, weights in rows:
        size = " × ".join(map(str, shape))
        cells.append((f"{name} {layer}", size, f"{weights:,}" if weights else ""))
    cells.append(("sum", "", f"{sum(weights for *_, weights in rows):,}"))
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        f"{layer:<{widths[0]}}  {size:<{widths[1]}}  {weights:>{widths[2]}}".rstrip()
        for layer, size, weights in cells
    )
