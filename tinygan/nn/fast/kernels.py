"""The plain functions of the layers as kernels for a device; there is no new mathematics here.

Each function has the name and the arguments of its plain function and the same result up to
rounding; dispatch.py looks them up here for arrays on a device. kernel.py says what a kernel is.
Matrix products stay what they are, `@` and `matmul`.

In each kernel one run of the text writes elements that no other run writes, so the order of the
runs does not matter and nothing has to be locked.
"""

from tinygan import backend
from tinygan.kernel import Kernel, Reduction
from tinygan.nn.correlation import check_sizes, conv_size

__all__ = [
    "adam_step",
    "add_noise",
    "apply_mask",
    "average",
    "backward_sums",
    "batch_moments",
    "bce_terms",
    "bias_gradient",
    "col2im",
    "correlate",
    "correlate_adjoint",
    "im2col",
    "keep_mask",
    "leaky_relu",
    "leaky_relu_backward",
    "length",
    "logistic",
    "move_running",
    "normal_noise",
    "normalise",
    "normalise_backward",
    "relu_backward",
    "sigmoid_backward",
    "tanh_backward",
    "weight_gradient",
]

# Activations

_LEAKY_RELU = Kernel("T x, T slope", "T y", "y = x > 0 ? x : slope * x", "leaky_relu")
_LEAKY_RELU_BACKWARD = Kernel(
    "T gy, T x, T slope", "T gx", "gx = x > 0 ? gy : slope * gy", "leaky_relu_backward"
)
_RELU_BACKWARD = Kernel("T gy, T x", "T gx", "gx = x > 0 ? gy : 0 * gy", "relu_backward")
_TANH_BACKWARD = Kernel("T gy, T y", "T gx", "gx = gy * (1 - y * y)", "tanh_backward")
_SIGMOID_BACKWARD = Kernel("T gy, T y", "T gx", "gx = gy * (y * (1 - y))", "sigmoid_backward")
_LOGISTIC = Kernel(
    "T x", "T y", "T e = exp(-fabs(x)); y = x >= 0 ? 1 / (1 + e) : e / (1 + e)", "logistic"
)


def leaky_relu(x, slope):
    return _LEAKY_RELU(x, slope)


def leaky_relu_backward(gy, x, slope):
    return _LEAKY_RELU_BACKWARD(gy, x, slope)


def relu_backward(gy, x):
    return _RELU_BACKWARD(gy, x)


def tanh_backward(gy, y):
    return _TANH_BACKWARD(gy, y)


def logistic(x):
    return _LOGISTIC(x)


def sigmoid_backward(gy, y):
    return _SIGMOID_BACKWARD(gy, y)


# The binary cross-entropy, and Adam

_BCE = Kernel(
    "T l, T t, T n",
    "T loss, T g",
    """
    T e = exp(-fabs(l));  // never above 1
    loss = (l > 0 ? l : T(0)) - l * t + log1p(e);
    g = ((l >= 0 ? 1 / (1 + e) : e / (1 + e)) - t) / n;
    """,
    "bce",
)

# as fast/adam.py: rate = lr · root / (1 − β₁ᵗ), root = √(1 − β₂ᵗ)
_ADAM = Kernel(
    "T g, T rate, T beta1, T rest1, T beta2, T rest2, T eps",
    "T w, T m, T v",
    """
    m = beta1 * m + rest1 * g;
    v = beta2 * v + rest2 * g * g;
    w -= rate * m / (sqrt(v) + eps);
    """,
    "adam",
)


def bce_terms(logits, target):
    return _BCE(logits, target, float(logits.size))


def adam_step(weights, gradients, ms, vs, t, lr, beta1, beta2, eps):
    root = (1.0 - beta2**t) ** 0.5
    rate = lr * root / (1.0 - beta1**t)
    for w, g, m, v in zip(weights, gradients, ms, vs, strict=True):
        _ADAM(g, rate, beta1, 1.0 - beta1, beta2, 1.0 - beta2, eps * root, w, m, v)


# Random bits: the same as NumPy's Philox makes, see random_bits.py

_PHILOX = """
__device__ void philox(unsigned long long k0, unsigned long long k1, unsigned long long counter,
                       unsigned long long *w) {
    const unsigned long long M0 = 0xD2E7470EE14C6C93ull, M1 = 0xCA5A826395121157ull;
    w[0] = counter, w[1] = w[2] = w[3] = 0;
    for (int round = 0; round < 10; ++round) {
        const unsigned long long a = w[0], b = w[2];
        w[0] = __umul64hi(M1, b) ^ w[1] ^ k0;
        w[2] = __umul64hi(M0, a) ^ w[3] ^ k1;
        w[1] = M1 * b, w[3] = M0 * a;
        k0 += 0x9E3779B97F4A7C15ull, k1 += 0xBB67AE8584CAA73Bull;
    }
}
"""
_KEEP = Kernel(  # run i makes the 16 elements from 16 i on, out of 4 words of 64 bits
    "uint64 k0, uint64 k1, uint64 counter, int64 n, uint16 dropped",
    "raw bool mask",
    """
    unsigned long long w[4];
    philox(k0, k1, counter + 1 + i, w);
    for (int j = 0; j < 16 && 16 * i + j < n; ++j)
        mask[16 * i + j] = ((w[j / 4] >> 16 * (j % 4)) & 0xFFFF) >= dropped;
    """,
    "keep",
    _PHILOX,
)
_NORMAL = Kernel(  # run i makes the 8 numbers from 8 i on, two out of each word
    "uint64 k0, uint64 k1, uint64 counter, int64 n",
    "raw float32 e",
    """
    unsigned long long w[4];
    philox(k0, k1, counter + 1 + i, w);
    for (int j = 0; j < 4 && 8 * i + 2 * j < n; ++j) {
        const float u = ((unsigned int)w[j] >> 8) + 1, v = (unsigned int)(w[j] >> 40);
        const float length = sqrtf(-2.0f * logf(u * 5.9604645e-8f));  // 2 to the power of −24
        const float angle = v * 3.7450702e-7f;                        // 2π times that
        e[8 * i + 2 * j] = length * cosf(angle);
        if (8 * i + 2 * j + 1 < n) e[8 * i + 2 * j + 1] = length * sinf(angle);
    }
    """,
    "normal",
    _PHILOX,
)
_APPLY_MASK = Kernel(
    "T x, bool mask, T scale", "T y", "y = x * (mask ? scale : T(0))", "apply_mask"
)
_ADD_NOISE = Kernel("T x, E e, E std", "T y", "y = x + T(std * e)", "add_noise")


def keep_mask(like, shape, key, counter, dropped):
    xp = backend.array_module(like)
    mask = xp.empty(shape, bool)
    _KEEP(*key, counter[0], mask.size, dropped, mask, size=-(-mask.size // 16))
    return mask


def normal_noise(like, shape, key, counter):
    xp = backend.array_module(like)
    noise = xp.empty(shape, "float32")
    _NORMAL(*key, counter[0], noise.size, noise, size=-(-noise.size // 8))
    return noise


def apply_mask(x, mask, share_kept):
    return _APPLY_MASK(x, mask, 1.0 / share_kept)


def add_noise(x, noise, std):
    return _ADD_NOISE(x, noise, std)


# Sums over the rows of x (M, F). Run i takes every S-th element from element i on, where S is a
# multiple of F: so they are all of column i % F, and runs side by side read side by side.

_RUNS = 1 << 16  # about as many as keep a GPU busy
_MANY = 1 << 12  # rows: so few are added up at once
_SUM = Kernel(
    "raw T x, int64 n",
    "raw T part",
    """
    T sum = 0;
    for (long long t = i; t < n; t += _ind.size()) sum += x[t];
    part[i] = sum;
    """,
    "sum",
)
_SQUARES = Kernel(
    "raw T x, int64 n",
    "raw T part",
    """
    T sum = 0;
    for (long long t = i; t < n; t += _ind.size()) sum += x[t] * x[t];
    part[i] = sum;
    """,
    "squares",
)
_MOMENTS = Kernel(  # count, mean and Σ (x − mean)², from sums of what is left of x less its first
    "raw T x, int64 n",
    "raw T part",
    """
    const long long S = _ind.size();
    const T first = x[i];
    T m = 0, s = 0, ss = 0;
    for (long long t = i; t < n; t += S) {
        const T d = x[t] - first;
        m += 1, s += d, ss += d * d;
    }
    part[i] = m;
    part[S + i] = first + s / m;
    part[2 * S + i] = ss < s * s / m ? T(0) : ss - s * s / m;  // NaN stays NaN
    """,
    "moments",
)
_JOIN = Reduction(  # Chan, Golub & LeVeque 1983, eq. 2.1
    "T m, T mean_of_part, T squares",
    "T mean, T var",
    each="Moments(m, mean_of_part, squares)",
    join="join(a, b)",
    then="mean = a.mean, var = a.squares / a.m",
    start="Moments(0, 0, 0)",
    name="join",
    kind="Moments",
    preamble="""
    struct Moments {
        T m, mean, squares;
        __device__ Moments(T m, T mean, T squares) : m(m), mean(mean), squares(squares) {}
    };
    __device__ Moments join(const Moments &a, const Moments &b) {
        const T m = a.m + b.m, d = b.mean - a.mean;
        if (a.m == 0) return b;
        if (b.m == 0) return a;
        return Moments(m, a.mean + d * (b.m / m), a.squares + b.squares + d * d * (a.m * b.m / m));
    }
    """,
)
_BACKWARD_SUMS = Kernel(  # Σ gy, and Σ gy (x − mean)
    "raw T gy, raw T x, raw T mean, int64 n",
    "raw T part",
    """
    const long long S = _ind.size();
    const T middle = mean[i % mean.size()];
    T sum = 0, product = 0;
    for (long long t = i; t < n; t += S) {
        sum += gy[t];
        product += gy[t] * (x[t] - middle);
    }
    part[i] = sum;
    part[S + i] = product;
    """,
    "backward_sums",
)
_JOIN_SUMS = Reduction(
    "T gy, T gy_d, T inv_std",
    "T gbeta, T ggamma",
    each="Sums(gy, gy_d * inv_std)",
    join="Sums(a.gy + b.gy, a.gy_x_hat + b.gy_x_hat)",
    then="gbeta = a.gy, ggamma = a.gy_x_hat",
    start="Sums(0, 0)",
    name="join_sums",
    kind="Sums",
    preamble="""
    struct Sums {
        T gy, gy_x_hat;
        __device__ Sums(T gy, T gy_x_hat) : gy(gy), gy_x_hat(gy_x_hat) {}
    };
    """,
)
_NORMALISE = Kernel(
    "T x, T mean, T inv_std, W gamma, W beta",
    "T y",
    "y = gamma * ((x - mean) * inv_std) + beta",
    "normalise",
)
_NORMALISE_BACKWARD = Kernel(  # gx, as in fast/norm.py
    "T gy, T x, T mean, T inv_std, W gamma, T gbeta, T ggamma, T m",
    "T gx",
    "gx = (gy - gbeta / m - (x - mean) * inv_std * (ggamma / m)) * (inv_std * gamma)",
    "normalise_backward",
)
_MOVE_RUNNING = Kernel(
    "T mean, T var, T eps, T unbiased, R momentum",
    "R running_mean, R running_var, T inv_std",
    """
    running_mean += momentum * (R(mean) - running_mean);
    running_var += momentum * (R(var * unbiased) - running_var);
    inv_std = 1 / sqrt(var + eps);
    """,
    "move_running",
)
_AVERAGE = Kernel("T w, T keep, T rest", "T a", "a = keep * a + rest * w", "average")
_LENGTH = Reduction("T x", "T y", "x", "a + b", "y = sqrt(a)", "0", "length")


def bias_gradient(gy, out=None):
    gy = gy.reshape(-1, gy.shape[-1])
    if len(gy) > _MANY:
        gy = _summed(_SUM, gy.shape[1], (1,), gy)[0]
    return gy.sum(axis=0, out=out)


def batch_moments(x):
    xp = backend.array_module(x)
    mean, var = xp.empty((2, x.shape[1]), x.dtype)
    _JOIN(*_summed(_MOMENTS, x.shape[1], (3,), x), mean, var, axis=0)
    return mean, var


def normalise(x, mean, inv_std, gamma, beta):
    return _NORMALISE(x, mean, inv_std, gamma, beta)


def backward_sums(gy, x, mean, inv_std):
    columns = x.shape[1]
    gbeta, ggamma = backend.array_module(x).empty((2, columns), x.dtype)
    _JOIN_SUMS(*_summed(_BACKWARD_SUMS, columns, (2,), gy, x, mean), inv_std, gbeta, ggamma, axis=0)
    return ggamma, gbeta


def normalise_backward(gy, x, mean, inv_std, gamma, sum_gy_x_hat, sum_gy, m):
    return _NORMALISE_BACKWARD(gy, x, mean, inv_std, gamma, sum_gy, sum_gy_x_hat, float(m))


def average(a, w, keep):
    _AVERAGE(w, keep, 1.0 - keep, a)


def length(x):
    return _LENGTH(_summed(_SQUARES, 1, (1,), x))


def move_running(mean, var, eps, momentum, unbiased, running_mean, running_var):
    inv_std = backend.array_module(mean).empty_like(mean)
    _MOVE_RUNNING(mean, var, eps, unbiased, momentum, running_mean, running_var, inv_std)
    return inv_std


def _summed(kernel, columns, kinds, *arrays):
    """The parts of the sums over the rows of each column: (*kinds, parts, columns)."""
    xp = backend.array_module(arrays[0])
    n = arrays[0].size
    parts = max(1, min(n // columns // 8, _RUNS // columns))
    part = xp.empty((*kinds, parts, columns), arrays[0].dtype)
    arrays = [xp.ascontiguousarray(array) for array in arrays]
    kernel(*arrays, n, part, size=parts * columns)
    return part


# Convolutions

_IM2COL = Kernel(  # run i copies one channel of one window
    "raw T x, int32 h, int32 w, int32 c, int32 oh, int32 ow, int32 k, int32 s, int32 p",
    "raw T cols",
    """
    unsigned int t = i;
    const int channel = t % c; t /= c;
    ptrdiff_t to = (ptrdiff_t)t * k * k * c + channel;
    const int left = (int)(t % ow) * s - p; t /= ow;
    const int top = (int)(t % oh) * s - p; t /= oh;
    for (int row = top; row < top + k; ++row)
        for (int column = left; column < left + k; ++column, to += c) {
            const bool inside = row >= 0 && row < h && column >= 0 && column < w;
            cols[to] = inside ? x[(((ptrdiff_t)t * h + row) * w + column) * c + channel] : T(0);
        }
    """,
    "im2col",
)
_COL2IM = Kernel(  # run i adds up what belongs to one channel of one pixel, u and v its windows
    "raw T cols, int32 h, int32 w, int32 c, int32 oh, int32 ow, int32 k, int32 s, int32 p",
    "raw T x",
    """
    unsigned int t = i;
    const int channel = t % c; t /= c;
    const int column = (int)(t % w) + p; t /= w;
    const int row = (int)(t % h) + p; t /= h;
    T sum = 0;
    for (int a = row % s, u = row / s; a < k && u >= 0; a += s, --u)
        for (int e = column % s, v = column / s; e < k && v >= 0; e += s, --v)
            if (u < oh && v < ow) {
                const ptrdiff_t window = ((ptrdiff_t)t * oh + u) * ow + v;
                sum += cols[((window * k + a) * k + e) * c + channel];
            }
    x[i] = sum;
    """,
    "col2im",
)


def correlate(x, W, stride, padding):
    n, h, w, _ = x.shape
    k, _, c, o = W.shape
    y = im2col(x, k, stride, padding) @ W.reshape(k * k * c, o)
    return y.reshape(n, conv_size(h, k, stride, padding), conv_size(w, k, stride, padding), o)


def correlate_adjoint(y, W, shape, stride, padding):
    k, _, c, o = W.shape
    check_sizes(shape, y.shape, k, stride, padding)
    return col2im(y.reshape(-1, o) @ W.reshape(k * k * c, o).T, shape, k, stride, padding)


def weight_gradient(x, gy, kernel, stride, padding, out=None):
    check_sizes(x.shape, gy.shape, kernel, stride, padding)
    k, c, o = kernel, x.shape[-1], gy.shape[-1]
    if out is None:
        out = backend.array_module(x).empty((k, k, c, o), x.dtype)
    cols = im2col(x, k, stride, padding)
    backend.array_module(x).matmul(cols.T, gy.reshape(-1, o), out=out.reshape(k * k * c, o))
    return out


def im2col(x, kernel, stride, padding):
    xp = backend.array_module(x)
    n, h, w, c = x.shape
    k, s, p = kernel, stride, padding
    oh, ow = conv_size(h, k, s, p), conv_size(w, k, s, p)
    cols = xp.empty((n * oh * ow, k * k * c), x.dtype)
    _IM2COL(xp.ascontiguousarray(x), h, w, c, oh, ow, k, s, p, cols, size=n * oh * ow * c)
    return cols


def col2im(cols, shape, kernel, stride, padding):
    xp = backend.array_module(cols)
    _, h, w, c = shape
    k, s, p = kernel, stride, padding
    oh, ow = conv_size(h, k, s, p), conv_size(w, k, s, p)
    x = xp.empty(shape, cols.dtype)
    _COL2IM(xp.ascontiguousarray(cols), h, w, c, oh, ow, k, s, p, x, size=x.size)
    return x
