// The sliders of single numbers of z.

const MOST_NUMBERS = 100, FIRST_NUMBERS = 12, PLACES = 120;  // of a slider

/* onMove(i, value): called when number i of z is moved. Returns {renew(prior), show(z)}. */
function numberSliders(onMove) {
  const box = byId("numbers"), more = byId("more");
  let rows = [];

  function renew(prior) {
    const size = prior.shape.reduce((a, b) => a * b, 1), count = Math.min(size, MOST_NUMBERS);
    const end = (ends, i) => (Array.isArray(ends) ? ends[i] : ends);
    rows = Array.from({length: count}, (_, i) => row(i, end(prior.low, i), end(prior.high, i)));
    box.replaceChildren(...rows.map(({node}) => node));
    say("numbers-note", size > count ? `The first ${count} of ${size.toLocaleString("en")} numbers.` : "");
    more.hidden = count <= FIRST_NUMBERS;
    fold(true);
  }

  function row(i, low, high) {
    const slider = element("input", {type: "range", min: low, max: high, step: (high - low) / PLACES || 1,
      "aria-label": `number ${i + 1} of z`});
    const output = element("output");
    slider.addEventListener("input", () => onMove(i, Number(slider.value)));
    return {slider, output, node: element("label", {}, String(i + 1), slider, output)};
  }

  /* Show a few, or all. */
  function fold(few) {
    rows.forEach(({node}, i) => { node.hidden = few && i >= FIRST_NUMBERS; });
    more.setAttribute("aria-expanded", !few);
    more.textContent = few ? `Show all ${rows.length}` : `Show ${FIRST_NUMBERS}`;
  }

  function show(z) {
    rows.forEach(({slider, output}, i) => {
      slider.value = z[i];
      output.textContent = z[i].toFixed(2);
      slider.setAttribute("aria-valuetext", z[i].toFixed(2));
    });
  }

  more.addEventListener("click", () => fold(more.getAttribute("aria-expanded") === "true"));
  return {renew, show};
}
