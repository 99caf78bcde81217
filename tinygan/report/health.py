"""How well the game of a GAN is: what its looks say, as a section of the page and as panels."""

from tinygan.health.signs import MEANINGS
from tinygan.progress import plural
from tinygan.report.sections import section, table
from tinygan.runs.report_data import thinned

_PANELS = (  # label, signs by the name of their line, levels to compare with, note
    (
        "can D tell samples from real images?",
        {"": "overlap"},
        {"a guess": 0.5},
        "The overlap of D's logits: 0, it tells all apart; 1, it takes them the wrong way round.",
    ),
    (
        "variety of the samples",
        {"pixels": "diversity", "features": "varied", "classes": "classes"},
        {"real images": 1.0},
        "Distance between two samples, in pixels and in a classifier's features, and number of "
        "kinds, as shares of real images'. Near 0: one picture for all noise.",
    ),
)


def sections_of(run):
    """[the section of a RunFiles], or [] where there are no looks."""
    if not run.health.rows:
        return []
    n, last = len(run.health.rows), run.health.rows[-1]
    words = [f"{change.words()}." for change in run.health.changes]
    text = [word[:1].upper() + word[1:] for word in words]
    if len(run.health.ill) > 1:
        text.append("Where several illnesses are named, begin with what was named first.")
    if not text:
        text = [f"The doctor looked {plural(n, 'time')} and found nothing wrong."]
    rows = [[name, _number(last[name])] for name in MEANINGS if name in last]
    notes = [MEANINGS[name] for name, _ in rows]
    caption = f"The signs at update {last['step']:,}"
    rows = [[name, value, ""] for name, value in rows]
    return [section("health", "Health", text, [table(caption, ["sign", "value", ""], rows, notes)])]


def in_short(run):
    """[a sentence for the head of the page] where it is ill."""
    if not run.health.ill:
        return []
    ill = ", ".join(f"{name} since update {step:,}" for name, step in run.health.ill.items())
    return [f"The doctor: {ill}; see Health."]


def panels_of(run):
    """Panels for curves.py, without epochs."""
    found = []
    for label, names, guides, note in _PANELS:
        lines = [_line(run, line, sign) for line, sign in names.items()]
        lines = [line for line in lines if line["steps"]]
        if lines:
            guides = [{"name": name, "level": level} for name, level in guides.items()]
            more = {"guides": guides, "limits": None, "log": False, "note": note}
            found.append({"label": label, "lines": lines} | more)
    return found


def _line(run, name, sign):
    looks = [(row["step"], row[sign]) for row in run.health.rows if row.get(sign) is not None]
    line = thinned([value for _, value in looks])
    return {"name": name, "steps": [looks[end - 1][0] for end in line.pop("ends")]} | line


def _number(value):
    return "not finite" if value is None else f"{value:.3g}"
