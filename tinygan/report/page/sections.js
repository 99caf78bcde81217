// The sections below the curves: text, tables, pictures, and commands to copy.

/* An element for a section, see report/sections.py. */
function sectionElement(section) {
  const heading = element("h2", {id: `${section.id}-heading`}, section.heading);
  const node = element("section", {id: section.id, "aria-labelledby": heading.id}, heading);
  const tables = element("div", {class: "tables"}, ...section.tables.map(tableElement));
  node.append(...section.text.map((text) => element("p", {}, text)));
  if (section.tables.length) node.append(tables);
  node.append(...section.pictures.map(pictureElement), ...section.commands.map(commandElement));
  return node;
}

function tableElement(table) {
  return table.head.length === 2 ? pairsElement(table) : wideTableElement(table);
}

/* Names and values, in as many columns as there is room for. */
function pairsElement(table) {
  const pairs = table.rows.map(([name, value]) =>
    element("div", {}, element("dt", {}, name), element("dd", {}, value)));
  const heading = table.caption ? [element("h3", {}, table.caption)] : [];
  return element("div", {class: "pairs"}, ...heading, element("dl", {}, ...pairs));
}

/* A table that scrolls by itself where it is wider than the page. */
function wideTableElement(table) {
  const numeric = table.head.map((_, c) => c > 0 && table.rows.every((row) => isNumber(row[c])));
  const cell = (name, text, c, more = {}) =>
    element(name, numeric[c] ? {class: "number", ...more} : more, text);
  const node = element("table");
  if (table.caption) node.append(element("caption", {}, table.caption));
  if (table.head.some((text) => text)) {
    const head = element("tr", {}, ...table.head.map((text, c) => cell("th", text, c, {scope: "col"})));
    node.append(element("thead", {}, head));
  }
  node.append(element("tbody", {}, ...table.rows.map((row, r) =>
    element("tr", {}, ...row.map((text, c) => (c ? cell("td", text, c) : nameCell(text, table.notes[r])))))));
  const scroll = element("div", {class: "scroll"}, node);
  requestAnimationFrame(() => {  // a keyboard reaches what can be scrolled
    if (scroll.scrollWidth > scroll.clientWidth) filled(scroll, {tabindex: "0", role: "region", "aria-label": table.caption || "table"}, []);
  });
  return scroll;
}

/* The first cell of a row, with a note below the name where there is one. */
function nameCell(name, note) {
  return element("th", {scope: "row"}, name, ...(note ? [element("small", {}, note)] : []));
}

function isNumber(text) {
  return text === undefined || /^[-–]?[\d., ±/e×+-]*%?$/.test(text);
}

function pictureElement(picture) {
  const image = element("img", {src: picture.src, width: picture.width, height: picture.height, alt: picture.alt});
  return element("figure", {class: "picture"}, image, element("figcaption", {}, picture.caption));
}

function commandElement({what, command}) {
  const copy = element("button", {type: "button", "aria-label": `Copy: ${what}`}, "Copy");
  const text = element("pre", {}, command);
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(command);
      copy.textContent = "Copied";
    } catch {  // not allowed here: selected, so that it can be copied by hand
      getSelection().selectAllChildren(text);
      copy.textContent = "Selected";
    }
    setTimeout(() => { copy.textContent = "Copy"; }, 2000);
  });
  return element("div", {}, element("h3", {}, what), element("div", {class: "command"}, text, copy));
}
