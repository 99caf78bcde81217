"""What lesson 19 says of a critic and a D where data and fakes never meet, over several seeds; and
that the table beside it runs."""

import copy
import functools
import itertools
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tinygan import nn, training
from tinygan.training import gan_loss, gradient_penalty

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parent.parent.parent


def dense(rng, *sizes):
    layers = []
    for n, m in itertools.pairwise(sizes):
        layers += [nn.Dense(n, m, rng=rng, std=np.sqrt(2 / n)), nn.LeakyReLU()]
    return nn.Sequential(*layers[:-1])


def batch(rng, b):
    return [rng.normal(mean, 0.1, (128, 1)).astype(np.float32) for mean in (1, b)]


def slope(net, x, factor=np.ones_like):
    return float(net.backward(factor(net.forward(x)), accumulate=False).mean())


def updates_of_g(rng, net, adam, factor, options, most):
    b, updates = -1.0, 0
    while abs(b - 1) > 0.1 and updates < most:
        for _ in range(5):
            real, fake = batch(rng, b)
            training.d_step(net, adam, real, fake, **options)
        b += 0.01 * slope(net, fake, factor)
        updates += 1
    return updates


@pytest.mark.parametrize("seed", range(3))
def test_the_logit_tells_the_way_and_the_mark_tells_how_far(seed):
    rng = np.random.default_rng(seed)
    penalty = functools.partial(gradient_penalty.gradient_penalty, rng=rng)
    wgan = {"loss": gan_loss.wasserstein(), "penalty": penalty}
    critic, D = dense(rng, 1, 32, 32, 1), dense(rng, 1, 32, 32, 1)
    adam_c = nn.Adam(critic.params(), lr=1e-3, betas=(0.0, 0.9))
    adam_d, steep = nn.Adam(D.params(), lr=1e-3), []
    for update in range(1000):
        real, fake = batch(rng, -1)
        training.d_step(D, adam_d, real, fake)
        training.d_step(critic, adam_c, real, fake, **wgan)
        if update in (249, 999):
            steep.append((slope(D, fake), slope(critic, fake)))
    print(steep, float(nn.sigmoid(D.forward(fake)).mean()))
    (early, _), (late, ramp) = steep
    assert 5 < late < 13
    assert late > early + 1  # it grows as D learns
    assert abs(ramp - 1) < 0.2
    guess = float(critic.forward(real).mean() - critic.forward(fake).mean())
    assert abs(guess / 2 - 1) < 0.25
    ways = {
        "critic": (critic, adam_c, np.ones_like, wgan),
        "−log d": (*copy.deepcopy((D, adam_d)), lambda logits: 1 - nn.sigmoid(logits), {}),
        "log(1 − d)": (D, adam_d, nn.sigmoid, {}),
    }
    updates = {name: updates_of_g(rng, *way, most=300) for name, way in ways.items()}
    print(updates)
    assert updates["−log d"] < 40 < 150 < updates["critic"] < 220
    assert updates["log(1 − d)"] == 300  # G never starts


def test_the_table_of_what_keeps_d_smooth_runs(tmp_path):
    for name in ("lesson.py", "19b_keeping_d_smooth.py"):
        shutil.copy(ROOT / "lessons" / name, tmp_path)
    done = subprocess.run(
        [sys.executable, "-W", "error", "19b_keeping_d_smooth.py", "--fast"],
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
        timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "fast" / "19" / "table.png").stat().st_size > 1000
    kept = (ROOT / "lessons" / "out" / "19" / "table.txt").read_text().splitlines()
    assert len(kept) == len(done.stdout.splitlines())
