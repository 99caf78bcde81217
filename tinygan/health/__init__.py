"""Is a GAN's training well? signs.py measures two networks, illnesses.py says what the numbers of a
run mean, course.py when each illness began and ended, treatments.py what to read and to try.

Nothing here changes a training, and nothing reads a file.
"""
