"""Kernels on the fake device do what CuPy documents, and show what a GPU would hide."""

import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import strict_device as dev
import strict_kernels
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.fixture(autouse=True)
def _compiler(request):
    if dev.NO_KERNELS is not None and "without_a_compiler" not in request.function.__name__:
        pytest.skip(dev.NO_KERNELS)


def on_device(*shape, dtype=np.float64, start=0):
    return dev.asarray(np.arange(start, start + math.prod(shape), dtype=dtype).reshape(shape))


def elementwise(*args, **kwargs):
    return dev.ElementwiseKernel(*args, **kwargs)


# ---- elementwise: shapes and types ---------------------------------------------------------------


def test_arrays_broadcast_and_an_output_of_that_shape_is_made():
    add = elementwise("T x, T y", "T z", "z = x + y", "add")
    x, y = on_device(3, 1), on_device(4, start=10)
    z = add(x, y)
    np.testing.assert_array_equal(z.get(), x.get() + y.get())
    with pytest.raises(ValueError, match="broadcast"):
        add(on_device(3), on_device(4))


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_any_strides_are_followed(data):
    host = np.arange(2 * 3 * 4, dtype=np.float32).reshape(2, 3, 4)
    steps = data.draw(st.tuples(*[st.sampled_from([1, -1, 2, -2])] * 3))
    axes = data.draw(st.permutations(range(3)))
    view = tuple(slice(None, None, step) for step in steps)
    x = dev.asarray(host)[view].transpose(*axes)
    expected = host[view].transpose(axes)
    looped = elementwise("T x", "T y", "y = 2 * x", "twice")(x)
    raw = elementwise("raw T x", "raw T y", "y[i] = 2 * x[i]", "twice_raw")(x, size=x.size)
    np.testing.assert_array_equal(looped.get(), 2 * expected)
    np.testing.assert_array_equal(raw.get(), 2 * expected.ravel())


def test_types_have_cupys_names():
    names = "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float32 float64".split()
    outs = ", ".join(f"{name} {name}_" for name in names)
    body = "".join(f"{name}_ = x + sizeof({name}_);" for name in names)
    results = elementwise("int32 x", outs, body, "types")(on_device(2, dtype=np.int32))
    for name, result in zip(names, results, strict=True):
        assert result.dtype == name
        np.testing.assert_array_equal(
            result.get(), (np.arange(2) + np.dtype(name).itemsize).astype(name)
        )


def test_a_placeholder_has_one_type_and_it_is_a_type_of_the_body():
    half = elementwise("T x, T y", "T z", "T two = T(2); z = (x + y) / two", "half")
    assert half(on_device(2, dtype=np.int32), 3).dtype == np.int32
    assert half(on_device(2, dtype=np.float32), 3).get().tolist() == [1.5, 2]
    with pytest.raises(TypeError, match="mismatched"):
        half(on_device(2, dtype=np.float32), on_device(2))
    with pytest.raises(TypeError, match="mismatched"):
        half(on_device(2), 1, on_device(2, dtype=np.float32))
    with pytest.raises(TypeError, match="mismatched"):
        elementwise("float32 x", "float32 y", "y = x")(on_device(2))


def test_scalars_decide_no_type_and_become_the_parameters():
    kernel = elementwise("T x, T a, int32 n, bool b, uint8 u", "T y", "y = b ? x * a + n : u", "s")
    x = on_device(2, dtype=np.float32)
    for a in 1.5, np.float64(1.5), np.float32(1.5):
        y = kernel(x, a, 2, True, 0)
        assert (y.dtype, y.get().tolist()) == (np.float32, [2, 3.5])
    assert kernel(x, 0, 2.9, False, 255).get().tolist() == [255, 255]
    with pytest.raises(OverflowError):
        kernel(x, 0, 2**31, False, 0)
    with pytest.raises(OverflowError):
        kernel(x, 0, 0, False, -1)
    with pytest.raises(KeyError):  # as in CuPy: no array says what S is
        elementwise("T x, S a", "T y", "y = x + a")(x, 1.0)
    for neither in (np.zeros(2, np.float32), "1", [1.0]):
        with pytest.raises(TypeError, match="Unsupported"):
            kernel(neither, 0, 2, False, 0)


def test_whole_words_of_64_bits_arrive():
    top = elementwise(
        "raw uint64 x, uint64 y", "uint64 h", "h = __umul64hi(x[0], y)", "top", return_tuple=True
    )
    x = dev.asarray(np.array([2**64 - 1], np.uint64))
    out = dev.empty((1,), np.uint64)
    assert top(x, 2**64 - 1, out)[0] is out
    assert out.item() == 2**64 - 2


# ---- elementwise: raw arrays and sizes -----------------------------------------------------------


def test_raw_arrays_are_indexed_by_the_body_and_size_says_how_often_it_runs():
    kernel = elementwise("raw T x, int32 n", "T y", "y = x[n - 1 - i] + 100 * _ind.size()", "back")
    out = dev.empty((3,), np.float64)
    assert kernel(on_device(5), 5, out) is out
    np.testing.assert_array_equal(out.get(), [304, 303, 302])
    raw = elementwise("raw T x", "raw T y", "y[2 * i] = x[i]; y[2 * i + 1] = x.size()", "raw")
    with pytest.raises(ValueError, match="undecided"):
        raw(on_device(3), dev.empty((6,)))
    y = dev.empty((6,))
    raw(on_device(3), y, size=3)
    np.testing.assert_array_equal(y.get(), [0, 3, 1, 3, 2, 3])
    assert raw(on_device(1), dev.empty((2,)), size=1).shape == (2,)
    with pytest.raises(ValueError, match="size"):
        kernel(on_device(5), 5, out, size=3)
    with pytest.raises(ValueError, match="Undecided"):
        elementwise("T x", "raw T y", "y[i] = x")(on_device(3))


def test_a_pointer_to_a_raw_array_can_be_taken():
    kernel = elementwise(
        "raw T x, int32 k",
        "T y",
        "y = total(&x[i * k], k)",
        "rows",
        preamble="""
        template <typename T> __device__ __forceinline__ T total(const T* __restrict__ x, int k) {
          T sum = 0;
          #pragma unroll
          for (int j = 0; j < k; ++j) sum += x[j];
          return sum;
        }""",
    )
    y = dev.empty((3,))
    kernel(on_device(3, 4), 4, y)
    np.testing.assert_array_equal(y.get(), np.arange(12.0).reshape(3, 4).sum(1))


@pytest.mark.parametrize("index", ["i + 3", "-1 - i", "1LL << 40"])
def test_an_index_out_of_range_names_kernel_parameter_index_and_size(index):
    kernel = elementwise("raw T x, raw T w", "T y", f"y = x[i] + w[{index}]", "reader")
    with pytest.raises(IndexError, match=r"kernel reader: index -?\d+ of w .* size is 5"):
        kernel(on_device(4), on_device(5), dev.empty((4,)))
    writer = elementwise("T x", "raw T y", f"y[{index}] = x", "writer")
    with pytest.raises(IndexError, match="of y"):
        writer(on_device(4), on_device(5))
    with pytest.raises(IndexError, match="of y"):  # not contiguous
        writer(on_device(4), on_device(10)[::2])


def test_inputs_cannot_be_written():
    for raw, body in ("raw ", "x[i] = y"), ("", "x = y"):
        with pytest.raises(dev.cuda.compiler.CompileException, match="read-only"):
            elementwise(f"{raw}T x", "T y", body, "writes")(on_device(2), on_device(2))


def test_outputs_are_updated_in_place_and_must_have_the_shape_of_the_loop():
    step = elementwise("T g, T rate", "T w, T m", "m = m / 2 + g; w -= rate * m", "step")
    g, w, m = on_device(2, 3), on_device(2, 3), dev.ones((2, 3))
    assert step(g, 0.5, w, m)[0] is w
    np.testing.assert_array_equal(m.get(), 0.5 + g.get())
    np.testing.assert_array_equal(w.get(), g.get() - 0.5 * m.get())
    with pytest.raises(ValueError, match="Out shape"):
        step(g, 0.5, dev.ones((1, 3)), m)
    with pytest.raises(TypeError, match="Output"):
        step(g, 0.5, 1.0, m)
    rows = on_device(4, 3)
    elementwise("", "T w", "w = -w", "negate")(rows[1::2])
    np.testing.assert_array_equal(np.sign(rows.get()[:, 1]), [1, -1, 1, -1])


def test_nothing_is_launched_for_no_elements():
    kernel = elementwise("T x", "T y", "this does not compile", "never")
    y, counts = dev.measure(kernel, dev.empty((0, 3)))
    assert y.shape == (0, 3)
    assert counts == dev.Counts()


def test_results_are_returned_as_asked():
    x = on_device(2)
    assert elementwise("T x", "T y", "y = x", no_return=True)(x) is None
    assert len(elementwise("T x", "T y", "y = x", return_tuple=True)(x)) == 1
    assert len(elementwise("T x", "T y, T z", "y = z = x")(x)) == 2


def test_an_output_that_is_not_written_is_no_result():
    y = elementwise("T x", "T y", "if (x > 0) y = x", "forgets")(on_device(2))
    assert np.isnan(y.get()[0])


# ---- elementwise: threads ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "forward", "at_once"),
    [
        ("if (i > 0) x[i] += x[i - 1]", np.cumsum, lambda x: x + np.r_[0, x[:-1]]),
        ("if (i < 255) x[i] += x[i + 1]", lambda x: x + np.r_[x[1:], 0], None),
    ],
)
def test_iterations_that_need_each_other_are_wrong(body, forward, at_once):
    x = on_device(256)
    expected = [f(x.get()) for f in (forward, at_once) if f is not None]
    elementwise("", "raw T x", body, "race")(x, size=256)
    for order in expected:
        assert not np.array_equal(x.get(), order)


def test_return_and_continue_end_one_thread_only():
    body = "y = 1; if (i % 2) return; y = 2; for (;;) { if (i) break; y = 5; break; }"
    y = elementwise("T x", "T y", body)(on_device(300)).get()
    np.testing.assert_array_equal(y, np.r_[5, np.tile([1, 2], 150)[:299]])
    y = elementwise("T x", "T y", "y = 1; if (i < 2) continue; y = 3")(on_device(4)).get()
    np.testing.assert_array_equal(y, [1, 1, 3, 3])


def test_code_around_the_loop_runs_once_per_thread():
    y = dev.zeros((5,))
    elementwise(
        "T x", "raw T y", "mine += x; y[i] = mine", "around", loop_prep="T mine = 1",
        after_loop="mine = 0",
    )(on_device(5), y)  # fmt: skip
    np.testing.assert_array_equal(y.get(), np.arange(1, 6))


def test_atomic_additions_add_up():
    histogram = dev.zeros((4,), np.int32)
    elementwise("int32 x", "raw int32 h", "atomicAdd(&h[x % 4], 1)")(
        on_device(10, dtype=np.int32), histogram
    )
    assert histogram.get().tolist() == [3, 3, 2, 2]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_mathematics_is_that_of_the_type(dtype):
    names = "exp log log1p tanh fabs cos sin sqrt floor expm1 erf".split()
    single = dtype == np.float32
    checks = "".join(f"ok &= sizeof({name}(x)) == sizeof(T);" for name in names)
    body = f"""
        bool ok = true; {checks}
        {"ok &= sqrtf(x) == sqrt(x) && expf(x) == exp(x);" if single else ""}
        ok &= sizeof(exp(1)) == 8 && min(3, 2) == 2 && max(x, T(2)) >= 2 && max(1u, 2) == 2;
        ok &= sizeof(ptrdiff_t) == sizeof(unsigned long long) && sizeof(size_t) == 8;
        y = ok ? tanh(x) + pow(x, x) : -1"""
    x = on_device(5, dtype=dtype, start=1)
    y = elementwise("T x", "T y", body, "mathematics")(x)
    np.testing.assert_allclose(y.get(), np.tanh(x.get()) + x.get() ** x.get(), rtol=1e-6)


# ---- reductions ----------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_sums_over_axes_are_numpys(data):
    shape = data.draw(st.lists(st.integers(0, 5), min_size=1, max_size=3))
    axes = data.draw(st.none() | st.sets(st.integers(-len(shape), -1)).map(tuple))
    keepdims = data.draw(st.booleans())
    turn = data.draw(st.booleans())
    dot = dev.ReductionKernel("T x, T w", "T y", "x * w", "a + b", "y = 2 * a", "0", "dot")
    x, w = on_device(*shape, start=1), on_device(shape[-1], start=3)
    if turn:
        x, w = x.T, on_device(shape[0], start=3)
    y = dot(x, w, axis=axes, keepdims=keepdims)
    expected = 2 * (x.get() * w.get()).sum(axis=axes, keepdims=keepdims)
    assert y.shape == expected.shape
    np.testing.assert_allclose(y.get(), expected, rtol=1e-12)


def test_a_reduction_has_an_output_a_type_and_parameters():
    kernel = dev.ReductionKernel(
        "T x, float64 scale", "float32 y", "x * scale", "max(a, b)",
        "y = a + _in_ind.size() + 100 * _out_ind.size()", "-1e300", "most", reduce_type="double",
    )  # fmt: skip
    x, out = on_device(2, 3, dtype=np.int32), dev.empty((2,), np.float32)
    assert kernel(x, 0.5, axis=1, out=out) is out
    np.testing.assert_array_equal(out.get(), [207, 208.5])
    assert kernel(x, 0.5, out, axis=1) is out
    for bad in {"axis": 2}, {"axis": (0, 0)}, {"axis": 0, "out": out}:
        with pytest.raises(ValueError, match=r"axis|shape"):
            kernel(x, 0.5, **bad)
    with pytest.raises(TypeError):
        kernel(x, 0.5, nothing=1)


def test_an_empty_reduction_is_its_identity():
    kernel = dev.ReductionKernel("T x", "T y", "x", "a * b", "y = 10 * a", "1", "product")
    assert kernel(dev.empty((0, 2)), axis=0).get().tolist() == [10, 10]
    assert kernel(dev.empty((0, 2)), axis=1).shape == (0,)
    without = dev.ReductionKernel("T x", "T y", "x", "max(a, b)", "y = a", None, "without")
    with pytest.raises(ValueError, match="identity"):
        without(dev.empty((0, 2)), axis=0)


def test_a_sum_is_made_of_partial_sums_that_each_start_at_the_identity():
    total = dev.ReductionKernel("T x", "T y", "x", "a + b", "y = a", "0", "total")
    assert float(total(dev.full((1 << 20,), np.float32(0.1)))) == pytest.approx(
        (1 << 20) * 0.1,
        rel=1e-4,  # one running sum is 4 % off
    )
    starts = dev.ReductionKernel("T x", "T y", "x", "a + b", "y = a", "1", "starts")
    assert float(starts(dev.zeros((512,)))) == 512  # a wrong identity shows
    assert starts(dev.zeros((512, 2)), axis=0).get().tolist() == [16, 16]


def test_raw_inputs_of_a_reduction_are_checked_too():
    kernel = dev.ReductionKernel("T x, raw T w", "T y", "x * w[_j]", "a + b", "y = a", "0", "rows")
    assert float(kernel(on_device(3), on_device(3))) == 5
    with pytest.raises(IndexError, match="kernel rows: index 2 of w"):
        kernel(on_device(3), on_device(2))
    with pytest.raises(NotImplementedError):
        kernel(on_device(3, 3), on_device(9), axis=1)


# ---- what is refused, and how --------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        "__shared__ float s[32]", "__syncthreads()", "y = threadIdx.x", "y = _ind.get()[0]",
        "CArray<float, 1> z", "printf(\"%d\", i)", "float16 h", "y = __shfl_down_sync(1, x, 2)",
    ],
)  # fmt: skip
def test_what_only_cupy_has_is_not_implemented(body):
    with pytest.raises(NotImplementedError, match="not supported"):
        elementwise("T x", "T y", body)
    elementwise("T x", "T y", f"y = x; // {body}\n")(on_device(2))


def test_unknown_types_streams_and_options_are_not_implemented():
    with pytest.raises(NotImplementedError, match="float16"):
        elementwise("float16 x", "T y", "y = x")
    with pytest.raises(NotImplementedError, match="complex"):
        elementwise("T x", "T y", "y = x")(on_device(2).astype(np.complex64))
    with pytest.raises(NotImplementedError, match="stream"):
        elementwise("T x", "T y", "y = x")(on_device(2), stream=dev.cuda.Stream())
    with pytest.raises(NotImplementedError, match="options"):
        elementwise("T x", "T y", "y = x", options=("-G",))


def test_bad_declarations_are_refused():
    for ins in "x", "cooked T x", "float31 x":
        with pytest.raises((SyntaxError, TypeError)):
            elementwise(ins, "T y", "y = x")
    with pytest.raises(ValueError, match="name"):
        elementwise("T x", "T y", "y = x", "two words")
    with pytest.raises(ValueError, match="'i'"):
        elementwise("T i", "T y", "y = i")
    with pytest.raises(TypeError, match="number of arguments"):
        elementwise("T x", "T y", "y = x")()


def test_a_kernel_that_does_not_compile_shows_the_compilers_message():
    with pytest.raises(dev.cuda.compiler.CompileException, match=r"(?s)wrong.*wrong:2.*nonsense"):
        elementwise("T x", "T y", "y = x;\ny = nonsense", "wrong")(on_device(2))


def test_names_of_parameters_do_not_meet_those_of_the_loop():
    names = "m n block thread turn half fault found shape data run words size ndim args".split()
    body = "y = " + " + ".join(names)
    add = elementwise(", ".join(f"T {n}" for n in names), "T y", body, "run")
    assert add(dev.ones((1,)), *[1.0] * (len(names) - 1)).item() == len(names)
    ins = ", ".join(f"T {n}" for n in names)
    total = dev.ReductionKernel(ins, "T y", " + ".join(names), "a + b", "y = a", "0", "run")
    assert float(total(dev.ones((1,)), *[1.0] * (len(names) - 1))) == len(names)


# ---- counting ------------------------------------------------------------------------------------


def test_a_kernel_counts_its_arguments_once(monkeypatch):
    kernel = elementwise("T x, raw T t, T a", "T y, raw T r", "y += x * t[0] + a; r[i] = y", "k")
    x, t = on_device(4, 1), on_device(5)
    y, r = dev.zeros((4, 3)), dev.zeros((12,))
    monkeypatch.setattr(dev, "launch_log", [])
    _, counts = dev.measure(kernel, x, t, 1.0, y, r)
    read, written = 8 * (4 + 5 + 12), 8 * (12 + 12)
    assert counts == dev.Counts(launches=1, bytes_read=read, bytes_written=written)
    assert dev.launch_log == [("k", read, written, 0)]
    total = dev.ReductionKernel("T x", "T y", "x", "a + b", "y = a", "0", "total")
    _, counts = dev.measure(lambda: total(y, axis=0))
    assert counts == dev.Counts(launches=1, bytes_read=96, bytes_written=24)


# ---- the compiler and its cache ------------------------------------------------------------------


def test_a_kernel_is_compiled_once_for_its_types_and_kept_on_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(strict_kernels.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(strict_kernels, "_libraries", {})
    compilations = []
    compile_one = strict_kernels._compile
    monkeypatch.setattr(
        strict_kernels, "_compile", lambda *a: compilations.append(a) or compile_one(*a)
    )
    for _ in range(2):
        twice = elementwise("T x", "T y", "y = 2 * x", "kept_on_disk")
        for n in 2, 3:
            twice(on_device(n))
    assert len(compilations) == 1
    twice(on_device(2, dtype=np.float32))
    assert len(compilations) == 2
    strict_kernels._libraries.clear()  # as in another process
    assert elementwise("T x", "T y", "y = 2 * x", "kept_on_disk")(on_device(2)).get()[1] == 2
    assert len(compilations) == 2
    folder = strict_kernels.cache_folder()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.suffix for path in folder.iterdir()} == {".so"}


def test_a_cache_that_others_could_write_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(strict_kernels.tempfile, "gettempdir", lambda: str(tmp_path))
    strict_kernels.cache_folder().chmod(0o777)
    with pytest.raises(PermissionError, match="only this user"):
        strict_kernels.cache_folder()
    folder = tmp_path / f"tinygan-strict-kernels-{os.getuid()}"
    folder.rmdir()
    folder.symlink_to(tmp_path)
    with pytest.raises(PermissionError, match="only this user"):
        strict_kernels.cache_folder()


def without_a_compiler(code):
    environment = {**os.environ, "PATH": "", "PYTHONPATH": str(Path(__file__).parent)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_without_a_compiler_there_are_no_kernels():
    code = (
        "import strict_device as d; print(d.NO_KERNELS, hasattr(d, 'ElementwiseKernel'), "
        "hasattr(d, 'ReductionKernel'), d.asarray([1]).get())"
    )
    assert "C++ compiler" in without_a_compiler(code)
    assert without_a_compiler(code).strip().endswith("False False [1]")
