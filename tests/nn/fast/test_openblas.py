"""The number of threads of a matrix product is set and restored."""

import pytest

from tinygan.nn.fast import openblas


def test_the_number_of_threads_can_be_set_and_read(blas):
    for number in (1, 2):
        blas.set_threads(number)
        assert blas.get_threads() == number


def test_one_thread_lasts_for_the_block_even_if_it_fails(blas):
    blas.set_threads(2)
    with openblas.one_thread():
        assert blas.get_threads() == 1
    assert blas.get_threads() == 2
    with pytest.raises(ZeroDivisionError), openblas.one_thread():
        raise ZeroDivisionError
    assert blas.get_threads() == 2
