"""The flows: what trains, what is averaged, what is drawn, and what is refused."""

import numpy as np
import pytest
from small_training import make, noise_images

from tinygan import nn, recipes
from tinygan.errors import UserError
from tinygan.recipes import trained_model

SMALL = {
    "flow": {"code": 3, "flow_width": 4, "width": 1, "ode_steps": 3, "classes": "2,5"},
    "flow-unet": {"width": 4, "ode_steps": 2, "classes": "2,5"},
}
each = pytest.mark.parametrize("name", SMALL)
LABELS = np.array([2, 5] * 8)


def training(name, **options):
    return make(name, noise_images(16), LABELS, **SMALL[name] | options)


@each
def test_all_networks_learn_and_the_averages_follow(name):
    found = training(name)
    networks = found.model.networks
    before = {n: [p.data.copy() for p in net.params()] for n, net in networks.items()}
    updates = found.updates(0)
    for _ in range(3):
        measured = next(updates)
        assert measured.keys() == found.columns.keys()
    for n, net in networks.items():
        assert any((p.data != b).any() for p, b in zip(net.params(), before[n], strict=True)), n
    assert {n for n in networks if n.startswith("average")} == {
        f"average {n}" for n in found.model.averaged()
    }
    assert "average velocity" not in found.optimizers
    assert not networks["average velocity"].training


@each
def test_the_average_draws(name):
    model = training(name).model
    images, labels = model.draw(5, np.random.default_rng(0))
    assert labels.tolist() == [2, 2, 2, 5, 5]
    for p in model.networks["velocity"].params():
        p.data[...] = 1e3
    np.testing.assert_array_equal(model.draw(5, np.random.default_rng(0))[0], images)
    for p in model.networks["average velocity"].params():
        p.data[...] += 0.3
    assert (model.draw(5, np.random.default_rng(0))[0] != images).any()


@each
def test_steps_guidance_and_classes_can_be_chosen(name):
    model = training(name).model
    for p in model.networks["average velocity"].params():
        p.data[...] += 0.2 * np.random.default_rng(1).standard_normal(p.data.shape)

    def draw(**choice):
        return trained_model.draw(model, 4, 0, **choice)

    images, _ = draw()
    assert (draw(ode_steps=9)[0] != images).any()
    assert (draw(guidance=5.0)[0] != images).any()
    np.testing.assert_array_equal(draw(guidance=1.0)[0], images)
    asked, labels = draw(classes=(5,))
    assert labels.tolist() == [5] * 4
    assert (asked[:2] != images[:2]).any()
    with pytest.raises(UserError, match=r"class 3 is not one that this run was trained on: 2, 5"):
        draw(classes=(3,))
    with pytest.raises(UserError, match="--prior is for autoencoders"):
        draw(prior="gmm")


def test_guidance_and_steps_are_for_flows():
    model = make("ae", noise_images(16)).model
    with pytest.raises(UserError, match="--guidance is for flows, and this is ae"):
        trained_model.draw(model, 4, 0, guidance=2.0)
    with pytest.raises(UserError, match="--ode-steps is for flows"):
        trained_model.draw(model, 4, 0, ode_steps=2)


@each
def test_a_path_begins_with_the_noise_and_ends_with_the_image(name):
    model = training(name).model
    noise = model.noise(3, np.random.default_rng(0))
    labels = np.array([2, 2, 5])
    model.options["ode_steps"] = 5
    times, images = model.path(noise, labels, 4)
    assert images.shape == (4, 3, 28, 28, 1)
    np.testing.assert_allclose(times, [0, 2 / 5, 3 / 5, 1])
    np.testing.assert_array_equal(images[0], model.to_images(noise))
    np.testing.assert_array_equal(images[-1], model.draw_from(noise, labels))
    assert len(model.path(noise, labels, 100)[0]) == 6  # no more than there are


@pytest.mark.parametrize("updates_done", [40, 1000])
def test_codes_are_moved_with_mean_0_and_variance_1(updates_done):
    found = training("flow", lr=1e-9)
    updates = found.updates(0)
    for _ in range(updates_done):
        next(updates)
    codes = found.model.scaled(nn.in_batches(
        found.model.networks["encoder"], found.images, before=lambda x: x / np.float32(255)
    ))  # fmt: skip
    np.testing.assert_allclose(codes.mean(axis=0), 0, atol=0.25)
    np.testing.assert_allclose(codes.std(axis=0), 1, atol=0.35)  # batches of 4 vary


def test_only_the_wanted_classes_train_and_a_class_without_images_is_refused():
    found = make("flow", noise_images(16), np.arange(16) % 4, **SMALL["flow"] | {"classes": "1,3"})
    assert set(found.labels.tolist()) == {1, 3}
    with pytest.raises(UserError, match="--classes: the data has no image of class 7"):
        make("flow", noise_images(16), LABELS, **SMALL["flow"] | {"classes": "2,7"})


def test_a_damaged_variance_of_the_codes_is_refused():
    model = training("flow").model
    model.loaded("run/checkpoint.npz", {})
    model.codes["var"][1] = -1
    with pytest.raises(UserError, match=r"run/checkpoint.npz is corrupt: the mean or variance"):
        model.loaded("run/checkpoint.npz", {})


@each
def test_it_is_not_taken_for_a_gan(name):
    with pytest.raises(UserError, match="is not a GAN"):
        recipes.get(name).networks(np.random.default_rng(0))
