"""report.html in a run folder."""

import time
from pathlib import Path

from tinygan.cli import say
from tinygan.errors import UserError
from tinygan.files import write_text
from tinygan.report.page import page
from tinygan.report.story import story

_SHARE = 0.01  # of the time of training for pages, besides the first and the last


def write_report(folder):
    """Write report.html into a run folder; its path. Raises OSError when it cannot be written, and
    UserError when this is no run folder."""
    file = Path(folder) / "report.html"
    write_text(file, page(story([folder])))
    return file


class Writer:
    """Renews a run's report.html as it trains, and takes about 1 % of the time for it.

    Where epochs are so short that a page for each would take more, some are left out.
    folder: of the run. seconds: what the pages have taken so far.
    """

    def __init__(self, folder):
        self.folder, self.seconds = folder, 0.0
        self._next = 0.0  # when the next page may be written, on the monotonic clock

    def renew(self, last=False):
        """Write the page now, if there is time for it. last: whatever the time."""
        began = time.monotonic()
        if began < self._next and not last:
            return
        try:
            write_report(self.folder)
        except UserError as error:  # someone has taken config.json away: no reason to end a run
            say(f"report.html is not renewed: {error}")
        took = time.monotonic() - began
        if self.seconds:  # the first page takes longer: it reads all sheets that are there
            self._next = began + took / _SHARE
        self.seconds += took
