"""How good samples are: what is compared with what, the features with their shipped weights, the
measuring of a run, a file or a classifier, and its results as text and files.

Not here: the metrics themselves (metrics/).
"""
