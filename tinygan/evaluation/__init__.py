"""How good samples are: the protocol, the features with their shipped weights, the measuring of a
run, a file or a classifier, and its results as text and files; the metrics themselves, functions of
arrays that know neither data sets nor networks, are in tinygan.metrics.
"""
