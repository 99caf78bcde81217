"""How far a long task is: a line that is rewritten on a terminal, elsewhere one now and then."""

import os
import shutil
import sys
import time

_EVERY = 0.5  # seconds between two looks at the numbers


class Progress:
    """A progress line on a terminal, rewritten in place; elsewhere only lines that are final.

    So it is too on a terminal that cannot go back in a line: TERM=dumb.

    quiet: say nothing at all. stream: where to, stdout when left out.
    """

    def __init__(self, *, quiet=False, stream=None):
        self.stream = sys.stdout if stream is None else stream
        self.quiet = quiet
        self.live = not quiet and _can_rewrite(self.stream)
        self._next = 0.0
        self._open = False  # whether a line still waits for its end

    def say(self, text):
        """A line of its own."""
        if not self.quiet:
            print(text, file=self.stream, flush=True)

    def note(self, text):
        """A line of its own in between: a progress line that is open stays above it."""
        self.close()
        self.say(text)

    def due(self):
        """Whether it is time for the next line."""
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + _EVERY
        return True

    def show(self, line, *, final):
        """The state of things. final: the line stays; otherwise the next one takes its place."""
        if self.live:
            width = shutil.get_terminal_size().columns - 1  # a line that wraps cannot be rewritten
            shown = line if final else line[:width]
            print(f"\r{shown:<{width}}", end="\n" if final else "", file=self.stream, flush=True)
            self._open = not final
        elif final:
            self.say(line)

    def close(self):
        """Whatever is printed next begins on a line of its own."""
        if self._open:
            print(file=self.stream, flush=True)
            self._open = False


def _can_rewrite(stream):
    return stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"


def duration(seconds):
    """Seconds in words as short as they can be: 42s, 7m 05s, 12m, 2h 10m."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h {minutes:02}m"
    if minutes >= 10:
        return f"{minutes}m"
    return f"{minutes}m {seconds:02}s" if minutes else f"{seconds}s"


def plural(n, word):
    """A number of things: "1 update", "1,404 updates"."""
    return f"{n:,} {word}{'s' * (n != 1)}"
