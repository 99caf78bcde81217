# %% [markdown]
# # 01 · A derivative, and how to catch a wrong one
#
# **Goal:** measure a slope, check a derivative that was worked out by hand, and know how far the
# check can be trusted.
# **Builds by hand:** `nn.numerical_gradient`.
# **You need:** Python, and what a derivative is. **Time:** seconds. **Next:** 02, the dense layer.
# **Source:** Baydin et al. 2018, "Automatic differentiation in machine learning", section 2.1.
#
# A network learns by asking of each of its numbers: if I made you a little larger, would the error
# go up or down, and how fast? The answer is a derivative. In this library every derivative is
# worked out on paper and then written as code, so first learn how to find out that one is wrong.

# %%
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from tinygan import nn

FAST = "--fast" in sys.argv  # a shorter run, for testing the lesson itself
OUT = (Path(__file__).parent if "__file__" in globals() else Path()) / "out" / "01"
OUT.mkdir(parents=True, exist_ok=True)

# %% [markdown]
# ## A function and its derivative
#
# tanh squeezes any number into (−1, 1). On paper, with tanh = sinh / cosh and the quotient rule:
#
#     tanh′ = (cosh · cosh − sinh · sinh) / cosh² = 1 − tanh²
#
# Beside it stands a wrong version with a slip that is easy to make: the square was forgotten.


# %%
def derivative(x):
    return 1 - np.tanh(x) ** 2


def planted_bug(x):
    return 1 - np.tanh(x)


# %% [markdown]
# ## Measuring a slope
#
# The derivative f′(x) is how much f rises for each small step in x. So take a step h, and divide:
#
#     forward:  (f(x + h) − f(x)) / h          central:  (f(x + h) − f(x − h)) / 2h
#
# These are *finite differences*. They need nothing but f itself, so they cannot share a mistake
# with a derivative that somebody worked out. How wrong are they? Taylor's series says
#
#     f(x ± h) = f(x) ± h f′(x) + h²/2 f″(x) ± h³/6 f‴(x) + …
#
# Put it into both: the forward one is off by h/2 f″, the central one only by h²/6 f‴, since the
# terms with an even power are the same on both sides and go out.


# %%
def forward_difference(f, x, h):
    return (f(x + h) - f(x)) / h


def central_difference(f, x, h):
    return (f(x + h) - f(x - h)) / (2 * h)


f, x = np.tanh, 0.7
for h in (1e-1, 1e-2, 1e-3):
    forward, central = forward_difference(f, x, h), central_difference(f, x, h)
    print(f"h = {h:g}: forward off by {forward - derivative(x):.1e}, "
          f"central by {central - derivative(x):.1e}")  # fmt: skip

assert abs(central_difference(f, x, 1e-5) - derivative(x)) < 1e-9
assert abs(central_difference(f, x, 1e-5) - planted_bug(x)) > 0.1  # caught

# %% [markdown]
# A tenth of h makes the forward error ten times smaller and the central error a hundred times: h
# and h², as Taylor said. So why not h = 1e-15? A computer keeps about 16 digits of a number in
# `float64` and 7 in `float32`. f(x + h) and f(x − h) agree in nearly all of them, and the
# difference keeps only the few that are left: an error of about ε / h, where ε is the last digit
# kept. One error falls with h, the other grows: their sum is a U, and the best h is at its foot.

# %%
steps = np.logspace(-12, 0, 25 if FAST else 121)
points = np.linspace(-2, 2, 41)  # many places, so that no lucky one decides


def worst_error(difference, dtype):
    """The largest error over all points, for each h, with all numbers kept in dtype."""
    at = points.astype(dtype)
    right = derivative(at.astype(np.float64))
    return np.array([np.abs(difference(f, at, dtype(h)) - right).max() for h in steps])


curves = {
    "forward, float64": worst_error(forward_difference, np.float64),
    "central, float64": worst_error(central_difference, np.float64),
    "central, float32": worst_error(central_difference, np.float32),
}
figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
for (name, errors), color in zip(curves.items(), ("C1", "C0", "C3"), strict=True):
    h, error = steps[errors.argmin()], errors.min()
    axes.loglog(steps, errors, color=color)
    axes.plot(h, error, "o", color=color)
    text = f"{name}:\n{error:.0e} at h = {h:.0e}"
    axes.annotate(text, (h, error), (8, -24), textcoords="offset points", color=color)
axes.axhline(1e-6, color="grey", linewidth=0.8, linestyle=":")
axes.text(2e-12, 2e-11, "below the dots:\naccepted as right", color="grey", fontsize="small")
axes.set(xlabel="step h", ylabel="largest error of the slope", xlim=(1e-12, 30), ylim=(1e-13, 10))
figure.savefig(OUT / "errors.png", dpi=120)

assert curves["central, float64"].min() < 1e-9 < 1e-6 < curves["central, float32"].min()

# %% [markdown]
# ![the error against the step, for three ways to measure](out/01/errors.png)
#
# In float32 no h is good enough, and the best one lies elsewhere for every function: a small bug
# could hide in the measurement. So networks train in float32, which is quicker, and derivatives
# are checked in float64, near h = 1e-5. tinygan does so with every layer:

# %%
report = nn.check_gradients(nn.Tanh(), points.reshape(1, -1))
print(f"nn.Tanh: {report}")
assert report.worst < 1e-6

by_library = nn.numerical_gradient(lambda: float(f(points).sum()), points, h=1e-5)
assert np.allclose(by_library, central_difference(f, points, 1e-5), rtol=1e-9, atol=1e-11)


# %%
class BuggyTanh(nn.Tanh):
    def backward(self, gy, accumulate=True):
        y = self.take()  # what forward kept: tanh(x)
        return gy * (1 - y)


assert nn.check_gradients(BuggyTanh(), points.reshape(1, -1)).worst > 0.1

# %% [markdown]
# ## Exercises (answers: `lessons/answers/01.py`)
#
# 1. Work out the derivative of the sigmoid s(x) = 1 / (1 + e^−x), and check it as above.
# 2. (−f(x + 2h) + 8 f(x + h) − 8 f(x − h) + f(x − 2h)) / 12h leaves an error of order h⁴. Draw it
#    into the picture. Where is its best h, and is it to the left or to the right of the others'?
# 3. |x| has no derivative at 0. What do the two differences say there, and why do they disagree?
