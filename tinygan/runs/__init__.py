"""A run folder from start to end, whatever is trained; no model and no mathematics."""
