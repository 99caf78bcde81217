"""report.html in a run folder."""

import time
from pathlib import Path

from tinygan.cli import say
from tinygan.errors import UserError, first_line
from tinygan.files import reason, write_text
from tinygan.report.page import page
from tinygan.report.story import story

_SHARE = 0.01  # of the time of training for pages, besides the first and the last


def write_report(folder):
    """Write report.html into a run folder; its path. A link of that name is replaced.

    Raises UserError when it cannot be written, and when this is no run folder.
    """
    file = Path(folder) / "report.html"
    text = page(story([folder]))
    try:
        if file.is_symlink():  # it may name any file of the user's
            file.unlink()
        write_text(file, text)
    except OSError as error:
        raise UserError(f"cannot write {file}: {reason(error)}") from None
    return file


class Writer:
    """Renews a run's report.html as it trains, and takes about 1 % of the time for it, besides the
    first page and the last.

    Where epochs are so short that a page for each would take more, some are left out. A page that
    cannot be made is no reason to end a training: a line on stderr says why.
    """

    def __init__(self, folder):
        self.folder = folder
        self._pages, self._next = 0, 0.0  # when there is time for the next, on the monotonic clock
        self._said = None

    def renew(self, last=False):
        """Write the page now, if there is time for it. last: whatever the time."""
        began = time.monotonic()
        if began < self._next and not last:
            return
        try:
            write_report(self.folder)
        except Exception as error:
            self._say(f"report.html is not renewed: {first_line(error)}")
        self._pages += 1
        if self._pages > 1:  # the first one takes longer: it reads all sheets that are there
            self._next = began + (time.monotonic() - began) / _SHARE

    def _say(self, text):
        if text != self._said:
            say(text)
        self._said = text
