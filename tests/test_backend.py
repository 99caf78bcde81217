"""The backend is what was asked for, or one line says what is missing and what to type."""

import importlib.util
import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import strict_device

from tinygan import backend, train
from tinygan.cli import exit_on_error
from tinygan.errors import UserError

CUPY_BANNER = """
================================================================
Failed to import CuPy.

If you installed CuPy via wheels, make sure that the package matches with the version of CUDA.

Original error:
  ImportError: libcudart.so.12: cannot open shared object file: No such file or directory
================================================================
"""


class CUDARuntimeError(RuntimeError):
    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


def returning(value):
    """A function that returns `value`, or raises it when it is an exception."""

    def function(*_, **__):
        if isinstance(value, Exception):
            raise value
        return value

    return function


def fake_cupy(devices=1, ones=None):
    """The parts of CuPy that the check for a GPU uses, on NumPy."""
    module = ModuleType("cupy")
    module.cuda = SimpleNamespace(
        runtime=SimpleNamespace(
            getDeviceCount=returning(devices), CUDARuntimeError=CUDARuntimeError
        )
    )
    module.float32 = np.float32
    module.ones = ones or np.ones
    return module


NO_DRIVER = CUDARuntimeError(35, "cudaErrorInsufficientDriver: CUDA driver version is insufficient")
NO_DEVICE = CUDARuntimeError(100, "cudaErrorNoDevice: no CUDA-capable device is detected")
BROKEN = CUDARuntimeError(999, "cudaErrorUnknown: unknown error\nand a second line")
NO_LIBRARY = RuntimeError("CuPy failed to load libcublas.so.12: OSError: cannot open\nand more")

TROUBLES = {
    "not installed": (None, ["CuPy is not installed", "pip install cupy-cuda12x"]),
    "no driver": (fake_cupy(NO_DRIVER), ["no NVIDIA driver", "nvidia-smi"]),
    "no device": (fake_cupy(NO_DEVICE), ["no CUDA device", "nvidia-smi -L"]),
    "zero devices": (fake_cupy(0), ["no CUDA device", "CUDA_VISIBLE_DEVICES"]),
    "unknown error": (fake_cupy(BROKEN), ["cannot reach a GPU", "cudaErrorUnknown", "nvidia-smi"]),
    "no runtime": (fake_cupy(NO_LIBRARY), ["CuPy failed to load libcublas.so.12"]),
    "no cuBLAS": (
        fake_cupy(ones=returning(NO_LIBRARY)),
        ["cannot compute", "CuPy failed to load libcublas.so.12", "pip install"],
    ),
    "wrong sums": (fake_cupy(ones=np.zeros), ["computed 0.0 instead of 12"]),
}


@pytest.fixture(params=TROUBLES)
def trouble(request, monkeypatch):
    """A CuPy that does not work: what the message should contain."""
    module, expected = TROUBLES[request.param]
    monkeypatch.setitem(sys.modules, "cupy", module)
    return expected


@pytest.fixture
def broken_install(tmp_path, monkeypatch):
    """A CuPy that is installed but cannot be imported, and says so as CuPy 14 does."""
    (tmp_path / "cupy.py").write_text(f"raise ImportError({CUPY_BANNER!r})\n")
    monkeypatch.delitem(sys.modules, "cupy", raising=False)
    monkeypatch.syspath_prepend(tmp_path)


def refusal(name):
    with pytest.raises(UserError) as caught:
        backend.get(name)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_numpy_is_numpy():
    assert backend.get("numpy") is np


def test_cupy_is_cupy_when_a_gpu_answers(monkeypatch):
    cupy = fake_cupy()
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    assert backend.get("cupy") is cupy
    assert backend.get("auto") is cupy
    assert backend.get() is cupy


def test_an_unknown_name_is_refused_with_the_known_ones():
    text = refusal("torch")
    assert "unknown backend 'torch'" in text
    assert all(name in text for name in backend.NAMES)


def test_when_cupy_does_not_work_the_message_says_why_and_what_to_type(trouble):
    text = refusal("cupy")
    for words in trouble:
        assert words in text
    assert "--backend numpy" in text


def test_auto_falls_back_to_numpy_whatever_does_not_work(trouble):
    assert backend.get("auto") is np


def test_a_cupy_that_is_installed_but_broken_is_not_said_to_be_missing(broken_install):
    text = refusal("cupy")
    assert "libcudart.so.12" in text
    assert "====" not in text
    assert "not installed" not in text
    assert "--backend numpy" in text


def test_auto_falls_back_to_numpy_when_cupy_is_broken(broken_install):
    assert backend.get("auto") is np


def test_importing_tinygan_does_not_import_cupy():
    assert not hasattr(backend, "cupy")


def test_the_array_says_which_module_it_belongs_to():
    class Memory(np.ndarray):
        pass

    for x in (np.zeros(3), np.float32(1), np.zeros(()), np.zeros(2).view(Memory)):
        assert backend.array_module(x) is np


@pytest.mark.parametrize("x", [[1.0, 2.0], (1,), 1.0, 3, None, "array", np, np.float32])
def test_what_is_not_an_array_has_no_module(x):
    with pytest.raises(TypeError, match=f"expected an array, got {type(x).__name__}"):
        backend.array_module(x)


def test_another_object_with_a_dtype_is_not_an_array():
    class Column:
        dtype = np.dtype(np.float32)

    with pytest.raises(TypeError, match="expected an array, got Column"):
        backend.array_module(Column())


def test_numpy_arrays_are_not_copied_on_their_way_to_numpy():
    x = np.arange(3.0)
    assert backend.to_device(x, np) is x
    assert backend.to_numpy(x) is x


def test_a_numpy_scalar_becomes_an_array_of_its_dtype():
    x = backend.to_numpy(np.float32(2.5))
    assert isinstance(x, np.ndarray)
    assert (x.dtype, x.shape, float(x)) == (np.float32, (), 2.5)


def test_lists_are_not_moved_silently():
    for move in (backend.to_numpy, lambda x: backend.to_device(x, np)):
        with pytest.raises(TypeError, match="expected an array"):
            move([1.0])


def test_arrays_survive_the_way_to_the_device_and_back(device):
    x = np.random.default_rng(0).random((2, 3), np.float32)
    back = backend.to_numpy(backend.to_device(x, device))
    assert back.dtype == np.float32
    np.testing.assert_array_equal(back, x)


def test_there_is_nothing_to_wait_for_on_numpy():
    assert backend.synchronize(np) is None


def test_the_backend_can_be_described_in_a_line():
    assert backend.describe(np) == f"numpy {np.__version__} on the CPU"


def cupy_answers():
    try:
        backend.get("cupy")
    except UserError:
        return False
    return True


def train_on_cupy(capsys, folder, monkeypatch):
    """(exit code, stdout, stderr); the working directory is `folder`."""
    monkeypatch.chdir(folder)
    with pytest.raises(SystemExit) as ended:
        exit_on_error(train.main, ["dcgan", "--backend", "cupy", "--data", "fashion-mnist-subset"])
    return ended.value.code, *capsys.readouterr()


def ends_in_one_line(result, folder):
    code, out, err = result
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("tinygan: ")
    assert "--backend numpy" in err
    assert not list(folder.iterdir())


def test_training_with_a_cupy_that_does_not_work_ends_in_one_line_and_writes_nothing(
    trouble, capsys, tmp_path, monkeypatch
):
    ends_in_one_line(train_on_cupy(capsys, tmp_path, monkeypatch), tmp_path)


@pytest.mark.skipif(cupy_answers(), reason="a GPU answers here")
def test_training_without_a_gpu_on_this_very_machine_ends_in_one_line(
    capsys, tmp_path, monkeypatch
):
    result = train_on_cupy(capsys, tmp_path, monkeypatch)
    ends_in_one_line(result, tmp_path)
    if importlib.util.find_spec("cupy") is None:
        assert "CuPy is not installed" in result[2]


def test_views_of_one_array_on_a_device_come_to_the_host_in_one_copy(device):
    whole, other = (backend.to_device(np.arange(12.0) + i, device) for i in range(2))
    arrays = {
        "matrix": whole[2:8].reshape(2, 3),
        "end": whole[8:],
        "whole": other,
        "turned": whole[:6].reshape(2, 3).T,
        "host": np.ones(2),
    }
    found, counts = strict_device.measure(backend.all_to_numpy, arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], backend.to_numpy(array))
    if device is strict_device:
        assert counts.waits == 3  # whole, other, and the one that is turned
