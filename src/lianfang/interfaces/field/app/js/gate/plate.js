// A number plate: picked from the last ones, or typed with keys of its own, the province first.

const PROVINCES = [..."京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使"];
// No I and no O stand on a plate; the last sign of some is a word.
const LETTERS = [..."ABCDEFGHJKLMNPQRSTUVWXYZ"];
const DIGITS = [..."0123456789"];
const ENDS = [..."学警港澳领挂"];
const LONGEST = 8;

export function plateField(core, work, check, set, isAsked) {
  const { h, t, icon } = core;
  let plate = check.plate;
  const shown = h("output", { class: "f-plate" }), keys = h("div", { class: "f-plate-keys" });
  const box = h("div", { class: "f-plate-box", hidden: !isAsked }, shown,
    h("div", { class: "f-chips" }, work.own.plates.slice(0, 6).map((one) => h("button", { type: "button", class: "btn f-chip", dataset: { plate: one },
      onclick: () => { plate = one; change(); } }, one))), keys);
  const change = () => { draw(); set(plate); };
  const press = (sign) => { if (plate.length < LONGEST) { plate += sign; change(); } };
  const draw = () => {
    shown.textContent = plate ? `${plate.slice(0, 2)}·${plate.slice(2)}` : "–";
    const signs = !plate ? PROVINCES : plate.length === 1 ? LETTERS : plate.length >= 6 ? [...DIGITS, ...LETTERS, ...ENDS] : [...DIGITS, ...LETTERS];
    core.fill(keys, signs.map((sign) => h("button", { type: "button", class: "btn f-sign", dataset: { sign }, onclick: () => press(sign) }, sign)),
      plate ? h("button", { type: "button", class: "btn f-sign", "aria-label": t("field_gate.measure.erase"), onclick: () => { plate = plate.slice(0, -1); change(); } }, icon("arrow-back-up")) : null);
  };
  draw();
  return h("div", {}, h("button", { type: "button", class: "btn btn-block", dataset: { act: "plate" }, hidden: Boolean(isAsked), onclick: (event) => {
    box.hidden = false;
    event.currentTarget.hidden = true;
  } }, icon("truck"), t("field_gate.measure.plate")), isAsked ? h("h2", {}, t("field_gate.measure.plate")) : null, box);
}
