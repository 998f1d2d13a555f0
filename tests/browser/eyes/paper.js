// What a printer would make of the page; it must be shown for print.
eyes.brokenPrint = () => {
  window.dispatchEvent(new Event("beforeprint"));
  const found = [...eyes.shut(), ...eyes.cut(), ...eyes.pale()];
  window.dispatchEvent(new Event("afterprint"));
  return found;
};

// <details> that keep on paper what they hold to themselves.
eyes.shut = () =>
  [...document.querySelectorAll("details")].flatMap((details) => {
    if (!eyes.visible(details)) return [];
    const held = [...details.children].filter(
      (child) => child.tagName !== "SUMMARY" && getComputedStyle(child).display !== "none",
    );
    const shut = held.length && !held.some(eyes.visible);
    return shut ? [`${eyes.named(details)} stays shut on paper`] : [];
  });

// On paper nothing scrolls.
eyes.cut = () => {
  const found = eyes
    .beyond()
    .map((element) => `${eyes.named(element)} reaches beyond the paper's ${window.innerWidth} px`);
  for (const element of document.querySelectorAll("body *:not(svg, svg *)")) {
    const style = getComputedStyle(element);
    const wide = style.overflowX !== "visible" && element.scrollWidth > element.clientWidth + 1;
    const high = style.overflowY !== "visible" && element.scrollHeight > element.clientHeight + 1;
    if (element.clientWidth && (wide || high) && eyes.visible(element)) {
      found.push(`${eyes.named(element)} is cut off on paper`);
    }
  }
  return found;
};

// Browsers leave backgrounds out unless told otherwise: texts must do on white.
eyes.pale = () => {
  const root = eyes.behind(document.body ?? document.documentElement, eyes.ground());
  const dark = root && eyes.luminance(root) < 0.9 ? [`the paper is ${eyes.hex(root)}, not white`] : [];
  const faults = eyes.inks().flatMap(({ words, element, ink }) => {
    if (element.ownerSVGElement) return [];
    const shown = eyes.over(ink, eyes.WHITE);
    const ratio = eyes.ratio(shown, eyes.WHITE);
    return ratio < eyes.asked(element) ? [{ words, element, group: eyes.hex(shown) }] : [];
  });
  const tell = ({ words, element, group }) =>
    `${eyes.tag(element)} “${words}” is ${group} on white paper`;
  return [...dark, ...eyes.grouped(faults, tell)];
};
