"""First-layer filters: which weights become which pixels."""

import numpy as np
import pytest

from tinygan import nn, recipes
from tinygan.drawings import filters
from tinygan.errors import UserError


def test_a_filter_of_a_convolution_has_its_kernel(rng):
    layer = nn.Conv2d(3, 5, 4, rng=rng)
    found = filters.first_filters(nn.Sequential(layer, nn.LeakyReLU()), (32, 32, 3))
    assert found.shape == (5, 4, 4, 3)
    np.testing.assert_array_equal(found[2, 1, 3], layer.W.data[1, 3, :, 2])


def test_a_unit_of_a_dense_layer_has_a_weight_for_each_pixel(rng):
    """What a unit looks for is the image of its weights: the unit likes this image best."""
    layer = nn.Dense(28 * 28, 3, rng=rng)
    net = nn.Sequential(nn.Flatten(), layer)
    found = filters.first_filters(net, (28, 28, 1))
    assert found.shape == (3, 28, 28, 1)
    answers = net.forward(found)
    np.testing.assert_allclose(np.diag(answers), (found**2).sum(axis=(1, 2, 3)), rtol=1e-5)
    assert (answers.argmax(axis=0) == np.arange(3)).all()


def test_the_labels_part_is_cut_off(rng):
    _, D = recipes.get("cgan").networks(rng)
    found = filters.first_filters(D, (28, 28, 1))
    assert found.shape == (512, 28, 28, 1)
    np.testing.assert_array_equal(found[7].ravel(), D.layers[0].W.data[:784, 7])


def test_the_labels_channel_is_cut_off(rng):
    _, D = recipes.get("cgan-cnn").networks(rng, width=2)
    found = filters.first_filters(D, (28, 28, 1))
    np.testing.assert_array_equal(found[1, ..., 0], D.layers[0].W.data[:, :, 0, 1])
    assert found.shape == (2, 5, 5, 1)


def test_another_first_layer_is_refused():
    with pytest.raises(UserError, match="has no filters"):
        filters.first_filters(nn.Sequential(nn.BatchNorm(3)), (4, 4, 3))


def test_the_scale_is_symmetric_around_grey():
    w = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    grey = filters.to_grey(w, 2.0)
    assert grey.dtype == np.uint8
    assert grey.tolist() == [1, 64, 128, 192, 255]
    assert filters.to_grey(np.zeros(2), 0.0).tolist() == [128, 128]


@pytest.mark.parametrize("name", recipes.names())
def test_every_recipe_that_looks_at_images_has_filters(name, rng):
    recipe = recipes.get(name)
    if recipe.name == "gmm":
        pytest.skip("a mixture has no layers")
    if recipe.name == "flow-unet":
        pytest.skip("a U-Net looks at images and noise mixed")
    small = recipe.options | ({"width": 2} if "width" in recipe.options else {})
    model = recipe.new_model(small, 0, image_shape=(28, 28, 1))
    net = next(model.networks[n] for n in filters._NETWORKS if n in model.networks)
    found = filters.first_filters(net, model.image_shape)
    assert found.shape[-1] == model.image_shape[-1]
    assert found.size > 0
