// The page: unpacks the games, puts the drawing and the charts in their places, and moves them.

const GUESS = Math.log(2);  // −log d where D believes with 1/2

async function main() {
  const story = JSON.parse(byId("story").textContent);
  let games;
  try {
    games = await Promise.all(story.games.map(unpackedGame));
  } catch {
    say("trouble", "This browser is too old for this page: it has no DecompressionStream.");
    return;
  }
  let game = null, drawing = null, charts = [];

  function show(moment, half) {
    const words = placeWords(game, moment, half), k = moment + (half > 0);
    drawing.show(game.seen(moment, half), half);
    charts.forEach((one) => one.show(k));
    byId("place").textContent = words;
    byId("slider").setAttribute("aria-valuetext", words);
    byId("sentence").textContent = sentence(game, moment, half);
    document.body.dataset.half = half;
  }

  const through = player(show);

  function choose(index) {
    game = games[index];
    drawing = {one_dimension: lineDrawing, plane: planeDrawing}[story.kind](game);
    charts = chartsOf(game, (k) => through.go(k));
    byId("drawing").replaceChildren(drawing.node);
    byId("charts").replaceChildren(...charts.map((one) => one.node));
    charts.forEach((one) => one.draw());
    drawing.draw();
    through.renew(game.updates);
  }

  games.forEach(({name}, i) => {
    const radio = element("input", {type: "radio", name: "game", value: i, id: `game${i}`});
    radio.checked = i === 0;
    radio.addEventListener("change", () => choose(i));
    byId("games").append(element("label", {for: radio.id}, radio, name));
  });
  byId("games").hidden = games.length < 2;
  const each = games.every(({updates, total}) => updates.length === total) ? "updates" : "recorded updates";
  for (const option of byId("speed").options) if (Number(option.value)) option.textContent = `${option.value} ${each} a second`;
  document.body.classList.add("ready");
  choose(0);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawing.draw());
}

function chartsOf(game, onPick) {
  const updates = game.updates.map((done) => done + 1);
  const [ofD, ofG] = game.losses;
  const guides = [{name: "D's loss when it guesses", level: 2 * GUESS}, {name: "G's then", level: GUESS}];
  const losses = [{name: "D's loss", colour: "blue", values: ofD}, {name: "G's loss", colour: "orange", values: ofG}];
  return [
    chart("losses (nats)", losses, updates, guides, onPick),
    ...Object.entries(game.measures).map(([name, [before, after]]) =>
      chart(name, [{name: "now", colour: "plain", values: after, first: before[0]}], updates, [], onPick)),
  ];
}

main();
