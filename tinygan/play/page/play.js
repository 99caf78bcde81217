// The page: what is in view, and what moves it.

const SLOW = 12, QUICK = 36, ROW = 6;  // pictures in the grid of a U-Net, and of others; in a row

const description = JSON.parse(byId("description").textContent);
const {image, classes, classNames, priors, flow} = description;
const ask = artist();
const ready = ask("load", {description, weights: byId("weights").textContent});
const grid = pictureGrid(image, choose);
const sliders = numberSliders(moveNumber);
const maps = featureMaps(description);

let prior = 0;
const options = {steps: flow?.steps, guidance: flow?.guidance};
let items = [], turn = 0;  // the pictures of the grid; how often it was renewed
let a = 0, b = 1, picking = false;  // which pictures of the grid the walk goes from and to
let A = null, B = null, view = null;  // {z, classes} of both ends, as they are now, and of what is in view

/* The share of each class when one is asked for. */
function onlyClass(index) {
  return classes.map((_, i) => (i === index ? 1 : 0));
}

function picturesOfAClass() {
  if (description.network.kind === "UNet") return Math.max(1, Math.floor(SLOW / Math.max(1, classes.length)));
  return classes.length ? Math.max(ROW, ROW * Math.floor(QUICK / ROW / classes.length)) : QUICK;
}

/* New noise from the seed, and all pictures of the grid. */
async function renew() {
  const each = picturesOfAClass(), groups = classes.length ? classNames : [""], mine = ++turn;
  const seed = Number(byId("seed").value) >>> 0;
  const {z} = await ask("noise", {prior, n: each * groups.length, seed});
  if (mine !== turn) return;
  items = z.map((numbers, i) => ({z: numbers, classes: onlyClass(Math.floor(i / each))}));
  grid.renew(groups.map((name) => ({name, count: each})));
  [a, b] = [0, classes.length > 1 ? each : 1];  // the end of the walk is of another class
  [A, B] = [items[a], items[b]];
  toView(A);
  await redraw();
}

/* Draw all pictures of the grid, one after another; a newer call ends this one. */
async function redraw() {
  const mine = ++turn, shown = items;
  let milliseconds = 0;
  byId("grid").setAttribute("aria-busy", true);
  for (let i = 0; i < shown.length; i++) {
    const drawn = await ask("draw", {...shown[i], options});
    if (mine !== turn) return;
    grid.paint(i, drawn.pixels);
    milliseconds += drawn.milliseconds;
    sayHowFast(milliseconds / (i + 1));
  }
  byId("grid").setAttribute("aria-busy", false);
}

function sayHowFast(milliseconds) {
  if (!(milliseconds > 0)) return;  // a clock that is too coarse
  byId("speed").textContent = `${number(Number(milliseconds.toPrecision(2)))} ms a picture: ${number(Number((1000 / milliseconds).toPrecision(2)))} a second.`;
}

/* A picture of the grid was chosen: it is taken into view, or the walk ends there. */
function choose(i) {
  if (picking) {
    [b, B] = [i, items[i]];
    pickB(false);
    toStart();
    toView(A);
    return;
  }
  [a, A] = [i, items[i]];
  if (a === b) [b, B] = [(i + 1) % items.length, items[(i + 1) % items.length]];
  toStart();
  toView(A);
  byId("picture").scrollIntoView({block: "nearest"});
}

/* Show a picture: its numbers and its class at once, its pixels when they are drawn. */
function toView(picture) {
  view = picture;
  grid.mark(a, b);
  sliders.show(view.z);
  if (classes.length) byId("class").value = view.classes.indexOf(Math.max(...view.classes));
  lookAgain();
}

function lookAgain() {
  byId("view").setAttribute("aria-busy", true);
  drawView(view);
}

const drawView = onlyNewest(async (shown) => {
  const ends = [[byId("from"), A], [byId("to"), B]];
  const drawn = await ask("draw", {...shown, options: {...options, look: true}});
  paint(byId("picture"), drawn.pixels, image);
  maps.show(drawn.maps);
  if (drawn.path) showPath(drawn.path);
  for (const [canvas, end] of ends) await drawEnd(canvas, end, end === shown ? drawn : null);
  if (shown === view) byId("view").setAttribute("aria-busy", false);
});

const endsDrawn = new Map();  // what was last drawn on the canvas of an end

/* drawn: what the worker has drawn of it already, or null. */
async function drawEnd(canvas, end, drawn) {
  const known = endsDrawn.get(canvas), settings = JSON.stringify(options);
  if (known?.end === end && known.settings === settings) return;
  endsDrawn.set(canvas, {end, settings});
  paint(canvas, (drawn ?? await ask("draw", {...end, options})).pixels, image);
}

/* Change what is in view: from now on this is A. */
function change(changes) {
  A = {...view, ...changes};
  toStart();
  toView(A);
}

function moveNumber(i, value) {
  change({z: view.z.map((old, k) => (k === i ? value : old))});
}

/* The walk begins again, at A. */
function toStart() {
  byId("way").value = 0;
  byId("way").removeAttribute("aria-valuetext");
}

function walk() {
  const way = Number(byId("way").value) / 100;
  byId("way").setAttribute("aria-valuetext", `${Math.round(100 * way)} percent from A to B`);
  toView(way === 0 ? A : way === 1 ? B : onTheWay(A, B, way, priors[prior].kind));
}

function pickB(on) {
  picking = on;
  byId("pick").setAttribute("aria-pressed", on);
  byId("pick-note").textContent = on ? "Now choose a picture in the grid." : "";
}

/* Of a flow: the pictures on the way from noise, evenly chosen if they are many. */
function showPath(path) {
  const most = 11, steps = path.length - 1, count = Math.min(steps, most);
  const shown = Array.from({length: count + 1}, (_, i) => Math.round(i * steps / count));
  byId("steps-shown").replaceChildren(...shown.map((step) => {
    const words = step ? `step ${step}` : "noise", canvas = element("canvas", {role: "img", "aria-label": words});
    paint(canvas, path[step], image);
    return element("figure", {}, canvas, element("figcaption", {}, words));
  }));
}

function setUp() {
  sliders.renew(priors[prior]);
  priors.forEach(({kind}, i) => byId("prior").append(element("option", {value: i}, kind === "normal" ? "N(0, I)" : "the mixture of codes")));
  byId("prior-label").hidden = priors.length < 2;
  classNames.forEach((name, i) => byId("class").append(element("option", {value: i}, name)));
  byId("class-label").hidden = !classes.length;
  if (flow) setUpFlow();
  sayTheWay();
  byId("layers-note").textContent = [
    "In each layer the lowest number is black and the highest white.",
    flow ? "The network that moves the noise is asked many times; this is its last step." : "",
    description.decoder ? "What it has moved is a code; the layers of the decoder, below, make the picture of it." : "",
  ].filter((text) => text).join(" ");
}

function setUpFlow() {
  byId("flow").hidden = byId("path").hidden = false;
  for (const [name, most] of [["steps", 40], ["guidance", 5]]) {
    const slider = byId(name), show = () => { byId(`${name}-value`).textContent = slider.value; };
    slider.max = Math.max(most, flow[name]);
    slider.value = flow[name];
    show();
    slider.addEventListener("input", show);
    slider.addEventListener("change", () => {
      options[name] = Number(slider.value);
      lookAgain();
      redraw();
    });
  }
  byId("path-note").textContent = `${description.decoder
    ? "What is moved is a code; here is the picture of it after each step, as the decoder would draw it."
    : "What is moved are the pixels; here they are after each step."} Fewer steps are quicker, and less exact.`;
}

function sayTheWay() {
  byId("walk-note").textContent = (priors[prior].kind === "normal"
    ? "The way goes round the origin (spherical interpolation), so that the numbers stay as large as noise is."
    : "The way is straight (linear interpolation).")
    + (classes.length ? " The class goes over from that of A to that of B too." : "");
}

byId("renew").addEventListener("click", () => {
  byId("seed").value = (Number(byId("seed").value) + 1) >>> 0;
  renew();
});
byId("seed").addEventListener("change", renew);
byId("prior").addEventListener("change", () => {
  prior = Number(byId("prior").value);
  sliders.renew(priors[prior]);
  sayTheWay();
  renew();
});
byId("class").addEventListener("change", () => change({classes: onlyClass(Number(byId("class").value))}));
byId("way").addEventListener("input", walk);
byId("pick").addEventListener("click", () => pickB(!picking));
byId("reset").addEventListener("click", () => change({z: items[a].z}));

document.querySelector("main").hidden = false;
setUp();
ready.then(renew);
