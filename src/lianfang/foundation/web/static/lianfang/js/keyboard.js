// The keyboard: / searches, ? helps, g then a letter goes, j k Enter walk a table, arrows walk the building grid.
const GO_WITHIN_MS = 1500;
let goUntil = 0;

function isTyping(target) {
  return target.closest?.("input, textarea, select, [contenteditable], dialog[open]") != null;
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isTyping(event.target)) return;
  if (event.target.closest?.(".lf-building") && walkGrid(event)) return;
  if (event.timeStamp < goUntil && /^[a-z]$/.test(event.key)) {
    goUntil = 0;
    const link = document.querySelector(`.lf-nav a[data-letter="${event.key}"]`);
    if (link) { event.preventDefault(); link.click(); }
    return;
  }
  if (event.key === "/") focusSearch(event);
  else if (event.key === "?") document.getElementById("shortcuts")?.showModal();
  else if (event.key === "g") goUntil = event.timeStamp + GO_WITHIN_MS;
  else if (event.key === "j" || event.key === "k") walkRows(event, event.key === "j" ? 1 : -1);
  else if (event.key === "Enter") openRow(event);
});

function focusSearch(event) {
  const box = document.getElementById("lf-search");
  if (!box) return;
  event.preventDefault();
  box.focus();
  box.select();
}

function walkRows(event, step) {
  const rows = [...document.querySelectorAll("tr[data-href]")].filter((row) => row.offsetParent !== null);
  if (!rows.length) return;
  event.preventDefault();
  const at = rows.findIndex((row) => row.getAttribute("aria-selected") === "true");
  const next = at < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + step));
  if (at >= 0) rows[at].removeAttribute("aria-selected");
  rows[next].setAttribute("aria-selected", "true");
  rows[next].scrollIntoView({ block: "nearest" });
}

function openRow(event) {
  if (event.target.closest?.("a, button, summary")) return;
  const row = document.querySelector('tr[data-href][aria-selected="true"]');
  if (row) { event.preventDefault(); location.assign(row.dataset.href); }
}

// A click anywhere in a row opens it, unless it was meant for something in the row, or marked some text.
document.addEventListener("click", (event) => {
  const row = event.target.closest("tr[data-href]");
  if (!row || event.target.closest("a, button, input, select, label, summary, form") || String(getSelection())) return;
  if (event.ctrlKey || event.metaKey) window.open(row.dataset.href, "_blank", "noopener");
  else location.assign(row.dataset.href);
});

const ARROWS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

function walkGrid(event) {
  const [across, down] = ARROWS[event.key] || [];
  const here = event.target.closest("a.lf-room");
  if (across === undefined || !here) return false;
  const box = here.getBoundingClientRect();
  const middle = (found) => [found.left + found.width / 2, found.top + found.height / 2];
  const [x, y] = middle(box);
  let best = null;
  let least = Infinity;
  for (const other of here.closest(".lf-building").querySelectorAll("a.lf-room")) {
    const [dx, dy] = middle(other.getBoundingClientRect()).map((value, axis) => value - (axis ? y : x));
    const along = dx * across + dy * down;
    const beside = Math.abs(across ? dy : dx);
    if (other === here || along < 4 || beside > along * 2 + 8) continue;
    if (along + 4 * beside < least) { least = along + 4 * beside; best = other; }
  }
  if (best) { event.preventDefault(); best.focus(); best.scrollIntoView({ block: "nearest", inline: "nearest" }); }
  return true;
}
