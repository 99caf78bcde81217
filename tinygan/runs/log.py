"""What a training run says while it goes on."""

import shutil
import sys
import time

_EVERY = 0.5  # seconds between two looks at the numbers


class Progress:
    """A progress line on a terminal, rewritten in place; elsewhere one line an epoch.

    quiet: say nothing at all. stream: where to, stdout when left out.
    """

    def __init__(self, *, quiet=False, stream=None):
        self.stream = sys.stdout if stream is None else stream
        self.quiet = quiet
        self.live = not quiet and self.stream.isatty()
        self._next = 0.0
        self._open = False  # whether a line still waits for its end

    def say(self, text):
        """A line of its own."""
        if not self.quiet:
            print(text, file=self.stream, flush=True)

    def due(self):
        """Whether it is time to read the numbers again, which on a GPU means waiting for it."""
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + _EVERY
        return True

    def show(self, line, *, final):
        """The state of things. final: it stays; otherwise the next one takes its place."""
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


def duration(seconds):
    """Seconds in words as short as they can be: 42s, 7m 05s, 12m, 2h 10m."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h {minutes:02}m"
    if minutes >= 10:
        return f"{minutes}m"
    return f"{minutes}m {seconds:02}s" if minutes else f"{seconds}s"


class Clock:
    """How fast the training goes, not counting drawing and saving."""

    def __init__(self, step, batch_size):
        self.batch_size = batch_size
        self.first, self.seconds = step, 0.0  # of the laps before this one
        self.lap_step, self.began = step, time.perf_counter()

    def lap(self, epoch, step):
        """End a lap: (epoch, step, its seconds, its images per second)."""
        now = time.perf_counter()
        seconds, self.began = now - self.began, now
        images = (step - self.lap_step) * self.batch_size
        self.seconds += seconds
        self.lap_step = step
        return epoch, step, seconds, images / max(seconds, 1e-9)

    def restart(self):
        """Begin the next lap now."""
        self.began = time.perf_counter()

    def rate(self, step):
        """Images per second since the beginning."""
        return self.batch_size / self.seconds_for(1, step)

    def seconds_for(self, steps, step):
        """How long `steps` updates take at the pace so far."""
        elapsed = self.seconds + time.perf_counter() - self.began
        return steps * max(elapsed, 1e-9) / max(step - self.first, 1)
