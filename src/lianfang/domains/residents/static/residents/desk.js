// Confirming without a mouse: j k or arrows move, space chooses, c confirms. Without this script the boxes and buttons do.
const form = document.querySelector("form[data-proposals]");

function boxes() { return [...form.querySelectorAll('input[name="row"]')]; }

function move(step) {
  const all = boxes();
  const at = all.indexOf(document.activeElement);
  const next = all[Math.min(all.length - 1, Math.max(0, at < 0 ? 0 : at + step))];
  next?.focus();
  next?.closest("tr").scrollIntoView({ block: "nearest" });
}

if (form) {
  form.querySelector("[data-all]").addEventListener("change", (event) => {
    for (const box of boxes()) box.checked = event.target.checked;
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target;
    if (target.matches?.('textarea, select, input:not([type="checkbox"])')) return;
    const step = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[event.key];
    if (step) { event.preventDefault(); move(step); }
    else if (event.key === "c" && boxes().some((box) => box.checked)) {
      event.preventDefault();
      form.requestSubmit(form.querySelector('button[value="confirm"]'));
    }
  });
}
