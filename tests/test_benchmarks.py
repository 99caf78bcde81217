"""python -m benchmarks: each kind at tiny sizes, figures that add up, twins that are equal."""

import json

import numpy as np
import pytest

from benchmarks import __main__ as benchmarks
from benchmarks import report, step, workers
from benchmarks.breakdown import breakdown, product_flops
from tinygan import nn

torch = pytest.importorskip("torch", reason="PyTorch is not installed (extra: peers)")
pytest.importorskip("sklearn", reason="scikit-learn is not installed (extra: peers)")

TINY = {
    "layers": "--recipe cgan dcgan --width 2 --batch-size 4 --rounds 2",
    "step": "--recipe ae dcgan cgan --width 2 --batch-size 4 --rounds 2 --breakdown",
    "gmm": "--components 2 --dims 3 --iterations 2 --limit 200 --rounds 2",
    "scaling": "--width 2 4 --batch-size 2 4 --rounds 2",
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", TINY)
def test_every_kind_runs_and_keeps_what_it_measured(cli, tmp_path, kind):
    words = f"{kind} {TINY[kind]} --json figures.json --plot figures.png"
    code, out, err = cli(benchmarks.main, words)
    assert code == 0, err
    assert "matrix product" in out
    assert (tmp_path / "figures.png").read_bytes().startswith(b"\x89PNG")
    found = json.loads((tmp_path / "figures.json").read_text())
    assert found["benchmark"] == kind
    (result,) = found["results"]
    assert result["machine"]["threads"] >= 1
    if kind == "step":
        for row in result["steps"]:
            assert row["ratio"] > 0
            assert row["sides"]["tinygan"]["memory"] > 0
            assert row["gflop"] > 0
    if kind == "gmm":
        bounds = [side["lower_bound"] for side in result["sides"].values()]
        assert bounds[0] == pytest.approx(bounds[1], rel=1e-8)


@pytest.fixture
def losses(monkeypatch):
    """losses(recipe, dtype): (tinygan's, PyTorch's) of some steps without dropout."""
    monkeypatch.setattr(nn.Dropout, "forward", lambda self, x: x)
    monkeypatch.setattr(nn.Dropout, "backward", lambda self, gy, accumulate=True: gy)
    monkeypatch.setattr(torch.nn, "Dropout", lambda p: torch.nn.Identity())
    made = step.material

    def run(recipe, dtype, steps=20):
        def material(*args):
            networks, inputs, of = made(*args)
            for network in networks.values():
                for p in network.params():
                    p.data, p.grad = p.data.astype(dtype), p.grad.astype(dtype)
            floats = {n: v.astype(dtype) for n, v in inputs.items() if v.dtype.kind == "f"}
            return networks, inputs | floats, of

        monkeypatch.setattr(step, "material", material)
        width = None if recipe == "cgan" else 8
        mine, _, _ = step.tinygan_step(recipe, 16, width, np)
        before = torch.get_default_dtype()
        torch.set_default_dtype(getattr(torch, dtype))
        try:
            its, networks = step.torch_step(recipe, 16, width, memory_format="channels_last")
            for network in networks.values():
                network.to(getattr(torch, dtype))
        finally:
            torch.set_default_dtype(before)
        both = [[[float(v) for v in mine()], [v.item() for v in its()]] for _ in range(steps)]
        return np.array(both).swapaxes(0, 1)

    return run


@pytest.mark.parametrize("recipe", step.RECIPES)
def test_the_twin_is_the_same_training(recipe, losses):
    mine, its = losses(recipe, "float64")
    assert np.ptp(mine[:, 0]) > 0.001  # something happened
    np.testing.assert_allclose(mine, its, rtol=1e-10, atol=1e-10)


# A GAN on noise multiplies a rounding by thousands in 20 steps, whoever computes it: so five steps;
# tests/training/test_gan_loop_torch_parity.py makes 20, on clothes.
@pytest.mark.parametrize("recipe", ["gan-dense-1", "ae", "dcgan", "dcgan-cifar10"])
def test_the_twin_stays_beside_it_in_float32(recipe, losses):
    mine, its = losses(recipe, "float32", steps=5)
    np.testing.assert_allclose(mine, its, rtol=1e-4, atol=1e-4)


def test_the_parts_of_a_step_sum_to_it_and_count_their_products():
    rng = np.random.default_rng(0)
    net = nn.Sequential(nn.Dense(3, 5, rng=rng), nn.ReLU(), nn.Dense(5, 2, rng=rng))
    adam, x = nn.Adam(net.params()), np.ones((4, 3), np.float32)

    def one():
        adam.zero_grad()
        net.backward(net.forward(x), input_grad=False)
        adam.step()

    parts = breakdown(one, {"net": net}, {"net": adam}, np, rounds=3)
    assert parts["net 0 Dense forward"]["flops"] == 2 * 4 * 3 * 5
    assert parts["net 0 Dense backward"]["flops"] == 2 * 4 * 3 * 5  # nobody needs the input's
    assert parts["net 2 Dense backward"]["flops"] == 2 * (2 * 4 * 5 * 2)
    assert parts["net 1 ReLU forward"]["flops"] == 0
    assert all(part["seconds"] >= 0 for part in parts.values())
    assert "forward" not in vars(net.layers[0])  # all is put back


def test_operations_of_convolutions():
    rng = np.random.default_rng(0)
    there = nn.Conv2d(3, 8, 4, stride=2, padding=1, rng=rng)
    back = nn.ConvTranspose2d(8, 3, 4, stride=2, padding=1, rng=rng)
    large, small = (2, 16, 16, 3), (2, 8, 8, 8)
    assert product_flops(there, large, small) == 2 * 2 * 64 * 16 * 3 * 8
    assert product_flops(back, small, large) == product_flops(there, large, small)


def test_medians_and_quartiles():
    assert report.spread([5, 1, 3, 2, 4]) == {"median": 3, "low": 2, "high": 4}
    assert report.spread([7]) == {"median": 7, "low": 7, "high": 7}
    assert report.milliseconds(report.spread([0.0123, 0.0123, 0.0457])) == "12.3 (12.3 to 29.0)"


def fails():
    raise ValueError("no luck")


def test_a_worker_that_fails_says_why():
    with pytest.raises(workers.RunError, match="no luck"):
        workers.Worker(fails)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("", "the following arguments are required: kind"),
        ("speed", "invalid choice: 'speed'"),
        ("step --recipe dcgam", "invalid choice: 'dcgam'"),
        ("step --plot x.jpg", "--plot x.jpg should end in .png"),
        ("gmm --json nowhere/x.json", "cannot write nowhere/x.json: there is no folder nowhere"),
    ],
)
def test_a_mistake_is_one_line(cli, words, says):
    code, _, err = cli(benchmarks.main, words)
    assert code == 2
    assert err.startswith("tinygan: ")
    assert err.count("\n") == 1
    assert says in err
