// The page: fills itself from the story that stands in it, and, where it is served, asks for news.

const ASK_EVERY = 2000;  // milliseconds

let panels = [], place = null, last = {};
const slider = sheetSlider((epoch) => {
  place = epoch;
  panels.forEach((panel) => panel.show(epoch));
});

function render(story) {
  document.title = story.title;
  document.body.classList.toggle("several", story.sheets.length > 1);
  renewHead(story);
  if (changed("panels", story.panels)) renewPanels(story.panels);
  if (changed("sheets", [story.sheets, story.class_names])) slider.renew(story);
  if (changed("sections", [story.facts, story.sections])) {
    const facts = {id: "facts", heading: "The run", text: [], pictures: [], commands: [],
      tables: [{caption: "", head: ["", ""], rows: story.facts, notes: []}]};
    renewSections(story.facts.length ? [facts, ...story.sections] : story.sections);
  }
}

/* Put new sections in place of those that have changed; the others, and the focus in them, stay. */
function renewSections(sections) {
  const box = byId("sections"), ids = sections.map((section) => section.id);
  for (const node of [...box.children].filter((one) => !ids.includes(one.id))) {
    node.remove();
    delete last[`section ${node.id}`];
  }
  sections.forEach((section, i) => {
    if (!changed(`section ${section.id}`, section)) return;
    const old = [...box.children].find((one) => one.id === section.id);
    if (old) old.replaceWith(sectionElement(section));
    else box.insertBefore(sectionElement(section), box.children[i] ?? null);
  });
}

/* Whether a part of the story differs from what was last shown. */
function changed(name, part) {
  const text = JSON.stringify(part);
  if (last[name] === text) return false;
  last[name] = text;
  return true;
}

function renewHead({state, lead, made}) {
  const words = element("b", {}, state.word);
  byId("state").className = state.word;
  byId("state").replaceChildren(...(state.word ? [words, " · ", state.text] : [state.text]));
  byId("lead").textContent = lead.join(" ");
  byId("made").textContent = made;
}

function renewPanels(found) {
  const held = document.activeElement?.closest?.(".panel");
  const index = held ? [...byId("panels").children].indexOf(held) : -1;
  panels = found.map((panel) => curvePanel(panel, place, (epoch) => slider.go(epoch)));
  byId("panels").replaceChildren(...panels.map((panel) => panel.node));
  const several = document.body.classList.contains("several");
  const pale = found.some((panel) => panel.lines.some((line) => line.highs.some((high, i) => high > line.lows[i])));
  say("curves-note", [
    found.length ? "The upright line marks the epoch of the samples; a click moves it." : several ? "" : "There are no curves yet.",
    pale ? "Bold: means over a few updates; pale: the range within them." : "",
    several ? "Curves that only one of the runs has are on its own page." : "",
  ].filter((text) => text).join(" "));
  panels.forEach((panel) => panel.draw());
  panels[index]?.node.querySelector("svg").focus();
}

/* Ask the server for a story that is newer than `tag`, again and again. */
async function ask(tag) {
  let trouble = "";
  try {
    const answer = await fetch("story.json", {cache: "no-store", headers: tag ? {"If-None-Match": tag} : {}});
    if (answer.ok) {
      render(await answer.json());
      tag = answer.headers.get("ETag");
    } else if (answer.status !== 304) {
      trouble = await answer.text();
    }
  } catch {
    trouble = "The program that served this page has ended. The page stays as it is; the run's folder has it as report.html.";
  }
  say("trouble", trouble);
  setTimeout(ask, ASK_EVERY, tag);
}

const story = JSON.parse(byId("story").textContent);
document.body.classList.add("ready");
render(story);
if (story.tag) ask(story.tag);
