"""What `python -m benchmarks gpu` found, as tables and as a picture."""

from benchmarks import peers, report

SIDES = ("tinygan", "torch", "torch-compile", "torch-graph")
WORDS = {"tinygan": "tinygan"} | peers.PEERS


def text(parts):
    """The parts with their outcomes, then the steps beside their peers."""
    lines = [["", "seconds", "outcome"]]
    lines += [[name, f"{one['seconds']:.0f}", one["outcome"]] for name, one in parts.items()]
    found = table_of_parts(lines)
    steps = of_steps(parts)
    return f"{found}\n\n{table_of_steps(steps)}" if steps else found


def table_of_parts(lines):
    wide = max(len(name) for name, *_ in lines)
    return "\n".join(f"{name:<{wide}}  {taken:>7}  {how}" for name, taken, how in lines)


def of_steps(parts):
    """(recipe, precision) -> side -> ms of its fastest configuration."""
    result = (parts.get("step") or {}).get("result") or {}
    found = {}
    for recipe, by_precision in result.get("steps", {}).items():
        for precision, sides in by_precision.items():
            measured = {side: {"seconds": spread} for side, spread in sides.items()}
            best = {side: peers.best_of(side, only(measured)) for side in SIDES}
            row = {side: 1e3 * one[0] for side, one in best.items() if one}
            if row:
                found[recipe, precision] = row
    return found


def only(measured):
    """Without tinygan's step on the CPU."""
    return {side: one for side, one in measured.items() if side != "tinygan, NumPy"}


def table_of_steps(steps):
    head = ["ms per step", ""] + [WORDS[side] for side in SIDES]
    lines = [[*head, "PyTorch / tinygan", "fastest / tinygan"]]
    for (recipe, precision), row in steps.items():
        mine, torch = row.get("tinygan"), row.get("torch")
        others = [ms for side, ms in row.items() if side != "tinygan"]
        lines.append([
            recipe,
            precision,
            *(f"{row[side]:.2f}" if side in row else "-" for side in SIDES),
            f"{torch / mine:.2f}" if mine and torch else "-",
            f"{min(others) / mine:.2f}" if mine and others else "-",
        ])  # fmt: skip
    return report.table(lines)


def draw(file, parts):
    """Bars of the steps beside their peers. Draws nothing where no step was measured."""
    rows = []
    for (recipe, precision), row in of_steps(parts).items():
        rows.append((f"{recipe}, {precision}", {WORDS[side]: ms for side, ms in row.items()}))
    if rows:
        report.groups(file, rows, "ms per step, the fastest configuration of each")
