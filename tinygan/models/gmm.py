"""Gaussian mixtures: K bell-shaped clouds of points, fitted by expectation-maximisation (EM).

The model says that a row x arises in two steps: draw a component k with probability w_k, then
draw x from the normal distribution with that component's mean and covariance,

    p(x) = Σ_k w_k N(x; μ_k, Σ_k).

If one knew which row came from which component, the fit would be simple: each component takes the
mean and covariance of its own rows. This is not known, but given a fit, Bayes' rule tells how
likely each component is for each row. EM alternates between the two:

    E step    r_nk = w_k N(x_n; μ_k, Σ_k) / Σ_j w_j N(x_n; μ_j, Σ_j)      the responsibilities
    M step    N_k = Σ_n r_nk,   w_k = N_k / N,   μ_k = Σ_n r_nk x_n / N_k,
              Σ_k = Σ_n r_nk (x_n − μ_k)(x_n − μ_k)ᵀ / N_k + reg_covar · I

With reg_covar = 0 no iteration lowers the likelihood: this is a test of the code, and shows when
to stop.

Where Σ is diagonal or common to all components, sums of squared differences are expanded: as
Σ x² − 2 μ Σ x + N μ² they are a matrix product for all components at once, which is fast. But a
small difference of large numbers loses digits. So both steps expand about a point in the middle,
and where a component is more than 1000 σ away from it they compute the differences themselves.

Densities in many dimensions underflow, so the E step uses logarithms throughout. No Σ is inverted:
with Σ = L Lᵀ (Cholesky, L lower triangular) and P = L⁻ᵀ, the precision is Σ⁻¹ = P Pᵀ, and

    log N(x; μ, Σ) = −D/2 log 2π + Σ_i log P_ii − ½ ‖(x − μ) P‖².

Sources: Dempster, Laird & Rubin 1977, "Maximum likelihood from incomplete data via the EM
algorithm"; Bishop 2006, "Pattern recognition and machine learning", section 9.2.2.
"""

import copy
import itertools
import math
import warnings

import numpy as np

from tinygan import backend
from tinygan.models.checks import check_spread, check_table, float_dtype, in_dtype
from tinygan.models.kmeans import kmeans, plusplus_rows
from tinygan.models.offset import without_offset

COVARIANCE_TYPES = ("full", "tied", "diag", "spherical")
INIT_PARAMS = ("kmeans", "k-means++", "random_from_data")

_BLOCK = 1 << 18  # elements in a block of rows: 2 MB, which stays in a processor's cache
_FAR = 1e6  # σ²: beyond this squared distance the expansion has lost too many digits
_SMALLEST = 1e-290  # of a variance: with less, its own digits are lost


def _same(array):
    """The sum over one process."""
    return array


class ConvergenceWarning(UserWarning):
    """EM reached max_iter while the likelihood was still rising."""


class GaussianMixture:
    """p(x) = Σ_k w_k N(x; μ_k, Σ_k), fitted by EM. Names and conventions are scikit-learn's.

    n_components: K, at least 1.
    covariance_type: what a Σ_k may be.
        "full"       any covariance            covariances_ (K, D, D)
        "tied"       one for all components    (D, D)
        "diag"       one variance per column   (K, D)
        "spherical"  one variance              (K,)
    tol: EM has converged when an iteration changes the mean log-likelihood by less than this.
    max_iter: the maximum number of iterations; a ConvergenceWarning says when it was too small.
    reg_covar: added to every variance, at least 0, to keep a component from shrinking onto a point.
    n_init: number of independent starts; the fit with the highest likelihood is kept.
    init_params: what a start is made from. "kmeans": the clusters of k-means; "k-means++": K rows
    far from each other; "random_from_data": any K rows.
    weights_init (K,), means_init (K, D), precisions_init (shaped like covariances_): if given, they
    replace the initial values from init_params.
    rng: host NumPy Generator for the starts and for `sample`.

    After fit: weights_ (K,), means_ (K, D), covariances_ and precisions_cholesky_ (the P above)
    live where X does, in float64. For the start that was kept: converged_, n_iter_, and
    lower_bound_, a float, the mean log-likelihood in nats of the last E step; lower_bounds_ lists
    that of every E step. Everything is computed in float64, even for a float32 X: for rows far from
    zero, the rounding errors of float32 would exceed a small variance.
    Raises ValueError for arguments outside their range.
    Source: Bishop 2006, section 9.2.2.
    """

    _dtype = np.dtype(np.float64)  # of samples; fit replaces it by X's

    def __init__(
        self,
        n_components=1,
        *,
        covariance_type="full",
        tol=1e-3,
        reg_covar=1e-6,
        max_iter=100,
        n_init=1,
        init_params="kmeans",
        weights_init=None,
        means_init=None,
        precisions_init=None,
        rng,
    ):
        _one_of("covariance_type", covariance_type, COVARIANCE_TYPES)
        _one_of("init_params", init_params, INIT_PARAMS)
        for name, value in (
            ("n_components", n_components),
            ("max_iter", max_iter),
            ("n_init", n_init),
        ):
            if value < 1:
                raise ValueError(f"{name} must be at least 1, got {value}")
        for name, value in (("tol", tol), ("reg_covar", reg_covar)):
            if not (value >= 0 and math.isfinite(value)):
                raise ValueError(f"{name} must be a finite number, at least 0, got {value}")
        self.n_components, self.covariance_type = n_components, covariance_type
        self.tol, self.reg_covar, self.max_iter, self.n_init = tol, reg_covar, max_iter, n_init
        self.init_params, self.rng = init_params, rng
        self.weights_init, self.means_init = weights_init, means_init
        self.precisions_init = precisions_init

    def fit(self, X):
        """Find the parameters by EM. X: (N, D), finite, N ≥ K and ≥ 2. Returns self.

        Raises ValueError when X is empty, not finite or has fewer rows than components; when all
        its rows are equal, because the likelihood would then depend on reg_covar alone; when a
        covariance cannot be factorised; and when numbers are too large or too small to be squared.
        """
        check_table(X, least=max(2, self.n_components))
        check_spread(X)
        dtype, (X, offset) = float_dtype(X), without_offset(X)  # once, for all starts
        best, best_bounds = None, [-math.inf]
        for _ in range(self.n_init):
            run, bounds = self._unfitted(), []
            for bound in itertools.islice(run._iterations(X, offset), self.max_iter):
                bounds.append(bound)
                run.converged_ = len(bounds) > 1 and abs(bounds[-1] - bounds[-2]) < self.tol
                if run.converged_:
                    break
            if best is None or bounds[-1] > best_bounds[-1]:
                best, best_bounds = run, bounds
        if not best.converged_:
            warnings.warn(
                f"EM has not converged in {self.max_iter} iterations: raise max_iter or tol, or "
                "try another init_params",
                ConvergenceWarning,
                stacklevel=2,
            )
        vars(self).update(vars(best))
        self.n_iter_, self.lower_bounds_ = len(best_bounds), best_bounds
        self.lower_bound_ = best_bounds[-1]
        self._dtype = dtype
        return self

    def iterations(self, X, add=_same):
        """EM, one iteration at a time, without end: yields the mean of log p(x) in nats as float.

        Each iteration is an E step and an M step; the mean is that of the E step, before the M step
        changes the parameters. The first iteration starts from the parameters that are already set,
        else from those that init_params gives. X: (N, D), as for fit; it is not checked here.
        add: a function that adds up an array over several processes, where each has some of the
        rows and the same parameters. The rows should then be near 0, as those of a PCA are.
        Raises ValueError when a covariance cannot be factorised, or a row is too far from every
        component for its density to be a float64.
        """
        if add is not _same:
            return self._iterations(X.astype(np.float64), 0.0, add)
        return self._iterations(*without_offset(X))

    def start(self, X):
        """Set the parameters that EM starts from: weights_, means_, precisions_cholesky_."""
        self._set_start(*without_offset(X))

    def _set_start(self, X, offset):
        self.weights_, means, self.precisions_cholesky_ = self._start(X, offset)
        self.means_ = means + offset

    def _iterations(self, X, offset, add=_same):
        """`iterations` for an X that has lost this offset."""
        kind = self.covariance_type
        if not hasattr(self, "means_"):
            self._set_start(X, offset)
        n = float(add(np.array(float(len(X)))))
        while True:
            means = self.means_ - offset
            log_p, resp = e_step(X, self.weights_, means, self.precisions_cholesky_, kind)
            bound = float(add(log_p.sum())) / n
            _check_finite(bound)
            weights, means, covariances = m_step(X, resp, self.reg_covar, kind, add)
            self.set_parameters(weights, means + offset, covariances)
            yield bound

    def set_parameters(self, weights, means, covariances):
        """Take these as the fitted parameters: weights_, means_, covariances_.

        Raises ValueError when a covariance is not positive definite.
        """
        self.precisions_cholesky_ = precisions_cholesky(covariances, self.covariance_type)
        self.weights_, self.means_, self.covariances_ = weights, means, covariances

    def score_samples(self, X):
        """log p(x) of every row in nats: (N, D) -> (N,) float64, where fit's X lived.

        Raises ValueError, like all the methods below, before fit and for an X that is not finite,
        has a different number of columns or a row that is too far from every component.
        """
        return self._e_step(X)[0]

    def score(self, X):
        """The mean of log p(x) over the rows, in nats, as float."""
        return float(self.score_samples(X).mean())

    def predict_proba(self, X):
        """r_nk, how likely row n came from component k: (N, D) -> (N, K), whose rows sum to 1."""
        return self._e_step(X)[1]

    def predict(self, X):
        """The most probable component of every row: (N, D) -> (N,) int64."""
        return self._e_step(X)[1].argmax(axis=1)

    def bic(self, X):
        """Bayesian information criterion, −2 log p(X) + params · log N: lower is better.

        Source: Schwarz 1978, "Estimating the dimension of a model".
        """
        return -2 * len(X) * self.score(X) + self._n_parameters() * math.log(len(X))

    def aic(self, X):
        """Akaike information criterion, −2 log p(X) + 2 · params: lower is better.

        Source: Akaike 1974, "A new look at the statistical model identification".
        """
        return -2 * len(X) * self.score(X) + 2 * self._n_parameters()

    def sample(self, n_samples=1):
        """Draw rows: k from w, then x = μ_k + L_k z with z from N(0, I).

        Returns (X (n_samples, D) in the dtype of fit's X, or float64 if X held integers;
        labels (n_samples,) int64), sorted by component, where fit's X lived.
        Raises ValueError before fit, for n_samples below 1 and for samples beyond that dtype.
        """
        self._check_fitted()
        if n_samples < 1:
            raise ValueError(f"n_samples must be at least 1, got {n_samples}")
        xp = backend.array_module(self.means_)
        weights, means, covariances = (
            backend.to_numpy(a) for a in (self.weights_, self.means_, self.covariances_)
        )
        counts = self.rng.multinomial(n_samples, weights)
        labels = np.repeat(np.arange(self.n_components), counts)
        z = self.rng.standard_normal((n_samples, means.shape[1]))
        if self.covariance_type == "full":
            parts = np.split(z, np.cumsum(counts)[:-1])
            factors = np.linalg.cholesky(covariances)
            z = np.concatenate([part @ L.T for part, L in zip(parts, factors, strict=True)])
        elif self.covariance_type == "tied":
            z = z @ np.linalg.cholesky(covariances).T
        elif self.covariance_type == "diag":
            z *= np.sqrt(covariances)[labels]
        else:
            z *= np.sqrt(covariances)[labels, None]
        return xp.asarray(in_dtype(means[labels] + z, self._dtype)), xp.asarray(labels)

    def _start(self, X, offset=0.0):
        """The initial (weights, means, precisions_cholesky), for an X that has lost this offset."""
        xp, (_, d), k = backend.array_module(X), X.shape, self.n_components
        weights = _given(xp, "weights_init", self.weights_init, (k,))
        means = _given(xp, "means_init", self.means_init, (k, d))
        means = None if means is None else means - offset
        shape = covariance_shape(k, d, self.covariance_type)
        precisions = _given(xp, "precisions_init", self.precisions_init, shape)
        if weights is not None and not (
            bool((weights > 0).all()) and abs(float(weights.sum()) - 1) < 1e-6
        ):
            raise ValueError("weights_init must be above 0 and sum to 1")
        if weights is None or means is None or precisions is None:
            w, m, covariances = m_step(
                X, self._first_responsibilities(X), self.reg_covar, self.covariance_type
            )
            weights = w if weights is None else weights
            means = m if means is None else means
        if precisions is None:
            return weights, means, precisions_cholesky(covariances, self.covariance_type)
        return weights, means, _factor_of_precisions(precisions, self.covariance_type)

    def _first_responsibilities(self, X):
        """(N, K) of 0 and 1: k-means gives a component to every row, the others one row to each."""
        xp, n, k = backend.array_module(X), len(X), self.n_components
        if self.init_params == "kmeans":
            labels = kmeans(X, k, rng=self.rng)[1]
            return (labels[:, None] == xp.arange(k)).astype(np.float64)
        if self.init_params == "k-means++":
            rows = backend.to_numpy(plusplus_rows(X, k, rng=self.rng))
        else:
            rows = self.rng.choice(n, k, replace=False)
        resp = xp.zeros((n, k))
        for component, row in enumerate(rows):
            resp[int(row), component] = 1.0
        return resp

    def _unfitted(self):
        """An unfitted GaussianMixture with the same arguments and the same rng."""
        new = copy.copy(self)
        for name in [name for name in vars(new) if name.endswith("_")]:
            delattr(new, name)
        return new

    def _e_step(self, X):
        """e_step with the fitted parameters, after checking X."""
        self._check_fitted()
        check_table(X, columns=self.means_.shape[1])
        X = backend.to_device(X, backend.array_module(self.means_))
        found = e_step(
            X.astype(np.float64),
            self.weights_,
            self.means_,
            self.precisions_cholesky_,
            self.covariance_type,
        )
        _check_finite(float(found[0].min()))
        return found

    def _n_parameters(self):
        return free_parameters(*self.means_.shape, self.covariance_type)

    def _check_fitted(self):
        if not hasattr(self, "means_"):
            raise ValueError("this GaussianMixture is not fitted yet: call fit first")


def covariance_shape(k, d, covariance_type):
    """The shape of covariances_, for k components in d dimensions."""
    return {"full": (k, d, d), "tied": (d, d), "diag": (k, d), "spherical": (k,)}[covariance_type]


def free_parameters(k, d, covariance_type):
    """The number of free parameters: weights sum to 1, covariances are symmetric.

    k: components. d: dimensions.
    """
    shape = covariance_shape(k, d, covariance_type)
    if covariance_type in ("full", "tied"):
        shape = (*shape[:-2], d * (d + 1) // 2)
    return k - 1 + k * d + math.prod(shape)


def e_step(X, weights, means, factors, covariance_type):
    """Bayes' rule in logarithms. X (N, D), factors: the components' P, see precisions_cholesky.

    Returns (log p(x_n) (N,), responsibilities r_nk (N, K)).
    Source: Bishop 2006, equation 9.23, with the largest term factored out of log Σ exp.
    """
    xp = backend.array_module(X)
    with np.errstate(over="ignore", invalid="ignore"):  # the caller looks at log p
        log_joint = log_normal(X, means, factors, covariance_type) + xp.log(weights)  # log w_k N_k
        largest = log_joint.max(axis=1)[:, None]
        log_p = largest + xp.log(xp.exp(log_joint - largest).sum(axis=1)[:, None])
        return log_p[:, 0], xp.exp(log_joint - log_p)


def m_step(X, resp, reg_covar, covariance_type, add=_same):
    """The parameters under which the rows, weighted by resp (N, K), are most likely.

    add: see GaussianMixture.iterations; all that is needed of the rows are sums over them.
    Returns (weights (K,), means (K, D), covariances of covariance_shape).
    Source: Bishop 2006, equations 9.24 to 9.27.
    """
    xp = backend.array_module(X)
    n_k = xp.maximum(add(resp.sum(axis=0)), 10 * np.finfo(np.float64).eps)  # (K,), never 0
    means = add(resp.T @ X) / n_k[:, None]  # (K, N) @ (N, D)
    covariances = _covariances(X, resp, n_k, means, reg_covar, covariance_type, add)
    return n_k / n_k.sum(), means, covariances


def log_normal(X, means, factors, covariance_type):
    """log N(x_n; μ_k, Σ_k) = −D/2 log 2π + Σ_i log P_ii − ½ ‖(x_n − μ_k) P_k‖²  as (N, K).

    Computed one component at a time or in one matrix product, without an (N, K, D) array.
    """
    xp, (n, d), k = backend.array_module(X), X.shape, len(means)
    if covariance_type == "full":
        diagonal = (factors * xp.asarray(np.eye(d))).sum(axis=2)  # (K, D)
        squares = xp.empty((n, k))
        for start, rows in _blocks(X):
            for j in range(k):
                y = (rows - means[j]) @ factors[j]  # (B, D) @ (D, D)
                squares[start : start + len(rows), j] = (y * y).sum(axis=1)
    else:
        centre = means.mean(axis=0)  # near 0 the squares below lose fewer digits
        x, mu = X - centre, means - centre
        if covariance_type == "tied":
            x, mu = x @ factors, mu @ factors  # one P for all: now every Σ is I
            diagonal = (factors * xp.asarray(np.eye(d))).sum(axis=1)  # (D,)
            precisions = xp.ones((k, d))
        else:
            diagonal = factors if covariance_type == "diag" else factors[:, None] * xp.ones((k, d))
            precisions = diagonal**2  # (K, D)
        squares = x**2 @ precisions.T - 2 * (x @ (mu * precisions).T)  # (N, D) @ (D, K)
        of_means = (mu**2 * precisions).sum(axis=1)  # (K,)
        squares = xp.maximum(squares + of_means, 0)
        for j in np.flatnonzero(backend.to_numpy(of_means) > _FAR * d):
            column = squares[:, j]
            near = column < 0.01 * of_means[j]  # the rows for which large numbers have cancelled
            y = X[near] - means[j]
            y = y @ factors if covariance_type == "tied" else y * diagonal[j]
            column[near] = (y * y).sum(axis=1)
    log_det = xp.log(diagonal).sum(axis=-1)  # of P: (K,), or one number when it is tied
    return log_det - 0.5 * (d * math.log(2 * math.pi) + squares)


def precisions_cholesky(covariances, covariance_type):
    """P with P Pᵀ = Σ⁻¹: L⁻ᵀ where Σ = L Lᵀ, or 1/σ where Σ is diagonal. Shaped like covariances.

    Raises ValueError, which says what to change, when a Σ is not positive definite.
    """
    xp = backend.array_module(covariances)
    on_host = backend.to_numpy(covariances)
    diagonal = covariance_type in ("diag", "spherical")
    variances = on_host if diagonal else np.diagonal(on_host, axis1=-2, axis2=-1)
    if not variances.min() >= _SMALLEST:
        raise ValueError(_not_definite("variance", f"{variances.min():.3g}, too small"))
    if diagonal:
        return 1 / xp.sqrt(covariances)
    try:  # on the host: K small factorisations; a device may not report that one failed
        L = np.linalg.cholesky(on_host)
    except np.linalg.LinAlgError:
        raise ValueError(_not_definite("covariance", "not positive definite")) from None
    return xp.asarray(np.ascontiguousarray(np.swapaxes(np.linalg.inv(L), -1, -2)))


def _not_definite(what, is_how):
    return f"a component's {what} is {is_how}: raise reg_covar, or use fewer components"


def _check_finite(log_p):
    """Raise ValueError unless the smallest log p(x) of some rows, or their mean, is finite."""
    if not math.isfinite(log_p):
        raise ValueError(
            "some rows of X are too far from every component: log p(x) is beyond float64. Remove "
            "those rows, or scale X"
        )


def _covariances(X, resp, n_k, means, reg_covar, covariance_type, add):
    xp, d = backend.array_module(X), X.shape[1]
    ridge = reg_covar * xp.asarray(np.eye(d))
    if covariance_type == "full":
        scatter = [_scatter(X, means[j], resp[:, j]) for j in range(len(means))]
        return add(xp.stack(scatter)) / n_k[:, None, None] + ridge
    # A shift of all rows changes no covariance, but saves digits.
    centre = X.mean(axis=0) if add is _same else n_k @ means / n_k.sum()
    away = means - centre
    if covariance_type == "tied":  # scatter of the rows minus that of the means
        between = (away.T * n_k) @ away
        within = add(_scatter(X, centre, resp.sum(axis=1))) - between
        covariance, between = within / n_k.sum() + ridge, between / n_k.sum()
        if _cancelled(covariance, between):
            return _scatter_within(X, resp, means, add) / n_k.sum() + ridge
        return covariance
    squares = add(resp.T @ (X - centre) ** 2) / n_k[:, None]  # (K, D)
    variances = xp.maximum(squares - away**2, 0) + reg_covar
    if covariance_type == "spherical":
        squares, variances = squares.mean(axis=1)[:, None], variances.mean(axis=1)[:, None]
    cancelled = (_FAR * variances < squares).any(axis=1)
    for j in np.flatnonzero(backend.to_numpy(cancelled)):
        total = sum(
            resp[start : start + len(rows), j] @ (rows - means[j]) ** 2
            for start, rows in _blocks(X)
        )
        found = add(total) / n_k[j] + reg_covar  # (D,)
        variances[j] = found if covariance_type == "diag" else found.mean()
    return variances if covariance_type == "diag" else variances[:, 0]


def _cancelled(covariance, between):
    """Whether too little is left of a covariance (D, D) from which the means' was subtracted.

    The subtraction leaves rounding errors of its largest numbers everywhere, and they matter most
    in the direction in which the rows vary least, with a variance of about 1 / max (Σ⁻¹)_ii.
    """
    covariance, between = backend.to_numpy(covariance), backend.to_numpy(between)
    try:
        inverse = np.diagonal(np.linalg.inv(covariance))
    except np.linalg.LinAlgError:
        return True
    return not (inverse.min() > 0 and np.diagonal(between).max() * inverse.max() < _FAR)


def _scatter(X, centre, weights):
    """Σ_n weight_n (x_n − centre)(x_n − centre)ᵀ as (D, D), a block of rows at a time."""
    total = 0
    for start, rows in _blocks(X):
        y = (rows - centre) * weights[start : start + len(rows), None] ** 0.5
        total = total + y.T @ y  # (D, B) @ (B, D)
    return total


def _scatter_within(X, resp, means, add):
    """Σ_k Σ_n r_nk (x_n − μ_k)(x_n − μ_k)ᵀ as (D, D), from differences alone.

    With m_n = Σ_k r_nk μ_k, the mean that row n expects, it is the scatter of x_n − m_n and, where
    components share rows, that of the μ_k: ½ Σ_kl (Σ_n r_nk r_nl) (μ_k − μ_l)(μ_k − μ_l)ᵀ.
    """
    total, shared = 0, add(resp.T @ resp)  # (K, K)
    for start, rows in _blocks(X):
        r = resp[start : start + len(rows)]
        y = rows * r.sum(axis=1)[:, None] - r @ means  # a row of weight 0 has no part in this
        total = total + y.T @ y  # (D, B) @ (B, D)
    total = add(total)
    for j in range(len(means)):
        apart = means - means[j]  # (K, D)
        total = total + 0.5 * (apart.T * shared[j]) @ apart
    return total


def _factor_of_precisions(precisions, covariance_type):
    """P with P Pᵀ = these precisions."""
    xp = backend.array_module(precisions)
    if covariance_type in ("diag", "spherical"):
        if not bool((precisions > 0).all()):
            raise ValueError("precisions_init must be above 0")
        return xp.sqrt(precisions)
    try:
        return xp.asarray(np.linalg.cholesky(backend.to_numpy(precisions)))
    except np.linalg.LinAlgError:
        raise ValueError("precisions_init must be positive definite") from None


def _given(xp, name, value, shape):
    """An initial value given by the user, as a float64 array of module xp, or None."""
    if value is None:
        return None
    if hasattr(value, "get"):  # it is on a device
        value = backend.to_numpy(value)
    value = np.asarray(value, np.float64)
    if value.shape != shape or not np.isfinite(value).all():
        raise ValueError(f"{name} must be finite and have the shape {shape}, got {value.shape}")
    return xp.asarray(value)


def _one_of(name, value, known):
    if value not in known:
        raise ValueError(f"unknown {name} {value!r}: choose one of {', '.join(known)}")


def _blocks(X):
    size = max(1, _BLOCK // X.shape[1])
    return ((i, X[i : i + size]) for i in range(0, len(X), size))
