// How well texts stand out, by the formulas of WCAG 2.2 (relative luminance, contrast ratio).
eyes.NORMAL = 4.5;
eyes.LARGE = 3;

{
  const pen = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const known = new Map();

  // Any colour of CSS as red, green, blue of 0 to 255 and alpha of 0 to 1.
  eyes.colour = (css) => {
    if (!known.has(css)) {
      pen.clearRect(0, 0, 1, 1);
      pen.fillStyle = "#0000";
      pen.fillStyle = css;
      pen.fillRect(0, 0, 1, 1);
      const [red, green, blue, alpha] = pen.getImageData(0, 0, 1, 1).data;
      known.set(css, [red, green, blue, alpha / 255]);
    }
    return known.get(css);
  };
}

eyes.WHITE = [255, 255, 255, 1];
eyes.faded = ([red, green, blue, alpha], by) => [red, green, blue, alpha * by];
eyes.over = (top, bottom) => [
  ...[0, 1, 2].map((of) => top[of] * top[3] + bottom[of] * (1 - top[3])),
  1,
];
eyes.hex = (colour) =>
  `#${colour.slice(0, 3).map((part) => Math.round(part).toString(16).padStart(2, "0")).join("")}`;

eyes.luminance = (colour) => {
  const [red, green, blue] = colour.slice(0, 3).map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};

eyes.ratio = (one, other) => {
  const [dark, light] = [one, other].map(eyes.luminance).sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
};

// What a text of this size and weight must reach: 24 px, or 18.66 px bold, is large.
eyes.asked = (element) => {
  const size = eyes.fontSize(element);
  const bold = parseInt(getComputedStyle(element).fontWeight, 10) >= 700;
  return size >= 24 || (bold && size >= 18.66) ? eyes.LARGE : eyes.NORMAL;
};

// The page's own ground, where nobody painted any: it follows color-scheme.
eyes.ground = () => {
  if (!document.body) return eyes.WHITE;
  const probe = document.createElement("div");
  probe.style.backgroundColor = "Canvas";
  document.documentElement.append(probe);
  const colour = eyes.colour(getComputedStyle(probe).backgroundColor);
  probe.remove();
  return colour;
};

// The colour below an element, from itself up to the first that lets nothing through; null where
// a picture lies there, which nobody can judge.
eyes.behind = (element, ground) => {
  const layers = [];
  for (let at = element; at; at = at.parentElement) {
    const style = getComputedStyle(at);
    if (style.backgroundImage !== "none") return null;
    layers.push(eyes.colour(style.backgroundColor));
    if (layers.at(-1)[3] === 1) break;
  }
  return layers.reduceRight((below, layer) => eyes.over(layer, below), ground);
};

eyes.opacity = (element) => {
  let opacity = 1;
  for (let at = element; at; at = at.parentElement) opacity *= getComputedStyle(at).opacity;
  return opacity;
};

// The filled shapes of a drawing, in the order in which they are painted.
eyes.shapes = (drawing) =>
  [...drawing.querySelectorAll("rect, path, circle, ellipse, polygon, polyline")].flatMap((shape) => {
    const style = getComputedStyle(shape);
    const fill = eyes.faded(eyes.colour(style.fill), style.fillOpacity * eyes.opacity(shape));
    const matrix = shape.getScreenCTM();
    const drawn = fill[3] > 0 && matrix && eyes.visible(shape);
    return drawn ? [{ shape, fill, back: matrix.inverse() }] : [];
  });

// What the shapes before a text leave of `ground` at a point of the screen.
eyes.painted = (shapes, element, point, ground) => {
  const before = ({ shape }) =>
    shape.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING;
  return shapes
    .filter((one) => before(one) && one.shape.isPointInFill(point.matrixTransform(one.back)))
    .reduce((below, one) => eyes.over(one.fill, below), ground);
};

// Every text with its colour and what lies below it, at three points of a drawing's text.
eyes.inks = () => {
  const ground = eyes.ground();
  const drawings = new Map();
  return eyes.texts().map(({ words, element, boxes }) => {
    const style = getComputedStyle(element);
    const drawing = element.ownerSVGElement?.closest("svg:not(svg svg)");
    const below = eyes.behind(drawing ?? element, ground);
    if (!drawing || !below) {
      const ink = eyes.faded(eyes.colour(style.color), eyes.opacity(element));
      return { words, element, ink, grounds: below && [below] };
    }
    const share = style.fillOpacity * eyes.opacity(element);
    if (!drawings.has(drawing)) drawings.set(drawing, eyes.shapes(drawing));
    const grounds = [0.1, 0.5, 0.9].map((part) => {
      const [box] = boxes;
      const point = new DOMPoint(box.x + part * box.width, box.y + 0.5 * box.height);
      return eyes.painted(drawings.get(drawing), element, point, below);
    });
    return { words, element, ink: eyes.faded(eyes.colour(style.fill), share), grounds };
  });
};

eyes.poorContrast = () => {
  const faults = eyes.inks().flatMap(({ words, element, ink, grounds }) => {
    if (!grounds) {
      return [{ group: "picture", tell: `${eyes.named(element)} stands on a picture` }];
    }
    const asked = eyes.asked(element);
    return grounds
      .map((ground) => ({ ground, shown: eyes.over(ink, ground) }))
      .map(({ ground, shown }) => ({ ground, shown, ratio: eyes.ratio(shown, ground) }))
      .sort((one, other) => one.ratio - other.ratio)
      .slice(0, 1)
      .filter(({ ratio }) => ratio < asked)
      .map(({ ground, shown, ratio }) => {
        const pair = `${eyes.hex(shown)} on ${eyes.hex(ground)}`;
        const how = `${pair} is ${ratio.toFixed(2)}:1 where ${asked}:1 is asked`;
        return { group: how, tell: `${eyes.tag(element)} “${words}” is faint: ${how}` };
      });
  });
  return eyes.grouped(faults, ({ tell }) => tell);
};
