// The sampling desk: whatever is scanned goes to the one input, wherever the focus was, and no scan is lost while an
// answer is on its way; and small helps of other pages.
const editable = "input, textarea, select, button, summary, a, dialog[open]";
const input = () => document.querySelector("[data-desk-input]");
const queue = [];
let busy = false;
let sent = "";
let typed = "";

function refocus() {
  const field = input();
  if (field && !document.querySelector("dialog[open]")) field.focus({ preventScroll: true });
}

// A scanner is faster than the server: lines that come meanwhile wait in order.
function takeLine(event) {
  if (!event.target.matches(".lf-desk-form")) return;
  const field = input();
  const line = field.value.trim();
  if (line && !busy) { busy = true; sent = line; return; }
  if (line) queue.push(line);
  field.value = "";
  event.preventDefault();
  event.stopImmediatePropagation();
}

function next() {
  busy = false;
  sent = "";
  const field = input();
  if (!field) return;
  if (queue.length) {
    field.value = queue.shift();
    field.form.requestSubmit();
  }
  field.value = typed;
  typed = "";
  refocus();
}

// Nothing was taken: the line stands in the field again, and sending it twice is one swab.
function giveBack(event) {
  if (!busy || !event.detail.elt.closest?.("[data-desk]")) return;
  busy = false;
  queue.unshift(sent);
  const field = input();
  queue.push(...(field.value.trim() ? [field.value.trim()] : []));
  field.value = queue.shift();
  refocus();
}

if (input()) {
  refocus();
  const isDesk = (event) => event.detail.elt.closest?.("[data-desk]") || event.target.closest?.("[data-desk]");
  document.addEventListener("submit", takeLine, true);
  document.addEventListener("htmx:beforeRequest", (event) => { if (isDesk(event)) input().value = ""; });
  document.addEventListener("htmx:beforeSwap", (event) => { if (isDesk(event) && event.detail.shouldSwap) typed = input().value; });
  document.addEventListener("htmx:afterSettle", (event) => { if (busy && isDesk(event)) next(); });
  for (const name of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) document.addEventListener(name, giveBack);
  window.addEventListener("focus", refocus);
  // A click on nothing in particular must not lose the next scan.
  document.addEventListener("click", (event) => { if (!event.target.closest(editable)) refocus(); });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && document.activeElement !== input()) { event.preventDefault(); refocus(); }
    else if (event.key.length === 1 && !event.ctrlKey && !event.altKey && !event.metaKey && !event.target.closest(editable)) refocus();
  }, true);
}

for (const box of document.querySelectorAll("[data-checks-all]")) {
  box.addEventListener("change", () => {
    for (const one of box.form.querySelectorAll(`input[name="${box.dataset.checksAll}"]`)) one.checked = box.checked;
  });
}
document.addEventListener("click", (event) => { if (event.target.closest("[data-prints]")) window.print(); });
