// What somebody who does not see the page would miss, and links that lead nowhere.
eyes.unnamed = () => {
  const found = [];
  if (document.body) {
    if (!document.documentElement.lang) found.push("<html> does not say its language: lang");
    if (!document.title.trim()) found.push("the page has no <title>");
    const heads = [...document.querySelectorAll("h1")].filter(eyes.visible).length;
    if (heads !== 1) found.push(`the page has ${heads || "no"} main headings: one <h1> is wanted`);
  }
  for (const drawing of document.querySelectorAll("svg:not(svg svg)")) {
    if (drawing.closest("[aria-hidden=true], [role=presentation]")) continue;
    for (const part of ["title", "desc"]) {
      if (!drawing.querySelector(`:scope > ${part}`)?.textContent.trim()) {
        found.push(`${eyes.named(drawing)} has no <${part}>`);
      }
    }
  }
  for (const image of document.images) {
    if (!image.hasAttribute("alt")) {
      found.push(`the image ${image.getAttribute("src").split("/").at(-1)} has no alt`);
    }
  }
  for (const table of document.querySelectorAll("table")) {
    const heads = [...table.querySelectorAll("th")];
    if (!heads.length) found.push(`${eyes.named(table)} has no header cells`);
    else if (heads.every((head) => !head.textContent.trim())) {
      found.push(`${eyes.named(table)} has nothing but empty header cells`);
    }
  }
  return found;
};

// Every reference of the page: what it is called, where it leads, as written and in full.
eyes.links = () => {
  const found = [];
  const add = (element, name) => {
    const written = element.getAttribute(name);
    if (written === null) return;
    const full = new URL(written, document.baseURI).href;
    found.push({ from: eyes.named(element), written, full });
  };
  document.querySelectorAll("a[href], link[href]").forEach((one) => add(one, "href"));
  document.querySelectorAll("script[src]").forEach((one) => add(one, "src"));
  return found;
};

// References within the page to what is not there, and images that did not come.
eyes.lost = () => {
  const found = [];
  const here = (name) => document.getElementById(name) || document.getElementsByName(name).length;
  for (const element of document.querySelectorAll("use, textPath")) {
    const href = element.href.baseVal;
    if (href.startsWith("#") && !here(href.slice(1))) {
      found.push(`${eyes.tag(element)} asks for ${href}, which is not in the page`);
    }
  }
  for (const name of ["aria-labelledby", "aria-describedby", "aria-controls", "for", "headers"]) {
    for (const element of document.querySelectorAll(`[${name}]`)) {
      for (const id of element.getAttribute(name).split(/\s+/).filter(Boolean)) {
        if (!here(id)) found.push(`${eyes.named(element)}: ${name} names ${id}, which is not in the page`);
      }
    }
  }
  for (const image of document.images) {
    if (image.complete && !image.naturalWidth) {
      found.push(`the image ${image.getAttribute("src")} did not load`);
    }
  }
  return found;
};
