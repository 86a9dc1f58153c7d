// The help that "?" opens, and the screen that hides a page which nobody is at.
"use strict";

(() => {
  // Looked up every time: an answer may have put another page in this one's place.
  const help = () => document.getElementById("help");
  const privacy = () => document.getElementById("privacy");
  if (!help() || !privacy()) return;
  const isTyping = (node) => node instanceof Element && node.matches("input:not([type=checkbox]), textarea, select");

  function offer() {
    document.getElementById("help-open").hidden = false;
  }
  offer();
  document.addEventListener("htmx:afterSwap", offer);
  document.addEventListener("click", (event) => {
    if (event.target.closest("#help-open")) help().showModal();
  });

  // --- the privacy screen ---------------------------------------------------------------------
  const idle_ms = 1000 * Number(privacy().dataset.seconds);
  const cover_ms = idle_ms - Math.min(idle_ms / 2, Math.max(60_000, idle_ms / 6));
  const ASK_EVERY_MS = 15_000;
  let touched_ms = Date.now();
  let asked_ms = Date.now();
  let focused = null;
  let asking = false;

  function cover() {
    focused = document.activeElement;
    if (help().open) help().close();
    privacy().hidden = false;
    document.body.classList.add("covered");
  }

  function uncover() {
    privacy().hidden = true;
    document.body.classList.remove("covered");
    if (focused && focused.isConnected) focused.focus({ preventScroll: true });
  }

  async function ask(address) {
    if (asking) return false;
    asking = true;
    asked_ms = Date.now();
    try {
      const answer = await fetch(address, { headers: { "HX-Request": "true" }, cache: "no-store" });
      if (answer.status === 401) location.replace("/login");
      return answer.status === 204;
    } catch {
      return false; // the desk does not answer: what is hidden stays hidden
    } finally {
      asking = false;
    }
  }

  async function touch(event) {
    if (privacy().hidden) {
      touched_ms = Date.now();
      return;
    }
    // The key that lifts the screen does nothing else: nobody saw what it would have done.
    event.preventDefault();
    event.stopImmediatePropagation();
    if (await ask("/session")) {
      touched_ms = Date.now();
      uncover();
    }
  }

  function look() {
    const now = Date.now();
    const rested_ms = now - touched_ms;
    if (rested_ms >= cover_ms && privacy().hidden) cover();
    if (!privacy().hidden) {
      if (now - asked_ms >= ASK_EVERY_MS) ask("/session/live");
    } else if (now - asked_ms > idle_ms / 3 && touched_ms > asked_ms) {
      ask("/session"); // somebody is at work on a page that asks the desk for nothing
    }
  }

  for (const kind of ["keydown", "pointerdown", "click"]) {
    window.addEventListener(kind, touch, { capture: true });
  }
  for (const kind of ["pointermove", "wheel"]) {
    window.addEventListener(kind, () => {
      if (privacy().hidden) touched_ms = Date.now();
    }, { capture: true, passive: true });
  }
  document.addEventListener("visibilitychange", look);
  setInterval(look, 1000);

  // --- the help -------------------------------------------------------------------------------
  window.addEventListener("keydown", (event) => {
    if (!privacy().hidden || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const asked = event.key === "F1" || (event.key === "?" && !isTyping(event.target));
    if (help().open) {
      event.stopImmediatePropagation(); // the page behind hears nothing
      if (asked) help().close();
      if (asked || event.key === "Tab") event.preventDefault();
      if (event.key === "Tab") document.getElementById("help-close").focus();
    } else if (asked) {
      event.preventDefault();
      event.stopImmediatePropagation();
      if (!event.repeat) help().showModal();
    }
  }, true);
})();
