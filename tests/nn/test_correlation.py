"""im2col, its adjoint col2im, and the sizes that fit each other."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygan import nn
from tinygan.nn.correlation import check_sizes, conv_size

sizes = st.integers(1, 4)


@given(n=sizes, c=sizes, kernel=sizes, stride=sizes, data=st.data())
def test_col2im_is_the_adjoint_of_im2col(n, c, kernel, stride, data):
    padding = data.draw(st.integers(0, kernel))
    h, w = (data.draw(st.integers(max(1, kernel - 2 * padding), 8)) for _ in "hw")
    rng = np.random.default_rng(0)
    x = rng.standard_normal((n, h, w, c))
    cols = nn.im2col(x, kernel, stride, padding)
    y = rng.standard_normal(cols.shape)
    back = nn.col2im(y, x.shape, kernel, stride, padding)
    np.testing.assert_allclose((cols * y).sum(), (x * back).sum(), rtol=1e-10, atol=1e-12)
    planted = nn.col2im(y, x.shape, kernel, stride, padding).transpose(0, 2, 1, 3)
    if h == w and h > 1 and c * n > 1:
        assert not np.isclose((cols * y).sum(), (x * planted).sum(), rtol=1e-10)


@given(size=st.integers(1, 12), kernel=sizes, stride=sizes, padding=st.integers(0, 3))
def test_conv_size_counts_the_windows(size, kernel, stride, padding):
    first_pixels = range(-padding, size + padding - kernel + 1, stride)
    if size + 2 * padding >= kernel:
        assert conv_size(size, kernel, stride, padding) == len(first_pixels)


def test_sizes_that_do_not_fit_are_refused_in_words():
    check_sizes((2, 6, 7, 3), (2, 3, 4, 9), 3, 2, 1)
    for shape in ((1, 3, 4, 9), (2, 4, 4, 9), (2, 3, 3, 9)):
        with pytest.raises(ValueError, match=r"expected \(2, 3, 4\) images, rows, columns, got"):
            check_sizes((2, 6, 7, 3), shape, 3, 2, 1)
