"""A number of threads to work with."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tinygan.nn.fast import threads as nn_threads

BLAS = nn_threads._openblas()


@pytest.fixture
def threads(monkeypatch):
    """threads(2): that many work from now on, the caller's among them; returns the pool of the
    others, whose `helpers` are the futures of the work it was given."""
    if BLAS is None:
        pytest.skip("NumPy multiplies without OpenBLAS: there is one thread")
    pools = []
    before = BLAS.get_threads()

    def use(number):
        pool = ThreadPoolExecutor(max(1, number - 1))
        right, pool.helpers = pool.submit, []

        def submit(work):
            pool.helpers.append(right(work))
            return pool.helpers[-1]

        pool.submit = submit
        pools.append(pool)
        monkeypatch.setattr(nn_threads, "count", lambda: number)
        monkeypatch.setattr(nn_threads, "_pool", lambda process: pool)
        return pool

    yield use
    for pool in pools:
        pool.shutdown()
    BLAS.set_threads(before)
