"""What must hold of the functions in exercises/21.py."""

import numpy as np

from tinygan import nn


def time_of_a_loop(answer):
    for host, device, updates in ((5, 5, 10), (2, 7, 4), (7, 2, 4), (1, 1, 1)):
        done = prepared = 0
        for _ in range(updates):
            prepared += host
            done = max(done, prepared) + device
        found = answer(host, device, updates, False)
        assert np.isclose(found, done), (
            f"without waiting, {updates} updates of {host} and {device} are done after {done}, not "
            f"{found}: who is the slower one, and what happens before its first and after its last?"
        )
        found = answer(host, device, updates, True)
        assert np.isclose(found, updates * (host + device)), (
            f"with waiting it gives {found} for {updates} updates of {host} and {device}: does the "
            "host prepare anything while the GPU works?"
        )


def operations_per_byte(answer):
    for n, n_in, n_out in ((1, 100, 12_544), (128, 100, 12_544), (4, 6, 5)):
        x = np.zeros((n, n_in), np.float32)
        layer = nn.Dense(n_in, n_out, bias=False, rng=np.random.default_rng(0))
        y = layer.forward(x)
        wanted = 2 * n * n_in * n_out / (x.nbytes + y.nbytes + layer.W.data.nbytes)
        found = answer(n, n_in, n_out)
        assert np.isclose(found, wanted), (
            f"for n = {n}, {n_in} -> {n_out} it gives {found:.3f}: each number of y is n_in "
            "products and as many additions, and a number in float32 has 4 bytes"
        )


def bytes_of_masks(answer):
    for n, shapes in ((128, [(14, 14, 64), (7, 7, 128)]), (2, [(3, 3, 5)])):
        one = n * sum(h * w * c for h, w, c in shapes)  # D's masks for one batch
        found = answer(n, shapes)
        assert found != one, "how many batches does D see in an update?"
        assert found != 2 * one, "D sees the fakes again in g_step, with new masks"
        assert found == 3 * one, (
            f"for n = {n} and {shapes} it gives {found}: a byte for each number"
        )


def waits(answer):
    found = set(answer())
    for text in ("print(loss)", "if loss > 1: ...", "float(loss)"):
        assert text in found, f"{text}: can this be done before the value is known?"
    for text in (
        "total = total + loss",
        "losses.append(loss)",
        "worst = xp.maximum(worst, loss)",
    ):
        assert text not in found, f"{text}: is the value needed, or only a promise of it?"
    assert len(found) == 3, f"not one of the six: {found}"
