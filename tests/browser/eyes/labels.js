// Texts of drawings that touch each other, a line or a mark, or the edge.

// Air above and below the letters, as shares of a text's box: a box reaches from accents on capitals
// down to below every tail.
eyes.AIR = { top: 0.15, bottom: 0.1 };
eyes.STEP_PX = 2;

// A text as a rectangle of its own units, and as corners on the screen.
eyes.label = (element) => {
  const box = element.getBBox();
  const matrix = element.getScreenCTM();
  const [top, bottom] = [
    box.y + eyes.AIR.top * box.height,
    box.y + (1 - eyes.AIR.bottom) * box.height,
  ];
  const [left, right] = [box.x, box.x + box.width];
  const corners = [[left, top], [right, top], [right, bottom], [left, bottom]].map(([x, y]) =>
    new DOMPoint(x, y).matrixTransform(matrix),
  );
  const scale = eyes.scale(element);
  return { element, left, right, top, bottom, corners, back: matrix.inverse(), scale };
};

// Whether two convex shapes touch: no side of either has all of the other beyond it.
eyes.touch = (one, other) => {
  const apart = (a, b) =>
    a.some((corner, at) => {
      const next = a[(at + 1) % a.length];
      const [nx, ny] = [next.y - corner.y, corner.x - next.x];
      const along = (points) => points.map(({ x, y }) => x * nx + y * ny);
      const [mine, theirs] = [along(a), along(b)];
      return Math.max(...mine) <= Math.min(...theirs) || Math.max(...theirs) <= Math.min(...mine);
    });
  return !apart(one, other) && !apart(other, one);
};

// Points along what is drawn, on the screen, and half of how thick it is there.
eyes.traced = (shape) => {
  const matrix = shape.getScreenCTM();
  const style = getComputedStyle(shape);
  const scale = eyes.scale(shape);
  const half = style.stroke === "none" ? 0 : (parseFloat(style.strokeWidth) * scale) / 2;
  const length = shape.getTotalLength();
  const steps = Math.min(4000, Math.ceil((length * scale) / eyes.STEP_PX));
  const points = [];
  for (let step = 0; step <= steps; step += 1) {
    const point = shape.getPointAtLength((length * step) / Math.max(1, steps));
    points.push([
      matrix.a * point.x + matrix.c * point.y + matrix.e,
      matrix.b * point.x + matrix.d * point.y + matrix.f,
    ]);
  }
  return { points, half };
};

eyes.meets = (label, { points, half }) => {
  const { back, left, right, top, bottom } = label;
  const margin = half / label.scale;
  return points.some(([sx, sy]) => {
    const x = back.a * sx + back.c * sy + back.e;
    const y = back.b * sx + back.d * sy + back.f;
    return x > left - margin && x < right + margin && y > top - margin && y < bottom + margin;
  });
};

// Lines and marks by their class, their own or that of a group around them.
eyes.strokes = (drawing) => {
  const each = (kind) => `.${kind}, .${kind} *`;
  return [...drawing.querySelectorAll(`${each("bsk-line")}, ${each("bsk-mark")}`)].filter(
    (shape) =>
      (shape instanceof SVGGeometryElement || shape instanceof SVGUseElement) && eyes.visible(shape),
  );
};

eyes.crosses = (label, shape) => {
  if (shape instanceof SVGUseElement) {
    const box = shape.getBoundingClientRect();
    const corners = [[box.left, box.top], [box.right, box.top], [box.right, box.bottom]];
    corners.push([box.left, box.bottom]);
    return eyes.touch(label.corners, corners.map(([x, y]) => ({ x, y })));
  }
  if (eyes.meets(label, eyes.traced(shape))) return true;
  if (!shape.closest(".bsk-mark") || getComputedStyle(shape).fill === "none") return false;
  const back = shape.getScreenCTM().inverse();
  return label.corners.some((corner) => shape.isPointInFill(corner.matrixTransform(back)));
};

eyes.overlappingLabels = () => {
  const found = [];
  for (const drawing of document.querySelectorAll("svg:not(svg svg)")) {
    const labels = [...drawing.querySelectorAll("text")]
      .filter((text) => text.textContent.trim() && eyes.visible(text))
      .map(eyes.label);
    const strokes = eyes.strokes(drawing);
    const edge = drawing.getBoundingClientRect();
    const words = ({ element }) => `“${eyes.words(element.textContent)}”`;
    labels.forEach((label, at) => {
      for (const other of labels.slice(at + 1)) {
        if (eyes.touch(label.corners, other.corners)) {
          found.push(`the labels ${words(label)} and ${words(other)} touch`);
        }
      }
      for (const shape of strokes) {
        if (eyes.crosses(label, shape)) found.push(`${eyes.tag(shape)} runs into the label ${words(label)}`);
      }
      const outside = ({ x, y }) =>
        x < edge.left - 1 || x > edge.right + 1 || y < edge.top - 1 || y > edge.bottom + 1;
      if (label.corners.some(outside)) {
        found.push(`the label ${words(label)} is cut off at the edge of its drawing`);
      }
    });
  }
  return [...new Set(found)];
};
