// Networks: what is made of layers, as tinygan/models has it in Python.

let seen = null;  // where the outputs of layers with a name are put, while someone looks

/* The output of a layer, or of a network. */
function forward(layer, ...inputs) {
  const y = LAYERS[layer.kind](layer, ...inputs);
  if (seen && layer.name) seen.push({layer, y});
  return y;
}

/* y = f_n(… f_1(x)). */
function Sequential({layers}, x) {
  return layers.reduce((y, layer) => forward(layer, y), x);
}

/* The layers on x with the label's vector appended. */
function Conditional({embedding, layers}, x, classes) {
  return Sequential({layers}, join(x, forward(embedding, classes)));
}

/* c = Dense(TimeEmbedding(t)) + Embedding(classes). */
function Condition({time, embedding}, t, classes) {
  return add(forward(time, t), forward(embedding, classes));
}

/* h = f(x) + the row told(c) at every pixel;  y = s(x) + g(h), s(x) = x where there is no s. */
function ResidualBlock({f, told, g, s}, x, c) {
  const h = addRow(forward(f, x), forward(told, c));
  return add(s ? forward(s, x) : x, forward(g, h));
}

/* The velocity of a picture x (h, w, c) at time t, at several sizes: down, through the middle, up. */
function UNet(net, x, t, classes) {
  const c = forward(net.act, forward(net.condition, t, classes));
  const skip = forward(net.down, forward(net.first, x), c);
  const small = net.middle.reduce((y, block) => forward(block, y, c), forward(net.half, skip));
  return forward(net.last, forward(net.up, join(forward(net.double, small), skip), c));
}

/* The velocity of a vector x at time t: h ← h + f(h + c) for each block. */
function DenseVelocity({condition, first, blocks, last}, x, t, classes) {
  const c = forward(condition, t, classes);
  return forward(last, blocks.reduce((h, block) => add(h, forward(block, add(h, c))), forward(first, x)));
}

function add(a, b) {
  return each(a, (value, i) => value + b.data[i]);
}

/* The channels of a, then those of b, at each pixel; of vectors, one behind the other. */
function join(a, b) {
  const ca = a.shape.at(-1), cb = b.shape.at(-1), y = zeros([...a.shape.slice(0, -1), ca + cb]);
  for (let s = 0; s * ca < a.data.length; s++) {
    y.data.set(a.data.subarray(s * ca, (s + 1) * ca), s * (ca + cb));
    y.data.set(b.data.subarray(s * cb, (s + 1) * cb), s * (ca + cb) + ca);
  }
  return y;
}

const LAYERS = {
  Dense, Conv2d, ConvTranspose2d, BatchNorm: ScaleShift, ScaleShift, GroupNorm, LeakyReLU, ReLU, Tanh, Sigmoid,
  Upsample2d, Reshape, Embedding, TimeEmbedding, Sequential, Conditional, Condition, ResidualBlock, UNet, DenseVelocity,
};
