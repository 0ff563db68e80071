// Deciding conflicts by keyboard: j/k walk, 1-4 choose, Enter goes on to the next open one, a takes every suggestion
// of the kind, u opens the last decision again. What is said by keys is said by the buttons too.

const decided = [];
const cards = () => [...document.querySelectorAll("[data-conflict]")];
const here = () => document.activeElement?.closest("[data-conflict]");

function focus(card) {
  if (!card) return;
  card.focus({ preventScroll: true });
  card.scrollIntoView({ block: "nearest" });
}

function walk(step) {
  const all = cards();
  const at = all.indexOf(here());
  focus(all[at < 0 ? 0 : Math.min(all.length - 1, Math.max(0, at + step))]);
}

function nextOpen(from) {
  const all = cards();
  const open = (card) => !card.classList.contains("is-decided");
  const at = all.indexOf(from);
  focus(all.slice(at + 1).find(open) || all.find(open) || all[at]);
}

function choose(key) {
  const card = here() || cards()[0];
  const button = card?.querySelector(`button[data-key="${key}"]`);
  if (!button) return false;
  decided.push(card.dataset.conflict);
  // htmx sends the button that was clicked; one that only submits the form would send no choice.
  button.click();
  return true;
}

function reopenLast() {
  const number = decided.pop() || here()?.dataset.conflict;
  const card = document.getElementById(`conflict-${number}`);
  card?.querySelector("[data-reopens]")?.click();
}

document.addEventListener("keydown", (event) => {
  if (!document.querySelector("[data-conflicts]") || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target.closest("input, select, textarea, dialog")) return;
  const { key } = event;
  if (key === "j" || key === "k") walk(key === "j" ? 1 : -1);
  else if (/^[1-4]$/.test(key)) { if (!choose(key)) return; }
  else if (key === "Enter" && !event.target.closest("a, button, summary")) nextOpen(here());
  else if (key === "a") document.querySelector("[data-applies-all]:not([disabled])")?.click();
  else if (key === "u") reopenLast();
  else return;
  event.preventDefault();
  event.stopPropagation();
}, true);

// The answer replaces the card: keep the reader where the eyes are, and go on where a choice was made.
document.addEventListener("htmx:afterSwap", (event) => {
  const number = event.detail.requestConfig?.elt?.dataset?.conflict;
  const card = number && document.getElementById(`conflict-${number}`);
  if (!card) return;
  if (card.classList.contains("is-decided")) nextOpen(card);
  else focus(card);
});
