// Where the things stand that a reader of a report looks for first.
eyes.TIMES = /µs|\bms\b|latency/i;
eyes.HOLDS_BACK = /what\sholds|holds\s\S+(\s\S+)?\sback|bottleneck|limited by|undetermined for want/i;

eyes.places = () => {
  const below = (element) =>
    element ? Math.round(element.getBoundingClientRect().top + window.scrollY) : null;
  const first = (selector, is) =>
    [...document.querySelectorAll(selector)].find((one) => eyes.visible(one) && is(one));
  const timed = (table) =>
    [...table.querySelectorAll("th")].some((head) => eyes.TIMES.test(head.textContent));
  const large = (picture) => {
    const box = picture.getBoundingClientRect();
    return box.width >= 100 && box.height >= 100;
  };
  return {
    height_px: document.documentElement.scrollHeight,
    timings_px: below(first("table", timed)),
    bottleneck_px: below(
      eyes.texts().find(({ element }) => eyes.HOLDS_BACK.test(element.textContent))?.element,
    ),
    chart_px: below(first("svg:not(svg svg), img[src*='svg']", large)),
  };
};
