// What each layer gives for the picture in view: its feature maps as small grey pictures.

const MOST_MAPS = 256;
const MAP_SIZE = 44, GAP = 2;  // pixels on the screen, about
const MOST_SCALE = 12, ONE_SCALE = 4;  // of a map, and of one that is alone

/* description: the page's, see play/drawn.py. Returns {show(maps)}, maps as worker.js gives them. */
function featureMaps(description) {
  const box = byId("maps"), layers = layersByName([description.network, description.decoder]);
  const rows = new Map();
  let last = [], width = 0;

  function show(maps) {
    last = maps;
    for (const map of maps) {
      if (!rows.has(map.name)) addRow(map);
      rows.get(map.name).draw(map);
    }
  }

  function addRow({name, shape}) {
    const canvas = element("canvas", {role: "img"}), words = layerWords(layers.get(name));
    const size = element("span", {}, ` ${shape.join(" × ")}`);
    const few = shape.length > 1 && shape[2] > MOST_MAPS ? ` The first ${MOST_MAPS} of ${shape[2]} maps.` : "";
    box.append(element("div", {class: "layer"}, element("h3", {}, words.title, size),
      element("p", {class: "note"}, words.meaning + few), canvas));
    rows.set(name, {draw(map) {
      const [low, high] = lowAndHigh(map.data);
      (map.shape.length > 1 ? drawMaps : drawNumbers)(canvas, map, low, high, box.clientWidth);
      canvas.setAttribute("aria-label",
        `${words.title}, ${map.shape.join(" by ")}: from ${number(low)}, black, to ${number(high)}, white`);
    }});
  }

  new ResizeObserver(() => {
    if (box.clientWidth === width) return;
    width = box.clientWidth;
    show(last);
  }).observe(box);
  return {show};
}

/* The layers of networks that have a name, by it. */
function layersByName(networks, found = new Map()) {
  for (const node of networks) {
    if (node === null || typeof node !== "object") continue;
    if (node.name) found.set(node.name, node);
    layersByName(Object.values(node), found);
  }
  return found;
}

function lowAndHigh(data) {
  return data.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity]);
}

/* The maps of (h, w, c) side by side, the lowest number of the layer black and the highest white. */
function drawMaps(canvas, {data, shape: [h, w, c]}, low, high, width) {
  const count = Math.min(c, MOST_MAPS), scale = count === 1 ? ONE_SCALE : scaleOf(w);
  const right = w * scale + GAP, below = h * scale + GAP;  // from one map to the next
  const across = Math.max(1, Math.min(count, Math.floor((width + GAP) / right)));
  const context = sized(canvas, across * right - GAP, Math.ceil(count / across) * below - GAP);
  for (let k = 0; k < count; k++) {
    const image = grey(h, w, scale, scale, (i) => (data[i * c + k] - low) / (high - low || 1));
    context.putImageData(image, (k % across) * right, Math.floor(k / across) * below);
  }
}

function scaleOf(w) {
  return Math.max(1, Math.min(MOST_SCALE, Math.floor(MAP_SIZE / w)));
}

/* The numbers of a vector in rows; those of a short one are drawn tall. */
function drawNumbers(canvas, {data, shape: [n]}, low, high, width) {
  const scale = n <= 128 ? 8 : 4, tall = n <= 1024 ? 16 : scale;
  const across = Math.max(1, Math.min(n, Math.floor(width / scale))), down = Math.ceil(n / across);
  const shade = (i) => (i < n ? (data[i] - low) / (high - low || 1) : null);
  sized(canvas, across * scale, down * tall).putImageData(grey(down, across, tall, scale, shade), 0, 0);
}

function sized(canvas, width, height) {
  Object.assign(canvas, {width, height});
  return canvas.getContext("2d");
}

/* A grey picture of h × w numbers from 0 to 1, each `tall` pixels high and `wide` wide; null is left out. */
function grey(h, w, tall, wide, value) {
  const image = new ImageData(w * wide, h * tall);
  for (let y = 0; y < h * tall; y++) for (let x = 0; x < w * wide; x++) {
    const shade = value(Math.floor(y / tall) * w + Math.floor(x / wide)), at = 4 * (y * w * wide + x);
    image.data.fill(255 * shade, at, at + 3);
    image.data[at + 3] = shade === null ? 0 : 255;
  }
  return image;
}
