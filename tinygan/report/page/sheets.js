// The sample sheets: one slider through the epochs for all runs of the page, and what it moves.

const PER_SECOND = 6;  // sheets, while they play

/* story: as report/story.py makes it. onMove(epoch): called when another epoch is shown.
   Returns {renew(story), go(epoch)}. */
function sheetSlider(onMove) {
  const slider = byId("slider"), play = byId("play"), place = byId("place");
  let runs = [], epochs = [], names = [], timer = null;

  function renew(story) {
    const atEnd = !epochs.length || Number(slider.value) === epochs.length - 1;
    const epoch = epochs[Number(slider.value)];
    runs = story.sheets;
    names = story.class_names;
    epochs = [...new Set(runs.flatMap((run) => run.sheets.map((sheet) => sheet.epoch)))].sort((a, b) => a - b);
    makeFigures();
    byId("controls").hidden = epochs.length < 2;
    slider.max = Math.max(0, epochs.length - 1);
    slider.value = atEnd ? epochs.length - 1 : nearestIndex(epochs, epoch);
    const all = Math.max(0, ...runs.map((run) => run.total));
    const unread = runs.reduce((sum, run) => sum + run.unread, 0);
    const few = runs.some((run) => run.sheets.length + run.unread < run.total);
    say("samples-note", [
      epochs.length ? "" : "No sheet of samples yet.",
      few ? `Of ${all.toLocaleString("en")} sheets this page has some, evenly chosen; all are in the run's folder.` : "",
      unread ? `${unread} of the files in samples/ cannot be read.` : "",
    ].filter((text) => text).join(" "));
    move();
  }

  function makeFigures() {
    const box = byId("sheets"), shown = runs.filter((run) => run.sheets.length);
    while (box.children.length < shown.length) {
      const image = element("img", {alt: ""});
      box.append(element("figure", {class: "picture"}, image, element("figcaption")));
    }
    while (box.children.length > shown.length) box.lastElementChild.remove();
  }

  /* The last sheet of a run that was drawn by this epoch, or its first. */
  function sheetAt(run, epoch) {
    return run.sheets.findLast((one) => one.epoch <= epoch) ?? run.sheets[0];
  }

  /* Show what the slider says. */
  function move() {
    const epoch = epochs[Number(slider.value)];
    if (epoch === undefined) return onMove(null);
    const figures = byId("sheets").children;
    runs.filter((run) => run.sheets.length).forEach((run, i) => {
      const sheet = sheetAt(run, epoch);
      const [image, caption] = figures[i].children;
      if (image.getAttribute("src") !== sheet.src) image.setAttribute("src", sheet.src);
      image.setAttribute("width", sheet.width);
      image.setAttribute("height", sheet.height);
      image.alt = `${run.name ? run.name + ": " : ""}the sheet of samples of ${sheet.label}`;
      caption.textContent = run.name ? `${run.name}, ${sheet.label}` : run.words;
      if (runs.length === 1) showClasses(sheet);
    });
    const words = runs.length === 1 ? sheetAt(runs[0], epoch).label : `epoch ${number(epoch)}`;
    place.textContent = words;
    slider.setAttribute("aria-valuetext", words);
    onMove(epoch);
  }

  function showClasses(sheet) {
    const box = byId("classes");
    box.replaceChildren();
    if (!sheet.classes) return;
    const all = sheet.classes.reduce((a, b) => a + b, 0), most = Math.max(...sheet.classes);
    const bars = element("div", {class: "bars"});
    sheet.classes.forEach((count, c) => {
      const bar = element("div", {class: "bar"});
      bar.style.width = `${100 * count / most}%`;
      bars.append(element("span", {}, names[c] ?? String(c)), element("div", {class: "track"}, bar),
        element("span", {class: "number"}, String(count)));
    });
    box.append(element("h3", {}, `What a classifier takes these ${all} samples for`),
      element("p", {class: "note"}, "It has to choose one of its classes for each, even for noise."), bars);
  }

  function stop() {
    clearInterval(timer);
    timer = null;
    play.textContent = "Play";
    play.setAttribute("aria-pressed", "false");
  }

  function start() {
    if (Number(slider.value) >= epochs.length - 1) slider.value = 0;
    move();
    play.textContent = "Pause";
    play.setAttribute("aria-pressed", "true");
    timer = setInterval(() => {
      slider.value = Number(slider.value) + 1;
      move();
      if (Number(slider.value) >= epochs.length - 1) stop();
    }, 1000 / PER_SECOND);
  }

  function to(index) {
    if (timer) stop();
    slider.value = Math.min(epochs.length - 1, Math.max(0, index));
    move();
  }

  slider.addEventListener("input", () => to(Number(slider.value)));
  play.addEventListener("click", () => (timer ? stop() : start()));
  document.addEventListener("keydown", (event) => {
    const by = {ArrowLeft: -1, ArrowRight: 1}[event.key];
    if (!by || event.target !== document.body || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    to(Number(slider.value) + by);
  });
  return {renew, go: (epoch) => epochs.length && to(nearestIndex(epochs, epoch))};
}
