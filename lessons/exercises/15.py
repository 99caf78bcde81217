"""Exercises of lesson 15. Fill in each function; then: python -m lessons check 15"""


def noise_for_slope(m, slope, std=0.2):
    """1. How wide must the noise be, s, for the best D's logit to have this slope at most?

    Data N(0, std²) and fakes N(m, std²), as in the lesson. Returns s, 0 when no noise is needed.
    """
    raise NotImplementedError


def where_js_is_flat(std=0.2):
    """2. Without noise, from which distance m on is JS within 0.01 of log 2?

    Find it by a sum over x and a search over m. Returns m, to within 0.02. How many times `std`?
    """
    raise NotImplementedError


def has_direction():
    """3. Data and fakes are 3 apart and 0.2 wide, and D is the best there is. Which Gs are pushed
    to the data by more than 0.01?

    Returns a set of pairs (loss, noise), loss "saturating" or "non-saturating", noise False or True
    (s = 1).
    """
    raise NotImplementedError
