"""A run, or several, as one page that opens in a browser: what the page says, its HTML, CSS and
JavaScript (page/), and a small server for a run that is training.

Nothing here trains or measures: it reads the files of run folders, and trusts none of them.
"""

from tinygan.report.page import page
from tinygan.report.story import story
from tinygan.report.writer import Writer, write_report

__all__ = ["Writer", "page", "story", "write_report"]
