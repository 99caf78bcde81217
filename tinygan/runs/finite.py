"""Find where numbers stopped being finite."""

from tinygan import backend


def first_bad_weight(networks, optimizers):
    """A description of the first weight, running statistic or moment that is not finite, or None.

    networks: dict[str, Layer], looked through in order, each from its input up. optimizers: the
    Adam of each that has one. Waits for the device once.
    """
    places, finite = [], []
    for network, layer in networks.items():
        params = layer.named_params()
        arrays = {name: p.data for name, p in params.items()} | layer.named_buffers()
        if network in optimizers:
            moments = zip(params, optimizers[network].m, optimizers[network].v, strict=True)
            for name, m, v in moments:
                arrays |= {f"{name} in Adam's m": m, f"{name} in Adam's v": v}
        for name, array in arrays.items():
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
    where = name.rpartition(".")[0]
    return f"layer {where} ({type(layer).__name__})" if where else type(layer).__name__
