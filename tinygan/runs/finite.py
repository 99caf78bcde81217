"""Find where numbers stopped being finite."""

from tinygan import backend


def first_bad_array(arrays, networks, optimizers):
    """A description of the first array or Adam's moment that is not finite, or None.

    arrays: a model's arrays by name, "G/4.W". networks: dict[str, Layer]. optimizers: the Adam of
    each that has one. Waits for the device once.
    """
    arrays = dict(arrays)
    for name, adam in optimizers.items():
        for key, m, v in zip(networks[name].named_params(), adam.m, adam.v, strict=True):
            arrays |= {f"{name}/{key} in Adam's m": m, f"{name}/{key} in Adam's v": v}
    modules = [backend.array_module(array) for array in arrays.values()]
    finite = [xp.isfinite(a).all() for xp, a in zip(modules, arrays.values(), strict=True)]
    for name, good in zip(arrays, backend.to_numpy(modules[0].stack(finite)), strict=True):
        if not good:
            return _described(name, networks)
    return None


def first_bad_output(networks, x):
    """A description of the first layer whose output is not finite, or None.

    networks: dict[str, Sequential], each fed with the output of the one before; the first gets x.
    """
    for network, net in networks.items():
        for i, layer in enumerate(net.layers):
            x = layer.forward(x)
            if not bool(backend.array_module(x).isfinite(x).all()):
                return f"the output of {network}'s {_layer_name(net, str(i))}"
    return None


def _described(name, networks):
    """ "G/4.W" for people: "W of G's layer 4 (ConvTranspose2d)"."""
    part, _, key = name.partition("/")
    place, _, array = key.rpartition(".")
    owner = f"'s {_layer_name(networks[part], place)}" if part in networks else ""
    return f"{array} of {part}{owner}"


def _layer_name(network, place):
    """The layer at a place such as "4" or "embedding": "layer 4 (ConvTranspose2d)"."""
    layer = network
    for step in place.split("."):
        layer = layer.children()[step]
    return f"layer {place} ({type(layer).__name__})"
