"use strict";
(() => {
  const LEAF = 25;
  const data = JSON.parse(document.getElementById("data").textContent);
  const make = (tag, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };

  // Charts: the library is unpacked once, and a chart is drawn when it comes near, so that the first one stands soon.
  const packed = document.getElementById("library");
  let unpacked = null;
  const library = () => (unpacked ??= unpack());
  async function unpack() {
    const bytes = Uint8Array.from(atob(packed.textContent), (letter) => letter.charCodeAt(0));
    const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    const script = make("script", { textContent: await new Response(plain).text() });
    document.head.append(script);
    return window.vegaEmbed;
  }
  function withRows(spec) {
    const { days, series } = spec.usermeta ?? {};
    if (!days) return spec;
    const values = Object.entries(series).flatMap(([name, all]) =>
      all.flatMap((value, place) => (value === null ? [] : [{ day: days[place], series: name, value }])));
    return { ...spec, usermeta: undefined, data: { ...spec.data, values } };
  }
  async function draw(picture) {
    if (picture.dataset.state) return;
    picture.dataset.state = "drawing";
    try {
      const embed = await library();
      const options = { mode: "vega-lite", renderer: "svg", ast: true, actions: false, config: data.config };
      await embed(picture, withRows(data.charts[picture.dataset.chart]), options);
      picture.style.minHeight = "";
      picture.dataset.state = "drawn";
    } catch (error) {
      picture.dataset.state = "failed";
      picture.replaceChildren(make("p", { className: "words note",
        textContent: `This picture cannot be drawn by this browser (${error.message}); its caption says what it shows.` }));
    }
  }
  const pictures = [...document.querySelectorAll("[data-chart]")];
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) if (entry.isIntersecting) { seen.unobserve(entry.target); draw(entry.target); }
  }, { rootMargin: "400px" });
  pictures.forEach((picture) => seen.observe(picture));
  // The rest follows while nothing else is to be done, so that printing finds all of them.
  const whenIdle = window.requestIdleCallback ?? ((work) => setTimeout(work, 200));
  const rest = pictures.filter((picture) => !picture.closest("details"));
  const drawRest = async () => {
    const next = rest.shift();
    if (next) { await draw(next); whenIdle(drawRest); } else document.documentElement.dataset.drawn = "all";
  };
  whenIdle(drawRest);

  // Tables: sorted, filtered and shown a leaf at a time, so that thousands of rows open at once.
  const UNITS = {
    fraction: (value) => `${(value * 100).toFixed(1)}%`, ratio: (value) => value.toFixed(2),
    count: (value) => value.toLocaleString("en"), days: (value) => value.toLocaleString("en"),
    dollars: (value) => `$${value.toLocaleString("en", { maximumFractionDigits: 2 })}`, number: String,
  };
  const shown = (value, column) =>
    value === null ? (column.unit ? "n/a" : "") : column.unit ? UNITS[column.unit](value) : String(value);

  function explore(place) {
    const { columns, rows, looks, links } = data.tables[place.dataset.table];
    const name = place.dataset.table;
    const all = rows.map((row, number) => ({
      row, look: looks[number] ?? "", link: links[number] ?? "",
      text: row.map((value, at) => shown(value, columns[at])).join(" ").toLowerCase(),
    }));
    let found = all, leaf = 0, sorted = null, falling = false;
    const body = make("tbody"), said = make("output");
    said.setAttribute("aria-live", "polite");
    const filter = make("input", { type: "search", id: `${name}-filter`, autocomplete: "off", placeholder: "any text" });
    const kinds = [...new Set(looks)];
    const verdict = make("select", { id: `${name}-verdict` }, make("option", { value: "", textContent: "all" }),
      ...kinds.map((kind) => make("option", { value: kind, textContent: kind })));
    const back = make("button", { type: "button", textContent: "← Before" });
    const on = make("button", { type: "button", textContent: "Next →" });

    const heads = columns.map((column, at) => {
      // A name such as entry_threshold may be broken behind its underscore.
      const pieces = column.label.split(/(?<=_)/).flatMap((piece) => [piece, make("wbr")]);
      const button = make("button", { type: "button" }, ...pieces.slice(0, -1));
      const head = make("th", { scope: "col", className: column.unit ? "number" : "" }, button);
      head.setAttribute("aria-sort", "none");
      button.addEventListener("click", () => {
        falling = sorted === at ? !falling : Boolean(column.unit) && column.label !== "No.";
        sorted = at; leaf = 0;
        heads.forEach((each, number) =>
          each.setAttribute("aria-sort", number === at ? (falling ? "descending" : "ascending") : "none"));
        show();
      });
      return head;
    });
    function line({ row, look, link }) {
      return make("tr", { className: look.replace(" ", "-") }, ...row.map((value, at) => {
        const column = columns[at], text = shown(value, column);
        const cell = make(at ? "td" : "th", { className: column.unit ? "number" : text.length > 40 ? "long" : "" });
        if (!at) cell.scope = "row";
        if (!at && link) cell.append(make("a", { href: link, textContent: text }));
        else if (column.label === "Verdict" || column.label === "Status")
          cell.append(make("span", { className: `badge ${look.replace(" ", "-")}`, textContent: text }));
        else cell.textContent = text;
        return cell;
      }));
    }
    function show() {
      const wanted = filter.value.trim().toLowerCase();
      found = all.filter((each) => (!verdict.value || each.look === verdict.value) && each.text.includes(wanted));
      if (sorted !== null) {
        const sign = falling ? -1 : 1;
        found = found.slice().sort(({ row: { [sorted]: one } }, { row: { [sorted]: other } }) =>
          one === other ? 0 : one === null ? 1 : other === null ? -1
            : typeof one === "number" && typeof other === "number" ? sign * (one - other)
              : sign * String(one).localeCompare(String(other), "en", { numeric: true }));
      }
      const last = Math.max(0, Math.ceil(found.length / LEAF) - 1);
      leaf = Math.min(leaf, last);
      const part = found.slice(leaf * LEAF, (leaf + 1) * LEAF);
      body.replaceChildren(...part.map(line));
      const span = part.length ? `${leaf * LEAF + 1} to ${leaf * LEAF + part.length} of ${found.length}` : "no row";
      said.textContent = found.length < all.length ? `${span}, filtered from ${all.length}` : span;
      back.disabled = leaf === 0;
      on.disabled = leaf === last;
      leaves.hidden = found.length <= LEAF;
    }
    const leaves = make("div", { className: "leaves" }, back, on);
    back.addEventListener("click", () => { leaf -= 1; show(); });
    on.addEventListener("click", () => { leaf += 1; show(); });
    for (const tool of [filter, verdict]) tool.addEventListener("input", () => { leaf = 0; show(); });
    const scroll = make("div", { className: "scroll", tabIndex: 0, role: "region" }, make("table", {},
      make("caption", { textContent: place.dataset.caption }), make("thead", {}, make("tr", {}, ...heads)), body));
    scroll.setAttribute("aria-label", place.dataset.caption);
    const tools = make("div", { className: "tools" }, make("label", {}, "Filter", filter));
    if (kinds.length > 1) tools.append(make("label", {}, "Verdict", verdict));
    tools.append(said);
    place.replaceChildren(tools, scroll, leaves);
    show();
  }
  document.querySelectorAll("[data-table]").forEach(explore);
})();
