"""k-means: K centres to which the rows of a table are as near as possible.

Every row should belong to its nearest centre, and every centre should be the mean of its rows.
Lloyd's iterations make the two true in turn; no step raises the inertia, Σ_n min_k ‖x_n − c_k‖².
They stop in a local minimum that depends on the start, so it is chosen with care (k-means++).

All differences x − c would be an (N, K, D) array. Expanded, the distances are one matrix product:

    ‖x − c‖² = ‖x‖² − 2 x·c + ‖c‖²

but a small difference of large numbers loses digits, so the data are first shifted to mean 0, and
everything is computed in float64.

Sources: Lloyd 1982, "Least squares quantization in PCM"; Arthur & Vassilvitskii 2007, "k-means++:
the advantages of careful seeding", section 2.2.
"""

import numpy as np

from tinygan import backend
from tinygan.models.checks import check_table, float_dtype

_BLOCK = 1 << 20  # elements of the largest array that is made for one block of rows: 8 MB


def kmeans(X, n_clusters, *, rng, n_init=1, max_iter=300, tol=1e-4):
    """K centres and a label for each row that minimise Σ_n ‖x_n − c_label(n)‖².

    X: (N, D), N at least n_clusters, NumPy or CuPy. rng: host NumPy Generator for the start.
    n_init: number of starts; the best result is returned. A start ends after max_iter iterations,
    or when the squared moves of all centres sum to at most tol × the mean variance of X's columns.
    A centre that loses all its rows moves to the row that is farthest from its own centre; only if
    X has fewer different rows than clusters can a cluster stay empty.
    Returns (centres (K, D) in X's dtype, labels (N,) int64, both where X lives, inertia as float).
    Raises ValueError when X is empty, not finite or has fewer rows than clusters.
    Source: Lloyd 1982, started by k-means++ (Arthur & Vassilvitskii 2007, section 2.2).
    """
    _check(X, n_clusters)
    if n_init < 1 or max_iter < 1:
        raise ValueError(f"n_init and max_iter must be at least 1, got {n_init} and {max_iter}")
    rows, mean = _centred(X)
    least_move = tol * float((rows**2).mean())
    best = None
    for _ in range(n_init):
        start = rows[_plusplus(rows, n_clusters, rng)]
        run = _lloyd(rows, start, max_iter, least_move)
        if best is None or run[2] < best[2]:
            best = run
    centres, labels, inertia = best
    return (centres + mean).astype(float_dtype(X)), labels, inertia


def plusplus_rows(X, n_clusters, *, rng):
    """The indices (K,) of K rows to start from: the first is drawn uniformly, each other with
    p(x) ∝ D(x)², its squared distance to the nearest row drawn before.

    X, rng: as for kmeans. The indices live where X lives. Raises ValueError as kmeans does.
    Source: Arthur & Vassilvitskii 2007, section 2.2.
    """
    _check(X, n_clusters)
    return _plusplus(_centred(X)[0], n_clusters, rng)


def _plusplus(X, n_clusters, rng):
    """plusplus_rows for float64 rows with mean 0."""
    xp = backend.array_module(X)
    squares = (X**2).sum(axis=1)
    chosen, distances = [int(rng.integers(len(X)))], np.inf
    while len(chosen) < n_clusters:
        last = X[chosen[-1]]
        to_last = squares - 2 * (X @ last) + (last**2).sum()
        distances = xp.maximum(xp.minimum(distances, to_last), 0)
        distances[chosen[-1]] = 0  # exactly 0, so no row is drawn twice
        weights = backend.to_numpy(distances)
        if weights.sum() == 0:  # fewer different rows than clusters: draw any other row
            weights = np.ones(len(X))
            weights[chosen] = 0
        chosen.append(int(rng.choice(len(X), p=weights / weights.sum())))
    return xp.asarray(np.array(chosen))


def _lloyd(X, centres, max_iter, least_move):
    """Lloyd's iterations from these centres: (centres, labels, inertia)."""
    squares = (X**2).sum(axis=1)
    for _ in range(max_iter):
        labels, distances = _nearest(X, squares, centres)
        labels = _refill(labels, distances, len(centres))
        before, centres = centres, _means(X, labels, centres)
        if float(((centres - before) ** 2).sum()) <= least_move:
            break
    labels, distances = _nearest(X, squares, centres)
    return centres, labels, float(distances.sum())


def _nearest(X, squares, centres):
    """The nearest of the centres (K, D) to each row of X (N, D). squares: ‖x‖² of each row.

    Returns (labels (N,) int64, squared distances (N,)).
    """
    xp = backend.array_module(X)
    of_centres = (centres**2).sum(axis=1)  # (K,)
    labels, scores = [], []
    for rows in _blocks(X, len(centres)):
        score = of_centres - 2 * (rows @ centres.T)  # (B, K): ‖x − c‖² − ‖x‖²
        labels.append(score.argmin(axis=1))
        scores.append(score.min(axis=1))
    return xp.concatenate(labels), xp.maximum(xp.concatenate(scores) + squares, 0)


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
    sums, counts, start = xp.zeros_like(centres), xp.zeros((n_clusters, 1)), 0
    for rows in _blocks(X, n_clusters):
        mine = labels[start : start + len(rows), None] == xp.arange(n_clusters)
        mine = mine.astype(X.dtype)  # (B, K): 1 where the row belongs to the cluster
        sums += mine.T @ rows  # (K, B) @ (B, D)
        counts += mine.sum(axis=0)[:, None]
        start += len(rows)
    return xp.where(counts > 0, sums / xp.maximum(counts, 1), centres)


def _blocks(X, n_clusters):
    size = max(1, _BLOCK // max(n_clusters, X.shape[1]))
    return (X[i : i + size] for i in range(0, len(X), size))


def _centred(X):
    """(X − mean in float64, mean)."""
    X = X.astype(np.float64)
    mean = X.mean(axis=0)
    X -= mean
    return X, mean


def _check(X, n_clusters):
    if n_clusters < 1:
        raise ValueError(f"n_clusters must be at least 1, got {n_clusters}")
    check_table(X, least=n_clusters)
