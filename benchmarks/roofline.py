"""How long a step would take on an H100: a projection from what was counted, never a measurement.

A kernel takes at least as long as its bytes take to move, and at least as long as its operations
take. Python and CuPy take some microseconds to launch one. Launches are made while earlier kernels
still run, so a step takes the longer of the two sums:

    step = max( launches · LAUNCH, Σ max(bytes / BYTES, operations / rate) )

This is a roofline (Williams, Waterman & Patterson 2009), with launches as a third roof. Caches that
save traffic, and products that are too small to fill the card, are not in it.
"""

# NVIDIA publishes for the H100 SXM 3.35 TB/s, 67 TFLOP/s of float32 and 495 of TF32 (without
# sparsity); of these 80 to 90 % can be had. The launch is an estimate.
LAUNCH = 6e-6  # seconds
BYTES = 3.0e12  # per second
RATES = {"float32": 60e12, "TF32": 400e12}  # operations of products per second

ASSUMED = (
    f"Projected for an H100: {1e6 * LAUNCH:.0f} µs of Python per launch (an estimate), "
    f"{BYTES / 1e12:.1f} TB/s, {RATES['float32'] / 1e12:.0f} TFLOP/s in float32 and "
    f"{RATES['TF32'] / 1e12:.0f} in TF32. Nothing was measured."
)


def project(log):
    """The bounds of a step in seconds, and the projected step itself, by precision.

    log: (name, bytes read, bytes written, operations) of each launch.
    Returns dict(float32, TF32), each dict(launches, memory, products, kernels, step, largest):
    the three bounds, the sum over kernels of the larger of memory and products, the step, and the
    name of the largest bound.
    """
    launches = LAUNCH * len(log)
    memory = sum(read + written for _, read, written, _ in log) / BYTES
    found = {}
    for precision, rate in RATES.items():
        products = sum(flops for *_, flops in log) / rate
        kernels = sum(max((read + out) / BYTES, flops / rate) for _, read, out, flops in log)
        bounds = {"launches": launches, "memory": memory, "products": products}
        found[precision] = {
            **bounds,
            "kernels": kernels,
            "step": max(launches, kernels),
            "largest": max(bounds, key=bounds.get),
        }
    return found
