// The form designer: zones over the blank, in millimetres, by mouse and by keyboard.
"use strict";

const SVG = "http://www.w3.org/2000/svg";
const STEP_MM = 0.5;
const LEAST_MM = 1;
const UNDO_MOST = 100;
const SAVE_AFTER_MS = 350;
const el = (id) => document.getElementById(id);
const designer = el("designer");

function told(answer, broken, language) {
  if (!answer || !answer.code) return broken;
  const remedy = (language === "ja" ? answer.remedy_ja : answer.remedy_en) || "";
  return `${language === "ja" ? answer.ja : answer.en} ${remedy}`.trim();
}

function say(node, text, kind) {
  node.hidden = !text;
  node.className = `notice ${kind || "info"}`;
  node.textContent = text;
}

for (const button of document.querySelectorAll("[data-sure]")) {
  button.addEventListener("click", (event) => {
    if (!window.confirm(button.dataset.sure)) event.preventDefault();
  });
}

const learning = el("learn");
if (learning) {
  learning.addEventListener("submit", async (event) => {
    event.preventDefault();
    const file = el("learn-file").files[0];
    const said = el("learn-said");
    if (!file || learning.dataset.busy) return;
    if (file.size > Number(learning.dataset.maxMib) * 1048576) {
      say(said, learning.dataset.saidLarge, "error");
      return;
    }
    learning.dataset.busy = "1";
    say(said, learning.dataset.saidBusy, "info");
    const query = new URLSearchParams();
    if (el("learn-name").value) query.set("name", el("learn-name").value);
    if (el("learn-version").value) query.set("version", el("learn-version").value);
    try {
      const answer = await fetch(`/forms/learn?${query}`, { method: "PUT", body: file, headers: { "X-CSRF-Token": learning.dataset.csrf, "Content-Type": "application/octet-stream" } });
      const content = await answer.json().catch(() => null);
      if (answer.ok) window.location.assign(content.address);
      else say(said, told(content, learning.dataset.saidBroken, learning.dataset.language), "error");
    } catch {
      say(said, learning.dataset.saidBroken, "error");
    }
    delete learning.dataset.busy;
  });
}

function design() {
  const content = JSON.parse(designer.dataset.content);
  const [pageW, pageH] = content.page_mm;
  const editable = Boolean(designer.dataset.draft);
  const japanese = designer.dataset.language === "ja";
  let zones = content.zones;
  let chosen = -1;
  let zoom = 1;
  let ver = content.ver;
  let timer = null;
  let saving = false;
  let dirty = false;
  const undone = [];

  const round = (value) => Math.round(value * 1000) / 1000;
  const copy = () => JSON.parse(JSON.stringify(zones));
  const nameOf = (zone) => {
    const option = el("z-field").querySelector(`option[value="${zone.field}"]`);
    return `${option ? option.textContent : zone.field}${zone.part ? ` / ${zone.part}` : ""}`;
  };

  function make(tag, attributes) {
    const node = document.createElementNS(SVG, tag);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    return node;
  }

  function place(node, box) {
    ["x", "y", "width", "height"].forEach((key, n) => node.setAttribute(key, box[n]));
  }

  function draw() {
    const focused = document.activeElement && document.activeElement.dataset ? document.activeElement.dataset.zone : undefined;
    const room = el("zones");
    room.replaceChildren();
    zones.forEach((zone, n) => {
      const group = make("g", { class: `zone reader-${zone.reader}${n === chosen ? " chosen" : ""}`, tabindex: 0, role: "button", "data-zone": n, id: `zone-${n}`, "aria-label": `${nameOf(zone)}, ${zone.box.map((v) => v.toFixed(1)).join(" ")} mm`, "aria-pressed": n === chosen });
      const rect = make("rect", { class: "outline" });
      place(rect, zone.box);
      group.append(rect);
      for (const cell of zone.cells) {
        const inner = make("rect", { class: "cell-box" });
        place(inner, cell);
        group.append(inner);
      }
      const label = make("text", { x: zone.box[0] + 0.6, y: Math.max(2.6, zone.box[1] - 0.5), class: "zone-name" });
      label.textContent = nameOf(zone);
      group.append(label);
      if (editable && n === chosen) {
        const handle = make("rect", { class: "handle", width: 2.6, height: 2.6, x: zone.box[0] + zone.box[2] - 1.3, y: zone.box[1] + zone.box[3] - 1.3, "data-handle": "1" });
        group.append(handle);
      }
      room.append(group);
    });
    if (focused !== undefined && el(`zone-${focused}`)) el(`zone-${focused}`).focus({ preventScroll: true });
  }

  function fill() {
    const zone = zones[chosen];
    el("zone-fields").hidden = !zone;
    el("zone-hint").hidden = Boolean(zone);
    if (el("remove")) {
      el("remove").disabled = !zone;
      el("undo").disabled = !undone.length;
    }
    if (!zone) return;
    for (const name of ["field", "part", "reader", "mark_style", "alphabet", "lines"]) el(`z-${name}`).value = zone[name];
    ["x", "y", "w", "h"].forEach((name, n) => { el(`z-${name}`).value = round(zone.box[n]); });
    el("z-count").value = zone.cells.length;
    el("z-optional").checked = zone.optional;
    el("z-printed").checked = zone.printed;
  }

  function choose(n, focus) {
    chosen = n;
    draw();
    fill();
    showProblems();
    if (focus && el(`zone-${n}`)) el(`zone-${n}`).focus({ preventScroll: false });
  }

  let problems = content.problems;
  function showProblems() {
    if (!el("problems")) return;
    el("problem-count").textContent = editable ? `(${problems.length})` : "";
    const list = el("problems");
    list.replaceChildren();
    for (const problem of problems) {
      const item = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      button.className = "plain";
      button.textContent = japanese ? problem.ja : problem.en;
      button.addEventListener("click", () => {
        const n = zones.findIndex((zone) => `${zone.field}${zone.part ? `/${zone.part}` : ""}` === problem.field);
        if (n >= 0) choose(n, true);
      });
      item.append(button);
      list.append(item);
    }
    if (!problems.length) {
      const item = document.createElement("li");
      item.textContent = editable ? designer.dataset.saidNone : "—";
      item.className = "fine";
      list.append(item);
    }
    if (el("go-live")) el("go-live").disabled = problems.some((problem) => problem.bars) || dirty || saving;
  }

  function state(name) {
    const saved = el("saved");
    if (!saved) return;
    saved.textContent = saved.dataset[name];
    saved.dataset.state = name;
  }

  function changed() {
    dirty = true;
    state("unsaved");
    if (el("go-live")) el("go-live").disabled = true;
    draw();
    fill();
    clearTimeout(timer);
    timer = setTimeout(save, SAVE_AFTER_MS);
  }

  function remember() {
    undone.push(copy());
    if (undone.length > UNDO_MOST) undone.shift();
  }

  async function save() {
    if (saving) {
      timer = setTimeout(save, SAVE_AFTER_MS);
      return;
    }
    saving = true;
    dirty = false;
    state("saving");
    const body = JSON.stringify({ ver, version: el("f-version").value, title: el("f-title").value, zones });
    try {
      const answer = await fetch(`/forms/drafts/${designer.dataset.draft}`, { method: "PUT", body, headers: { "X-CSRF-Token": designer.dataset.csrf, "Content-Type": "application/json" } });
      const content_now = await answer.json().catch(() => null);
      if (answer.ok) {
        ver = content_now.ver;
        problems = content_now.problems;
        el("live-ver").value = ver;
        el("shown-version").textContent = el("f-version").value;
        if (content.redrawn && !dirty) el("blank").setAttribute("href", `${designer.dataset.picture}?ver=${ver}`);
        state(dirty ? "unsaved" : "saved");
      } else {
        dirty = true;
        problems = [{ field: "", bars: true, ja: told(content_now, designer.dataset.saidBroken, "ja"), en: told(content_now, designer.dataset.saidBroken, "en") }];
        state("unsaved");
      }
    } catch {
      dirty = true;
      problems = [{ field: "", bars: true, ja: designer.dataset.saidBroken, en: designer.dataset.saidBroken }];
      state("unsaved");
    }
    saving = false;
    showProblems();
  }

  function moveTo(zone, x, y) {
    const dx = round(Math.min(Math.max(0, x), pageW - zone.box[2]) - zone.box[0]);
    const dy = round(Math.min(Math.max(0, y), pageH - zone.box[3]) - zone.box[1]);
    for (const box of [zone.box, ...zone.cells]) {
      box[0] = round(box[0] + dx);
      box[1] = round(box[1] + dy);
    }
  }

  function resizeTo(zone, w, h) {
    const [x, y, oldW, oldH] = zone.box;
    const newW = round(Math.min(Math.max(LEAST_MM, w), pageW - x));
    const newH = round(Math.min(Math.max(LEAST_MM, h), pageH - y));
    for (const cell of zone.cells) {
      cell[0] = round(x + ((cell[0] - x) * newW) / oldW);
      cell[1] = round(y + ((cell[1] - y) * newH) / oldH);
      cell[2] = round((cell[2] * newW) / oldW);
      cell[3] = round((cell[3] * newH) / oldH);
    }
    zone.box = [x, y, newW, newH];
  }

  function split(zone, n) {
    const [x, y, w, h] = zone.box;
    zone.cells = [];
    for (let k = 0; k < n; k += 1) {
      const left = round(x + (k * w) / n);
      zone.cells.push([left, y, round(round(x + ((k + 1) * w) / n) - left), h]);
    }
  }

  function add() {
    remember();
    const near = zones[chosen];
    const spot = near ? [near.box[0], Math.min(pageH - 10, near.box[1] + near.box[3] + 2)] : [pageW / 2 - 20, pageH / 2 - 5];
    zones.push({ field: el("z-field").options[0].value, part: "", reader: "text", box: [round(spot[0]), round(spot[1]), 40, 10], cells: [], alphabet: "", printed: false, optional: false, mark_style: "", lines: 1, rule_mm: 0.2 });
    chosen = zones.length - 1;
    changed();
    el(`zone-${chosen}`).focus();
  }

  function remove() {
    if (!zones[chosen]) return;
    remember();
    zones.splice(chosen, 1);
    chosen = Math.min(chosen, zones.length - 1);
    changed();
    if (el(`zone-${chosen}`)) el(`zone-${chosen}`).focus();
  }

  function undo() {
    const before = undone.pop();
    if (!before) return;
    zones = before;
    chosen = Math.min(chosen, zones.length - 1);
    changed();
    if (el(`zone-${chosen}`)) el(`zone-${chosen}`).focus();
  }

  function scale(factor) {
    zoom = Math.min(4, Math.max(0.5, zoom * factor));
    el("sheet").setAttribute("width", `${Math.round(100 * zoom)}%`);
    el("zoom").textContent = `${Math.round(100 * zoom)} %`;
  }

  el("zones").addEventListener("focusin", (event) => {
    const group = event.target.closest("[data-zone]");
    if (group && Number(group.dataset.zone) !== chosen) choose(Number(group.dataset.zone), false);
  });

  el("zones").addEventListener("keydown", (event) => {
    const zone = zones[chosen];
    if (!zone || !editable || event.ctrlKey || event.metaKey || event.altKey) return;
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (steps[event.key]) {
      event.preventDefault();
      if (!event.repeat) remember();
      const [dx, dy] = steps[event.key].map((v) => v * STEP_MM);
      if (event.shiftKey) resizeTo(zone, zone.box[2] + dx, zone.box[3] + dy);
      else moveTo(zone, zone.box[0] + dx, zone.box[1] + dy);
      changed();
    } else if (event.key === "Delete") {
      event.preventDefault();
      remove();
    } else if (event.key === "Enter") {
      event.preventDefault();
      el("z-field").focus();
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const typing = ["INPUT", "SELECT", "TEXTAREA"].includes(event.target.tagName);
    if (typing) {
      if (event.key === "Escape" && el(`zone-${chosen}`)) el(`zone-${chosen}`).focus();
      return;
    }
    if (event.key === "+" || event.key === "-") scale(event.key === "+" ? 1.25 : 0.8);
    else if (event.key === "n" && editable) add();
    else if (event.key === "z" && editable) undo();
  });

  let drag = null; // {zone, from: [x, y] mm, box, resize}
  function point(event) {
    const matrix = el("sheet").getScreenCTM();
    return [(event.clientX - matrix.e) / matrix.a, (event.clientY - matrix.f) / matrix.d];
  }
  el("zones").addEventListener("pointerdown", (event) => {
    const group = event.target.closest("[data-zone]");
    if (!group) return;
    event.preventDefault();
    const resize = Boolean(event.target.dataset.handle);
    choose(Number(group.dataset.zone), true);
    if (!editable) return;
    drag = { zone: zones[chosen], from: point(event), box: [...zones[chosen].box], resize, moved: false };
    el("sheet").setPointerCapture(event.pointerId);
  });
  el("sheet").addEventListener("pointermove", (event) => {
    if (!drag) return;
    const [x, y] = point(event);
    const tenth = (value) => Math.round(value * 10) / 10;
    const [dx, dy] = [tenth(x - drag.from[0]), tenth(y - drag.from[1])];
    if (!drag.moved) {
      if (!dx && !dy) return;
      remember();
      drag.moved = true;
    }
    if (drag.resize) resizeTo(drag.zone, drag.box[2] + dx, drag.box[3] + dy);
    else moveTo(drag.zone, drag.box[0] + dx, drag.box[1] + dy);
    draw();
    fill();
  });
  for (const kind of ["pointerup", "pointercancel"]) {
    el("sheet").addEventListener(kind, () => {
      if (drag && drag.moved) changed();
      drag = null;
    });
  }

  el("zone-form").addEventListener("submit", (event) => event.preventDefault());
  el("zone-form").addEventListener("change", (event) => {
    const zone = zones[chosen];
    const name = event.target.id.slice(2);
    if (!zone || !editable || name === "count") return;
    remember();
    if (["x", "y", "w", "h"].includes(name)) {
      const value = Number(event.target.value);
      if (name === "x") moveTo(zone, value, zone.box[1]);
      else if (name === "y") moveTo(zone, zone.box[0], value);
      else if (name === "w") resizeTo(zone, value, zone.box[3]);
      else resizeTo(zone, zone.box[2], value);
    } else if (event.target.type === "checkbox") zone[name] = event.target.checked;
    else if (name === "lines") zone.lines = Math.max(1, Number(event.target.value) || 1);
    else zone[name] = event.target.value;
    changed();
  });

  if (editable) {
    el("split").addEventListener("click", () => {
      const zone = zones[chosen];
      const n = Math.min(64, Math.max(0, Number(el("z-count").value) || 0));
      if (!zone) return;
      remember();
      split(zone, n);
      changed();
    });
    el("add").addEventListener("click", add);
    el("remove").addEventListener("click", remove);
    el("undo").addEventListener("click", undo);
    for (const name of ["f-version", "f-title"]) el(name).addEventListener("change", changed);
    el("try").addEventListener("submit", tryIt);
    for (const button of document.querySelectorAll("[data-look]")) {
      button.addEventListener("click", () => {
        const box = button.dataset.look.split(",").map(Number);
        const near = (zone) => Math.hypot(zone.box[0] - box[0], zone.box[1] - box[1]);
        const n = zones.reduce((best, zone, k) => (near(zone) < near(zones[best]) ? k : best), 0);
        if (zones.length) choose(n, true);
      });
    }
    window.addEventListener("beforeunload", (event) => {
      if (dirty || saving) event.preventDefault();
    });
  }
  el("zoom-in").addEventListener("click", () => scale(1.25));
  el("zoom-out").addEventListener("click", () => scale(0.8));

  async function tryIt(event) {
    event.preventDefault();
    const file = el("try-file").files[0];
    const said = el("try-said");
    if (!file || designer.dataset.busy) return;
    if (file.size > Number(designer.dataset.maxMib) * 1048576) {
      say(said, designer.dataset.saidLarge, "error");
      return;
    }
    designer.dataset.busy = "1";
    el("tried").replaceChildren();
    say(said, designer.dataset.saidTrying, "info");
    const query = new URLSearchParams({ channel: el("try-channel").value, reveal: el("try-reveal").checked });
    try {
      const answer = await fetch(`/forms/drafts/${designer.dataset.draft}/try?${query}`, { method: "PUT", body: file, headers: { "X-CSRF-Token": designer.dataset.csrf, "Content-Type": "application/octet-stream" } });
      if (answer.ok) {
        say(said, "");
        el("tried").innerHTML = await answer.text(); // rendered and escaped by the desk
      } else say(said, told(await answer.json().catch(() => null), designer.dataset.saidBroken, designer.dataset.language), "error");
    } catch {
      say(said, designer.dataset.saidBroken, "error");
    }
    delete designer.dataset.busy;
  }

  if (editable) state("saved");
  draw();
  fill();
  showProblems();
}

if (designer) design();
