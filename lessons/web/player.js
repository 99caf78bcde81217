// Through the game by buttons, slider, keys and time: by halves of updates, or by recorded updates.

const HALVES_EVERY = 1500, FRAME = 1000 / 30;  // milliseconds

/* stops: [[moment, half]], all that can be shown, in order. show(moment, half): draws one.
   Returns {renew(updates), go(k)}; k: 0 before the first update, 1 after it. */
function player(show) {
  const slider = byId("slider"), play = byId("play"), speed = byId("speed");
  let stops = [], at = 0, timer = null;

  /* The same place of another game. */
  function renew(updates) {
    stops = stopsOf(updates);
    slider.max = updates.length;
    at = Math.min(at, stops.length - 1);
    move(at);
  }

  function move(index) {
    at = Math.max(0, Math.min(stops.length - 1, index));
    const [moment, half] = stops[at];
    slider.value = moment + (half > 0);
    byId("back").disabled = at === 0;
    byId("step").disabled = at === stops.length - 1;
    const next = ["on", "D learns", "G learns"][stops[at + 1]?.[1]];
    byId("step").textContent = next ? `Step: ${next}` : "Step";
    show(moment, half);
  }

  function go(k) {
    move(k === 0 ? 0 : stops.findIndex(([moment, half]) => moment === k - 1 && half === 2));
  }

  function stop() {
    clearInterval(timer);
    timer = null;
    play.textContent = "Play";
    byId("sentence").setAttribute("aria-live", "polite");
  }

  function start() {
    if (at === stops.length - 1) move(0);
    const rate = Number(speed.value);  // recorded updates a second; 0: half after half
    const every = rate ? Math.max(FRAME, 1000 / rate) : HALVES_EVERY;
    const by = Math.max(1, Math.round(rate * every / 1000));
    play.textContent = "Pause";
    byId("sentence").setAttribute("aria-live", "off");
    const tick = () => {
      if (rate) go(Math.min(Number(slider.max), stops[at][0] + (stops[at][1] === 2) + by));
      else move(at + 1);
      if (at === stops.length - 1) stop();
    };
    timer = setInterval(tick, every);
  }

  function by(halves) {
    stop();
    move(at + halves);
  }

  function onKey(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const free = event.target === document.body, onSlider = event.target === slider;
    const halves = free && {ArrowLeft: -1, ArrowRight: 1}[event.key];
    const moments = free && {PageUp: -1, PageDown: 1}[event.key];
    if (event.key === " " && (free || onSlider)) play.click();
    else if (halves) by(halves);
    else if (moments) { stop(); go(Math.max(0, Math.min(Number(slider.max), Number(slider.value) + moments))); }
    else return;
    event.preventDefault();
  }

  play.addEventListener("click", () => (timer ? stop() : start()));
  byId("step").addEventListener("click", () => by(1));
  byId("back").addEventListener("click", () => by(-1));
  slider.addEventListener("input", () => { stop(); go(Number(slider.value)); });
  speed.addEventListener("change", () => { if (timer) { stop(); start(); } });
  document.addEventListener("keydown", onKey);
  return {renew, go: (k) => { stop(); go(k); }};
}

/* Before an update only where it does not follow at once on the one before: else that is the same. */
function stopsOf(updates) {
  return updates.flatMap((update, i) => {
    const whole = [[i, 1], [i, 2]];
    return i && update === updates[i - 1] + 1 ? whole : [[i, 0], ...whole];
  });
}
