"""Early stopping: end the training when the value measured after each epoch stops improving.

rows: a list of dicts, one per epoch in order, with "epoch" and measured values; lower is better.
Source: Prechelt 1998, "Early stopping — but when?".
"""


def best_epoch(rows, measure):
    """The first epoch with the lowest value; 0 when there are no rows."""
    return min(rows, key=lambda row: row[measure])["epoch"] if rows else 0


def has_stopped(rows, measure, patience):
    """Whether the last `patience` epochs have brought no improvement."""
    return bool(rows) and rows[-1]["epoch"] - best_epoch(rows, measure) >= patience
