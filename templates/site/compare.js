// Two runs beside each other, by the address: #a=<run>&b=<run>; `last` is the last one of a's kind.
(() => {
  const at = (id) => document.getElementById(id);
  const waiting = new Map(), known = new Map();
  let runs = [], asked = 0;

  // A page from a file may ask for no data, but any page may have scripts.
  const timesOf = (run) => {
    if (!known.has(run.file)) {
      known.set(run.file, new Promise((resolve) => {
        waiting.set(run.file, resolve);
        const script = element("script");
        script.src = `data/rows/${encodeURIComponent(run.file)}.js`;
        script.addEventListener("error", () => { known.delete(run.file); resolve(null); });
        document.head.append(script);
      }));
    }
    return known.get(run.file);
  };
  window.siteRows = (file, texts, rows) => {
    const names = ["provider", "case", "method", "unit", "baseline"];
    const figures = ["time", "low", "high", "ratio", "ratioLow", "ratioHigh", "refuted"];
    waiting.get(file)?.(rows.map((row) => ({
      ...Object.fromEntries(names.map((name, place) => [name, texts[row[place]]])),
      ...Object.fromEntries(figures.map((name, place) => [name, row[names.length + place] ?? null])),
    })));
  };

  const digits = (value, half) => {
    const scale = half > 0 ? half : Math.abs(value) / 1000 || 1;
    return Math.max(0, Math.min(6, 1 - Math.floor(Math.log10(scale))));
  };
  const figure = (value, low, high) => {
    if (value === null) return "—";
    if (low === null || high === null) return `${value.toFixed(digits(value, 0))} (no interval)`;
    const places = digits(value, (high - low) / 2);
    return `${value.toFixed(places)} (${low.toFixed(places)}–${high.toFixed(places)})`;
  };
  const change = (before, after) => {
    if (before === null || after === null || !before) return "—";
    const percent = 100 * (after / before - 1);
    return `${percent < 0 ? "−" : "+"}${Math.abs(percent).toFixed(Math.abs(percent) < 10 ? 2 : 1)} %`;
  };
  const key = (row) => [row.provider, row.case, row.method].join("\n");
  const cells = (row, words) => { for (const word of words) row.append(word instanceof Node ? word : element("td", word)); };

  const facts = (a, b) => {
    const listed = (all) => all.join(", ");
    const rows = [
      ["Made", when(a), when(b), true], ["Found", a.said, b.said, true], ["Status", a.status, b.status], ["Verb", a.verb, b.verb],
      ["Operator", a.operator, b.operator], ["Cases", listed(a.cases), listed(b.cases)],
      ["Providers", listed(a.providers), listed(b.providers)], ["Host", a.host, b.host],
      ["Commit", a.commit, b.commit], ["Branch", a.branch, b.branch],
      ...machineParts(a.machine, b.machine),
    ];
    const body = at("facts").tBodies[0];
    body.replaceChildren();
    const link = (run) => {
      const cell = element("td"), to = element("a", run.name);
      to.href = pageOf(run);
      cell.append(to);
      return cell;
    };
    const add = (...words) => {
      const row = element("tr");
      cells(row, words);
      body.append(row);
    };
    add("Run", link(a), link(b));
    const alike = [];
    for (const [what, before, after, always] of rows) {
      if (!before && !after) continue;
      if (always || before !== after) add(what, before || "—", after || "—");
      else alike.push(`${what.toLowerCase()} ${before}`.trim());
    }
    at("alike").textContent = alike.length ? `The same in both: ${alike.join("; ")}.` : "";
  };
  // A fingerprint is a line of facts between commas: `driver 580.65`, `132 SMs`.
  const machineParts = (before, after) => {
    const [one, other] = [before, after].map((line) => line.split(", ").filter(Boolean));
    return Array.from({ length: Math.max(one.length, other.length) }, (_, place) =>
      [place ? "" : "Machine", one[place] ?? "", other[place] ?? ""]);
  };
  const machines = (a, b) => {
    if (!a.machine || !b.machine) return "Of one of the machines nothing is known, so nobody can say whether it is the same.";
    if (a.machine === b.machine) return "The machines are alike: GPU, driver and torch are the same ones.";
    return "The machines differ, so a difference of times may be theirs.";
  };
  const table = (shared) => {
    const made = element("table", "", "n4", "n5", "n6", "n7", "n8", "n9"), head = element("thead"), line = element("tr");
    const unit = shared[0][0].unit;
    for (const word of ["Provider", "Case", "Method", `A, ${unit}`, `B, ${unit}`, "B's time / A's", "A, × baseline", "B, × baseline", "B's ratio / A's"]) {
      const cell = element("th", word);
      cell.scope = "col";
      line.append(cell);
    }
    head.append(line);
    const body = element("tbody");
    for (const [before, after] of shared) {
      const row = element("tr");
      const same = before.baseline && before.baseline === after.baseline;
      const ratio = (one) => (one.ratio === null ? (one.baseline ? "—" : "baseline") : `${figure(one.ratio, one.ratioLow, one.ratioHigh)}×`.replace("(no interval)×", "(no interval)"));
      const time = (one) => figure(one.time, one.low, one.high) + (one.refuted ? " cannot be true" : "");
      const alike = before.unit === after.unit;
      cells(row, [
        before.provider, before.case, before.method, time(before), alike ? time(after) : `${time(after)} ${after.unit}`,
        alike ? change(before.time, after.time) : "other units", ratio(before), ratio(after),
        same ? change(before.ratio, after.ratio) : "—",
      ]);
      body.append(row);
    }
    made.append(head, body);
    return made;
  };
  const only = (which, rows) => {
    const fold = element("details"), list = element("ul");
    fold.append(element("summary", `Only in ${which}: ${rows.length} ${rows.length === 1 ? "row" : "rows"}`));
    for (const row of rows) list.append(element("li", `${row.provider} on ${row.case}, ${row.method}: ${figure(row.time, row.low, row.high)} ${row.unit}`));
    fold.append(list);
    return fold;
  };

  const compare = async (a, b) => {
    const turn = ++asked;
    const [before, after] = await Promise.all([timesOf(a), timesOf(b)]);
    if (turn !== asked) return;
    facts(a, b);
    at("machines").textContent = machines(a, b);
    const typed = a.typed && b.typed;
    at("command").textContent = typed ? `orchestrator compare ${a.typed} ${b.typed}` : "orchestrator compare, with the names of both runs, which are not for strangers";
    at("copy").hidden = !typed;
    const then = new Map((before ?? []).map((row) => [key(row), row]));
    const now = new Map((after ?? []).map((row) => [key(row), row]));
    const shared = [...then].filter(([name]) => now.has(name)).map(([name, row]) => [row, now.get(name)]);
    at("rows").replaceChildren(...(shared.length ? [table(shared)] : []));
    const lacking = [[a, before], [b, after]].filter(([, rows]) => !rows?.length).map(([run]) => run.name);
    at("shared").textContent = shared.length ? `${shared.length} ${shared.length === 1 ? "row" : "rows"}: one provider on one case by one method.`
      : lacking.length ? `Nothing: there are no times of ${lacking.join(" and ")}.` : "Nothing: they share no provider on a case by a method.";
    at("reading").textContent = shared.length ? "Times with their own 95 % intervals. × baseline: the baseline's time / own time in the same run, above 1 is faster, with the interval of its verdict; what a run has of its own cancels in that. No interval here is of a difference." : "";
    const rest = [["A", then, now], ["B", now, then]].map(([which, mine, others]) => [which, [...mine].filter(([name]) => !others.has(name)).map(([, row]) => row)]);
    at("others").replaceChildren(...rest.filter(([, rows]) => rows.length).map(([which, rows]) => only(which, rows)));
    at("said").textContent = "";
    at("found").hidden = false;
    document.title = `${a.name} and ${b.name}`;
  };
  const show = () => {
    const wanted = hash();
    const a = runs.find((run) => run.file === wanted.get("a"));
    const last = wanted.get("b") === "last" && a ? runs.find((run) => run.kind === a.kind && run !== a) : null;
    const b = last ?? runs.find((run) => run.file === wanted.get("b"));
    at("a").value = a?.file ?? "";
    at("b").value = b?.file ?? "";
    at("found").hidden = true;
    asked += 1;
    const unknown = ["a", "b"].filter((which) => wanted.get(which) && !{ a, b }[which]).map((which) => wanted.get(which));
    if (unknown.length) at("said").textContent = `No run here is called ${unknown.join(" or ")}.`;
    else if (!a || !b) at("said").textContent = "Choose two runs, here or with the boxes in the list.";
    else if (a === b) at("said").textContent = "That is one run twice; choose another.";
    else { at("said").textContent = "…"; compare(a, b); }
  };
  const ask = () => {
    const wanted = new URLSearchParams();
    for (const which of ["a", "b"]) if (at(which).value) wanted.set(which, at(which).value);
    setHash(wanted);
    show();
  };
  const copy = async () => {
    const text = at("command").textContent;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      getSelection().selectAllChildren(at("command"));
      document.execCommand("copy");
    }
    at("copy").textContent = "copied";
    setTimeout(() => { at("copy").textContent = "copy"; }, 1500);
  };

  window.siteRuns = (told) => {
    runs = readRuns(told);
    for (const which of ["a", "b"]) {
      const select = at(which);
      select.add(new Option("choose a run", ""));
      for (const run of runs) select.add(new Option([when(run), run.name, run.said].filter(Boolean).join(" · ").slice(0, 160), run.file));
      select.addEventListener("change", ask);
    }
    at("swap").addEventListener("click", () => { [at("a").value, at("b").value] = [at("b").value, at("a").value]; ask(); });
    at("copy").addEventListener("click", copy);
    addEventListener("hashchange", show);
    show();
  };
})();
