# %% [markdown]
# # 01 · A derivative, and how to catch a wrong one
#
# **Goal:** measure a slope, check a derivative that was worked out by hand, and know how far the
# check can be trusted.
# **Builds by hand:** `nn.numerical_gradient`.
# **You need:** Python, and what a derivative is. **Time:** seconds. **Next:** 02, the dense layer.
# **Source:** Baydin et al. 2018, "Automatic differentiation in machine learning", section 2.1.
#
# A network learns by asking of each of its numbers: if this number were a little larger, would the
# error go up or down, and how fast? The answer is a derivative. In this library every derivative is
# worked out on paper and then written as code, so first learn how to find out that one is wrong.

# %%
import lesson
import matplotlib.pyplot as plt
import numpy as np

from tinygan import nn

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
# Put it into both: the forward one is off by about h/2 f″. The central one is off by only h²/6 f‴,
# since the terms with an even power of h are the same for +h and −h, and cancel.


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
# `float64` and 7 in `float32`. f(x + h) and f(x − h) agree in nearly all of them, and their
# difference keeps only the few that are left: an error of about ε / h, where ε, 1e-16 or 6e-8, is
# the last digit kept. One error falls with h, the other grows: their sum is a U, and the best h is
# at its lowest point. For the central difference that is where h² and ε / h are about equal, near
# ε^(1/3): 5e-6 in float64 and 4e-3 in float32.

# %%
steps = np.logspace(-12, 0, 121)
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
    axes.loglog(steps, errors, color=color, label=f"{name}: best {error:.0e}, at h = {h:.0e}")
    axes.plot(h, error, "o", color=color)
axes.axhline(1e-6, color="grey", linewidth=0.8, linestyle=":", label="1e-6: a right layer is below")
axes.legend(frameon=False, loc="lower left", fontsize="small")
axes.set(xlabel="step h", ylabel="largest error of the slope of tanh", xlim=(1e-12, 3))
axes.set_ylim(1e-17, 10)
lesson.save(figure, "01/errors.png")

best = {name: steps[errors.argmin()] for name, errors in curves.items()}
assert curves["central, float64"].min() < 1e-9 < 1e-6 < curves["central, float32"].min()
assert 1e-6 < best["central, float64"] < 3e-5
assert 1e-3 < best["central, float32"] < 2e-2

# %% [markdown]
# ![the error against the step, for three ways to measure](out/01/errors.png)
#
# In float32 even the best h is off by more than a millionth: a small bug could hide in such a
# measurement. So networks train in float32, which is quicker, and derivatives are checked in
# float64, with h = 1e-5. (Left of 1e-8 float32 cannot tell x + h from x: it measures a slope of 0,
# and the error is the slope itself, at most 1.)
#
# ## The same for a part of a network
#
# A *layer* of tinygan is an object with two functions. `forward(x)` returns y = f(x), and keeps
# what its other half needs. That is `backward(gy)`, where gy is, for each number of y, how fast
# the error of the whole network rises with it; it returns gx, the same for each number of x. One
# x moves only its own y here, by f′(x), so gx = gy · f′(x). (Lesson 02 derives this for layers that
# mix their numbers.) `nn.check_gradients` chooses some gy at random and holds backward against
# central differences, relative to the size of the slope. A right layer stays below 1e-6. (That is
# the dotted line of the picture, where the largest slope is 1.)

# %%
report = nn.check_gradients(nn.Tanh(), points.reshape(1, -1))
print(f"nn.Tanh: {report}")
assert report.worst < 1e-6


class BuggyTanh(nn.Tanh):
    def backward(self, gy, accumulate=True):  # accumulate is for layers with weights: lesson 02
        y = self.take()  # what forward has kept: y = tanh(x)
        return gy * (1 - y)


assert nn.check_gradients(BuggyTanh(), points.reshape(1, -1)).worst > 0.1

# `nn.numerical_gradient` measures underneath. It takes a function without arguments that returns
# one number, and changes each element of an array in turn, by ±h. One element of x changes one
# term of Σ tanh(x), so its slopes are those of tanh.
by_library = nn.numerical_gradient(lambda: float(f(points).sum()), points, h=1e-5)
assert np.allclose(by_library, central_difference(f, points, 1e-5), rtol=1e-9, atol=1e-11)

# %% [markdown]
# The two lines that the report prints: x is changed one element at a time, then (x·v) all of x at
# once, in a random direction v.
#
# ## Exercises
#
# Fill in `lessons/exercises/01.py`, then: `python -m lessons check 01`
#
# 1. Work out the derivative of the sigmoid s(x) = 1 / (1 + e^−x).
# 2. Write a finite difference of four points, whose error falls as h⁴.
# 3. Find its best h, and say whether that is larger than the central difference's.
# 4. |x| has no derivative at 0. What do the forward and the central difference say there?
# 5. Find the wrong ones among derivatives that somebody else wrote.
