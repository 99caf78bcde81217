// One chart over the updates, with a mark at the update that is shown.

const CHART = {height: 170, left: 48, right: 20, top: 8, bottom: 42};

/* lines: [{name, colour, values}], with one value for each recorded update. updates: their numbers,
   from 1. guides: [{name, level}], dotted. onPick(moment): called when one is clicked.
   Returns {node, draw(), show(k)}; k: 0 before the first update, 1 after it. */
function chart(label, lines, updates, guides, onPick) {
  const svg = drawn("svg", {role: "img", "aria-label": spokenChart(label, lines)});
  const readout = element("p", {class: "readout"});
  const dotted = guides.map(({name, level}) => `${number(level)}, ${name}`).join("; ");
  const note = dotted ? [element("p", {class: "note"}, `Dotted: ${dotted}.`)] : [];
  const node = element("div", {class: "chart"}, element("h3", {}, label), svg, readout, ...note);
  const mark = drawn("line", {class: "here"});
  let x = null, here = 0;

  function draw() {
    const width = Math.max(240, svg.clientWidth);
    const high = Math.max(...lines.flatMap((line) => line.values), ...guides.map((guide) => guide.level));
    x = scale(0, updates.at(-1), CHART.left, width - CHART.right);
    const y = scale(0, 1.05 * high || 1, CHART.height - CHART.bottom, CHART.top);
    svg.setAttribute("viewBox", `0 0 ${width} ${CHART.height}`);
    svg.replaceChildren(axesAround(x, y, "updates", ""));
    for (const {level} of guides)
      svg.append(drawn("line", {class: "guide", x1: x.from, x2: x.to, y1: y.at(level), y2: y.at(level)}));
    for (const line of lines)
      svg.append(drawn("path", {class: `line ${line.colour}`,
        d: pathThrough(updates.map(x.at), line.values.map(y.at))}));
    svg.append(mark);
    for (const [name, value] of Object.entries({y1: y.from, y2: y.to})) mark.setAttribute(name, value);
    show(here);
  }

  function show(k) {
    here = k;
    if (!x) return;
    const at = x.at(k ? updates[k - 1] : 0);
    mark.setAttribute("x1", at);
    mark.setAttribute("x2", at);
    readout.replaceChildren(...lines.map((line) => {
      const value = k ? line.values[k - 1] : line.first;
      return element("span", {class: "key"}, element("i", {class: line.colour}), `${line.name} `,
        element("b", {}, value === undefined ? "–" : number(value)));
    }));
  }

  svg.addEventListener("click", (event) => {
    const update = x.back(event.clientX - svg.getBoundingClientRect().left);
    const after = updates.findIndex((one) => one >= update - 0.5);
    onPick(update < 0.5 ? 0 : after < 0 ? updates.length : after + 1);
  });
  new ResizeObserver(draw).observe(svg);
  return {node, draw, show};
}

function spokenChart(label, lines) {
  return `${label} over the updates: ` + lines.map((line) =>
    `${line.name} from ${number(line.values[0])} to ${number(line.values.at(-1))}`).join(", ");
}
