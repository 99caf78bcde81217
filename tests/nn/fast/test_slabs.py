"""How slabs.py and planes.py cut the work, and the example of the module's text.

That they compute the right thing is tested in test_plain_and_fast.py.
"""

import numpy as np
import pytest

from tinygan.nn.fast import planes, slabs, threads


def test_the_slab_of_the_drawing_is_where_the_text_says():
    x = np.arange(25.0).reshape(1, 5, 5, 1)
    W = np.zeros((3, 3, 1, 1))
    W[0] = np.array([1.0, 0, 2]).reshape(3, 1, 1)
    rows = slabs._rows(x, 1)
    u0, u1 = slabs._inside(0 - 1, 5, 5, 1)  # kernel row 0, padding 1
    assert (u0, u1) == (1, 5)
    slab = slabs._slab(rows, 0 - 1, 1, u0, u1, 1, 4)
    np.testing.assert_array_equal(slab, [[1, 2, 3], [6, 7, 8], [11, 12, 13], [16, 17, 18]])
    assert np.shares_memory(slab, rows)  # nothing was copied
    (column,) = slabs._columns(x, W.reshape(3, 3, 1), 1, -1, [1], 5)
    np.testing.assert_array_equal(column[:, 0, 0], [0, 7, 22, 37, 52])
    assert slabs._inside(0 - 1, 5, 3, 1) == (1, 3)  # v = 0: the kernel's columns 1 and 2


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("offset", [-4, -1, 0, 2, 9])
@pytest.mark.parametrize("size", [1, 5])
def test_inside_is_the_range_of_rows_that_are_in_the_image(offset, size, stride):
    u0, u1 = slabs._inside(offset, size, 6, stride)
    assert 0 <= u0 <= u1 <= 6
    assert list(range(u0, u1)) == [u for u in range(6) if 0 <= stride * u + offset < size]


@pytest.mark.parametrize(
    ("name", "c", "images"),
    [
        ("correlate", 1, 2),  # 36 c numbers in the planes of an image
        ("correlate", 9, 2),  # two rows of output
        ("correlate_adjoint", 1, 2),
        ("correlate_adjoint", 9, 1),  # three rows of tiles
        ("weight_gradient", 1, 2),
        ("weight_gradient", 9, 6),  # a sum to add up for each block: one block per thread
    ],
)
def test_a_batch_larger_than_a_block_is_cut_into_several(name, c, images, monkeypatch):
    cuts = []

    def listed(over_batch):
        def listing(work, n, most=None):
            return over_batch(lambda block: (cuts.append(block), work(block))[1], n, most)

        return listing

    for module in (slabs, planes):
        monkeypatch.setattr(module, "over_batch", listed(module.over_batch))
    monkeypatch.setattr(slabs, "_ROWS", 4)
    monkeypatch.setattr(planes, "_COPIED", 100)
    monkeypatch.setattr(threads, "count", lambda: 1)
    x, W, y = np.ones((6, 4, 4, c)), np.ones((3, 3, c, 3)), np.ones((6, 2, 2, 3))
    {
        "correlate": lambda: slabs.correlate(x, W, 2, 1),
        "correlate_adjoint": lambda: slabs.correlate_adjoint(y, W, x.shape, 2, 1),
        "weight_gradient": lambda: slabs.weight_gradient(x, y, 3, 2, 1),
    }[name]()
    assert cuts == [slice(i, i + images) for i in range(0, 6, images)]


@pytest.mark.parametrize(("c", "module"), [(slabs.FEW - 1, "planes"), (slabs.FEW, "slabs")])
def test_images_of_few_channels_go_to_planes(c, module, monkeypatch):
    called = []
    for name in ("correlate", "correlate_adjoint", "weight_gradient"):
        monkeypatch.setattr(planes, name, lambda *args, name=name: called.append(name))
    x, W, y = np.ones((1, 4, 4, c)), np.ones((3, 3, c, 3)), np.ones((1, 2, 2, 3))
    slabs.correlate(x, W, 2, 1)
    slabs.correlate_adjoint(y, W, x.shape, 2, 1)
    slabs.weight_gradient(x, y, 3, 2, 1)
    assert len(called) == (3 if module == "planes" else 0)
