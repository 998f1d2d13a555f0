"use strict";
// What data/runs.js and data/rows/*.js hand over, as values; orchestrator/report/site writes them.
const said = ["status", "verb", "host", "operator", "gpu", "machine", "commit", "branch", "said", "note"];
const lists = ["cases", "providers", "tags"];
const readRuns = ({ texts, runs }) =>
  runs.map((row) => {
    const run = { file: row[0], made: row[1] };
    said.forEach((name, at) => { run[name] = texts[row[2 + at]]; });
    lists.forEach((name, at) => { run[name] = row[2 + said.length + at].map((one) => texts[one]); });
    run.name = row[2 + said.length + lists.length] || run.file;
    const typed = row[3 + said.length + lists.length];
    run.typed = typed === null ? "" : typed || run.file;
    run.kind = [run.verb, run.operator, run.gpu || run.machine].join("\n");
    return run;
  });
const element = (name, text, ...classes) => {
  const made = document.createElement(name);
  if (text) made.textContent = text;
  if (classes.length) made.className = classes.join(" ");
  return made;
};
const pageOf = (run) => `runs/${encodeURIComponent(run.file)}.html`;
const hash = () => new URLSearchParams(location.hash.slice(1));
const setHash = (values) => {
  const told = values.toString().replaceAll("+", "%20");
  history.replaceState(null, "", told ? `#${told}` : location.pathname + location.search);
};
const when = (run) => run.made.replace("T", " ").replace(/:\d\d(\.\d+)?(Z|\+00:00)$/, "");
