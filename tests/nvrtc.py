"""NVIDIA's compiler, as CuPy calls it, without a card and without a driver.

CuPy puts its own C++ around a kernel's text and has NVRTC, a library of the CUDA toolkit, make
machine code of it for one generation of cards. Only the two questions in between need a driver:
which card is there, and where on it the code should go. Here the first is answered by the caller,
and CuPy is stopped at the second, when it wants to keep the code in its cache. So the wrapper, the
headers and the options are CuPy's own.

A kernel becomes several programs, since CuPy writes one for each kind of arguments (see
`programs`). The names with an underscore are those of CuPy 14.2. Importing this imports CuPy.
"""

import ast
import importlib
import itertools
import pkgutil
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import cupy
import numpy as np
from cupy._core import _carray, _cub_reduction, _kernel, _reduction, _scalar, core
from cupy.cuda import compiler

import tinygan
from tinygan.kernel import Kernel, Reduction, _on

CARDS = {"75": "T4, RTX 20", "80": "A100", "90": "H100, H200"}  # compute capability, and whose
FLOATS = np.dtype("float32"), np.dtype("float64")
WORDS = {False: np.dtype("int32"), True: np.dtype("int64")}  # by whether an array is large


class Layout(NamedTuple):
    """What CuPy's C++ knows of an array. large: it takes more than 2³¹ bytes."""

    axes: int
    contiguous: bool
    large: bool = False

    def __str__(self):
        order = "contiguous" if self.contiguous else "strided"
        return f"{order} arrays, axes: {self.axes}{', large' * self.large}"


FLAT = Layout(1, True)
LAYOUTS = [FLAT, Layout(1, False), Layout(2, False), Layout(4, True, large=True)]


def missing():
    """What is not installed that compiling needs, or None. A driver is not needed."""
    try:
        compiler._get_nvrtc_version()
        core.assemble_cupy_compiler_options(())
    except (ImportError, OSError, RuntimeError) as error:
        return " ".join(str(error).split()) or repr(error)
    return None


# Which kernels


def kernels():
    """Every kernel of the package, under the first name it was found by, "tinygan.….NAME"."""
    names = {}
    for info in pkgutil.walk_packages(tinygan.__path__, "tinygan."):
        if info.name.endswith(".__main__"):
            continue
        for name, value in vars(importlib.import_module(info.name)).items():
            if isinstance(value, Kernel | Reduction):
                names.setdefault(value, f"{info.name}.{name}")
    return {name: kernel for kernel, name in names.items()}


def calls():
    """How often the package's text makes a kernel, wherever that stands."""
    texts = [path.read_text() for path in Path(tinygan.__path__[0]).rglob("*.py")]
    nodes = itertools.chain.from_iterable(ast.walk(ast.parse(text)) for text in texts)
    makers = Kernel.__name__, Reduction.__name__
    return sum(isinstance(n, ast.Call) and getattr(n.func, "id", None) in makers for n in nodes)


# Which programs CuPy makes of a kernel


class Program(NamedTuple):
    """A program of a kernel: what kind of arguments it is for, and what has CuPy compile it."""

    meaning: str
    function: object
    arguments: tuple

    def compile(self, card):
        """The machine code for a card of this compute capability, "75".

        Raises CuPy's CompileException with NVRTC's message.
        """
        nvrtc_option = compiler._get_arch_for_options_for_nvrtc.__wrapped__
        with mock.patch.multiple(
            compiler,
            _get_arch=lambda: card,
            _get_arch_for_options_for_nvrtc=nvrtc_option,
            _kernel_cache_backend=_Cache(),
        ):
            try:
                # without the outermost layer, which asks for the card and remembers
                self.function.__wrapped__(*self.arguments)
            except _Compiled as compiled:
                return compiled.code
        raise AssertionError("CuPy did not ask for its cache")


class _Compiled(Exception):
    def __init__(self, code):
        super().__init__("compiled")
        self.code = code


class _Cache:
    """In place of CuPy's cache of machine code: it has nothing, and what is to be kept ends it."""

    def load(self, name):
        return None

    def save(self, name, code, source):
        raise _Compiled(code)


def programs(kernel):
    """Every Program of a Kernel or Reduction that a call could need.

    Its placeholders are float32 and float64, also mixed where there are several. Its arguments are
    arrays of each layout; and, in one program more, numbers wherever they can be.
    """
    cupys = _on(cupy, kernel)
    arguments = (*cupys.in_params, *cupys.out_params)
    placeholders = sorted({p.ctype for p in arguments if p.dtype is None})
    make = _elementwise if isinstance(kernel, Kernel) else _reductions
    for floats in itertools.product(FLOATS, repeat=len(placeholders)):
        types = dict(zip(placeholders, floats, strict=True))
        dtypes = [types.get(p.ctype, p.dtype) for p in arguments]
        arrays, few = (True,) * len(arguments), _arrays_at_least(cupys)
        for are_arrays, layout in dict.fromkeys(
            [*((arrays, each) for each in LAYOUTS), (few, FLAT)]
        ):
            given = list(zip(dtypes, are_arrays, strict=True))
            numbers = "" if all(are_arrays) else ", and numbers"
            for function, its_arguments, by in make(cupys, given, layout):
                meaning = f"{' '.join(map(str, floats))}: {layout}{numbers}{by}"
                yield Program(meaning.removeprefix(": "), function, its_arguments)


def _arrays_at_least(cupys):
    """Whether each argument has to be an array: outputs, raw ones, the first of a placeholder."""
    seen, are_arrays = set(), []
    for p in cupys.in_params:
        are_arrays.append(p.raw or (p.dtype is None and p.ctype not in seen))
        seen.add(p.ctype)
    return (*are_arrays, *(True for _ in cupys.out_params))


def _elementwise(cupys, given, layout):
    *types, type_map = cupys._decide_params_type(*_array_types(cupys, given))
    assert [*types[0], *types[1]] == [dtype for dtype, _ in given]
    infos = (*(_argument(*each, layout) for each in given), _indexer(layout))
    text = cupys.params, cupys.operation, cupys.name, cupys.preamble
    yield _kernel._get_elementwise_kernel, (infos, type_map, *text), ""


def _reductions(cupys, given, layout):
    type_map = _kernel._decide_params_type(
        cupys.in_params, cupys.out_params, *_array_types(cupys, given)
    )[2]
    infos = tuple(_argument(*each, layout) for each in given)
    counters = _indexer(layout), _indexer(layout), _number(WORDS[False])
    expressions = cupys.map_expr, cupys.reduce_expr, cupys.post_map_expr
    arguments = (
        *(cupys.nin, cupys.nout, cupys._params, (*infos, *counters)),
        _kernel._TypeMap((*type_map._pairs, ("IndexT", WORDS[layout.large]))),
        *(cupys.name, 512, cupys.reduce_type, cupys.identity),
        *(*expressions, cupys.preamble, cupys.options),
    )
    yield _reduction._ReductionKernel_get_cached_function, arguments, ""
    if len(infos) == 2 and layout == FLAT:
        yield from _of_cub(cupys, infos, type_map)


def _of_cub(cupys, infos, type_map):
    """What CuPy takes for a contiguous array with one output: CUB, in one pass or in two.

    There an input has the name in0 and an output out0. So CuPy replaces the names in the
    expressions, wherever the letters stand, also as a part of another name.
    """
    x, y = cupys.in_params[0], cupys.out_params[0]
    each = cupys.map_expr.replace(x.name, "in0")
    then = cupys.post_map_expr.replace(y.name, "out0")
    size, T0, T1 = WORDS[False], infos[0].dtype, infos[1].dtype
    types = {"sizeT": size, "type_in0_raw": T0, "type_out0_raw": T1}
    params = (
        *_kernel._get_param_info("T in0", True),
        *_kernel._get_param_info("T out0", False),
        *_kernel._get_param_info(f"{size} _segment_size, {size} _array_size", True),
    )
    between = _kernel._ArgInfo(_POINTER, cupy.cuda.MemoryPointer, None, 0, True, True)
    for name, each_here, ends, options in [
        ("", each, infos, ()),
        ("_pass1", each, (infos[0], between), ("-DFIRST_PASS=1",)),
        ("_pass2", "in0", (between, infos[1]), ("-DSECOND_PASS=1",)),
    ]:
        arguments = (
            *(each_here, cupys.reduce_expr, then, cupys.reduce_type, params),
            (*ends, _number(size), _number(size)),
            _kernel._TypeMap((*type_map._pairs, *types.items())),
            *(cupys.name + name, 512, cupys.identity, cupys.preamble, options, 4),
        )
        function = _cub_reduction._SimpleCubReductionKernel_get_cached_function
        yield function, arguments, f", by CUB{name}"


_ARRAY, _INDEXER, _NUMBER, _POINTER = 1, 2, 3, 4  # of CuPy's _ArgKind


def _array_types(cupys, given):
    """What CuPy decides the types by: the dtypes of inputs and of outputs, None for a number."""
    dtypes = tuple(dtype if is_array else None for dtype, is_array in given)
    return dtypes[: cupys.nin], dtypes[cupys.nin :]


def _argument(dtype, is_array, layout):
    if not is_array:
        return _number(dtype)
    axes, contiguous, large = layout
    return _kernel._ArgInfo(_ARRAY, cupy.ndarray, dtype, axes, contiguous, not large)


def _number(dtype):
    return _kernel._ArgInfo(_NUMBER, _scalar.CScalar, dtype, 0, True, True)


def _indexer(layout):
    return _kernel._ArgInfo(_INDEXER, _carray.Indexer, None, layout.axes, True, not layout.large)
