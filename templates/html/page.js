"use strict";
// Tables are sorted by what their cells show, or by the raw figure where a cell has one; copied are
// raw figures, tab by tab.
const dress = (() => {
  const raw = (cell) => cell.dataset.raw ?? cell.textContent.trim();
  // What a spreadsheet takes for a formula, as orchestrator/values/spreadsheet/cells.py has it.
  const formula =
    /^(?:[\t\r\n]|[\s"'`\u2018\u2019\u201c\u201d]*[=+\-@\u2212\uff0b\uff0d\uff1d\uff20])/;
  const harmless = (text) =>
    formula.test(text) && Number.isNaN(Number(text.replace("−", "-"))) ? `'${text}` : text;
  const number = (text) => {
    const found = /^[-−+]?[\d,]*\.?\d+(?:e[-+]?\d+)?/i.exec(text);
    return found ? Number(found[0].replace("−", "-").replaceAll(",", "")) : NaN;
  };
  const compare = (one, other) => {
    const [a, b] = [number(one), number(other)];
    if (!Number.isNaN(a) && !Number.isNaN(b)) return a - b;
    if (Number.isNaN(a) !== Number.isNaN(b)) return Number.isNaN(a) ? 1 : -1;
    return one.localeCompare(other);
  };
  const sort = (table, head, place) => {
    const up = head.getAttribute("aria-sort") !== "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const rows = [...table.tBodies[0].rows];
    rows.sort((a, b) => (up ? 1 : -1) * compare(raw(a.cells[place]), raw(b.cells[place])));
    table.tBodies[0].append(...rows);
  };
  const copied = (table) =>
    [...table.rows].map((row) => [...row.cells].map((c) => harmless(raw(c))).join("\t")).join("\n");
  const offered = (table) => (table.querySelector("[data-raw]") ? "copy raw values" : "copy table");
  const copy = async (button, table) => {
    try {
      await navigator.clipboard.writeText(copied(table));
    } catch {
      // A page from a file may not write there in some browsers; a selection may always be copied.
      const area = document.createElement("textarea");
      area.value = copied(table);
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    button.textContent = "copied";
    setTimeout(() => { button.textContent = offered(table); }, 1500);
  };
  // Buttons for all tables of a place.
  const dressed = (place) => {
    for (const table of place.querySelectorAll("table")) {
      if (!table.tHead) continue;
      [...table.tHead.rows[0].cells].forEach((head, place) => {
        if (!head.textContent.trim()) return;
        const button = document.createElement("button");
        button.type = "button";
        button.title = "sort";
        button.append(...head.childNodes);
        button.addEventListener("click", () => sort(table, head, place));
        head.append(button);
      });
      if (table.closest("details") || table.querySelector("[data-raw]")) {
        const button = document.createElement("button");
        button.type = "button";
        button.className = "copy";
        button.textContent = offered(table);
        button.addEventListener("click", () => copy(button, table));
        table.parentElement.after(button);
      }
    }
  };
  // Printed whole: nobody unfolds paper.
  let shut = [];
  addEventListener("beforeprint", () => {
    shut = [...document.querySelectorAll("details:not([open])")];
    for (const one of shut) one.open = true;
  });
  addEventListener("afterprint", () => { for (const one of shut) one.open = false; });
  return dressed;
})();
dress(document);
