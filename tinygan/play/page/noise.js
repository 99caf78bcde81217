// Noise: the numbers that pictures are drawn from, the same again for the same seed.

/* Uniform numbers in [0, 1) from a seed of 32 bits ("mulberry32", by T. Ettinger, public domain). */
function uniform(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/* A number from N(0, 1): Box and Muller, √(−2 ln u) · cos 2πv. */
function normal(random) {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/* z for n pictures, each a Float32Array. prior: see play/noise.py. */
function noise(prior, n, seed) {
  const random = uniform(seed), size = prior.shape.reduce((a, b) => a * b, 1);
  return Array.from({length: n}, () => {
    const component = prior.kind === "mixture" ? pick(prior.weights.data, random()) : 0;
    const e = Float32Array.from({length: size}, () => normal(random));
    return prior.kind === "mixture" ? ofComponent(prior, component, e) : e;
  });
}

/* The index that a number u in [0, 1) falls to, where each has its share. */
function pick(shares, u) {
  let sum = 0;
  const found = shares.findIndex((share) => u < (sum += share));
  return found < 0 ? shares.length - 1 : found;
}

/* z = mean + spread · e: a triangular matrix, or a number for each e, or one for all. */
function ofComponent({means, spread}, component, e) {
  const d = e.length, mean = means.data.subarray(component * d, (component + 1) * d);
  const size = spread.data.length / spread.shape[0], own = spread.shape[0] > 1 ? component : 0;
  const s = spread.data.subarray(own * size, (own + 1) * size);
  return e.map((value, i) => {
    if (spread.shape.length < 3) return mean[i] + s[i % size] * value;
    let sum = mean[i];
    for (let j = 0; j <= i; j++) sum += s[i * d + j] * e[j];
    return sum;
  });
}
