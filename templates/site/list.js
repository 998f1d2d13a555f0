// The list of all runs. Search, filters and choice stand in the address behind #.
(() => {
  const step = 100;
  const at = (id) => document.getElementById(id);
  const one = (name) => (run) => (run[name] ? [run[name]] : []);
  const filters = [
    ["operator", "Operator", one("operator")],
    ["gpu", "GPU, machine", (run) => [run.gpu || run.machine].filter(Boolean)],
    ["commit", "Commit", one("commit")],
    ["provider", "Provider", (run) => run.providers],
    ["tag", "Tag", (run) => run.tags],
    ["verb", "Verb", one("verb")],
    ["status", "Status", one("status")],
  ];
  let runs = [], found = [], shown = 0, day = "", chosen = [];

  const searched = (run) =>
    [run.name, run.said, run.note, run.operator, run.gpu, run.host, run.commit, run.branch, run.verb,
      run.status, ...run.providers, ...run.cases, ...run.tags].join("\n").toLowerCase();
  const fits = (asked) => {
    const words = (asked.get("q") ?? "").toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = filters.filter(([key]) => asked.get(key));
    return (run) =>
      words.every((word) => run.text.includes(word)) &&
      wanted.every(([key, , of]) => of(run).includes(asked.get(key)));
  };

  const labels = (run) => {
    const line = element("p", "", "meta");
    const few = (all) => (all.length > 2 ? `${all.slice(0, 2).join(", ")} and ${all.length - 2} more` : all.join(", "));
    const told = [run.operator, few(run.cases), few(run.providers)].filter(Boolean);
    line.append(element("span", run.status, "status", `is-${/^[a-z]+$/.test(run.status) ? run.status : "other"}`));
    line.append(` ${[run.verb, ...told].filter(Boolean).join(" · ")}`);
    return line;
  };
  const aside = (run) => {
    const side = element("div", "", "side");
    const clock = when(run).slice(11);
    side.append(element("span", [clock, run.gpu || run.machine.split(",")[0]].filter(Boolean).join(" · "), "where"));
    if (run.commit) {
      const link = element("a", run.commit, "commit");
      link.href = `#${new URLSearchParams({ commit: run.commit })}`;
      link.title = run.commit.endsWith("+") ? "all runs of this commit with uncommitted edits" : "all runs of this commit";
      side.append(link);
    }
    if (run.branch) side.append(element("span", run.branch, "branch"));
    for (const tag of run.tags) side.append(element("span", tag, "tag"));
    return side;
  };
  const row = (run) => {
    const line = element("li");
    const box = element("input");
    box.type = "checkbox";
    box.checked = chosen.includes(run.file);
    box.dataset.file = run.file;
    box.setAttribute("aria-label", `compare ${run.name}`);
    const main = element("div", "", "run");
    const link = element("a", run.said || `${run.verb || "run"}: ${run.status}`, "verdict");
    link.href = pageOf(run);
    main.append(link, element("p", run.name, "name"), labels(run));
    if (run.note) main.append(element("p", run.note, "note"));
    line.append(box, main, aside(run));
    return line;
  };
  const draw = (upTo) => {
    const list = at("list");
    if (!shown) { list.replaceChildren(); day = ""; }
    for (const run of found.slice(shown, upTo)) {
      const date = run.made.slice(0, 10) || "nobody knows when";
      if (date !== day) {
        day = date;
        list.append(element("h2", date, "day"), element("ol", "", "runs"));
      }
      list.lastChild.append(row(run));
    }
    shown = Math.min(upTo, found.length);
    const left = found.length - shown;
    at("more").hidden = !left;
    at("more").textContent = `show ${left.toLocaleString("en")} more`;
  };
  const choose = () => {
    at("chosen").hidden = !chosen.length;
    const known = chosen.map((file) => runs.find((run) => run.file === file)).filter(Boolean);
    at("which").textContent = known.map((run) => run.name).join(" and ") + (known.length === 1 ? " and …" : "");
    // The older one is before.
    const [b, a] = [...known].sort((one, other) => runs.indexOf(one) - runs.indexOf(other));
    at("compare").hidden = known.length !== 2;
    if (a) at("compare").href = `compare.html#${new URLSearchParams({ a: a.file, b: b.file })}`;
    for (const box of document.querySelectorAll("#list input")) box.checked = chosen.includes(box.dataset.file);
  };
  const refresh = () => {
    const asked = hash();
    found = runs.filter(fits(asked));
    shown = 0;
    draw(step);
    at("count").textContent = `${found.length.toLocaleString("en")} of ${runs.length.toLocaleString("en")} runs`;
    at("clear").hidden = ![...asked.keys()].length;
    if (!found.length) at("list").append(element("p", runs.length ? "No run fits." : "There are no runs yet.", "none"));
  };
  const show = () => {
    const asked = hash();
    at("q").value = asked.get("q") ?? "";
    for (const [key] of filters) {
      const select = at(`by-${key}`), value = asked.get(key) ?? "";
      if (![...select.options].some((option) => option.value === value)) select.add(new Option(value, value));
      select.value = value;
      if (value) select.parentElement.hidden = false;
    }
    refresh();
  };
  const ask = () => {
    const asked = new URLSearchParams();
    if (at("q").value.trim()) asked.set("q", at("q").value.trim());
    for (const [key] of filters) if (at(`by-${key}`).value) asked.set(key, at(`by-${key}`).value);
    setHash(asked);
    refresh();
  };
  const offer = ([key, words, of]) => {
    const counts = new Map();
    for (const run of runs) for (const value of of(run)) counts.set(value, (counts.get(value) ?? 0) + 1);
    // Commits as they follow each other, the newest first; all else by how often it is.
    const values = [...counts].sort((a, b) => (key === "commit" ? 0 : b[1] - a[1] || (a[0] < b[0] ? -1 : 1)));
    const label = element("label", `${words} `), select = element("select");
    select.id = `by-${key}`;
    select.add(new Option("any", ""));
    for (const [value, number] of values) select.add(new Option(`${value} (${number})`, value));
    label.append(select);
    // One value of all runs leaves nothing out.
    label.hidden = !values.length || values[0][1] === runs.length;
    at("filters").append(label);
  };
  const move = (by) => {
    const links = [...document.querySelectorAll("#list a.verdict")];
    const now = links.indexOf(document.activeElement?.closest("li")?.querySelector("a.verdict"));
    (links[now + by] ?? (now < 0 ? links[0] : at("q"))).focus();
  };
  const key = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = ["INPUT", "SELECT", "TEXTAREA"].includes(event.target.tagName) && event.target.type !== "checkbox";
    if (event.key === "Escape" && event.target === at("q")) { at("q").value = ""; ask(); return; }
    if (event.key === "ArrowDown" && (!typing || event.target === at("q"))) move(1);
    else if (event.key === "ArrowUp" && !typing) move(-1);
    else if (event.key === "/" && !typing) at("q").focus();
    else if (event.key === "x" && !typing) document.activeElement?.closest("li")?.querySelector("input")?.click();
    else return;
    event.preventDefault();
  };
  const picked = (event) => {
    const file = event.target.dataset.file;
    if (!file) return;
    chosen = event.target.checked ? [...chosen, file].slice(-2) : chosen.filter((other) => other !== file);
    choose();
  };

  window.siteRuns = (told) => {
    runs = readRuns(told);
    for (const run of runs) run.text = searched(run);
    filters.forEach(offer);
    at("partly").hidden = told.whole;
    at("search").addEventListener("submit", (event) => event.preventDefault());
    at("search").addEventListener("input", ask);
    at("clear").addEventListener("click", () => { setHash(new URLSearchParams()); show(); at("q").focus(); });
    at("more").addEventListener("click", () => draw(found.length));
    at("list").addEventListener("change", picked);
    at("unchoose").addEventListener("click", () => { chosen = []; choose(); });
    addEventListener("hashchange", show);
    addEventListener("keydown", key);
    addEventListener("beforeprint", () => draw(found.length));
    show();
    choose();
  };
})();
