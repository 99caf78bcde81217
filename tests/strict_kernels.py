"""CUDA kernels without a GPU: CuPy's ElementwiseKernel and ReductionKernel over host memory.

They take the text that CuPy takes, put a plain loop around it, and have the C++ compiler make a
library of it.
What a GPU would do in silence is an error here, or shows in the result:

- an index out of range in x[i] of a raw array is an IndexError. Pointers (&x[0]) cannot be checked.
- threads have no order: the loop visits i in a fixed scrambled order, so that an iteration which
  needs another one's result is wrong here too, whether it needs the one before or the one after.
- memory that a kernel gets for its output is not zero: it holds NaN, or 0x5A in every byte.

Counted as bytes of a kernel: each array argument once. Inputs are read, outputs are written, and an
output that is given and not raw is read too, since it may be one that is updated in place.

What CuPy has and this has not, see UNSUPPORTED, is a NotImplementedError or does not compile; so do
int32_t, INFINITY and other names of headers, which nvrtc has only when they are included.
"""

import ctypes
import functools
import hashlib
import itertools
import math
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

COMPILER = shutil.which("c++")
FLAGS = (
    "-x c++ -O2 -std=c++17 -w -shared -fPIC -ffp-contract=off -fno-strict-aliasing -fwrapv"
).split()

C_NAMES = {
    np.dtype(name): c_name
    for name, c_name in {
        "bool": "bool",
        "int8": "signed char",
        "int16": "short",
        "int32": "int",
        "int64": "long long",
        "uint8": "unsigned char",
        "uint16": "unsigned short",
        "uint32": "unsigned int",
        "uint64": "unsigned long long",
        "float32": "float",
        "float64": "double",
    }.items()
}

# Of what a body may contain in CuPy, this is refused: threads of one block working together, the
# numbers of threads and blocks, CuPy's own classes by name, headers, assembler, printing. Not in
# this list, but refused as well: float16 and complex arrays, the arguments `stream` and `options`.
UNSUPPORTED = re.compile(
    r"#\s*include|\b(?:__shared__|__syncthreads\w*|__syncwarp|__shfl\w*|__ballot\w*|__activemask"
    r"|__any_sync|__all_sync|__threadfence\w*|__global__|__constant__|__launch_bounds__"
    r"|threadIdx|blockIdx|blockDim|gridDim|warpSize|CArray|CIndexer|CArrayIterator|float16|bfloat16"
    r"|__half\w*|complex|thrust|curand\w*|asm|clock64|clock|printf|atomicCAS|atomicExch"
    r"|atomicSub|atomicAnd|atomicOr|atomicXor|atomicInc|atomicDec)\b"
    r"|\b_(?:in_|out_)?ind\s*\.\s*(?!size\b)\w+"
)
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)

MOST_PARTIAL_SUMS = 512  # of one output: the threads of a block

# Functions of one float or double argument. An integer argument makes a double, as in CUDA.
_OF_ONE = (
    "acos acosh asin asinh atan atanh cbrt ceil cos cosh erf erfc exp exp2 expm1 fabs floor lgamma "
    "log log10 log1p log2 rint round sin sinh sqrt tan tanh tgamma trunc"
).split()
_OF_TWO = "atan2 copysign fdim fmax fmin fmod hypot nextafter pow remainder".split()


def _mathematics():
    """C++ declarations of CUDA's mathematics. No header has them as quickly."""
    lines = []
    for name in _OF_ONE:
        lines += [
            f'extern "C" double {name}(double); extern "C" float {name}f(float);',
            f"inline float {name}(float x) {{ return {name}f(x); }}",
            f"template <class I, class = decltype(I() % 1)> inline double {name}(I x) "
            f"{{ return {name}((double)x); }}",
        ]
    for name in _OF_TWO:
        lines += [
            f'extern "C" double {name}(double, double); extern "C" float {name}f(float, float);',
            f"inline float {name}(float x, float y) {{ return {name}f(x, y); }}",
        ]
    # min and max have just these overloads, so that min(float, int) is ambiguous here as in CUDA
    integers = "int", "long", "long long"
    pairs = [(f"unsigned {a}", f"unsigned {b}") for a, b in ((t, t) for t in integers)]
    pairs += [(t, t) for t in (*integers, "float", "double")]
    result = {pair: pair[0] for pair in pairs}
    for t in integers:
        result[t, f"unsigned {t}"] = result[f"unsigned {t}", t] = f"unsigned {t}"
    result["float", "double"] = result["double", "float"] = "double"
    for (a, b), r in result.items():
        for name, sign in ("min", "<"), ("max", ">"):
            if r in ("float", "double"):  # a NaN gives way to a number
                body = f"f{name}(({r})x, ({r})y)"
            else:
                body = f"({r})x {sign} ({r})y ? ({r})x : ({r})y"
            lines.append(f"inline {r} {name}({a} x, {b} y) {{ return {body}; }}")
    for t in ("int", "long", "long long"):
        lines.append(f"inline {t} abs({t} x) {{ return x < 0 ? -x : x; }}")
    for t, f in ("float", "f"), ("double", ""):
        lines += [
            f"inline {t} abs({t} x) {{ return fabs{f}(x); }}",
            f"inline bool isnan({t} x) {{ return x != x; }}",
            f"inline bool isinf({t} x) {{ return __builtin_isinf(x); }}",
            f"inline bool isfinite({t} x) {{ return __builtin_isfinite(x); }}",
            f"inline bool signbit({t} x) {{ return __builtin_signbit(x); }}",
            f"inline {t} rsqrt{f}({t} x) {{ return 1 / sqrt(x); }}",
            f"inline void sincos{f}({t} x, {t}* s, {t}* c) {{ *s = sin(x); *c = cos(x); }}",
            f'extern "C" {t} fma{f}({t}, {t}, {t});',
        ]
    lines += [
        "inline float rsqrt(float x) { return rsqrtf(x); }",
        "inline float fma(float x, float y, float z) { return fmaf(x, y, z); }",
        "inline float __fdividef(float x, float y) { return x / y; }",
        "inline float __expf(float x) { return expf(x); }",
        "inline float __logf(float x) { return logf(x); }",
        "inline float __sinf(float x) { return sinf(x); }",
        "inline float __cosf(float x) { return cosf(x); }",
        "inline float __powf(float x, float y) { return powf(x, y); }",
    ]
    for t in ("int", "unsigned int", "unsigned long long", "float", "double"):
        lines.append(f"inline {t} atomicAdd({t}* p, {t} v) {{ {t} o = *p; *p = o + v; return o; }}")
    for t in ("int", "unsigned int", "long long", "unsigned long long"):
        for name in ("min", "max"):
            lines.append(
                f"inline {t} atomic{name.title()}({t}* p, {t} v) "
                f"{{ {t} o = *p; *p = {name}(o, v); return o; }}"
            )
    for t in ("char", "unsigned char", "short", "int", "unsigned int", "float", "double"):
        short = t.replace("unsigned ", "u")
        for n in (2, 4):
            members = "xyzw"[:n]
            lines += [
                f"struct {short}{n} {{ {t} {', '.join(members)}; }};",
                f"inline {short}{n} make_{short}{n}({', '.join(f'{t} {m}' for m in members)}) "
                f"{{ return {{{', '.join(members)}}}; }}",
            ]
    return "\n".join(lines)


_PRELUDE = r"""
typedef __PTRDIFF_TYPE__ ptrdiff_t;
typedef __SIZE_TYPE__ size_t;
#define __device__
#define __host__
#define __forceinline__ inline
#define __noinline__ __attribute__((noinline))
#define M_PI 3.14159265358979323846
extern "C" void* memcpy(void*, const void*, size_t);
extern "C" void* memset(void*, int, size_t);
inline unsigned long long __umul64hi(unsigned long long x, unsigned long long y) {
  return (unsigned long long)(((unsigned __int128)x * y) >> 64);
}
inline long long __mul64hi(long long x, long long y) {
  return (long long)(((__int128)x * y) >> 64);
}
inline unsigned int __umulhi(unsigned int x, unsigned int y) {
  return (unsigned int)(((unsigned long long)x * y) >> 32);
}
inline int __mulhi(int x, int y) { return (int)(((long long)x * y) >> 32); }
inline int __popc(unsigned int x) { return __builtin_popcount(x); }
inline int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
inline int __clz(int x) { return x ? __builtin_clz(x) : 32; }
inline int __clzll(long long x) { return x ? __builtin_clzll(x) : 64; }
inline int __ffs(int x) { return __builtin_ffs(x); }
inline int __ffsll(long long x) { return __builtin_ffsll(x); }
template <class To, class From> inline To _strict_bits(From x) {
  To y;
  memcpy(&y, &x, sizeof y);
  return y;
}
inline int __float_as_int(float x) { return _strict_bits<int>(x); }
inline unsigned int __float_as_uint(float x) { return _strict_bits<unsigned int>(x); }
inline float __int_as_float(int x) { return _strict_bits<float>(x); }
inline float __uint_as_float(unsigned int x) { return _strict_bits<float>(x); }
inline long long __double_as_longlong(double x) { return _strict_bits<long long>(x); }
inline double __longlong_as_double(long long x) { return _strict_bits<double>(x); }
template <class T> inline T __ldg(const T* p) { return *p; }

struct _StrictFault { ptrdiff_t parameter, index, size; };
typedef const ptrdiff_t* _StrictWords;  // what Python hands over, read word by word

template <class T> inline T _strict_scalar(_StrictWords& m) {
  T value;
  memcpy(&value, m++, sizeof value);
  return value;
}

struct _StrictIndexer {
  ptrdiff_t size_;
  ptrdiff_t size() const { return size_; }
};

// An array that takes part in the loop: element i of the loop, found by its strides.
template <class T> struct _StrictLooped {
  char* data;
  int ndim;
  _StrictWords shape, strides;
  _StrictLooped(_StrictWords& m, int ndim, _StrictWords shape)
      : data((char*)*m), ndim(ndim), shape(shape), strides(m + 1) { m += 1 + ndim; }
  T& at(ptrdiff_t i) const {
    if (ndim == 1) return *(T*)(data + i * strides[0]);
    ptrdiff_t offset = 0;
    for (int d = ndim; d-- > 0;) {
      offset += i % shape[d] * strides[d];
      i /= shape[d];
    }
    return *(T*)(data + offset);
  }
};

// A raw array: x[i] counts its elements in C order, whatever its strides. In range or a fault.
template <class T> class _StrictRaw {
  char* data_;
  ptrdiff_t size_, parameter_;
  bool contiguous_;
  int ndim_;
  _StrictWords shape_, strides_;

 public:
  _StrictRaw(_StrictWords& m, ptrdiff_t parameter)
      : data_((char*)m[0]), size_(m[1]), parameter_(parameter), contiguous_(m[2]), ndim_(m[3]),
        shape_(m + 4), strides_(m + 4 + ndim_) { m += 4 + 2 * ndim_; }
  ptrdiff_t size() const { return size_; }
  _StrictWords shape() const { return shape_; }
  _StrictWords strides() const { return strides_; }
  const T& operator[](ptrdiff_t i) const {
    if (ndim_ == 0) return *(const T*)data_;  // CuPy ignores the index of a 0-d array
    if (i < 0 || i >= size_) throw _StrictFault{parameter_, i, size_};
    if (contiguous_) return ((const T*)data_)[i];
    ptrdiff_t offset = 0;
    for (int d = ndim_; d-- > 0;) {
      offset += i % shape_[d] * strides_[d];
      i /= shape_[d];
    }
    return *(const T*)(data_ + offset);
  }
  T& operator[](ptrdiff_t i) { return const_cast<T&>(const_cast<const _StrictRaw&>(*this)[i]); }
  template <class I, int n> const T& operator[](const I (&index)[n]) const {
    ptrdiff_t offset = 0;
    for (int d = 0; d < n; d++) {
      if (n != ndim_ || index[d] < 0 || index[d] >= shape_[d])
        throw _StrictFault{parameter_, (ptrdiff_t)index[d], n == ndim_ ? shape_[d] : 0};
      offset += index[d] * strides_[d];
    }
    return *(const T*)(data_ + offset);
  }
  template <class I, int n> T& operator[](const I (&index)[n]) {
    return const_cast<T&>(const_cast<const _StrictRaw&>(*this)[index]);
  }
};
""" + _mathematics()

# The order of i: blocks of 128 backwards, and inside a block the lanes 5, 42, 79, … modulo 128. So
# of two neighbours either may come first, as on a GPU; plain backward order would hide an iteration
# that wants the old value of the one before. Whole blocks are run, like a GPU's: the threads beyond
# the size do no operation. A `return` ends one thread, and `continue` one iteration, as in CuPy.
_ELEMENTWISE = """{prelude}
{typedefs}
#line 1 "preamble of {name}"
{preamble}
#line 1 "loop around {name}"
extern "C" int _strict_run(_StrictWords _strict_words, _StrictFault* _strict_fault) {{
  const _StrictIndexer _ind{{*_strict_words++}};
  const int _strict_ndim = *_strict_words++;
  const _StrictWords _strict_shape = _strict_words;
  _strict_words += _strict_ndim;
  {arguments}
  try {{
    for (ptrdiff_t _strict_block = (_ind.size() - 1) / 128; _strict_block >= 0; _strict_block--)
      for (int _strict_turn = 0; _strict_turn < 128; _strict_turn++) {{
        const ptrdiff_t _strict_thread = _strict_block * 128 + (5 + 37 * _strict_turn) % 128;
        [&] {{
          {loop_prep};
          if (_strict_thread < _ind.size()) {{
            ptrdiff_t i = _strict_thread;
            do {{
              {elements}
#line 1 "{name}"
              {operation};
            }} while (0);
          }}
          {after_loop};
        }}();
      }}
  }} catch (const _StrictFault& _strict_found) {{
    *_strict_fault = _strict_found;
    return 1;
  }}
  return 0;
}}
"""

# Like a block of a GPU: every thread adds up its own elements, and then the partial sums are added
# as a tree. A macro replaces the names a and b, as CuPy's does.
_REDUCTION = """{prelude}
{typedefs}
#line 1 "preamble of {name}"
{preamble}
#line 1 "loop around {name}"
#define _STRICT_REDUCE(a, b) ({reduce_expr})
#define _STRICT_POST_MAP(a) ({post_map_expr})
typedef {reduce_type} _type_reduce;
extern "C" int _strict_run(_StrictWords _strict_words, _StrictFault* _strict_fault) {{
  const int _strict_partial = *_strict_words++;
  const _StrictIndexer _in_ind{{_strict_words[0]}}, _out_ind{{_strict_words[1]}};
  const int _strict_ndim = _strict_words[2], _strict_out_ndim = _strict_words[3];
  const _StrictWords _strict_shape = _strict_words + 4;
  const _StrictWords _strict_out_shape = _strict_shape + _strict_ndim;
  _strict_words += 4 + _strict_ndim + _strict_out_ndim;
  {arguments}
  alignas(_type_reduce) char _strict_room[{most} * sizeof(_type_reduce)];
  _type_reduce* _strict_sums = (_type_reduce*)_strict_room;
  try {{
    for (ptrdiff_t _i = _out_ind.size() - 1; _i >= 0; _i--) {{
      for (int _strict_thread = 0; _strict_thread < _strict_partial; _strict_thread++) {{
        _type_reduce _s = _type_reduce({identity});
        IndexT _J = _strict_thread;
        for (ptrdiff_t _j = _i + _strict_thread * _out_ind.size(); _j < _in_ind.size();
             _j += _strict_partial * _out_ind.size(), _J += _strict_partial) {{
          {elements}
          _type_reduce _a = static_cast<_type_reduce>({map_expr});
          _s = _STRICT_REDUCE(_s, _a);
        }}
        _strict_sums[_strict_thread] = _s;
      }}
      for (int _strict_half = _strict_partial / 2; _strict_half > 0; _strict_half /= 2)
        for (int _strict_thread = 0; _strict_thread < _strict_half; _strict_thread++) {{
          _type_reduce _a = _strict_sums[_strict_thread];
          _type_reduce _b = _strict_sums[_strict_thread + _strict_half];
          _strict_sums[_strict_thread] = _STRICT_REDUCE(_a, _b);
        }}
      _type_reduce _s = _strict_sums[0];
      {out_elements}
      _STRICT_POST_MAP(_s);
    }}
  }} catch (const _StrictFault& _strict_found) {{
    *_strict_fault = _strict_found;
    return 1;
  }}
  return 0;
}}
"""


class CompileException(Exception):
    """The compiler's message about a kernel's text."""


@dataclass(frozen=True)
class Parameter:
    """One of "raw T x, int32 n": `dtype` is None for a placeholder of one letter."""

    name: str
    ctype: str
    dtype: np.dtype | None
    raw: bool
    const: bool


def parameters(text, const):
    """The tuple of Parameters that `text` declares; those of inputs are `const`.

    Raises TypeError for an unknown type, NotImplementedError for one that only CuPy has, and
    SyntaxError for anything else.
    """
    return tuple(_parameter(part, const) for part in text.strip().split(",")) if text else ()


def _parameter(text, const):
    words = text.split()
    if len(words) < 2:
        raise SyntaxError(f"not a parameter: {text!r}")
    *keywords, type_name, name = words
    if unknown := set(keywords) - {"raw", "_non_const"}:
        raise SyntaxError(f"unknown keyword {unknown.pop()!r} in {text!r}")
    dtype = None if len(type_name) == 1 else np.dtype(type_name)
    ctype = type_name if dtype is None else c_name(dtype)
    return Parameter(name, ctype, dtype, "raw" in keywords, const and "_non_const" not in keywords)


def c_name(dtype):
    """The C++ name of a dtype. Raises NotImplementedError for float16, complex and the like."""
    try:
        return C_NAMES[dtype]
    except KeyError:
        raise NotImplementedError(f"no kernels for {dtype} arrays here") from None


class _Scalar:
    """A Python or NumPy scalar as an argument; as CuPy does, kept until its type is decided."""

    def __init__(self, value):
        if isinstance(value, complex | np.complexfloating | np.float16):
            raise NotImplementedError(f"no kernels for {type(value).__name__} scalars here")
        if type(value) not in (bool, int, float) and not isinstance(value, np.generic):
            raise TypeError(f"Unsupported type {type(value)}")
        if type(value) is int:
            np.array(value, np.uint64 if value >= 2**63 else np.int64)  # or an OverflowError
        self.value = value

    def word(self, dtype):
        """The value in `dtype` as 8 bytes. OverflowError for a Python int that does not fit."""
        cell = np.zeros(2, np.int64)
        cell.view(dtype)[0] = self.value
        return int(cell[0])


class _Kernel:
    """What elementwise and reduction kernels share: parameters, types, and the compiled text."""

    def __init__(self, in_params, out_params, name, preamble, texts, options):
        if not re.fullmatch("[a-zA-Z_][a-zA-Z_0-9]*", name):
            raise ValueError(f"Invalid kernel name: {name!r}")
        if options:
            raise NotImplementedError("options for the compiler of kernels")
        for text in (preamble, *texts):
            if found := UNSUPPORTED.search(_COMMENT.sub(" ", text)):
                raise NotImplementedError(f"kernel {name}: {found.group()!r} is not supported here")
        self.in_params = parameters(in_params, True)
        self.out_params = parameters(out_params, False)
        self.params = self.in_params + self.out_params
        self.nin, self.nout = len(self.in_params), len(self.out_params)
        self.nargs = self.nin + self.nout
        self.name = self.__name__ = name
        self.preamble = preamble
        self._compiled = {}

    def _arguments(self, args):
        if len(args) not in (self.nin, self.nargs):
            raise TypeError(
                f"Wrong number of arguments for {self.name!r}: it must be {self.nin}, or "
                f"{self.nargs} with outputs, not {len(args)}"
            )
        array = _device().DeviceArray
        return [arg if isinstance(arg, array | _Scalar) else _Scalar(arg) for arg in args]

    def _decide_types(self, ins, outs):
        """(dtypes of the parameters, {placeholder: dtype}), from given outputs and input arrays.

        Raises TypeError when two arrays disagree, KeyError when no array decides a placeholder.
        """
        decided = {}
        pairs = list(zip(self.out_params, outs, strict=False))
        for param, array in pairs + list(zip(self.in_params, ins, strict=True)):
            if isinstance(array, _Scalar):
                continue
            known = param.dtype or decided.setdefault(param.ctype, array.dtype)
            if known != array.dtype:
                raise TypeError(
                    f"Type is mismatched: {param.name} of kernel {self.name} is {array.dtype}, "
                    f"but {param.ctype} is {known}"
                )
        return [param.dtype or decided[param.ctype] for param in self.params], decided

    def _outputs(self, given, dtypes, shape, sized):
        """The output arrays: those given, else new ones of `shape`.

        Raises TypeError or ValueError as CuPy does.
        """
        if not given:
            if any(param.raw for param in self.out_params) and not sized:
                raise ValueError("Output array size is Undecided")
            return [_device()._uninitialised(shape, dtype) for dtype in dtypes]
        for param, array in zip(self.out_params, given, strict=True):
            if isinstance(array, _Scalar):
                raise TypeError("Output arguments type must be an array of the device")
            if not param.raw and array.shape != shape:
                raise ValueError(
                    f"Out shape is mismatched: {param.name} of kernel {self.name} has shape "
                    f"{array.shape}, the loop {shape}"
                )
        return given

    def _run(self, decided, args, words):
        """Compile, if need be, and run. Raises IndexError for an index out of range."""
        arrays = tuple(not isinstance(arg, _Scalar) for arg in args)
        key = arrays, tuple(sorted((letter, dtype.char) for letter, dtype in decided.items()))
        run = self._compiled.get(key)
        if run is None:
            typedefs = {letter: c_name(dtype) for letter, dtype in sorted(decided.items())}
            run = self._compiled[key] = compiled(self._source(arrays, typedefs), self.name)
        fault = (ctypes.c_int64 * 3)()
        if run((ctypes.c_int64 * len(words))(*words), fault):
            param = self.params[fault[0]]
            raise IndexError(
                f"kernel {self.name}: index {fault[1]} of {param.name} is out of range: its size "
                f"is {fault[2]}"
            )

    def _declarations(self, arrays, dtypes, looped):
        """C++ that reads the arguments; `looped(param)` are the further arguments of a loop's."""
        lines = []
        for number, (param, is_array) in enumerate(zip(self.params, arrays, strict=True)):
            const, of, name = "const " if param.const else "", param.ctype, param.name
            if not is_array:
                lines.append(f"const {of} {name} = _strict_scalar<{of}>(_strict_words);")
            elif param.raw:
                lines.append(
                    f"{const}_StrictRaw<{param.ctype}> {param.name}(_strict_words, {number});"
                )
            else:
                more = looped(param)
                lines.append(f"const _StrictLooped<{of}> _raw_{name}(_strict_words, {more});")
        return "\n  ".join(lines)

    def _looped(self, params, arrays):
        """Those of `params` that are arrays of the loop."""
        return [p for p, is_array in zip(params, arrays, strict=True) if is_array and not p.raw]

    def _count(self, ins, outs, given):
        """Count the launch and its bytes: see the top of the file."""
        device = _device()
        read = sum(device._real_bytes(a) for a in ins if not isinstance(a, _Scalar))
        written = sum(device._real_bytes(a) for a in outs)
        if given:
            read += sum(
                device._real_bytes(a)
                for p, a in zip(self.out_params, outs, strict=True)
                if not p.raw
            )
        device._launch(self.name, read, written)


class ElementwiseKernel(_Kernel):
    """for each i of the loop: operation.    kernel(*inputs[, *outputs], size=N) -> outputs.

    The parameters and rules are those of CuPy 14's class of this name: arrays that are not raw
    broadcast with each other to the shape of the loop; without any, `size` gives the number of
    iterations. Outputs that are not given are allocated in the loop's shape.
    Raises NotImplementedError for what is not supported, CompileException with the compiler's
    message at the first call, and IndexError for an index out of range.
    """

    def __init__(
        self,
        in_params,
        out_params,
        operation,
        name="kernel",
        reduce_dims=True,
        preamble="",
        no_return=False,
        return_tuple=False,
        loop_prep="",
        after_loop="",
        options=(),
    ):
        texts = operation, loop_prep, after_loop
        super().__init__(in_params, out_params, name, preamble, texts, options)
        if "i" in [param.name for param in self.params]:
            raise ValueError("Can not use 'i' as a parameter name")
        self.operation, self.loop_prep, self.after_loop = texts
        self.reduce_dims, self.no_return, self.return_tuple = reduce_dims, no_return, return_tuple

    def __call__(self, *args, size=-1, stream=None, block_size=128):
        if stream is not None:
            raise NotImplementedError("the argument `stream` of a kernel")
        if block_size <= 0:
            raise ValueError("block_size must be greater than zero")
        args = self._arguments(args)
        shape = _loop_shape(args, self.params, size)
        ins, given = args[: self.nin], args[self.nin :]
        dtypes, decided = self._decide_types(ins, given)
        outs = self._outputs(given, dtypes[self.nin :], shape, size != -1)
        if self.no_return:
            result = None
        elif self.nout == 1 and not self.return_tuple:
            result = outs[0]
        else:
            result = tuple(outs)
        if 0 in shape:
            return result
        args = [*ins, *outs]
        arrays = _of_the_loop(args, self.params)
        flat = all(a.shape == shape and a.flags.c_contiguous for a in arrays)
        loop = (math.prod(shape),) if flat else shape
        words = [math.prod(shape), len(loop), *loop]
        for param, arg, dtype in zip(self.params, args, dtypes, strict=True):
            words += _words(param, arg, dtype, shape, flat)
        self._count(ins, outs, given)
        self._run(decided, args, words)
        return result

    def _source(self, arrays, typedefs):
        elements = [
            f"{'const ' if p.const else ''}{p.ctype}& {p.name} = _raw_{p.name}.at(i);"
            for p in self._looped(self.params, arrays)
        ]
        return _ELEMENTWISE.format(
            name=self.name,
            prelude=_PRELUDE,
            typedefs=_typedefs(typedefs),
            preamble=self.preamble,
            arguments=self._declarations(arrays, typedefs, lambda _: "_strict_ndim, _strict_shape"),
            loop_prep=self.loop_prep,
            elements="\n              ".join(elements),
            operation=self.operation,
            after_loop=self.after_loop,
        )


class ReductionKernel(_Kernel):
    """out = post_map(reduce over `axis` of map(in)).    kernel(*inputs, axis=, keepdims=, out=).

    The parameters and rules are those of CuPy 14's class of this name: `a` and `b` in reduce_expr,
    `a` in post_map_expr; the identity starts every partial sum, and is the result of none. Returns
    the first output.
    Raises what ElementwiseKernel raises, and ValueError for a bad axis.
    """

    def __init__(
        self,
        in_params,
        out_params,
        map_expr,
        reduce_expr,
        post_map_expr,
        identity,
        name="reduce_kernel",
        reduce_type=None,
        reduce_dims=True,
        preamble="",
        options=(),
    ):
        self.identity = "" if identity is None else str(identity)
        texts = map_expr, reduce_expr, post_map_expr, self.identity
        super().__init__(in_params, out_params, name, preamble, texts, options)
        self.map_expr, self.reduce_expr, self.post_map_expr = texts[:3]
        self.reduce_type = self.out_params[0].ctype if reduce_type is None else reduce_type
        self.reduce_dims = reduce_dims

    def __call__(self, *args, out=None, axis=None, keepdims=False, stream=None):
        if stream is not None:
            raise NotImplementedError("the argument `stream` of a kernel")
        args = self._arguments(args)
        ins, given = args[: self.nin], args[self.nin :]
        if out is not None:
            if self.nout != 1:
                raise NotImplementedError("out= for several outputs")
            if given:
                raise ValueError("cannot specify 'out' as both a positional and keyword argument")
            given = self._arguments([*args, out])[self.nin :]
        shape = _loop_shape(ins, self.in_params, -1)
        dtypes, decided = self._decide_types(ins, given)
        reduced, kept = _axes(axis, len(shape))
        out_shape = tuple(
            1 if d in reduced else shape[d] for d in range(len(shape)) if keepdims or d in kept
        )
        outs = self._outputs(given, dtypes[self.nin :], out_shape, False)
        if outs[0].size == 0:
            return outs[0]
        if not self.identity and 0 in shape:
            raise ValueError(
                f"zero-size array to reduction operation {self.name} which has no identity"
            )
        order = reduced + kept
        if order != tuple(range(len(shape))) and any(param.raw for param in self.in_params):
            raise NotImplementedError("raw inputs, and reduced axes that are not the first")
        words = self._call_words(ins, outs, dtypes, shape, order)
        self._count(ins, outs, given)
        if len(self.params) == 2 and not kept and math.prod(shape) >= 128:
            _device()._launch(self.name, 0, 0)  # CuPy joins all of an array by CUB, in two passes
        self._run(decided, [*ins, *outs], words)
        return outs[0]

    def _call_words(self, ins, outs, dtypes, shape, order):
        """What the compiled loop is told. The loop's axes are first the reduced, then the kept."""
        loop = tuple(shape[d] for d in order)
        size, out_size = math.prod(loop), outs[0].size
        stays = bool(shape) and order[-1] == len(shape) - 1 and math.prod(outs[0].shape) > 1
        most = 16 if stays else MOST_PARTIAL_SUMS  # what CuPy chooses for rows and for columns
        partial = 1 << max(0, min(size // out_size, most).bit_length() - 1)
        out_shape = outs[0].shape
        words = [partial, size, out_size, len(loop), len(out_shape), *loop, *out_shape]
        for param, arg, dtype in zip(self.in_params, ins, dtypes, strict=False):
            words += _words(param, arg, dtype, shape, order=order)
        for param, arg, dtype in zip(self.out_params, outs, dtypes[self.nin :], strict=True):
            words += _words(param, arg, dtype, out_shape)
        return words

    def _source(self, arrays, typedefs):
        ins = self._looped(self.in_params, arrays[: self.nin])
        outs = self._looped(self.out_params, arrays[self.nin :])
        return _REDUCTION.format(
            name=self.name,
            prelude=_PRELUDE,
            typedefs=_typedefs(typedefs) + "\ntypedef int IndexT;",
            preamble=self.preamble,
            map_expr=self.map_expr,
            reduce_expr=self.reduce_expr,
            post_map_expr=self.post_map_expr,
            identity=self.identity,
            reduce_type=self.reduce_type,
            arguments=self._declarations(
                arrays,
                typedefs,
                lambda p: (
                    "_strict_out_ndim, _strict_out_shape"
                    if p in self.out_params
                    else "_strict_ndim, _strict_shape"
                ),
            ),
            elements="\n          ".join(
                f"{'const ' if p.const else ''}{p.ctype}{'' if p.const else '&'} {p.name} = "
                f"_raw_{p.name}.at(_j);"
                for p in ins
            ),
            out_elements="\n      ".join(
                f"{p.ctype}& {p.name} = _raw_{p.name}.at(_i);" for p in outs
            ),
            most=MOST_PARTIAL_SUMS,
        )


def _device():
    """The module of the arrays. It imports this one, so it is looked up when it is needed."""
    import strict_device

    return strict_device


def _typedefs(typedefs):
    return "\n".join(f"typedef {name} {letter};" for letter, name in typedefs.items())


def _of_the_loop(args, params):
    return [
        arg
        for arg, param in zip(args, params, strict=False)
        if not param.raw and not isinstance(arg, _Scalar)
    ]


def _loop_shape(args, params, size):
    """The shape of the loop: of all arrays that are not raw, broadcast together, or (size,).

    Raises ValueError when there are such arrays and a size, or neither.
    """
    arrays = _of_the_loop(args, params)
    if size != -1:
        if arrays:
            raise ValueError("'size' can be used only if all of the arrays are 'raw'")
        return (size,)
    if not arrays:
        raise ValueError("Loop size is undecided.")
    return np.broadcast_shapes(*[a.shape for a in arrays])


def _axes(axis, ndim):
    """(the axes to reduce, the axes to keep), both in order. Raises as CuPy does."""
    if axis is None:
        return tuple(range(ndim)), ()
    given = tuple(axis) if isinstance(axis, tuple | list) else (axis,)
    for d in given:
        if not -ndim <= d < ndim:
            raise np.exceptions.AxisError(d, ndim)
    reduced = tuple(sorted(d % ndim for d in given))
    if len(set(reduced)) < len(reduced):
        raise ValueError("duplicate value in 'axis'")
    return reduced, tuple(d for d in range(ndim) if d not in reduced)


def _words(param, arg, dtype, shape, flat=False, order=None):
    """An argument as a list of integers, as the C++ in _PRELUDE reads it."""
    if isinstance(arg, _Scalar):
        return [arg.word(dtype)]
    host = _device()._use(arg)
    address = host.__array_interface__["data"][0]
    if param.raw:
        head = [address, host.size, int(host.flags.c_contiguous), host.ndim]
        return [*head, *host.shape, *host.strides]
    if flat:
        return [address, host.itemsize]
    strides = [0] * (len(shape) - host.ndim)
    strides += [0 if n == 1 else s for n, s in zip(host.shape, host.strides, strict=True)]
    return [address, *(strides if order is None else [strides[d] for d in order])]


_libraries = {}
_numbers = itertools.count()


def compiled(source, name):
    """The function `run` of a C++ source: from memory, from the cache on disk, or compiled.

    Raises CompileException with the compiler's message.
    """
    text = "\0".join([_compiler_version(), *FLAGS, source])
    key = hashlib.sha256(text.encode()).hexdigest()
    if key not in _libraries:
        path = cache_folder() / f"{key}.so"
        if not path.exists():
            _compile(source, name, path)
        _libraries[key] = ctypes.CDLL(str(path))
    return _libraries[key]._strict_run


def _compile(source, name, path):
    """A whole library or none: written under a name of its own, then renamed."""
    unfinished = path.with_name(f"{path.stem}.{os.getpid()}.{next(_numbers)}.unfinished")
    command = [COMPILER, *FLAGS, "-", "-o", str(unfinished)]
    environment = {**os.environ, "LC_ALL": "C"}
    try:
        done = subprocess.run(
            command, input=source, capture_output=True, text=True, env=environment, check=False
        )
        if done.returncode:
            raise CompileException(f"kernel {name} does not compile:\n{done.stderr.strip()}")
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


@functools.cache
def _compiler_version():
    done = subprocess.run([COMPILER, "--version"], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[0]


def cache_folder():
    """The folder of compiled kernels: this user's own, and closed to all others.

    Raises PermissionError when it is not, since whoever can write there can run code here.
    """
    folder = Path(tempfile.gettempdir()) / f"tinygan-strict-kernels-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    private = stat.S_ISDIR(found.st_mode) and not found.st_mode & 0o077
    if not private or found.st_uid != os.getuid():
        raise PermissionError(f"{folder} is not a folder that only this user can open")
    return folder


assert sys.maxsize > 2**32, "the words that a kernel is told are 64 bits wide"
