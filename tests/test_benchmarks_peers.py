"""python -m benchmarks step --peer: PyTorch compiled and as a graph, and JAX."""

import json

import numpy as np
import pytest

from benchmarks import __main__ as benchmarks
from benchmarks import peers, report, torch_steps, workers, workloads
from tinygan import nn

RECIPES = workloads.RECIPES


@pytest.fixture
def jax_twins():
    pytest.importorskip("jax", reason="JAX is not installed (by hand: pip install jax)")
    from benchmarks import jax_twins

    return jax_twins


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="PyTorch is not installed (extra: peers)")


@pytest.fixture
def without_dropout(monkeypatch):
    """Networks whose dropout drops nothing: tinygan's, and by its p JAX's."""
    monkeypatch.setattr(nn.Dropout, "forward", lambda self, x: x)
    monkeypatch.setattr(nn.Dropout, "backward", lambda self, gy, *_, **__: gy)
    made = workloads.material

    def material(*args):
        networks, inputs, recipe = made(*args)
        for network in networks.values():
            for layer in network.layers:
                if isinstance(layer, nn.Dropout):
                    layer.p = 0.0
        return networks, inputs, recipe

    monkeypatch.setattr(workloads, "material", material)


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_twin_in_jax_has_the_same_losses(recipe, jax_twins, without_dropout):
    size = (recipe, 16, None if recipe == "cgan" else 8)
    mine, _, _ = workloads.tinygan_step(*size, np)
    its = jax_twins.jax_step(*size)
    for _ in range(3):  # the second and third come from updated weights
        np.testing.assert_allclose(
            [float(loss) for loss in mine()], [float(loss) for loss in its()], rtol=1e-4, atol=1e-4
        )


def test_dropout_in_jax_is_drawn_anew_in_every_step(jax_twins, monkeypatch):
    made = workloads.material

    def still(*args):
        networks, inputs, recipe = made(*args)
        recipe.options["lr"] = 0.0
        return networks, inputs, recipe

    monkeypatch.setattr(workloads, "material", still)
    monkeypatch.setitem(workloads.recipes.get("dcgan").options, "lr", 2e-4)  # put back at the end
    run = jax_twins.jax_step("dcgan", 4, 2)
    assert len({float(run()[0]) for _ in range(3)}) == 3


def test_each_peer_has_its_configurations():
    found = peers.sides("dcgan", 4, 2, "numpy", ["torch", "torch-compile", "jax"], plain=True)
    assert list(found) == [
        "tinygan",
        "tinygan, plain",
        "torch, contiguous",
        "torch, channels_last",
        "torch, channels_last, fused Adam",
        "torch-compile, contiguous, fused Adam",
        "torch-compile, channels_last, fused Adam",
        "jax",
    ]
    assert torch_steps.torch_sides("ae", "torch-graph") == [("contiguous", True)]


def test_the_best_of_a_peer():
    times = {"torch, a": 3, "torch, b": 2, "torch-graph, a": 1, "tinygan": 4}
    measured = {side: {"seconds": {"median": value}} for side, value in times.items()}
    assert peers.best_of("torch", measured) == (2, "torch, b")
    assert peers.best_of("torch-graph", measured) == (1, "torch-graph, a")
    assert peers.best_of("jax", measured) is None


def test_a_peer_that_cannot_run_here_is_named_and_left_out(capsys):
    assert peers.usable("numpy", ["torch", "torch-graph", "jax"]) == ["torch", "jax"]
    assert "torch-graph is left out on the backend numpy: it needs a GPU" in capsys.readouterr().err
    assert peers.usable("cupy", ["torch-graph", "jax"]) == ["torch-graph"]
    assert "jax is left out on the backend cupy" in capsys.readouterr().err


def test_a_peer_that_is_not_installed_says_how_to_install_it(capsys, monkeypatch):
    monkeypatch.setattr(report, "find_spec", lambda name: None)
    assert report.installed(["torch-compile", "jax"]) == []
    said = capsys.readouterr().err.splitlines()
    assert said == [
        "torch is not installed, so torch-compile is left out: pip install '.[peers]' installs it",
        "jax is not installed, so it is left out: pip install jax installs it",
    ]


@pytest.mark.parametrize("kind", ["layers", "step", "scaling"])
def test_tf32_is_an_option_that_is_off_unless_it_is_named(cli, kind):
    code, out, _ = cli(benchmarks.main, f"{kind} --help")
    assert code == 0
    assert "--tf32" in out
    code, _, err = cli(benchmarks.main, "gmm --tf32")
    assert code == 2
    assert "--tf32" in err


def test_the_others_take_part_only_when_they_are_named(cli):
    code, out, _ = cli(benchmarks.main, "step --help")
    assert code == 0
    words = " ".join(out.split())
    assert "torch, torch-compile, torch-graph, jax (default: torch, if it is installed)" in words
    assert "pip install jax" in words


@pytest.mark.slow
def test_compiled_networks_take_part(cli, tmp_path, torch):
    words = "step --recipe gan-dense-1 --width 1 --batch-size 4 --rounds 1 --peer torch-compile"
    code, out, err = cli(benchmarks.main, f"{words} --json figures.json")
    assert code == 0, err
    (result,) = json.loads((tmp_path / "figures.json").read_text())["results"]
    (row,) = result["steps"]
    assert list(row["ratios"]) == ["torch-compile"]
    assert "best_peer" not in row
    assert "compiled, ms" in out


def works():
    return lambda: {"step": 1.0}


def fails_to_start():
    raise ValueError("no such thing")


def fails_to_run():
    def run():
        raise ValueError("not today")

    return run


def test_a_side_that_fails_is_left_out_where_that_is_asked_for():
    sides = {
        build.__name__: lambda build=build: workers.Worker(build)
        for build in (fails_to_start, works, fails_to_run)
    }
    failed = {}
    found = workers.take_turns(sides, 2, failed=failed)
    assert [one["step"] for one in found["works"]] == [1.0, 1.0]
    assert list(found) == ["works"]
    assert "no such thing" in failed["fails_to_start"]
    assert "not today" in failed["fails_to_run"]
    with pytest.raises(workers.RunError, match="no such thing"):
        workers.take_turns(sides, 1)
