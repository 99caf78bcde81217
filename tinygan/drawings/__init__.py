"""What can be drawn of a trained run: one file a drawing, each a function of a run that writes one
picture and returns the lines to print about it. kinds.py says which drawings a run can have.

Not here: how a run is measured (evaluation/), the pictures that training itself leaves
(runs/pictures.py), and nothing that trains.
"""
