// What all eyes share. An eye gives plain sentences; common.js is loaded before the others.
window.eyes = {};

// At most forty characters of a text.
eyes.words = (text) => {
  const flat = text.replace(/\s+/g, " ").trim();
  return flat.length > 40 ? `${flat.slice(0, 39)}…` : flat;
};

eyes.tag = (element) => {
  const id = element.id ? `#${element.id}` : "";
  const kind = element.classList.length ? `.${element.classList[0]}` : "";
  return `<${element.tagName.toLowerCase()}${id}${kind}>`;
};

// How a finding calls an element.
eyes.named = (element) => {
  const text = eyes.words(element.textContent);
  return text ? `${eyes.tag(element)} “${text}”` : eyes.tag(element);
};

// Closed <details> hide what they hold; so do what shows a text to screen readers alone.
eyes.visible = (element) => {
  if (!element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) return false;
  if (element.closest("defs, symbol, clipPath, mask, marker, pattern, option")) return false;
  for (let at = element; at instanceof HTMLElement; at = at.parentElement) {
    const hides = getComputedStyle(at).overflowX !== "visible";
    if (hides && (at.offsetWidth <= 1 || at.offsetHeight <= 1)) return false;
  }
  return true;
};

// Every text that is to be seen: its words, the element that dresses it, and where it stands.
eyes.texts = () => {
  const found = [];
  const walk = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  const seen = new Map();
  while (walk.nextNode()) {
    const node = walk.currentNode;
    const element = node.parentElement;
    if (!node.data.trim() || element.closest("script, style, title, desc, metadata")) continue;
    if (!seen.has(element)) seen.set(element, eyes.visible(element));
    if (!seen.get(element)) continue;
    range.selectNodeContents(node);
    const boxes = [...range.getClientRects()].filter((box) => box.width > 0 && box.height > 0);
    if (boxes.length) found.push({ words: eyes.words(node.data), element, boxes });
  }
  return found;
};

// Pixels of the screen for a unit of the element's own; 1 but in drawings.
eyes.scale = (element) => {
  const matrix = element instanceof SVGGraphicsElement && element.getScreenCTM();
  return matrix ? Math.sqrt(Math.abs(matrix.a * matrix.d - matrix.b * matrix.c)) : 1;
};

eyes.fontSize = (element) =>
  parseFloat(getComputedStyle(element).fontSize) * eyes.scale(element);

// One sentence for all that share a fault: tell(first of them, how many).
eyes.grouped = (faults, tell) => {
  const groups = new Map();
  for (const fault of faults) groups.set(fault.group, [...(groups.get(fault.group) ?? []), fault]);
  return [...groups.values()].map((of) => {
    const more = of.length > 1 ? `, and ${of.length - 1} more like it` : "";
    return `${tell(of[0])}${more}`;
  });
};

eyes.unfold = () => {
  for (const details of document.querySelectorAll("details:not([open])")) {
    details.dataset.wasShut = "";
    details.open = true;
  }
};

eyes.foldAgain = () => {
  for (const details of document.querySelectorAll("details[data-was-shut]")) {
    delete details.dataset.wasShut;
    details.open = false;
  }
};

// Addresses of the SVG files that images show.
eyes.pictures = () => [
  ...new Set(
    [...document.images]
      .map((image) => image.src)
      .filter((source) => /^file:.*\.svg$/i.test(source)),
  ),
];

// Draw in place what those images show, as large.
eyes.reveal = (source, text) => {
  for (const image of [...document.images].filter((one) => one.src === source)) {
    const drawing = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
    const own = [drawing.getAttribute("width"), drawing.getAttribute("height")];
    drawing.classList.add(...image.classList);
    drawing.style.maxWidth = getComputedStyle(image).maxWidth;
    if (drawing.hasAttribute("viewBox") && own.every(Boolean)) drawing.style.height = "auto";
    image.replaceWith(document.importNode(drawing, true));
  }
};
