// The grid of pictures: buttons, of which the arrow keys go from one to the next.

/* onChoose(i): called when picture i is chosen. Returns {renew(groups), paint(i, pixels), mark(a, b)}. */
function pictureGrid(image, onChoose) {
  const box = byId("grid");
  let tiles = [];

  /* groups: [{name, count}], one for each class; or one without a name. */
  function renew(groups) {
    tiles = [];
    box.classList.toggle("classes", groups.length > 1);
    box.classList.toggle("few", groups.length > 1 && groups[0].count < 3);
    box.replaceChildren(...groups.map(({name, count}) => {
      const some = Array.from({length: count}, () => tile(name));
      const heading = name ? [element("h3", {}, name)] : [];
      return element("div", {}, ...heading, element("div", {class: "tiles"}, ...some.map(({button}) => button)));
    }));
  }

  function tile(name) {
    const i = tiles.length, canvas = element("canvas", {width: image[1], height: image[0]});
    const mark = element("span", {class: "mark"}), words = `picture ${i + 1}${name ? `, ${name}` : ""}`;
    const button = element("button", {type: "button", class: "tile", tabindex: i ? "-1" : "0"}, canvas, mark);
    button.addEventListener("click", () => onChoose(i));
    button.addEventListener("keydown", (event) => go(event, i));
    tiles.push({button, canvas, mark, words});
    return tiles[i];
  }

  /* Arrow keys: to the next picture in that direction. */
  function go(event, i) {
    const columns = tiles.filter(({button}) => button.offsetTop === tiles[i].button.offsetTop).length;
    const by = {ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns}[event.key];
    const to = tiles[i + by];
    if (!to) return;
    event.preventDefault();
    reach(i + by);
    to.button.focus();
  }

  /* The Tab key comes to this picture. */
  function reach(i) {
    tiles.forEach(({button}, k) => { button.tabIndex = k === i ? 0 : -1; });
  }

  /* Picture a is in view, and b is where the walk ends. */
  function mark(a, b) {
    tiles.forEach(({button, mark: letter, words}, i) => {
      letter.textContent = i === a ? "A" : i === b ? "B" : "";
      letter.hidden = !letter.textContent;
      button.setAttribute("aria-pressed", i === a);
      button.setAttribute("aria-label", words + (i === a ? ", in view" : i === b ? ", end of the walk" : ""));
    });
    reach(a);
  }

  return {renew, mark, paint: (i, pixels) => paint(tiles[i].canvas, pixels, image)};
}
