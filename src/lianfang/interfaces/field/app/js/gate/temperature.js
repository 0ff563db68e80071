// Three keys make a temperature: 3 6 5 is 36.5. The point is where it always is.

export function temperatureKeys(core, given, set) {
  const { h, t, icon } = core;
  let typed = given === null ? "" : given.toFixed(1).replace(".", "");
  const shown = h("output", { class: "f-big f-temperature" });
  const draw = () => { shown.textContent = `${typed.slice(0, 2).padEnd(2, "–")}.${typed[2] || "–"} ℃`; };
  const press = (digit) => {
    if (typed.length === 3) typed = "";
    typed += digit;
    // Nobody is colder than 30 or hotter than 45: a slip is not a temperature.
    if (typed.length === 1 && !"34".includes(typed)) typed = "";
    draw();
    if (typed.length === 3) set(inRange(Number(typed) / 10));
  };
  const inRange = (degrees) => (degrees >= 30 && degrees <= 45 ? degrees : null);
  const erase = () => { typed = typed.slice(0, -1); draw(); set(null); };
  draw();
  return h("div", { class: "f-temperature-keys" }, h("h2", {}, t("field_gate.measure.temperature")), shown,
    h("div", { class: "f-keys f-keys-small" }, ["1", "2", "3", "4", "5", "6", "7", "8", "9"].map((digit) =>
      h("button", { type: "button", class: "btn f-key", dataset: { digit }, onclick: () => press(digit) }, digit)),
      h("button", { type: "button", class: "btn f-key", "aria-label": t("field_gate.measure.erase"), onclick: erase }, icon("arrow-back-up")),
      h("button", { type: "button", class: "btn f-key", dataset: { digit: "0" }, onclick: () => press("0") }, "0"), h("span", {})));
}
