// Dropping scans in the browser. Names of files stay here: only their bytes are sent.
"use strict";

const form = document.querySelector("[data-drop]");
const byId = (id) => document.getElementById(id);
const chosen = []; // {file, row, state: "waiting" | "sending" | "received" | "failed"}
let drop = null; // the identifier of what is being sent
let busy = false;
const WAIT_MS = 3000;

function say(text, kind) {
  const said = byId("drop-said");
  said.hidden = !text;
  said.className = `notice ${kind || "info"}`;
  said.textContent = text;
}

function words(name) {
  return form.dataset[`said${name}`];
}

function told(answer) {
  const japanese = form.dataset.language === "ja";
  if (!answer || !answer.code) return words("Broken");
  const remedy = (japanese ? answer.remedy_ja : answer.remedy_en) || "";
  return `${(japanese ? answer.ja : answer.en) || answer.code} ${remedy}`.trim();
}

function size(bytes) {
  return bytes < 1048576 ? `${Math.max(1, Math.round(bytes / 1024))} KiB` : `${(bytes / 1048576).toFixed(1)} MiB`;
}

function show(one, state, text) {
  one.state = state;
  const said = one.row.querySelector(".file-said");
  said.textContent = text;
  said.className = `file-said ${state === "received" ? "good" : state === "failed" ? "bad" : ""}`;
  one.row.querySelector("button").hidden = state === "sending" || state === "received";
}

function add(files) {
  if (busy) return;
  if (form.dataset.target && (files.length > 1 || chosen.length)) {
    if (files.length > 1) {
      say(words("Single"), "warn");
      return;
    }
    for (const one of chosen.splice(0)) one.row.remove();
  }
  for (const file of files) {
    const row = document.createElement("li");
    for (const part of ["name", "size"]) {
      const span = document.createElement("span");
      span.className = `file-${part}`;
      span.textContent = part === "name" ? file.name : size(file.size);
      row.append(span);
    }
    const bar = document.createElement("progress");
    bar.max = 1;
    bar.value = 0;
    const said = document.createElement("span");
    const remove = document.createElement("button");
    remove.type = "button";
    remove.className = "small";
    remove.textContent = words("Remove");
    remove.setAttribute("aria-label", `${words("Remove")}: ${file.name}`);
    row.append(bar, said, remove);
    said.className = "file-said";
    const one = { file, row, state: "waiting" };
    remove.addEventListener("click", () => {
      chosen.splice(chosen.indexOf(one), 1);
      row.remove();
      byId("drop-files").focus();
    });
    chosen.push(one);
    byId("drop-list").append(row);
    const tooLarge = file.size > Number(form.dataset.maxMib) * 1048576;
    show(one, tooLarge ? "failed" : "waiting", tooLarge ? words("TooLarge") : words("Waiting"));
  }
  say("");
}

function post(address, fields) {
  const body = new URLSearchParams({ csrf: form.dataset.csrf, ...fields });
  return fetch(address, { method: "POST", body }).then(async (answer) => ({ ok: answer.ok, status: answer.status, told: await answer.json().catch(() => null) }));
}

function send(one) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("PUT", `/drops/${drop}/files`);
    request.setRequestHeader("X-CSRF-Token", form.dataset.csrf);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.responseType = "json";
    const bar = one.row.querySelector("progress");
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable && event.total) bar.value = event.loaded / event.total;
    });
    request.addEventListener("load", () => resolve({ ok: request.status === 200, told: request.response }));
    request.addEventListener("error", () => resolve({ ok: false, told: null }));
    request.addEventListener("abort", () => resolve({ ok: false, told: null }));
    show(one, "sending", words("Sending"));
    request.send(one.file);
  });
}

async function begin() {
  const fields = { target: form.dataset.target };
  if (form.dataset.target) {
    fields.channel = "mail"; // that of the paper's first scan counts; the desk knows it
  } else {
    const channel = form.querySelector("[name=channel]:checked");
    if (!channel) {
      say(words("Channel"), "warn");
      form.querySelector("[name=channel]").focus();
      return false;
    }
    fields.channel = channel.value;
    const expected = byId("drop-expected");
    if (!expected.checkValidity()) {
      expected.reportValidity();
      return false;
    }
    if (expected.value) fields.expected = expected.value;
  }
  const answer = await post("/drops", fields);
  if (!answer.ok) {
    say(told(answer.told), "error");
    return false;
  }
  drop = answer.told.drop;
  return true;
}

async function finish() {
  for (;;) {
    const answer = await post(`/drops/${drop}/finish`, {});
    if (answer.ok) {
      drop = null;
      say(`${answer.told.files} ${words("Done")}`, "good");
      for (const one of chosen.splice(0)) one.row.remove();
      byId("drop-files").value = "";
      if (byId("drop-expected")) byId("drop-expected").value = "";
      form.dataset.done = "1";
      if (form.dataset.target) window.location.assign("/rescans");
      return;
    }
    if (!answer.told || answer.told.code !== "DROP_WAITS") {
      say(told(answer.told), "error");
      return;
    }
    say(words("Held"), "warn");
    await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
  }
}

async function go(withoutFailed) {
  if (busy) return;
  if (!chosen.length) {
    say(words("Nothing"), "warn");
    byId("drop-files").focus();
    return;
  }
  busy = true;
  byId("drop-go").setAttribute("aria-disabled", "true");
  byId("drop-skip").hidden = true;
  try {
    if (!drop && !(await begin())) return;
    for (const one of chosen) {
      if (one.state === "received" || (withoutFailed && one.state === "failed")) continue;
      if (one.file.size > Number(form.dataset.maxMib) * 1048576) continue;
      const answer = await send(one);
      show(one, answer.ok ? "received" : "failed", answer.ok ? words("Received") : told(answer.told));
    }
    const failed = chosen.filter((one) => one.state === "failed").length;
    if (failed && !withoutFailed) {
      say(`${failed} ${words("Some")}`, "error");
      byId("drop-skip").hidden = chosen.length === failed;
      return;
    }
    await finish();
  } catch {
    say(words("Broken"), "error");
  } finally {
    busy = false;
    byId("drop-go").removeAttribute("aria-disabled");
  }
}

if (form) {
  const area = byId("drop-area");
  byId("drop-files").addEventListener("change", (event) => {
    add([...event.target.files]);
    byId("drop-go").focus();
  });
  byId("drop-go").addEventListener("click", () => go(false));
  byId("drop-skip").addEventListener("click", () => go(true));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    go(false);
  });
  // A file that misses the area must not replace the page.
  for (const kind of ["dragover", "drop"]) document.addEventListener(kind, (event) => event.preventDefault());
  area.addEventListener("dragover", () => area.classList.add("over"));
  area.addEventListener("dragleave", () => area.classList.remove("over"));
  document.addEventListener("drop", (event) => {
    area.classList.remove("over");
    if (event.dataTransfer && event.dataTransfer.files.length) add([...event.dataTransfer.files]);
  });
  window.addEventListener("beforeunload", (event) => {
    if (busy) event.preventDefault();
  });
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-finish], [data-discard]");
  if (!button) return;
  if (button.dataset.discard && !window.confirm(button.dataset.sure)) return;
  const what = button.dataset.finish ? "finish" : "discard";
  const body = new URLSearchParams({ csrf: button.dataset.csrf });
  await fetch(`/drops/${button.dataset[what]}/${what}`, { method: "POST", body });
});
