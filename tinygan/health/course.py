"""When each illness of a run began and when it ended, by its looks."""

from dataclasses import dataclass

from tinygan.health.illnesses import ILLNESSES, Illness, is_finite, shown


@dataclass(frozen=True)
class Change:
    """An illness begins, or ends. step: the update of the look that made it sure. since: that of
    the first look that shows it. row: the signs at `step`.
    """

    illness: Illness
    begins: bool
    step: int
    since: int
    row: dict

    def words(self):
        """A line for people, without a full stop."""
        if not self.begins:
            return f"from update {self.since:,}: no more {self.illness.name}"
        return f"from update {self.since:,}: {self.illness.words(self.row)}"


class Course:
    """The course of a run's health; looks are added one after another.

    rows: the looks so far, dicts of "step" and the signs. changes: the Changes that they made.
    ill: dict of the names of the illnesses that have not ended -> the update of the first look.
    """

    def __init__(self, rows=()):
        self.rows, self.changes, self.ill = [], [], {}
        self._others = {}  # name -> (first, how many): looks in a row that say something else
        for row in rows:
            self.add(row)

    def add(self, row):
        """Add a look. Returns the Changes that it made."""
        self.rows.append(row)
        now = shown(self.rows, self.ill)
        made = []
        for illness in ILLNESSES:
            name = illness.name
            if (name in now) == (name in self.ill):
                self._others.pop(name, None)
                continue
            if name in self.ill and not is_finite(row):  # nothing can be said of it
                continue
            since, looks = self._others.get(name, (row["step"], 0))
            self._others[name] = since, looks + 1
            if looks + 1 < illness.in_a_row:
                continue
            del self._others[name]
            begins = name in now
            if begins:
                self.ill[name] = since
            else:
                del self.ill[name]
            made.append(Change(illness, begins, row["step"], since, row))
        self.changes += made
        return made
