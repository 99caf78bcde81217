"""Is a GAN's training well? signs.py measures two networks, illnesses.py says what the numbers of a
run mean, and what to read and to try; course.py when each illness began and ended; table.py all of
it as CSV.

Nothing here changes a training, and nothing reads a file.
"""
