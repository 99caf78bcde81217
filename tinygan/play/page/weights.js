// The weights: out of the page's base64, and out of 16 or 8 bits, into arrays of float32.

function bytesOf(base64) {
  const text = atob(base64);
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0)).buffer;
}

/* A copy of a description in which each reference to weights, see play/weights.py, is a tensor. */
function withWeights(node, bytes) {
  if (node === null || typeof node !== "object") return node;
  if (node.type && "at" in node) return tensor(node, bytes);
  if (Array.isArray(node)) return node.map((inner) => withWeights(inner, bytes));
  return Object.fromEntries(Object.entries(node).map(([name, inner]) => [name, withWeights(inner, bytes)]));
}

function tensor({type, at, shape, axis, scale}, bytes) {
  const size = shape.reduce((a, b) => a * b, 1);
  if (type === "f32") return {shape, data: new Float32Array(bytes, at, size)};
  if (type === "f16") return {shape, data: Float32Array.from(new Uint16Array(bytes, at, size), halfToNumber)};
  const each = tensor(scale, bytes).data, inner = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const q = new Int8Array(bytes, at, size);
  return {shape, data: Float32Array.from(q, (value, i) => value * each[Math.floor(i / inner) % each.length])};
}

/* The number of a float16: 1 bit sign, 5 bits exponent, 10 bits fraction. */
function halfToNumber(bits) {
  const sign = bits & 0x8000 ? -1 : 1, exponent = (bits >> 10) & 31, fraction = bits & 1023;
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -14 * (fraction / 1024));
}
