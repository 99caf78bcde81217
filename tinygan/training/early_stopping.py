"""Early stopping: end the training when what is measured after each epoch no longer improves.

rows: a list of dicts, one per epoch in order, with "epoch" and what was measured; lower is better.
Source: Prechelt 1998, "Early stopping — but when?".
"""


def best_epoch(rows, measure):
    """The epoch with the lowest value, the first of equals; 0 when there are no rows."""
    return min(rows, key=lambda row: row[measure])["epoch"] if rows else 0


def has_stopped(rows, measure, patience):
    """Whether the last `patience` epochs have brought nothing better."""
    return bool(rows) and rows[-1]["epoch"] - best_epoch(rows, measure) >= patience
