"""NVIDIA's compiler accepts every kernel of the package, for each generation of cards.

Skipped where CuPy or the toolkit's compiler is not installed; a card or a driver is not needed.
`.ci/gpu-check` installs what is needed and runs this.
"""

import importlib
import importlib.util
import warnings

import pytest

from tinygan.kernel import Kernel, Reduction


def _compiler():
    """The module nvrtc.py, or else this file is skipped."""

    def skip(why):
        pytest.skip(f"{why}; python -m pip install '.[gpu-check]'", allow_module_level=True)

    if importlib.util.find_spec("cupy") is None:
        skip("CuPy is not installed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that there is no CUDA toolkit on the PATH, for example
        try:
            module = importlib.import_module("nvrtc")
        except ImportError as error:
            skip(f"CuPy cannot be imported ({' '.join(str(error).split())})")
        why = module.missing()
    if why:
        skip(f"NVIDIA's compiler cannot be used ({why})")
    return module


nvrtc = _compiler()
KERNELS = nvrtc.kernels()


def test_every_kernel_that_the_text_makes_is_found():
    assert len(KERNELS) == nvrtc.calls()
    assert {"tinygan.data.feed._CROP", "tinygan.nn.fast.kernels._JOIN"} <= KERNELS.keys()


@pytest.mark.slow
@pytest.mark.parametrize("card", nvrtc.CARDS)
@pytest.mark.parametrize("name", KERNELS)
def test_it_compiles(name, card):
    kernel = KERNELS[name]
    refused = {}
    for program in nvrtc.programs(kernel):
        try:
            code = program.compile(card)
        except nvrtc.compiler.CompileException as error:
            refused[program.meaning] = str(error)
        else:
            assert code.startswith(b"\x7fELF")
            assert f"tinygan_{kernel.name}".encode() in code
    assert not refused, "\n".join(f"{meaning}:\n{why}" for meaning, why in refused.items())


# The test can fail


def compile_all(kernel, card="80"):
    return [program.compile(card) for program in nvrtc.programs(kernel)]


@pytest.mark.parametrize(
    ("kernel", "message"),
    [
        (Kernel("T x", "T y", "y = fabz(x)", "typo"), 'identifier "fabz" is undefined'),
        (Kernel("T x", "T y", "T e = x  y = e", "semicolon"), 'expected a ";"'),
        (Kernel("T x", "T y", "x = 1, y = x", "input"), "must be a modifiable lvalue"),
        (Kernel("T x", "T y", "y = twice(x)", "late", "int two;"), '"twice" is undefined'),
        (Kernel("raw T x, int32 n", "raw T y", "y[i] = x[m]", "name"), '"m" is undefined'),
        (Reduction("T x", "T y", "x", "a + c", "y = a", "0", "join"), '"c" is undefined'),
        (Reduction("T x", "T y", "x", "a + b", "y = a", "0", "kind", "Kind"), '"Kind"'),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_fault_is_refused_with_the_compilers_message(kernel, message):
    with pytest.raises(nvrtc.compiler.CompileException) as error:
        compile_all(kernel)
    assert message in str(error.value)


def test_a_fault_in_one_type_is_found():
    kernel = Kernel("T x", "T y", "float *p = &y; *p = x", "only_floats")
    for program in nvrtc.programs(kernel):
        if program.meaning.startswith("float32"):
            program.compile("80")
        else:
            with pytest.raises(nvrtc.compiler.CompileException, match="double"):
                program.compile("80")


def test_there_is_a_program_for_each_type_and_layout():
    def meanings(kernel):
        found = [program.meaning for program in nvrtc.programs(kernel)]
        assert len(set(found)) == len(found)
        return found

    layouts = len(nvrtc.LAYOUTS)
    assert len(meanings(Kernel("T x", "T y", "y = x", "copy"))) == 2 * layouts
    assert len(meanings(Kernel("T x, R by", "T y", "y = x + by", "add"))) == 2 * 2 * layouts
    with_numbers = meanings(Kernel("T x, T by", "T y", "y = x + by", "add"))
    assert len(with_numbers) == 2 * (layouts + 1)
    assert sum("numbers" in meaning for meaning in with_numbers) == 2
    assert len(meanings(Kernel("raw uint8 x", "raw float32 y", "y[i] = x[i]", "copy"))) == layouts
    total = meanings(Reduction("T x", "T y", "x", "a + b", "y = a", "0", "total"))
    assert sum("by CUB" in meaning for meaning in total) == 2 * 3


def test_the_machine_code_is_that_of_the_card():
    program = next(nvrtc.programs(Kernel("T x", "T y", "y = x", "copy")))
    assert len({program.compile(card) for card in nvrtc.CARDS}) == len(nvrtc.CARDS)
