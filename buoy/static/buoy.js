// Keeps the page current: every change that the buoy tells of makes the page fetch itself anew and swap
// the parts that differ. Without this script the page refreshes itself.
"use strict";

const BEAT = 0.25; // seconds between signs of life that the stream is asked for
const PATIENCE = { least: 700, most: 5000 }; // ms of silence after which the node is taken for gone

const raw = new Map(); // the parts as the server sent them: what is shown has its times made relative
let source = null;
let patience = PATIENCE.least;
let lastWord = performance.now();
let steady = 0; // beats in a row; a slow network must earn the short patience back
let fetching = false;
let again = false;

function words(seconds) {
  const units = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  let rest = Math.max(0, Math.floor(seconds));
  const parts = [];
  for (const [size, unit] of units) {
    if (rest >= size || (unit === "s" && !parts.length)) parts.push(`${Math.floor(rest / size)} ${unit}`);
    rest %= size;
  }
  return parts.slice(0, 2).join(" ");
}

function tellTimes() {
  for (const time of document.querySelectorAll("time[data-since]")) {
    const text = `for ${words((Date.now() - Date.parse(time.dateTime)) / 1000)}`;
    if (time.textContent !== text) time.textContent = text;
  }
}

function connection(live) {
  const place = document.getElementById("connection");
  const text = live ? "live" : "looking for the holder…";
  if (place.textContent !== text) place.textContent = text;
  document.body.classList.toggle("lost", !live);
}

function swap(page) {
  for (const fresh of page.querySelectorAll("[data-live]")) {
    const before = raw.get(fresh.id);
    raw.set(fresh.id, fresh.outerHTML);
    if (before !== fresh.outerHTML) document.getElementById(fresh.id).replaceWith(document.importNode(fresh, true));
  }
  document.title = page.title;
  tellTimes();
  connection(true);
}

async function refresh() {
  if (fetching) { again = true; return; }
  fetching = true;
  try {
    const answer = await fetch("/", { headers: { accept: "text/html" }, signal: AbortSignal.timeout(patience * 2) });
    if (answer.ok) swap(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch { again = true; }
  fetching = false;
  if (again) { again = false; setTimeout(refresh, 100); }
}

function heard() { lastWord = performance.now(); }

function listen() {
  if (source) source.close();
  steady = 0;
  heard();
  source = new EventSource(`/events?limit=0&beat=${BEAT}`);
  source.addEventListener("open", heard);
  source.addEventListener("beat", () => {
    heard();
    connection(true);
    if (++steady > 20) patience = PATIENCE.least;
  });
  source.addEventListener("change", () => { heard(); refresh(); });
}

// A node that lost its power closes no connection: silence is the only sign.
function watch() {
  if (performance.now() - lastWord < patience) return;
  connection(false);
  patience = Math.min(patience * 2, PATIENCE.most);
  listen();
}

for (const part of document.querySelectorAll("[data-live]")) raw.set(part.id, part.outerHTML);
tellTimes();
listen();
setInterval(tellTimes, 1000);
setInterval(watch, 100);
