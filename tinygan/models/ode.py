"""From noise to data: solve the ordinary differential equation dx/dt = v(x, t) from t = 0 to 1.

Euler's method holds v fixed for a step h; Heun's takes the mean of v at both ends of the step:

    Euler:  x ← x + h v(x, t)
    Heun:   x̃ = x + h v(x, t),    x ← x + h (v(x, t) + v(x̃, t + h)) / 2

By Taylor, Euler's error is of order h over the whole way and Heun's of order h², for twice the
calls. Sources: Hairer, Nørsett & Wanner 1993, "Solving ordinary differential equations I", chapter
II; Karras et al. 2022, "Elucidating the design space of diffusion-based generative models",
algorithm 1, whose last step is Euler's too: near t = 1 a velocity may be steep.
"""


def euler_steps(velocity, x, steps):
    """Yield x after each of so many steps, the last at t = 1.

    velocity: (x, t) -> v of x's shape, t a number. x: where to begin, at t = 0.
    """
    h = 1.0 / steps
    for i in range(steps):
        x = x + h * velocity(x, i * h)
        yield x


def heun_steps(velocity, x, steps):
    """As euler_steps, of second order. The last step is Euler's: no t = 1 is ever asked for."""
    h = 1.0 / steps
    for i in range(steps):
        v = velocity(x, i * h)
        if i < steps - 1:
            v = (v + velocity(x + h * v, (i + 1) * h)) / 2
        x = x + h * v
        yield x


def solve(method, velocity, x, steps):
    """x at t = 1.    method: euler_steps or heun_steps; the others are its arguments."""
    for moved in method(velocity, x, steps):
        x = moved
    return x
