"""One update of a recipe's networks in PyTorch: as it stands, compiled, or as one CUDA graph.

torch          each operation as it comes.
torch-compile  the networks are given to torch.compile (mode "default"); Adam is fused.
torch-graph    the whole step is captured once as a CUDA graph and then replayed: nothing is left
               for Python to do. Only on a GPU.
"""

import functools

from benchmarks import workloads
from benchmarks.workers import Worker

PEERS = ("torch", "torch-compile", "torch-graph")
IMPORTS = ("torch", "torch._dynamo")  # Adam imports the second; it is not part of a step's memory


def torch_sides(recipe, peer="torch"):
    """The configurations of PyTorch: a list of (layout, whether Adam is fused)."""
    if recipe in workloads.DENSE:  # only rows of numbers
        return [("contiguous", False), ("contiguous", True)][peer != "torch" :]
    if peer == "torch":
        return [("contiguous", False), ("channels_last", False), ("channels_last", True)]
    return [("contiguous", True), ("channels_last", True)]


def torch_workers(recipe, peer, *size, tf32=False):
    """name -> a function that starts a Worker, for each configuration. size: as torch_workload."""
    return {
        f"{peer}, {layout}" + ", fused Adam" * fused: functools.partial(
            Worker, torch_workload, recipe, *size, layout, fused, peer, tf32=tf32, imports=IMPORTS
        )
        for layout, fused in torch_sides(recipe, peer)
    }


def torch_workload(
    recipe, batch_size, width, backend_name, layout, fused, peer="torch", seed=0, tf32=False
):
    """One step of PyTorch, like workloads.tinygan_workload."""
    from benchmarks import twins

    device = twins.set_up(backend_name, tf32)
    step, _ = torch_step(recipe, batch_size, width, device, layout, fused, peer, seed)
    if peer == "torch-compile":
        step()  # compiles, while the other sides are built
    return workloads.timed(step, lambda: twins.wait(device), lambda: twins.device_memory(device))


def torch_step(
    recipe,
    batch_size,
    width,
    device="cpu",
    layout="contiguous",
    fused=False,
    peer="torch",
    seed=0,
):
    """(step, networks) like workloads.tinygan_step, in PyTorch. peer: one of PEERS."""
    import torch

    from benchmarks.twins import LAYOUTS, nchw, twin

    networks, inputs, recipe = workloads.material(recipe, batch_size, width, seed)
    in_one_pass = "D" in networks and networks["D"].is_per_example()
    networks = {
        name: twin(net, layout).to(device, memory_format=LAYOUTS[layout])
        for name, net in networks.items()
    }
    adam = {"lr": recipe.options["lr"], "betas": recipe.fixed["betas"], "fused": fused}
    adam["capturable"] = peer == "torch-graph"
    optimizers = {n: torch.optim.Adam(net.parameters(), **adam) for n, net in networks.items()}
    inputs = {name: nchw(value, layout).to(device) for name, value in inputs.items()}
    used = networks
    if peer == "torch-compile":
        used = {name: torch.compile(net) for name, net in networks.items()}
    if "encoder" in networks:
        step = ae_step(used, optimizers, **inputs)
    else:
        step = gan_step(used, optimizers, in_one_pass, **inputs)
    return (captured(step, optimizers) if peer == "torch-graph" else step), networks


def ae_step(networks, optimizers, images):
    """step(): one update of encoder and decoder; it returns [loss]."""
    import torch

    bce = torch.nn.functional.binary_cross_entropy_with_logits

    def step():
        for optimizer in optimizers.values():
            optimizer.zero_grad()
        logits = networks["decoder"](networks["encoder"](images))
        loss = bce(logits, images, reduction="sum") / len(images)
        loss.backward()
        for optimizer in optimizers.values():
            optimizer.step()
        return [loss.detach()]

    return step


def gan_step(networks, optimizers, in_one_pass, images, z, labels=None):
    """step(): one update of D and one of G; it returns [D's loss, G's loss].

    in_one_pass: whether D sees real and drawn images together, as tinygan's does where it can.
    """
    import torch

    bce = torch.nn.functional.binary_cross_entropy_with_logits
    G, D = networks["G"], networks["D"]
    labels = [] if labels is None else [labels]

    def look(fake):
        """D's logits of the real and of the drawn images."""
        if not in_one_pass:
            return D(images, *labels), D(fake, *labels)
        both = torch.cat([images, fake])
        return D(both, *(torch.cat([array, array]) for array in labels)).split(len(images))

    def step():
        fake = G(z, *labels)
        D.requires_grad_(True)
        optimizers["D"].zero_grad()
        real, drawn = look(fake.detach())
        d_loss = bce(real, torch.ones_like(real)) + bce(drawn, torch.zeros_like(drawn))
        d_loss.backward()
        optimizers["D"].step()
        D.requires_grad_(False)
        optimizers["G"].zero_grad()
        logits = D(fake, *labels)
        g_loss = bce(logits, torch.ones_like(logits))
        g_loss.backward()
        optimizers["G"].step()
        return [d_loss.detach(), g_loss.detach()]

    return step


def captured(step, optimizers):
    """The step as a CUDA graph: a function that replays it and returns the same tensors each time.

    The first steps, outside the graph, choose the convolutions and make Adam's state; they run on
    a stream of their own, as the capture does. Dropout draws anew at each replay: the generator is
    part of the graph.
    Source: PyTorch's documentation, "CUDA semantics", section "Whole-network capture".
    """
    import torch

    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(5):
            step()
    torch.cuda.current_stream().wait_stream(side)
    for optimizer in optimizers.values():
        optimizer.zero_grad()  # so that the graph's own memory holds the gradients
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        losses = step()

    def replay():
        graph.replay()
        return losses

    return replay
