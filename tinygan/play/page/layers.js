"use strict";
// The layers, one function each, as tinygan/nn has them in Python: only forward, and for one example.
// A tensor is {shape, data}, with data a Float32Array: (n), or (h, w, c) with the channels last.

function zeros(shape) {
  return {shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1))};
}

/* y = f(x) for every number. */
function each(x, f) {
  return {shape: x.shape, data: x.data.map(f)};
}

/* y += b, the same row everywhere; b null is none. */
function addRow(y, b) {
  if (b) for (let i = 0, n = b.data.length; i < y.data.length; i++) y.data[i] += b.data[i % n];
  return y;
}

/* y = x W + b.    x (nIn) -> y (nOut). */
function Dense({W, b}, x) {
  const [nIn, nOut] = W.shape, y = zeros([nOut]), w = W.data, out = y.data;
  for (let i = 0; i < nIn; i++) {
    const xi = x.data[i];
    for (let j = 0; j < nOut; j++) out[j] += xi * w[i * nOut + j];
  }
  return addRow(y, b);
}

/* y[u, v] = b + Σ_ij pad(x)[s·u + i, s·v + j] W[i, j].    W (k, k, cIn, cOut). */
function Conv2d({W, b, stride: s, padding: p}, x) {
  const [h, w, cIn] = x.shape, [k, , , cOut] = W.shape, kernel = W.data;
  const oh = Math.floor((h + 2 * p - k) / s) + 1, ow = Math.floor((w + 2 * p - k) / s) + 1;
  const y = zeros([oh, ow, cOut]), sum = new Float64Array(cOut);
  for (let u = 0; u < oh; u++) for (let v = 0; v < ow; v++) {
    sum.fill(0);
    for (let i = 0; i < k; i++) for (let j = 0; j < k; j++) {
      const row = s * u + i - p, column = s * v + j - p;
      if (row < 0 || row >= h || column < 0 || column >= w) continue;  // the padding is 0
      for (let c = 0; c < cIn; c++) {
        const xc = x.data[(row * w + column) * cIn + c], at = ((i * k + j) * cIn + c) * cOut;
        for (let o = 0; o < cOut; o++) sum[o] += xc * kernel[at + o];
      }
    }
    y.data.set(sum, (u * ow + v) * cOut);
  }
  return addRow(y, b);
}

/* y[s·u + i, s·v + j] += W[i, j] x[u, v] for all u, v, i, j; then less its border.  W (k, k, cOut, cIn). */
function ConvTranspose2d({W, b, stride: s, padding: p, outputPadding}, x) {
  const [h, w, cIn] = x.shape, [k, , cOut] = W.shape, kernel = W.data, data = x.data;
  const oh = (h - 1) * s - 2 * p + k + outputPadding, ow = (w - 1) * s - 2 * p + k + outputPadding;
  const y = zeros([oh, ow, cOut]), out = y.data;
  for (let u = 0; u < h; u++) for (let v = 0; v < w; v++) {
    const from = (u * w + v) * cIn;
    for (let i = 0; i < k; i++) for (let j = 0; j < k; j++) {
      const row = s * u + i - p, column = s * v + j - p;
      if (row < 0 || row >= oh || column < 0 || column >= ow) continue;  // on the border
      for (let o = 0; o < cOut; o++) {
        const at = ((i * k + j) * cOut + o) * cIn;
        let sum = 0;
        for (let c = 0; c < cIn; c++) sum += data[from + c] * kernel[at + c];
        out[(row * ow + column) * cOut + o] += sum;
      }
    }
  }
  return addRow(y, b);
}

/* y = scale · x + shift, for each channel: what BatchNorm is when it draws. */
function ScaleShift({scale, shift}, x) {
  const n = scale.data.length;
  return each(x, (value, i) => value * scale.data[i % n] + shift.data[i % n]);
}

/* y = γ (x − μ) / √(v + ε) + β, μ and v over the pixels and channels of each group. */
function GroupNorm({groups, eps, gamma, beta}, x) {
  const c = x.shape[2], k = c / groups, pixels = x.data.length / c, y = zeros(x.shape);
  for (let g = 0; g < groups; g++) {
    let sum = 0, squares = 0;
    for (let s = 0; s < pixels; s++) for (let i = 0; i < k; i++) sum += x.data[s * c + g * k + i];
    const mean = sum / (pixels * k);
    for (let s = 0; s < pixels; s++) for (let i = 0; i < k; i++) squares += (x.data[s * c + g * k + i] - mean) ** 2;
    const inverseStd = 1 / Math.sqrt(squares / (pixels * k) + eps);
    for (let s = 0; s < pixels; s++) for (let i = 0; i < k; i++) {
      const channel = g * k + i, at = s * c + channel;
      y.data[at] = gamma.data[channel] * (x.data[at] - mean) * inverseStd + beta.data[channel];
    }
  }
  return y;
}

function LeakyReLU({slope}, x) {
  return each(x, (value) => (value > 0 ? value : slope * value));
}

function ReLU(layer, x) {
  return each(x, (value) => Math.max(value, 0));
}

function Tanh(layer, x) {
  return each(x, Math.tanh);
}

function Sigmoid(layer, x) {
  return each(x, (value) => 1 / (1 + Math.exp(-value)));
}

/* y[u, v] = x[u // factor, v // factor]: each pixel becomes a block. */
function Upsample2d({factor: f}, x) {
  const [h, w, c] = x.shape, y = zeros([f * h, f * w, c]);
  for (let u = 0; u < f * h; u++) for (let v = 0; v < f * w; v++) {
    const from = (Math.floor(u / f) * w + Math.floor(v / f)) * c;
    y.data.set(x.data.subarray(from, from + c), (u * f * w + v) * c);
  }
  return y;
}

function Reshape({shape}, x) {
  return {shape, data: x.data};
}

/* y = classes · W. For one class, classes is 1 there and 0 elsewhere, and y is its row of W; between
   two classes it is 1 − t and t. */
function Embedding({W}, classes) {
  return Dense({W, b: null}, classes);
}

/* y = [cos(ω_k t), sin(ω_k t)], ω_k from 1 to `fastest` in equal ratios.    t a number -> y (dim). */
function TimeEmbedding({dim, fastest}, t) {
  const half = dim / 2, y = zeros([dim]);
  for (let k = 0; k < half; k++) {
    const omega = Math.fround(fastest ** (k / Math.max(half - 1, 1)));
    const angle = Math.fround(Math.fround(t) * omega);
    y.data[k] = Math.cos(angle);
    y.data[half + k] = Math.sin(angle);
  }
  return y;
}
