"""k-means: K centres to which the rows of a table are as near as possible.

Every row should belong to its nearest centre, and every centre should be the mean of its rows.
Lloyd's iterations make the two true in turn; no step raises the inertia, Σ_n min_k ‖x_n − c_k‖².
They stop in a local minimum that depends on the start, so it is chosen with care (k-means++).

All differences x − c would be an (N, K, D) array. Expanded, the distances are one matrix product:

    ‖x − c‖² = ‖x‖² − 2 x·c + ‖c‖²

but a small difference of large numbers loses digits. So the offset of the data is first taken away
(offset.py), and where a distance is still small beside ‖x‖, the differences are computed after all.
Everything is computed in float64.

Sources: Lloyd 1982, "Least squares quantization in PCM"; Arthur & Vassilvitskii 2007, "k-means++:
the advantages of careful seeding", section 2.2.
"""

import numpy as np

from tinygan import backend
from tinygan.models.checks import check_table, float_dtype
from tinygan.models.offset import without_offset

_BLOCK = 1 << 20  # elements of the largest array that is made for one block of rows: 8 MB
_NEAR = 1e-6  # of ‖x‖²: a smaller squared distance has lost too many digits in the expansion


def kmeans(X, n_clusters, *, rng, n_init=1, max_iter=300, tol=1e-4):
    """K centres and a label for each row that minimise Σ_n ‖x_n − c_label(n)‖².

    X: (N, D), N at least n_clusters, NumPy or CuPy. rng: host NumPy Generator for the start.
    n_init: number of starts; the best result is returned. A start ends after max_iter iterations,
    or when the squared moves of all centres sum to at most tol × the mean variance of X's columns.
    A centre that loses all its rows moves to the row that is farthest from its own centre; only if
    X has fewer different rows than clusters can a cluster stay empty.
    Returns (centres (K, D) in X's dtype, labels (N,) int64, both where X lives, inertia as float).
    Raises ValueError when X is empty, not finite, too large or too small to be squared, or has
    fewer rows than clusters.
    Source: Lloyd 1982, started by k-means++ (Arthur & Vassilvitskii 2007, section 2.2).
    """
    _check(X, n_clusters)
    if n_init < 1 or max_iter < 1:
        raise ValueError(f"n_init and max_iter must be at least 1, got {n_init} and {max_iter}")
    rows, offset = without_offset(X)
    squares = (rows**2).sum(axis=1)
    variances = float(squares.mean() - (rows.mean(axis=0) ** 2).sum())  # their sum over columns
    least_move = tol * max(variances, 0) / X.shape[1]
    best = None
    for _ in range(n_init):
        start = rows[_plusplus(rows, squares, n_clusters, rng)]
        run = _lloyd(rows, squares, start, max_iter, least_move)
        if best is None or run[2] < best[2]:
            best = run
    centres, labels, inertia = best
    return (centres + offset).astype(float_dtype(X)), labels, inertia


def plusplus_rows(X, n_clusters, *, rng):
    """The indices (K,) of K rows to start from: the first is drawn uniformly, each other with
    p(x) ∝ D(x)², its squared distance to the nearest row drawn before.

    X, rng: as for kmeans. The indices live where X lives. Raises ValueError as kmeans does.
    Source: Arthur & Vassilvitskii 2007, section 2.2.
    """
    _check(X, n_clusters)
    rows, _ = without_offset(X)
    return _plusplus(rows, (rows**2).sum(axis=1), n_clusters, rng)


def _plusplus(X, squares, n_clusters, rng):
    """plusplus_rows for float64 rows without offset. squares: ‖x‖² of each."""
    xp = backend.array_module(X)
    chosen, distances = [int(rng.integers(len(X)))], np.inf
    while len(chosen) < n_clusters:
        last = X[chosen[-1]]
        to_last = squares - 2 * (X @ last) + (last**2).sum()
        near = to_last < _NEAR * squares
        to_last[near] = _direct(X[near], last)  # exactly 0 for copies, so none is drawn twice
        distances = xp.minimum(distances, to_last)
        weights = backend.to_numpy(distances)
        if weights.sum() == 0:  # fewer different rows than clusters: draw any other row
            weights = np.ones(len(X))
            weights[chosen] = 0
        chosen.append(int(rng.choice(len(X), p=weights / weights.sum())))
    return xp.asarray(np.array(chosen))


def _lloyd(X, squares, centres, max_iter, least_move):
    """Lloyd's iterations from these centres: (centres, labels, inertia)."""
    for _ in range(max_iter):
        labels, distances = _nearest(X, squares, centres)
        labels = _refill(labels, distances, len(centres))
        before, centres = centres, _means(X, labels, centres)
        if float(((centres - before) ** 2).sum()) <= least_move:
            break
    labels, _ = _nearest(X, squares, centres)
    inertia = sum(
        float(_direct(X[part], centres[labels[part]]).sum()) for part in _blocks(X, len(centres))
    )
    return centres, labels, inertia


def _nearest(X, squares, centres):
    """The nearest of the centres (K, D) to each row of X (N, D). squares: ‖x‖² of each row.

    Returns (labels (N,) int64, squared distances (N,)).
    """
    xp = backend.array_module(X)
    of_centres = (centres**2).sum(axis=1)  # (K,)
    labels, distances = [], []
    for part in _blocks(X, len(centres)):
        score = of_centres - 2 * (X[part] @ centres.T)  # (B, K): ‖x − c‖² − ‖x‖²
        label, distance = score.argmin(axis=1), score.min(axis=1) + squares[part]
        near = distance < _NEAR * squares[part]
        if bool(near.any()):
            limit = (2 * _NEAR - 1) * squares[part][near]
            label[near], distance[near] = _settle(
                X[part][near], centres, score[near] < limit[:, None]
            )
        labels.append(label)
        distances.append(distance)
    return xp.concatenate(labels), xp.concatenate(distances)


def _settle(x, centres, close):
    """_nearest for some rows x (F, D), among the centres that `close` (F, K) leaves to each."""
    distances = backend.array_module(x).full(close.shape, np.inf)
    for k in range(len(centres)):
        column, mine = distances[:, k], close[:, k]
        column[mine] = _direct(x[mine], centres[k])
    return distances.argmin(axis=1), distances.min(axis=1)


def _direct(x, c):
    """‖x − c‖² of each row of x (N, D), from the differences; c is (D,) or (N, D)."""
    return ((x - c) ** 2).sum(axis=1)


def _refill(labels, distances, n_clusters):
    """The labels, after each empty cluster has received the row farthest from its centre."""
    on_host = backend.to_numpy(labels)
    counts = np.bincount(on_host, minlength=n_clusters)
    if counts.all():
        return labels
    on_host, distances = on_host.copy(), backend.to_numpy(distances)
    empty = list(np.flatnonzero(counts == 0))
    for row in np.argsort(-distances, kind="stable"):
        if empty and counts[on_host[row]] > 1:
            counts[on_host[row]] -= 1
            on_host[row] = empty.pop()
    return backend.array_module(labels).asarray(on_host)


def _means(X, labels, centres):
    """Each cluster's mean (K, D); an empty cluster keeps its centre."""
    xp = backend.array_module(X)
    n_clusters = len(centres)
    sums, counts = xp.zeros_like(centres), xp.zeros((n_clusters, 1))
    for part in _blocks(X, n_clusters):
        mine = labels[part][:, None] == xp.arange(n_clusters)
        mine = mine.astype(X.dtype)  # (B, K): 1 where the row belongs to the cluster
        sums += mine.T @ X[part]  # (K, B) @ (B, D)
        counts += mine.sum(axis=0)[:, None]
    return xp.where(counts > 0, sums / xp.maximum(counts, 1), centres)


def _blocks(X, n_clusters):
    """Slices that divide the rows of X into blocks."""
    size = max(1, _BLOCK // max(n_clusters, X.shape[1]))
    return (slice(i, i + size) for i in range(0, len(X), size))


def _check(X, n_clusters):
    if n_clusters < 1:
        raise ValueError(f"n_clusters must be at least 1, got {n_clusters}")
    check_table(X, least=n_clusters)
