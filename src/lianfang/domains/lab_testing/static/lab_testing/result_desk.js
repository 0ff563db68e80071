// Batch entry of results: scan a tube, then one key for its outcome. Without this script the list below is typed.
const KEYS = { "-": "-", 0: "-", n: "-", "+": "+", 1: "+", p: "+", "?": "?", 2: "?", x: "x", 3: "x" };

for (const desk of document.querySelectorAll("[data-result-desk]")) {
  const entry = desk.querySelector("[data-result-entry]");
  const code = desk.querySelector("[data-result-code]");
  const lines = desk.querySelector("[name=lines]");
  const count = desk.querySelector("[data-result-count]");
  let waiting = "";
  const show = () => { count.textContent = String(lines.value.split("\n").filter((line) => line.trim()).length); };
  const add = (text) => {
    lines.value = `${lines.value.replace(/\s+$/, "")}${lines.value.trim() ? "\n" : ""}${text}\n`;
    lines.scrollTop = lines.scrollHeight;
    show();
  };
  entry.hidden = false;
  code.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      event.preventDefault();
      if (code.value.trim()) { waiting = code.value.trim(); code.value = ""; code.placeholder = `${waiting}  -  +  ?  x`; }
      return;
    }
    if (waiting && !code.value && KEYS[event.key]) {
      event.preventDefault();
      add(`${waiting} ${KEYS[event.key]}`);
      waiting = "";
      code.placeholder = code.getAttribute("aria-label");
    }
  });
  desk.querySelector("[data-result-undo]").addEventListener("click", () => {
    lines.value = lines.value.trimEnd().split("\n").slice(0, -1).join("\n");
    if (lines.value) lines.value += "\n";
    show();
    code.focus();
  });
  lines.addEventListener("input", show);
  show();
  code.focus();
}
