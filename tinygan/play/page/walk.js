// The walk between two pictures: the numbers on the way.

/* From a (t = 0) to b (t = 1). Normal noise goes round the origin: on a straight way the numbers in the
   middle would be smaller than noise ever is. Between points of a mixture the way is straight. */
function onTheWay(a, b, t, kind) {
  const [from, to] = kind === "normal" ? roundTheOrigin(a.z, b.z, t) : [1 - t, t];
  const mixed = (x, y, p, q) => x.map((value, i) => p * value + q * y[i]);
  return {z: mixed(a.z, b.z, from, to), classes: mixed(a.classes, b.classes, 1 - t, t)};
}

/* The shares of both ends: sin((1 − t) θ) / sin θ and sin(t θ) / sin θ, θ the angle between them. */
function roundTheOrigin(a, b, t) {
  const product = (x, y) => x.reduce((sum, value, i) => sum + value * y[i], 0);
  const cosine = product(a, b) / Math.sqrt(product(a, a) * product(b, b));
  const angle = Math.acos(Math.min(1, Math.max(-1, cosine)));
  if (!(Math.sin(angle) > 1e-3)) return [1 - t, t];  // no way round that is the only one
  return [Math.sin((1 - t) * angle) / Math.sin(angle), Math.sin(t * angle) / Math.sin(angle)];
}
