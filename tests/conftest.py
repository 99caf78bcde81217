"""Fixtures: every backend that answers, and repeatable randomness."""

import numpy as np
import pytest
import strict_device
from hypothesis import settings

from tinygan import backend
from tinygan.errors import UserError

pytest_plugins = ["small_run"]

settings.register_profile("tinygan", deadline=None, max_examples=30, derandomize=True)
settings.load_profile("tinygan")


def _cupy():
    try:
        return backend.get("cupy")
    except UserError as error:
        if any(
            why in str(error) for why in ("not installed", "no NVIDIA driver", "no CUDA device")
        ):
            pytest.skip("no GPU answers")
        raise


@pytest.fixture(params=["numpy", "strict", pytest.param("cupy", marks=pytest.mark.gpu)])
def xp(request):
    """NumPy, the strict fake device, and CuPy where a GPU answers."""
    return {"numpy": lambda: np, "strict": lambda: strict_device, "cupy": _cupy}[request.param]()


@pytest.fixture(params=["strict", pytest.param("cupy", marks=pytest.mark.gpu)])
def device(request):
    """The strict fake device, and CuPy where a GPU answers."""
    return strict_device if request.param == "strict" else _cupy()


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def cli(capsys, tmp_path, monkeypatch):
    """cli(main, "word word …"): run a command in an empty folder; (exit code, stdout, stderr)."""
    from tinygan.cli import exit_on_error

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TINYGAN_DATA", raising=False)

    def run(command, words):
        with pytest.raises(SystemExit) as ended:
            exit_on_error(command, words.split())
        captured = capsys.readouterr()
        return ended.value.code, captured.out, captured.err

    return run
