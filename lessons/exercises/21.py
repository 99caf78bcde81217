"""Exercises of lesson 21. Fill in each function; then: python -m lessons check 21"""


def time_of_a_loop(host, device, updates, wait):
    """1. An update takes `host` seconds to prepare, then `device` seconds on the GPU. When is the
    last of them done, if the loop reads float(loss) after each update (wait), and if it never does?

    The GPU does one update at a time, in turn, each after it has been prepared. Returns seconds.
    """
    raise NotImplementedError


def operations_per_byte(n, n_in, n_out):
    """2. The forward of a dense layer without b, x (n, n_in) -> y (n, n_out), in float32: how many
    multiplications and additions for each byte of x, W and y?

    Returns a number. Compare n = 1 with n = 128 for the DCGAN's 100 -> 12,544.
    """
    raise NotImplementedError


def bytes_of_masks(n, shapes):
    """3. D has dropout after layers whose output for one picture has these shapes. How many bytes
    would an update (d_step and g_step, n pictures a batch) send if the masks came from the host?

    One byte for each number that is kept or dropped. shapes: list of (h, w, c). Returns a number.
    """
    raise NotImplementedError


def waits():
    """4. loss is an array on the GPU. Which of these lines make the processor wait for it?

    "total = total + loss", "losses.append(loss)", "print(loss)", "if loss > 1: ...",
    "float(loss)", "worst = xp.maximum(worst, loss)". Returns a set of these texts.
    """
    raise NotImplementedError
