// Drawing: from noise to the pixels of a picture.

/* model: see play/drawn.py. z: its numbers. classes: the share of each class that is asked for, [] for
   a model that is asked for none. steps, guidance: of a flow. look: whether to return all that is on the way.
   Returns {pixels}; with look also maps: [{layer, y}], and of a flow path: the pixels after each step. */
function draw(model, z, classes, {steps, guidance, look = false} = {}) {
  const x = {shape: model.priors[0].shape, data: Float32Array.from(z)};
  if (model.flow) return drawByFlow(model, x, classes, {steps, guidance, look});
  seen = look ? [] : null;
  const inputs = model.classes.length ? [x, vector(classes)] : [x];
  const y = forward(model.network, ...inputs), maps = seen;
  seen = null;
  return {pixels: pixels(model, y), maps};
}

/* Noise is moved from t = 0 to 1 along its velocity; what it is at the end is the picture, or its code. */
function drawByFlow(model, x, classes, {steps, guidance, look}) {
  const images = [x], maps = [];
  const watched = look ? maps : null;
  for (const moved of heunSteps(guided(model.network, classes, guidance, watched), x, steps)) {
    x = moved;
    if (look) images.push(x);
  }
  seen = watched;
  const result = pixels(model, decoded(model, x));
  seen = null;
  return {pixels: result, maps, path: look ? images.map((moved) => pixels(model, decoded(model, moved))) : null};
}

/* x after each of so many steps: Heun's method, the mean of the velocity at both ends of a step. The
   last step is Euler's, so that no t = 1 is asked for. */
function* heunSteps(velocity, x, steps) {
  const h = 1 / steps;
  for (let i = 0; i < steps; i++) {
    let v = velocity(x, i * h, i === steps - 1);
    if (i < steps - 1) {
      const ahead = velocity(along(x, v, h), (i + 1) * h);
      v = each(v, (value, j) => (value + ahead.data[j]) / 2);
    }
    x = along(x, v, h);
    yield x;
  }
}

/* x after a step h along the velocity v. */
function along(x, v, h) {
  return each(x, (value, i) => value + h * v.data[i]);
}

/* The velocity for a class, made stronger: v = v(none) + guidance · (v(class) − v(none)).
   watched: where the outputs of the layers are put at the last step, or null. */
function guided(network, classes, guidance, watched) {
  const known = vector([...classes, 0]), none = vector([...classes.map(() => 0), 1]);
  return (x, t, last) => {
    const v = (asked, look) => {
      seen = look && last ? watched : null;
      const y = forward(network, x, t, asked);
      seen = null;
      return y;
    };
    if (guidance === 1) return v(known, true);
    const without = v(none, guidance === 0);
    if (guidance === 0) return without;
    const asked = v(known, true);
    return each(without, (value, i) => value + guidance * (asked.data[i] - value));
  };
}

function decoded(model, x) {
  return model.decoder ? forward(model.decoder, x) : x;
}

function vector(numbers) {
  return {shape: [numbers.length], data: Float32Array.from(numbers)};
}

/* Numbers from `low` to 1 as pixels from 0 to 255; the array itself rounds, and cuts off what is outside. */
function pixels({low}, {data}) {
  const [middle, half] = low === -1 ? [127.5, 127.5] : [0, 255];
  return Uint8ClampedArray.from(data, (value) => value * half + middle);
}
