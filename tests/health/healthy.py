"""Rows of looks for tests of what they mean."""

WELL = {
    "overlap": 0.35, "d_grad": 1.5, "g_grad": 0.8, "ratio": 0.5, "agreement": 0.4, "d_dead": 0.0,
    "g_dead": 0.0, "saturated": -0.1, "diversity": 0.95, "varied": 0.6, "classes": 0.8, "kind": 3.0,
    "off": 0.2,
}  # fmt: skip


def looks(n, first=1, **changes):
    """n looks, 250 updates apart from 250 · first on. changes: of signs, a value or a list of n."""
    rows = []
    for i in range(n):
        now = {k: v[i] if isinstance(v, list) else v for k, v in changes.items()}
        rows.append({"step": 250 * (first + i)} | WELL | now)
    return rows
