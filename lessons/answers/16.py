"""Answers to the exercises of lesson 16. Run it: every answer is checked."""

import numpy as np

# 1. The mean of ‖z‖² is n and its variance 2 n; the root's spread is √(2 n) / (2 √n) = 0.71,
#    whatever n is. The longer z, the thinner the shell is beside its radius √n. (With 2 numbers the
#    approximation is not good yet: 0.66.)
rng = np.random.default_rng(0)
for n in (2, 100, 10_000):
    lengths = np.linalg.norm(rng.standard_normal((1000, n)), axis=1)
    print(f"1. {n:>6} numbers: {lengths.mean():.2f} ± {lengths.std():.2f}; √n is {n**0.5:.2f}")
    assert abs(lengths.std() - 0.71) < 0.1
    assert abs(lengths.mean() / n**0.5 - 1) < 0.15

# 2. The variance of each number of the mean is 1/3: its length is 10 / √3 = 5.8. Three such means,
#    added or taken away, have the variance 1 again if they are independent: about 10. They are not
#    quite (what is large in B is large in C), so the sum is brought back to where G has learned.
three = rng.standard_normal((1000, 3, 100)).mean(axis=1)
sums = three[:300] - three[300:600] + three[600:900]
lengths = [np.linalg.norm(x, axis=1).mean() for x in (three, sums)]
print(f"2. mean of three {lengths[0]:.2f}, sum of three means {lengths[1]:.2f}")
assert abs(lengths[0] - 10 / 3**0.5) < 0.1
assert abs(lengths[1] - 10) < 0.1

# 3. The cosine is a sum of 100 products over 100: mean 0, spread 1/√100 = 0.1, so the angle is 90°
#    give or take 0.1 radian, 5.7°.
a, b = rng.standard_normal((2, 5000, 100))
cosines = (a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
angles = np.degrees(np.arccos(cosines))
print(f"3. {angles.mean():.1f}° ± {angles.std():.1f}°")
assert abs(angles.mean() - 90) < 0.5
assert abs(angles.std() - 5.7) < 0.3
