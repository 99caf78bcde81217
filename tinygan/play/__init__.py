"""A trained model as one page to play with: its weights as bytes (weights.py), its layers as JSON
(network.py), what draws in which kind of model (drawn.py), where z comes from (noise.py), what the
page says (words.py), and the page itself; page/ has its HTML, CSS and JavaScript, with a forward
pass of every layer.

Nothing here trains, and no page asks a network for anything.
"""

from tinygan.play.drawn import drawn
from tinygan.play.page import page

__all__ = ["drawn", "page"]
