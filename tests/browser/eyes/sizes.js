// What does not fit, and what is too small to read.
eyes.SMALLEST_PX = 11;

eyes.tooSmall = () => {
  const faults = eyes.texts().flatMap(({ words, element }) => {
    const size = eyes.fontSize(element).toFixed(1);
    const group = `${size} ${element.tagName} ${element.className.baseVal ?? element.className}`;
    return size < eyes.SMALLEST_PX ? [{ words, element, size, group }] : [];
  });
  return eyes.grouped(
    faults,
    ({ words, element, size }) =>
      `${eyes.tag(element)} “${words}” is written in ${size} px, ` +
      `where ${eyes.SMALLEST_PX} is the least`,
  );
};

eyes.scrolls = (element) => /auto|scroll/.test(getComputedStyle(element).overflowX);

// Outside every box that scrolls by itself.
eyes.free = (element) => {
  for (let at = element.parentElement; at && at !== document.body; at = at.parentElement) {
    if (eyes.scrolls(at)) return false;
  }
  return true;
};

// Elements that stand out beyond the window's right edge; of nested ones the outermost.
eyes.beyond = () => {
  const out = (box) => box.width > 0 && box.right > window.innerWidth + 0.5;
  const found = [];
  for (const element of document.querySelectorAll("body *:not(svg *)")) {
    if (found.some((outer) => outer.contains(element))) continue;
    if (!out(element.getBoundingClientRect())) continue;
    if (eyes.visible(element) && eyes.free(element)) found.push(element);
  }
  for (const { element, boxes } of eyes.texts()) {
    if (element.ownerSVGElement || found.some((outer) => outer.contains(element))) continue;
    const scrolls = eyes.scrolls(element) || !eyes.free(element);
    if (!scrolls && boxes.some(out)) found.push(element);
  }
  return found;
};

eyes.tooWide = () => {
  const found = eyes.beyond().map((element) => {
    const box = element.getBoundingClientRect();
    const reach = Math.round(Math.max(box.right, box.left + element.scrollWidth));
    return `${eyes.named(element)} reaches to ${reach} px in a window of ${window.innerWidth} px`;
  });
  const page = document.documentElement.scrollWidth;
  if (!found.length && page > window.innerWidth) {
    found.push(`the page is ${page} px wide in a window of ${window.innerWidth} px`);
  }
  if (document.body && !document.querySelector("meta[name=viewport]")) {
    found.push("no <meta name=viewport>: a telephone draws the page 980 px wide");
  }
  for (const element of document.querySelectorAll("body *:not(svg, svg *)")) {
    const hidden = element.scrollWidth - element.clientWidth;
    const how = getComputedStyle(element).overflowX;
    if (!element.clientWidth || hidden <= 1 || how === "visible" || !eyes.visible(element)) continue;
    if (!eyes.scrolls(element)) found.push(`${eyes.named(element)} hides ${hidden} px of its width`);
    else if (element.tabIndex !== 0 || !element.hasAttribute("tabindex")) {
      found.push(`${eyes.named(element)} scrolls sideways, but no key reaches it: it wants tabindex=0`);
    }
  }
  return found;
};
