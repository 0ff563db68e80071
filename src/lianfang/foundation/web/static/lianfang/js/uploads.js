// Dropping files on a form: the list with sizes, the limit said before anything is sent, progress while it is.
// Without this script the zone is a plain input.
function size(bytes) {
  let value = bytes;
  for (const unit of ["B", "KB", "MB"]) {
    if (value < 1024) return `${unit === "B" || value >= 10 ? value.toFixed(0) : value.toFixed(1)} ${unit}`;
    value /= 1024;
  }
  return `${value.toFixed(1)} GB`;
}

function show(zone) {
  const input = zone.querySelector("input[type=file]");
  const list = zone.querySelector(".lf-drop-files");
  const files = [...input.files];
  list.replaceChildren(...files.map((file, place) => {
    const line = document.createElement("li");
    const name = document.createElement("span");
    const bytes = document.createElement("small");
    const remove = document.createElement("button");
    name.textContent = file.name;
    bytes.textContent = size(file.size);
    remove.type = "button";
    remove.className = "lf-plain";
    remove.textContent = "✕";
    remove.setAttribute("aria-label", `${zone.dataset.removeWord} ${file.name}`);
    remove.addEventListener("click", () => keep(zone, files.filter((_, other) => other !== place)));
    line.append(name, bytes, remove);
    return line;
  }));
  const together = files.reduce((sum, file) => sum + file.size, 0);
  const isTooLarge = Boolean(zone.dataset.limit) && together > Number(zone.dataset.limit);
  zone.querySelector("[data-drop-error]").hidden = !isTooLarge;
  const words = zone.querySelector("[data-drop-error]").textContent.trim();
  input.setCustomValidity(isTooLarge ? words : "");
}

function keep(zone, files) {
  const input = zone.querySelector("input[type=file]");
  const chosen = new DataTransfer();
  for (const file of input.multiple ? files : files.slice(-1)) chosen.items.add(file);
  input.files = chosen.files;
  show(zone);
}

function zoneOf(event) {
  return event.target.closest?.("[data-drop]");
}

document.addEventListener("change", (event) => {
  const zone = zoneOf(event);
  if (zone) show(zone);
});
for (const name of ["dragenter", "dragover"]) {
  document.addEventListener(name, (event) => {
    const zone = zoneOf(event);
    if (!event.dataTransfer?.types.includes("Files")) return;
    // Beside the zone a dropped file would replace the page, and with it what was typed.
    event.preventDefault();
    event.dataTransfer.dropEffect = zone ? "copy" : "none";
    zone?.classList.add("is-over");
  });
}
document.addEventListener("dragleave", (event) => zoneOf(event)?.classList.remove("is-over"));
document.addEventListener("drop", (event) => {
  if (!event.dataTransfer?.files.length) return;
  event.preventDefault();
  const zone = zoneOf(event);
  if (!zone) return;
  zone.classList.remove("is-over");
  keep(zone, [...zone.querySelector("input[type=file]").files, ...event.dataTransfer.files]);
});

function bar(form) {
  return form.querySelector?.("[data-drop-progress]");
}
document.addEventListener("htmx:xhr:progress", (event) => {
  const shown = bar(event.target);
  if (!shown || !event.detail.lengthComputable) return;
  shown.hidden = false;
  const share = event.detail.loaded / event.detail.total;
  shown.querySelector("progress").value = share;
  shown.querySelector("b").textContent = `${Math.floor(share * 100)}%`;
  shown.querySelector("[data-when=sending]").hidden = share >= 1;
  shown.querySelector("[data-when=reading]").hidden = share < 1;
});
document.addEventListener("htmx:afterRequest", (event) => {
  const shown = bar(event.target);
  if (shown) shown.hidden = true;
});
