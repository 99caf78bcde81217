"""A run folder from start to end, whatever is trained; no model is known here."""
