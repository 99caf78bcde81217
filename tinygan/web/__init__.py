"""What web pages share, the report of a run and the page to play with it: the style (base.css), the
making of elements (elements.js), and one HTML file that loads nothing.

Nothing here knows a run or a model.
"""

from tinygan.web.document import SHARED, as_json, document, policy, read

__all__ = ["SHARED", "as_json", "document", "policy", "read"]
