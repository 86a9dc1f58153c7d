// Keys of the carpet. Without this file Tab, Space and Enter still work, as in any form.
"use strict";

(() => {
  const carpet = () => document.getElementById("carpet");
  const boxes = () => [...document.querySelectorAll("#carpet input[type=checkbox]")];
  const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

  function move(event) {
    const columns = Number(carpet().dataset.columns);
    const all = boxes();
    const here = all.includes(event.target) ? event.target : null;
    if (!here) {
      if (all[0]) all[0].focus();
      return;
    }
    const [down, right] = STEPS[event.key];
    const at = Number(here.value);
    const to = at + down * columns + right;
    const next = all.find((box) => Number(box.value) === to);
    if (next) next.focus();
    else if (right) { // over a place that is empty, or on to the next row
      const rest = right > 0 ? all.filter((b) => Number(b.value) > at) : all.filter((b) => Number(b.value) < at).reverse();
      if (rest[0]) rest[0].focus();
    }
  }

  function go() {
    const sheet = document.getElementById("carpet-sheet");
    const hint = document.getElementById("carpet-hint");
    if (!sheet || carpet().dataset.sent) return;
    // Nobody confirms what was not there to be seen.
    hint.hidden = sheet.complete && sheet.naturalWidth > 0;
    if (!hint.hidden) return;
    carpet().dataset.sent = "1";
    document.getElementById("carpet-go").click();
  }

  function begin() {
    const first = carpet() && carpet().querySelector("[autofocus]");
    if (first) first.focus({ preventScroll: true });
  }

  document.addEventListener("keydown", (event) => {
    if (!carpet() || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.key === "Enter") {
      if (event.target.closest("a, button, summary")) return;
      event.preventDefault();
      if (!event.repeat) go();
    } else if (event.key in STEPS) {
      event.preventDefault();
      move(event);
    } else {
      const asked = event.key === "Backspace" ? "[data-back]" : `[data-key="${CSS.escape(event.key.toLowerCase())}"]`;
      const button = carpet().querySelector(asked);
      if (button && !event.repeat) {
        event.preventDefault();
        button.click();
      }
    }
  });
  document.addEventListener("htmx:afterSwap", begin);
  for (const name of ["htmx:responseError", "htmx:sendError"]) {
    document.addEventListener(name, () => { if (carpet()) delete carpet().dataset.sent; });
  }
  document.addEventListener("DOMContentLoaded", begin);
})();
