"""python -m benchmarks gmm: the fit of a Gaussian mixture, compared with scikit-learn's.

50 components with full covariances on Fashion-MNIST's 60,000 images, reduced to 64 numbers by PCA.
Both start from the same means, weights and precisions and make the same number of EM iterations.
"""

import functools
import time
import warnings

import numpy as np

from benchmarks import machine, report
from benchmarks.workers import Worker, take_turns
from tinygan import backend, data
from tinygan.cli import Parser, whole_number
from tinygan.errors import UserError
from tinygan.models import PCA, GaussianMixture

REG_COVAR = 1e-4  # added to the variances


def main(argv):
    parser = Parser(
        prog="python -m benchmarks gmm",
        description="Time the fit of a Gaussian mixture to Fashion-MNIST, beside scikit-learn's.",
        examples=("benchmarks gmm --components 10 --iterations 5",),
    )
    add = parser.add_argument
    add("--components", type=whole_number(1), default=50, metavar="K", help="components of "
        "the mixture (default 50)")  # fmt: skip
    add("--dims", type=whole_number(1), default=64, metavar="D", help="numbers that "
        "PCA leaves of an image (default 64)")  # fmt: skip
    add("--iterations", type=whole_number(1), default=10, metavar="I", help="iterations "
        "of EM (default 10)")  # fmt: skip
    add("--limit", type=whole_number(10), metavar="N", help="use only the first N images")
    report.add_options(parser, peers=("sklearn",), rounds=5)
    args = parser.parse_args(argv)
    report.check_files(args)
    _check_sizes(args)
    peers, results = report.installed(args.peer), []
    size = (args.components, args.dims, args.iterations, args.limit)
    for name, xp in report.backends(args.backend).items():
        about = machine.describe(xp, peers)
        print(machine.line(about), "\n")
        workers = {"tinygan": functools.partial(Worker, tinygan_workload, *size, name)}
        if "sklearn" in peers:
            workers["sklearn"] = functools.partial(
                Worker, sklearn_workload, *size, imports=("sklearn.mixture",)
            )
        rounds = take_turns(workers, args.rounds, warm_up=1)
        found = {
            side: {
                "seconds": report.spread([r["seconds"] for r in measured]),
                "memory": measured[-1]["memory"],
                "lower_bound": measured[0]["lower_bound"],
            }
            for side, measured in rounds.items()
        }
        row = {"rows": rounds["tinygan"][0]["rows"], "sides": found}
        if "sklearn" in found:
            medians = {side: value["seconds"]["median"] for side, value in found.items()}
            row["ratio"] = medians["sklearn"] / medians["tinygan"]
        print(_table(row, args))
        settings = dict(zip(("components", "dims", "iterations"), size[:3], strict=True))
        results.append({"machine": about, "backend": name, **settings, **row})
    report.write_files(args, "gmm", results, _plot)
    return 0


def _check_sizes(args):
    """Raise UserError when there are too few images or pixels for the options."""
    images = data.load("fashion-mnist").images[: args.limit]
    rows, pixels = len(images), images[0].size
    if args.components > rows:
        raise UserError(f"--components {args.components} is more than the {rows:,} images")
    if args.dims > min(pixels, rows - 1):
        raise UserError(
            f"--dims {args.dims} is too many: at most {pixels}, and fewer than the {rows:,} images"
        )


def tinygan_workload(components, dims, iterations, limit, backend_name):
    """One fit: dict(seconds, lower_bound, rows)."""
    xp = backend.get(backend_name)
    X, start = _material(components, dims, limit)
    X = backend.to_device(X, xp)

    def workload():
        mixture = GaussianMixture(
            components, **_settings(iterations), **start, rng=np.random.default_rng(0)
        )
        backend.synchronize(xp)
        began = time.perf_counter()
        _quietly(mixture.fit, X)
        backend.synchronize(xp)
        seconds = time.perf_counter() - began
        found = {"seconds": seconds, "lower_bound": mixture.lower_bound_, "rows": len(X)}
        return found | machine.device_memory(xp)

    return workload


def sklearn_workload(components, dims, iterations, limit):
    from sklearn.mixture import GaussianMixture as Peer

    X, start = _material(components, dims, limit)

    def workload():
        mixture = Peer(components, **_settings(iterations), **start)
        began = time.perf_counter()
        _quietly(mixture.fit, X)
        seconds = time.perf_counter() - began
        return {"seconds": seconds, "lower_bound": float(mixture.lower_bound_), "rows": len(X)}

    return workload


def _settings(iterations):
    # a tolerance that is never met, so that both make all the iterations
    return {
        "max_iter": iterations,
        "tol": 0.0,
        "reg_covar": REG_COVAR,
        "init_params": "random_from_data",
    }


def _material(components, dims, limit):
    """The rows (N, dims) in float64, and a start: rows as means, the precision of all rows."""
    images = data.load("fashion-mnist").images[:limit]
    pixels = images.reshape(len(images), -1) / 255
    X = PCA(dims).fit(pixels).transform(pixels)
    rows = np.random.default_rng(0).choice(len(X), components, replace=False)
    precision = np.linalg.inv(np.atleast_2d(np.cov(X.T)) + REG_COVAR * np.eye(dims))
    start = {
        "weights_init": np.full(components, 1 / components),
        "means_init": X[rows],
        "precisions_init": np.broadcast_to(precision, (components, dims, dims)).copy(),
    }
    return X, start


def _quietly(fit, X):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it has not converged, as intended
        fit(X)


def _table(row, args):
    lines = [["", "seconds per fit", "log likelihood", "MB"]]
    for side, found in row["sides"].items():
        lines.append([
            side,
            report.seconds(found["seconds"]),
            f"{found['lower_bound']:.6f}",
            report.megabytes(found["memory"]),
        ])  # fmt: skip
    ratio = ""
    if "ratio" in row:
        ratio = (
            f"\n\nratio: {row['ratio']:.2f}. scikit-learn makes {args.iterations + 1} E steps in "
            f"{args.iterations} iterations: one more at the end, to label the rows."
        )
    return (
        f"{args.components} full components on {row['rows']:,} × {args.dims}, "
        f"{args.iterations} iterations\n\n" + report.table(lines) + ratio
    )


def _plot(file, results):
    rows = [
        (side + report.on_gpu(result) * (side == "tinygan"),
         {side: value["seconds"]["median"]})
        for result in results
        for side, value in result["sides"].items()
    ]  # fmt: skip
    first = results[0]
    of = f"{first['components']} components on {first['rows']:,} × {first['dims']}"
    report.bars(file, rows, f"seconds per fit, {of}")
