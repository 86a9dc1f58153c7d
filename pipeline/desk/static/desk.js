// Keyboard work on the review page. Without this file every button still works as a plain form.
"use strict";

const task = () => document.getElementById("task");
const strip = () => document.getElementById("strip");
const field = () => document.getElementById("value");
const isTyping = (node) => node && (node.tagName === "INPUT" || node.tagName === "SELECT" || node.tagName === "TEXTAREA");

let current = null; // index of the character under the cursor
let zoom = 1;

function cells() {
  return [...document.querySelectorAll("#strip .cell")];
}

function flagged() {
  return cells().filter((cell) => cell.classList.contains("flagged"));
}

function unsettled() {
  return flagged().filter((cell) => !cell.classList.contains("settled"));
}

function moveTo(cell) {
  if (!cell) return;
  current = cell.dataset.index;
  for (const one of cells()) one.classList.toggle("current", one === cell);
  for (const list of document.querySelectorAll(".choices")) list.hidden = list.dataset.for !== current;
  for (const mark of document.querySelectorAll("[data-mark]")) mark.classList.toggle("current", mark.dataset.mark === current);
}

function writeBack() {
  field().value = cells().map((cell) => cell.dataset.value).join("");
}

function settle(cell, value, shown) {
  cell.dataset.value = value;
  cell.querySelector(".cell-value").textContent = shown;
  cell.classList.add("settled");
  cell.querySelector(".cell-sign").textContent = "✓";
  const hint = document.getElementById("choose-hint");
  if (hint) hint.hidden = true;
  writeBack();
  const next = unsettled()[0];
  if (next) moveTo(next);
}

function choose(key) {
  const mode = task().dataset.mode;
  if (mode === "confirm") {
    const button = document.querySelector(`.choices:not([hidden]) [data-choose="${key}"]`);
    const cell = cells().find((one) => one.dataset.index === current);
    if (button && cell) settle(cell, button.dataset.value, button.querySelector("b").textContent);
    return Boolean(button);
  }
  const button = document.querySelector(`#strip [data-choose="${key}"]`);
  if (!button) return false;
  for (const one of document.querySelectorAll("#strip [data-choose]")) one.classList.toggle("chosen", one === button);
  if (mode === "adjudicate" || mode === "key") field().value = button.dataset.value;
  const hint = document.getElementById("choose-hint");
  if (hint) hint.hidden = true;
  return true;
}

function go() {
  const form = document.getElementById("decision");
  if (!form) return;
  const mode = task().dataset.mode;
  const hint = document.getElementById("choose-hint");
  if (mode === "confirm" && unsettled().length && !form.dataset.edited) {
    moveTo(unsettled()[0]);
    hint.hidden = false;
    return;
  }
  if (mode === "photo" || mode === "document") {
    const chosen = document.querySelector("#strip .chosen");
    if (chosen) submitBy(chosen);
    else hint.hidden = false;
    return;
  }
  submitBy(document.getElementById("go"));
}

function submitBy(button) {
  if (task().dataset.sent) return; // Enter held down must not answer the next task
  task().dataset.sent = "1";
  button.click(); // a click, not requestSubmit: htmx takes the button's name and value from it
}

function resize(factor) {
  zoom = Math.min(3, Math.max(0.5, zoom * factor));
  const crop = document.querySelector(".sheet .crop");
  if (!crop) return;
  crop.style.width = `${Math.round(100 * zoom)}%`; // an attribute would lose to the style sheet
  crop.style.maxHeight = zoom > 1 ? "none" : "";
}

// A crop that came with its task: asked for apart it would be painted a frame later.
function unwrap(image) {
  const bytes = Uint8Array.from(atob(image.dataset.picture), (c) => c.charCodeAt(0));
  const address = URL.createObjectURL(new Blob([bytes], { type: image.dataset.type }));
  delete image.dataset.picture;
  for (const end of ["load", "error"]) image.addEventListener(end, () => URL.revokeObjectURL(address), { once: true });
  image.setAttribute("href", address);
}

function begin() {
  const now = task();
  if (!now) return;
  for (const image of now.querySelectorAll("image[data-picture]")) unwrap(image);
  current = null;
  if (zoom !== 1) resize(1);
  moveTo(flagged()[0] || cells()[0]);
  const first = now.querySelector("[autofocus]");
  if (first) first.focus({ preventScroll: true });
}

document.addEventListener("keydown", (event) => {
  const now = task();
  if (!now || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const typing = isTyping(event.target);
  if (event.key === "Enter") {
    // A button or link that was reached by Tab does what it says.
    if (event.target.closest("a, button, summary")) return;
    event.preventDefault();
    if (!event.repeat) go();
    return;
  }
  const functional = now.querySelector(`[data-function="${event.key}"]`);
  if (functional) {
    event.preventDefault();
    submitBy(functional);
    return;
  }
  if (typing) {
    if (event.key === "Escape" && strip()) strip().focus();
    return;
  }
  if (/^[1-9]$/.test(event.key)) {
    if (choose(event.key)) event.preventDefault();
  } else if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
    const all = cells();
    const at = all.findIndex((one) => one.dataset.index === current);
    const to = all[at + (event.key === "ArrowRight" ? 1 : -1)];
    if (to) {
      event.preventDefault();
      moveTo(to);
    }
  } else if (event.key === "e" && field()) {
    event.preventDefault();
    field().focus();
    field().select();
  } else if (event.key === "+" || event.key === "-") {
    resize(event.key === "+" ? 1.25 : 0.8);
  } else {
    const asked = event.key === "Backspace" ? "[data-back]" : `[data-key="${CSS.escape(event.key.toLowerCase())}"]`;
    const button = event.repeat ? null : now.querySelector(asked);
    if (button) {
      event.preventDefault();
      submitBy(button);
    }
  }
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-choose][type=button]");
  if (button) choose(button.dataset.choose);
  const cell = event.target.closest("#strip .cell");
  if (cell) moveTo(cell);
});

document.addEventListener("input", (event) => {
  if (event.target.id === "value") event.target.form.dataset.edited = "1";
});

document.addEventListener("htmx:afterSwap", begin);
document.addEventListener("htmx:responseError", () => { if (task()) delete task().dataset.sent; });
document.addEventListener("htmx:sendError", () => { if (task()) delete task().dataset.sent; });
document.addEventListener("DOMContentLoaded", begin);
