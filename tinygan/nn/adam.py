"""Adam: gradient descent with a step size of its own for every weight."""

import numpy as np

from tinygan import backend
from tinygan.nn.dispatch import fastest
from tinygan.nn.flat import flat_of, lay_out
from tinygan.nn.layer import check_float


def adam_step(weights, gradients, ms, vs, t, lr, beta1, beta2, eps):
    """Step number t, from 1 on: each w and its m and v are updated in place from its gradient g.

    weights, gradients, ms, vs: lists of arrays. The rest are Python numbers.
    """
    for w, g, m, v in zip(weights, gradients, ms, vs, strict=True):
        m[...] = beta1 * m + (1.0 - beta1) * g
        v[...] = beta2 * v + (1.0 - beta2) * g * g
        m_hat, v_hat = m / (1.0 - beta1**t), v / (1.0 - beta2**t)
        w -= lr * m_hat / (backend.array_module(w).sqrt(v_hat) + eps)


class Adam:
    """w ← w − lr · m̂ / (√v̂ + eps), where m̂ and v̂ are running means of g and g².

        m ← β₁ m + (1 − β₁) g         m̂ = m / (1 − β₁ᵗ)
        v ← β₂ v + (1 − β₂) g²        v̂ = v / (1 − β₂ᵗ)

    m is the average direction of the gradient, √v its average size; their quotient is about ±1 for
    a steady gradient and small for one that keeps changing sign. m and v start at 0 and so are too
    small at first: after t steps their weights sum to 1 − βᵗ instead of 1, and the hats divide by
    that sum. Without them the first step would be (1 − β₁) / √(1 − β₂) = 16 times lr; without the
    power t the steps would shrink to lr / 16.

    params: list of Params, already on their device (`to` comes before). lr > 0. betas: (β₁, β₂),
    each in [0, 1). eps > 0. Everything is computed in the parameter's dtype.
    Raises ValueError for a setting out of range, no parameters, or a parameter that occurs twice;
    TypeError for a parameter that is neither float32 nor float64.
    Source: Kingma & Ba 2015, algorithm 1; lr and β₁ = 0.5 from Radford et al. 2016, section 4.
    """

    def __init__(self, params, lr=2e-4, betas=(0.5, 0.999), eps=1e-8):
        self.params = list(params)
        self.lr, self.betas, self.eps = float(lr), tuple(float(beta) for beta in betas), float(eps)
        if len({id(p) for p in self.params}) < len(self.params):
            raise ValueError("Adam has a parameter twice, and would move it twice per step")
        if not self.params:
            raise ValueError("Adam has no parameters to train")
        if not 0 < lr < float("inf") or not eps > 0:
            raise ValueError(f"Adam needs lr and eps above 0, got lr={lr!r} and eps={eps!r}")
        if len(self.betas) != 2 or not all(0 <= beta < 1 for beta in self.betas):
            raise ValueError(f"Adam needs two betas in [0, 1), got {betas!r}")
        for p in self.params:
            check_float("Adam", p.data)
        self.t = 0
        self._flat = flat_of(self.params)
        arrays = [p.data for p in self.params]
        if self._flat is None:
            self.m, self.v = ([backend.array_module(a).zeros_like(a) for a in arrays] for _ in "mv")
        else:  # the moments lie as the params do
            (self._flat_m, self.m), (self._flat_v, self.v) = lay_out(arrays), lay_out(arrays)

    def step(self):
        """One update of every parameter from its grad, which is left as it is.

        Raises ValueError when a grad does not have its parameter's shape, TypeError when it is
        neither float32 nor float64; then nothing is changed.
        """
        arrays = self._flat_arrays() or self._arrays()
        self.t += 1
        update = fastest(adam_step, arrays[0][0])
        update(*arrays, self.t, self.lr, *self.betas, self.eps)

    def zero_grad(self):
        """Set every grad to 0, ready for the next backward to add to."""
        for p in self.params:
            p.clear()

    def _flat_arrays(self):
        """Weights, gradients and both moments, each a list of one flat array; None without them."""
        flat = self._flat
        if flat is None or not flat.holds(self.params):
            return None
        return [flat.data], [flat.grad], [self._flat_m], [self._flat_v]

    def _arrays(self):
        """Weights, gradients and both moments, each a list of arrays, one for each parameter."""
        weights, gradients = [p.data for p in self.params], [p.read_grad() for p in self.params]
        for w, g in zip(weights, gradients, strict=True):
            check_float("Adam", g)
            if w.shape != g.shape:
                raise ValueError(f"Adam got a gradient {g.shape} for a parameter {w.shape}")
        return weights, gradients, self.m, self.v

    def state_dict(self):
        """t, and both moments of every parameter, as copies on the host: dict[str, np.ndarray]."""
        state = {f"m.{i}": m for i, m in enumerate(self.m)}
        state |= {f"v.{i}": v for i, v in enumerate(self.v)}
        state = {name: array.copy() for name, array in backend.all_to_numpy(state).items()}
        return {"t": np.array(self.t, np.int64)} | state

    def load_state_dict(self, state):
        """Continue from what state_dict returned. Raises ValueError when it does not fit; then
        nothing is changed."""
        mine = self.state_dict()
        if state.keys() != mine.keys():
            odd = sorted(state.keys() ^ mine.keys())
            raise ValueError(f"the optimizer's state does not fit these parameters: {odd[0]!r}")
        for name, value in mine.items():
            if state[name].shape != value.shape or state[name].dtype != value.dtype:
                raise ValueError(
                    f"the optimizer's {name} should be {value.dtype} {value.shape}, "
                    f"got {state[name].dtype} {state[name].shape}"
                )
        self.t = int(state["t"])
        for moments, letter in ((self.m, "m"), (self.v, "v")):
            for i, moment in enumerate(moments):
                xp = backend.array_module(moment)
                moment[...] = backend.to_device(state[f"{letter}.{i}"], xp)
