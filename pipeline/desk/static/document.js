// The page of a document: zoom, turn, and the crop that was asked for, laid where it was cut out.
"use strict";

const frame = () => document.getElementById("page-frame");
const sheet = () => document.getElementById("page");
const SVG = "http://www.w3.org/2000/svg";
const STEPS = [0.5, 0.75, 1, 1.5, 2, 3, 4];
let step = 2;
let quarters = 0;

function draw() {
  const svg = sheet();
  const width = `${Math.round(100 * STEPS[step])}%`;
  if (svg) {
    const w = Number(svg.dataset.width), h = Number(svg.dataset.height);
    const moved = [`0 0`, `${h} 0`, `${w} ${h}`, `0 ${w}`][quarters];
    document.getElementById("page-turn").setAttribute("transform", `translate(${moved}) rotate(${90 * quarters})`);
    svg.setAttribute("viewBox", quarters % 2 ? `0 0 ${h} ${w}` : `0 0 ${w} ${h}`);
    svg.style.width = width;
  }
  const scan = document.getElementById("scan");
  if (scan) {
    scan.style.width = width;
    // Turned about its middle; the margin makes room where a side has become the longer one.
    const spare = quarters % 2 ? Math.max(0, (scan.clientWidth - scan.clientHeight) / 2) : 0;
    scan.style.transform = `rotate(${90 * quarters}deg)`;
    scan.style.margin = `${spare}px 0`;
  }
}

function look(key) {
  if (key === "+" || key === ";") step = Math.min(STEPS.length - 1, step + 1);
  else if (key === "-") step = Math.max(0, step - 1);
  else if (key === "0") { step = 2; quarters = 0; }
  else if (key === "r") quarters = (quarters + 1) % 4;
  else return false;
  draw();
  return true;
}

function show(zone) {
  const button = document.querySelector(`button[data-field="${CSS.escape(zone.dataset.show)}"]`);
  if (button) button.click();
}

function move(zone, by) {
  const all = [...document.querySelectorAll(".zone[data-show]")];
  const next = all[all.indexOf(zone) + by];
  if (!next) return;
  zone.setAttribute("tabindex", "-1");
  next.setAttribute("tabindex", "0");
  next.focus();
}

function lay() {
  const room = document.getElementById("page-crop");
  if (!room) return;
  room.replaceChildren();
  for (const one of document.querySelectorAll(".zone.shown")) one.classList.remove("shown");
  const crop = document.querySelector("#revealed img[data-place]");
  if (!crop) return;
  const image = document.createElementNS(SVG, "image");
  const [x, y, w, h] = crop.dataset.place.split(" ");
  const attributes = { x, y, width: w, height: h, href: crop.getAttribute("src"), preserveAspectRatio: "none" };
  for (const [name, value] of Object.entries(attributes)) image.setAttribute(name, value);
  room.append(image);
  const field = crop.getAttribute("src").split("/").pop();
  for (const one of document.querySelectorAll(`.zone[data-show="${CSS.escape(field)}"]`)) one.classList.add("shown");
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target.closest("input, textarea, select")) return;
  const zone = event.target.closest(".zone[data-show]");
  if (zone && (event.key === "Enter" || event.key === " ")) {
    event.preventDefault();
    show(zone);
  } else if (zone && ["ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp"].includes(event.key)) {
    event.preventDefault();
    move(zone, event.key === "ArrowRight" || event.key === "ArrowDown" ? 1 : -1);
  } else if (frame() && look(event.key.toLowerCase())) {
    event.preventDefault();
  }
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-view]");
  if (button) look(button.dataset.view);
  const zone = event.target.closest(".zone[data-show]");
  if (zone) show(zone);
});

document.addEventListener("htmx:afterSwap", () => { lay(); draw(); });
