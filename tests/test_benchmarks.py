"""python -m benchmarks: each kind at tiny sizes, results that add up, twins that are equal."""

import functools
import json
import signal
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import strict_device
from matplotlib.figure import Figure

from benchmarks import __main__ as benchmarks
from benchmarks import gmm, layers, machine, report, startup, step, torch_steps, workers, workloads
from benchmarks.breakdown import breakdown, product_flops
from tinygan import backend, nn
from tinygan.errors import UserError

TINY = {
    "layers": "--recipe cgan dcgan --width 2 --batch-size 4 --rounds 2",
    "step": "--recipe ae dcgan --width 2 --batch-size 4 --rounds 2 --breakdown --plain",
    "gmm": "--components 2 --dims 3 --iterations 2 --limit 200 --rounds 1",
    "scaling": "--width 2 4 --batch-size 2 --rounds 1",
}


@pytest.fixture(autouse=True)
def small_product(monkeypatch):
    quick = functools.partial(machine.matmul_rate, size=64, rounds=1)
    monkeypatch.setattr(machine, "matmul_rate", quick)


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="PyTorch is not installed (extra: peers)")


@pytest.mark.slow
def test_the_start_up_is_measured(cli, tmp_path):
    code, out, err = cli(benchmarks.main, "startup --rounds 1 --width 2 --json figures.json")
    assert code == 0, err
    (result,) = json.loads((tmp_path / "figures.json").read_text())["results"]
    seconds = [start["seconds"]["median"] for start in result["starts"]]
    assert 0 < seconds[0] < seconds[1]  # the one imports, the other trains as well
    assert all(0 < step < seconds[1] for step in seconds[2:])
    for row in ("import tinygan", "tinygan imported first", "NumPy imported first"):
        assert row in out


def test_a_start_that_fails_says_why():
    with pytest.raises(UserError, match="failed: not today"):
        startup._seconds(["-c", "raise SystemExit('not today')"])


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
            assert row["sides"]["tinygan, plain"]["seconds"]["median"] > 0
            assert row["gflop"] > 0
            assert row["share_of_limit"] > 0
            assert "the step" in out
            parts = row["breakdown"]["parts"].values()
            total = sum(part["seconds"] for part in parts)
            assert total == pytest.approx(row["breakdown"]["seconds"])
            if find_spec("torch"):
                best = min(
                    s["seconds"]["median"] for n, s in row["sides"].items() if n in torches(row)
                )
                assert row["ratio"] == best / row["sides"]["tinygan"]["seconds"]["median"]
                assert row["best_peer"].removeprefix("torch, ") in out
    if kind == "gmm":
        bounds = [side["lower_bound"] for side in result["sides"].values()]
        assert bounds == pytest.approx([bounds[0]] * len(bounds), rel=1e-8)


@pytest.mark.slow
def test_the_lines_to_read_are_counted(cli, tmp_path):
    code, out, err = cli(benchmarks.main, "reading --json figures.json")
    assert (code, err) == (0, "")
    (result,) = json.loads((tmp_path / "figures.json").read_text())["results"]
    plain, fast = result["ways"].values()
    assert plain["mathematics"]["files"] > 10
    assert plain["mathematics"]["lines"] > fast["mathematics"]["lines"]  # the formulas themselves
    assert plain["speed"]["lines"] < 50 < fast["speed"]["lines"]  # memory, and the threads' number
    assert "total" in out


def torches(row):
    return [side for side in row["sides"] if side.startswith("torch")]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "peer"),
    [
        ("step --recipe cgan ae --width 2 --batch-size 4 --rounds 1", "torch"),
        ("gmm --components 2 --dims 1 --iterations 2 --limit 50 --rounds 1", "sklearn"),
    ],
)
def test_a_missing_peer_is_named_and_left_out(cli, tmp_path, monkeypatch, words, peer):
    monkeypatch.setattr(report, "find_spec", lambda name: None)
    code, _, err = cli(benchmarks.main, f"{words} --json figures.json --plot figures.png")
    assert code == 0, err
    assert f"{peer} is not installed, so it is left out" in err
    (result,) = json.loads((tmp_path / "figures.json").read_text())["results"]
    for row in result.get("steps", [result]):
        assert list(row["sides"]) == ["tinygan"]
        assert "ratio" not in row
    if peer == "torch":
        assert "the sizes of cgan are fixed" in err
        assert [row["width"] for row in result["steps"]] == [None, 2]


@pytest.fixture
def losses(monkeypatch, torch):
    """losses(recipe, dtype): (tinygan's, PyTorch's) of some steps without dropout."""
    monkeypatch.setattr(nn.Dropout, "forward", lambda self, x: x)
    monkeypatch.setattr(nn.Dropout, "backward", lambda self, gy, *_, **__: gy)
    monkeypatch.setattr(torch.nn, "Dropout", lambda p: torch.nn.Identity())
    made = workloads.material

    def run(recipe, dtype, steps=20, **how):
        def material(*args):
            networks, inputs, of = made(*args)
            for network in networks.values():
                for p in network.params():
                    p.data, p.grad = p.data.astype(dtype), p.grad.astype(dtype)
            floats = {n: v.astype(dtype) for n, v in inputs.items() if v.dtype.kind == "f"}
            return networks, inputs | floats, of

        monkeypatch.setattr(workloads, "material", material)
        width = None if recipe == "cgan" else 8
        mine, _, _ = workloads.tinygan_step(recipe, 16, width, np)
        before = torch.get_default_dtype()
        torch.set_default_dtype(getattr(torch, dtype))
        try:
            its, networks = torch_steps.torch_step(recipe, 16, width, **how)
            for network in networks.values():
                network.to(getattr(torch, dtype))
        finally:
            torch.set_default_dtype(before)
        both = [[[float(v) for v in mine()], [v.item() for v in its()]] for _ in range(steps)]
        return np.array(both).swapaxes(0, 1)

    return run


@pytest.mark.parametrize("recipe", workloads.RECIPES)
def test_the_twin_is_the_same_training(recipe, losses):
    mine, its = losses(recipe, "float64", layout="channels_last")
    assert np.ptp(mine[:, 0]) > 0.001  # something happened
    np.testing.assert_allclose(mine, its, rtol=1e-10, atol=1e-10)


# A GAN on noise multiplies a rounding by thousands in 20 steps, whoever computes it: so five steps;
# tests/training/test_gan_loop_torch_parity.py makes 20, on clothes.
@pytest.mark.parametrize("recipe", ["gan-dense-1", "ae", "dcgan", "dcgan-cifar10"])
def test_the_twin_stays_beside_it_in_float32(recipe, losses):
    mine, its = losses(recipe, "float32", steps=5, layout="contiguous", fused=True)
    np.testing.assert_allclose(mine, its, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("layout", ["contiguous", "channels_last"])
def test_images_of_the_twin_lie_in_memory_as_they_are_asked_to(torch, layout):
    make, networks = torch_steps.torch_step("dcgan", 4, 2, layout=layout)
    seen = []

    def look(module, given, y):
        if y.ndim == 4 and 1 not in y.shape[1:3]:  # else both are the same
            c, h, w = y.shape[1:]
            ends = (h * w, 1) if layout == "contiguous" else (1, c)
            seen.append(y.stride() == (c * h * w, ends[0], w * ends[1], ends[1]))

    for network in networks.values():
        for module in network.modules():
            module.register_forward_hook(look)
    make()
    assert len(seen) > 15
    assert all(seen)


def test_the_parts_of_a_step_sum_to_it_and_count_their_products():
    rng = np.random.default_rng(0)
    net = nn.Sequential(nn.Dense(3, 5, rng=rng), nn.ReLU(), nn.Dense(5, 2, rng=rng))
    adam, x = nn.Adam(net.params()), np.ones((4, 3), np.float32)

    def one():
        adam.zero_grad()
        net.backward(net.forward(x), input_grad=False)
        adam.step()

    total, parts = breakdown(one, {"net": net}, {"net": adam}, np, rounds=3)
    assert sum(part["seconds"] for part in parts.values()) == pytest.approx(total)
    assert parts["net 0 Dense forward"]["flops"] == 2 * 4 * 3 * 5
    assert parts["net 0 Dense backward"]["flops"] == 2 * 4 * 3 * 5  # the input's is not needed
    assert parts["net 2 Dense backward"]["flops"] == 2 * (2 * 4 * 5 * 2)
    assert parts["net 1 ReLU forward"]["flops"] == 0
    assert all(part["seconds"] >= 0 for part in parts.values())
    assert parts["net 1 ReLU forward"]["kind"] == "ReLU"
    left = vars(net.layers[0]).keys() - vars(nn.Dense(3, 5, rng=rng)).keys()
    assert left == {"_kept"}  # all is restored


def test_only_the_gradients_that_are_computed_count():
    networks = workloads.tinygan_step("cgan", 4, None, np)
    _, parts = breakdown(*networks, np, rounds=1)
    dense = networks[1]["D"].layers[0]
    product = 2 * 4 * dense.n_in * dense.n_out
    # D learns twice, from its weights' gradient alone; G learns once, from D's input gradient alone
    assert parts["D 0 Dense backward"]["flops"] == 2 * product + product


def test_a_plot_knows_every_kind_of_part(monkeypatch, tmp_path):
    drawn = {}
    monkeypatch.setattr(report, "bars", lambda file, rows, label, line: drawn.update(rows))
    total, parts = breakdown(*workloads.tinygan_step("ae", 4, 2, np), np, rounds=1)
    row = {"recipe": "ae", "breakdown": {"seconds": total, "parts": parts}}
    step._plot("x.png", [{"backend": name, "steps": [row]} for name in ("numpy", "cupy")])
    assert list(drawn) == ["ae", "ae, GPU"]
    dense = sum(part["seconds"] for name, part in parts.items() if " Dense " in name)
    assert drawn["ae"]["Dense"] == pytest.approx(1e3 * dense)
    assert sum(drawn["ae"].values()) == pytest.approx(1e3 * total)
    row |= {"best_peer": "torch", "sides": {"torch": {"seconds": {"median": 2 * total}}}}
    step._plot("x.png", [{"backend": "numpy", "steps": [row]}])
    assert sum(drawn["ae"].values()) == pytest.approx(0.5)  # of PyTorch's step


def test_on_a_device_a_step_waits_for_it_and_says_its_memory(monkeypatch):
    class Pool:
        def total_bytes(self):
            return 12_345

    monkeypatch.setattr(backend, "get", lambda name: strict_device)
    monkeypatch.setattr(strict_device, "get_default_memory_pool", Pool, raising=False)
    before = strict_device.cuda.synchronized
    found = workloads.tinygan_workload("dcgan", 4, 2, "cupy")()
    assert found["step"] > 0
    assert found["memory"] == 12_345
    assert strict_device.cuda.synchronized == before + 2
    assert workloads.breakdown_workload("ae", 4, 2, "cupy")()["total"] > 0
    assert len(layers.tinygan_workload(["dcgan"], 4, 2, "cupy")()) > 20
    assert gmm.tinygan_workload(2, 3, 2, 60, "cupy")()["memory"] == 12_345


def test_operations_of_convolutions():
    rng = np.random.default_rng(0)
    there = nn.Conv2d(3, 8, 4, stride=2, padding=1, rng=rng)
    back = nn.ConvTranspose2d(8, 3, 4, stride=2, padding=1, rng=rng)
    large, small = (2, 16, 16, 3), (2, 8, 8, 8)
    assert product_flops(there, large, small) == 2 * 2 * 64 * 16 * 3 * 8
    assert product_flops(back, small, large) == product_flops(there, large, small)


@pytest.mark.parametrize("length", [0.4, 0.0, 3.0])
def test_a_line_beside_bars_is_in_the_picture(length):
    axes = Figure().subplots()
    report._draw_bars(axes, [("a step", {"Dense": length})], "ms", line=1.0)
    low, high = axes.get_xlim()
    assert low == 0
    assert high > max(length, 1.0)


def test_a_group_has_a_bar_for_each_name_beside_one_label():
    axes = Figure().subplots()
    rows = [("dcgan", {"tinygan": 6.0, "PyTorch": 5.0}), ("ae", {"PyTorch": 2.0})]
    report._draw_groups(axes, rows, "ms")
    bars = sorted((bar.get_y(), bar.get_height(), bar.get_width()) for bar in axes.patches)
    tops, heights, lengths = (np.array(column) for column in zip(*bars, strict=True))
    assert lengths.tolist() == [6.0, 5.0, 0.0, 2.0]  # from top to bottom
    assert (tops[1:] >= tops[:-1] + heights[:-1] - 1e-9).all()
    assert [text.get_text() for text in axes.get_yticklabels()] == ["dcgan", "ae"]
    assert axes.get_yticks().tolist() == pytest.approx(tops[1::2].tolist())  # between the two
    assert axes.get_xlim()[1] > 6


def test_medians_and_quartiles():
    assert report.spread([5, 1, 3, 2, 4]) == {"median": 3, "low": 2, "high": 4}
    assert report.spread([7]) == {"median": 7, "low": 7, "high": 7}
    assert report.milliseconds(report.spread([0.0123, 0.0123, 0.0457])) == "12.3 (12.3 to 29.0)"


def test_memory_is_a_dash_where_the_system_does_not_say(monkeypatch):
    assert report.megabytes(2_600_000) == "3"
    assert workers._grown(0) > 1e6

    def no_such_file(*args, **how):
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_text", no_such_file)
    assert workers._status("VmHWM") is None
    assert report.megabytes(workers._grown(None)) == "-"


def test_torch_has_all_the_cores_that_are_allowed(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3,1")
    assert machine.torch_threads() == 3
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert machine.torch_threads() == machine.describe(np, [])["cores"] >= 1


def test_tf32_is_for_both_or_for_neither(torch, monkeypatch):
    from benchmarks import twins

    monkeypatch.setattr(backend, "get", lambda name: strict_device)
    linear = strict_device._core
    for on in (True, False):
        workloads.tinygan_workload("ae", 4, 2, "cupy", tf32=on)
        kind = linear.get_compute_type(np.float32)
        assert (kind == linear._routines_linalg.COMPUTE_TYPE_TF32) == on

    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda: None)
    monkeypatch.setattr(torch, "set_num_threads", lambda threads: None)
    settings = torch.backends.cuda.matmul, torch.backends.cudnn
    before = [module.allow_tf32 for module in settings], torch.backends.cudnn.benchmark
    try:
        for on in (True, False):
            assert twins.set_up("cupy", on) == "cuda"
            assert [module.allow_tf32 for module in settings] == [on] * 2
    finally:
        for module, value in zip(settings, before[0], strict=True):
            module.allow_tf32 = value
        torch.backends.cudnn.benchmark = before[1]


def sleeper():
    return lambda: time.sleep(60)


def test_ctrl_c_ends_the_workers_at_once():
    started = []

    def start():
        started.append(workers.Worker(sleeper))
        signal.setitimer(signal.ITIMER_REAL, 0.5)
        return started[0]

    def press(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, press)
    try:
        began = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            workers.take_turns({"sleeper": start}, 1)
        assert time.monotonic() - began < 30
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert started[0].process.exitcode is not None


def fails():
    raise ValueError("no luck")


def test_a_worker_that_fails_says_why():
    with pytest.raises(workers.RunError, match="no luck"):
        workers.Worker(fails).ready()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("", "the following arguments are required: KIND"),
        ("speed", "invalid choice: 'speed'"),
        ("step --recipe dcgam", "invalid choice: 'dcgam'"),
        ("step --plot x.jpg", "--plot x.jpg should end in .png"),
        (
            "--backend numpy step",
            "the kind comes first, layers|step|gmm|scaling|startup|launches|gpu|doctor|distance|"
            "quality|seeds|reading, then --backend",
        ),
        ("step --recipe cgan --width 8", "the sizes of cgan are fixed: leave --width out"),
        ("scaling --recipe cgan", "choose a recipe with a width, one of gan-dense-1, ae, dcgan"),
        ("gmm --components 20 --limit 10", "--components 20 is more than the 10 images"),
        ("gmm --components 2 --dims 785", "--dims 785 is too many: at most 784"),
        ("gmm --components 2 --dims 10 --limit 10", "fewer than the 10 images"),
        ("gmm --json nowhere/x.json", "cannot write nowhere/x.json: there is no folder nowhere"),
    ],
)
def test_an_error_is_one_line(cli, words, says):
    code, _, err = cli(benchmarks.main, words)
    assert code == 2
    assert err.startswith("tinygan: ")
    assert err.count("\n") == 1
    assert says in err
