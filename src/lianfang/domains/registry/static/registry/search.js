// ↓ and ↑ walk from the search box through what was found, Enter opens it; typing goes on in the box.
const box = document.getElementById("registry-search");

function links() {
  return [...document.querySelectorAll("#results .reg-results a")];
}

function walk(event) {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  const found = links();
  const at = found.indexOf(document.activeElement);
  if (event.target !== box && at < 0) return;
  if (event.key === "ArrowDown" && found.length) {
    event.preventDefault();
    found[Math.min(at + 1, found.length - 1)].focus();
  } else if (event.key === "ArrowUp" && at >= 0) {
    event.preventDefault();
    (found[at - 1] || box).focus();
  } else if (event.key === "Enter" && event.target === box && found.length && !waiting) {
    event.preventDefault();
    found[0].click();
  } else if (event.key === "Escape" && at >= 0) {
    box.focus();
  }
}

// Enter before the results have come asks the server for the whole page instead of opening what was found before.
let waiting = false;
box?.addEventListener("input", () => { waiting = true; });
document.addEventListener("htmx:afterSettle", () => { waiting = false; });
document.addEventListener("keydown", walk);

// The caret stands at the end of what was searched, ready to be continued.
if (box) box.setSelectionRange(box.value.length, box.value.length);
