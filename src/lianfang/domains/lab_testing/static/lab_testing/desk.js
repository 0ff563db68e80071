// The sampling desk: whatever is scanned goes to the one input, wherever the focus was, and no scan is lost while an
// answer is on its way; and small helps of other pages.
const editable = "input, textarea, select, button, summary, a, dialog[open]";
const field = document.querySelector("[data-desk-input]");
const queue = [];
let busy = false;
let sent = "";

function refocus() {
  if (!document.querySelector("dialog[open]")) field.focus({ preventScroll: true });
}

// A scanner is faster than the server: lines that come meanwhile wait in order.
function takeLine(event) {
  if (event.target !== field.form) return;
  const line = field.value.trim();
  if (line && !busy) { busy = true; sent = line; return; }
  if (line) queue.push(line);
  field.value = "";
  event.preventDefault();
  event.stopImmediatePropagation();
}

// The answer is there: the next line goes, and what is being typed stays as it is.
function next() {
  busy = false;
  sent = "";
  if (!queue.length) return;
  const typed = field.value;
  field.value = queue.shift();
  field.form.requestSubmit();
  field.value = typed;
}

// Nothing was taken: the lines stand in the field again, one by one, and sending one twice is one swab.
function giveBack(event) {
  if (!busy || event.detail.elt !== field.form) return;
  busy = false;
  if (field.value.trim()) queue.push(field.value.trim());
  field.value = sent;
  refocus();
}

if (field) {
  refocus();
  document.addEventListener("submit", takeLine, true);
  document.addEventListener("htmx:beforeRequest", (event) => { if (event.detail.elt === field.form) field.value = ""; });
  document.addEventListener("htmx:afterSettle", (event) => { if (busy && event.target.id === "desk") next(); });
  for (const name of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) document.addEventListener(name, giveBack);
  window.addEventListener("focus", refocus);
  // A click on nothing in particular must not lose the next scan.
  document.addEventListener("click", (event) => { if (!event.target.closest(editable)) refocus(); });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && document.activeElement !== field) { event.preventDefault(); refocus(); }
    else if (event.key.length === 1 && !event.ctrlKey && !event.altKey && !event.metaKey && !event.target.closest(editable)) refocus();
  }, true);
}

for (const box of document.querySelectorAll("[data-checks-all]")) {
  box.addEventListener("change", () => {
    for (const one of box.form.querySelectorAll(`input[name="${box.dataset.checksAll}"]`)) one.checked = box.checked;
  });
}
