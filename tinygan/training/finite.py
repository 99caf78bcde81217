"""Find where numbers stopped being finite."""

from tinygan import backend


def first_bad_weight(networks):
    """A description of the first weight or running statistic that is not finite, or None.

    networks: dict[str, Layer], looked through in order, each from its input up. Waits for the
    device once.
    """
    places, finite = [], []
    for network, layer in networks.items():
        arrays = {name: p.data for name, p in layer.named_params().items()}
        for name, array in (arrays | layer.named_buffers()).items():
            xp = backend.array_module(array)
            places.append((network, layer, name))
            finite.append(xp.isfinite(array).all())
    for (network, layer, name), good in zip(
        places, backend.to_numpy(xp.stack(finite)), strict=True
    ):
        if not good:
            return f"{name.rpartition('.')[2]} of {network}'s {_layer_name(layer, name)}"
    return None


def first_bad_output(networks, x):
    """A description of the first layer whose output is not finite, or None.

    networks: dict[str, Sequential], each fed with the output of the one before; the first gets x.
    """
    for network, net in networks.items():
        for i, layer in enumerate(net.layers):
            x = layer.forward(x)
            if not bool(backend.array_module(x).isfinite(x).all()):
                return f"the output of {network}'s {_layer_name(net, f'{i}.')}"
    return None


def _layer_name(network, name):
    """The layer that owns `name`, for people: "layer 4 (ConvTranspose2d)"."""
    layer = network
    for part in name.split(".")[:-1]:
        layer = layer.children()[part]
    return f"layer {name.rpartition('.')[0]} ({type(layer).__name__})"
