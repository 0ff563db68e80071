// The way out that no rule closes: pressed twice, or held for a moment; it opens, words come afterwards.

const HOLD_MS = 800;
const ARMED_MS = 5000;
const WORDS = ["illness", "birth", "injury", "fire", "other"];

// Armed is armed, even where the screen is drawn anew between the two presses.
let armedUntil = 0;

export function emergencyBar(core, open) {
  const { h, t, icon } = core;
  let hold = null, disarm = null, isOpen = false;
  const words = h("span", {});
  const isArmed = () => Date.now() < armedUntil;
  const draw = () => {
    words.textContent = t(isArmed() ? "field_gate.emergency.again" : "field_gate.emergency.button");
    button.classList.toggle("is-armed", isArmed());
    clearTimeout(disarm);
    if (isArmed()) disarm = setTimeout(draw, armedUntil - Date.now() + 20);
  };
  const fire = () => {
    if (isOpen) return;
    isOpen = true;
    armedUntil = 0;
    clearTimeout(hold);
    clearTimeout(disarm);
    open();
  };
  const button = h("button", { type: "button", class: "f-emergency lf-tone-info", dataset: { act: "emergency" },
    onpointerdown: () => { clearTimeout(hold); hold = setTimeout(fire, HOLD_MS); },
    onpointerup: () => clearTimeout(hold), onpointerleave: () => clearTimeout(hold), onpointercancel: () => clearTimeout(hold),
    oncontextmenu: (event) => event.preventDefault(),
    onclick: () => {
      if (isOpen) return;
      if (isArmed()) { fire(); return; }
      armedUntil = Date.now() + ARMED_MS;
      draw();
    } }, icon("ambulance"), words);
  draw();
  return button;
}

export function emergencyView(core, root, work, item, done) {
  const { h, t, icon } = core;
  root.dataset.view = "emergency";
  const input = h("input", { class: "form-control", maxlength: 200, name: "words", autocomplete: "off", placeholder: t("field_gate.emergency.words"),
    "aria-label": t("field_gate.emergency.words") });
  const keep = async (words) => { if (words) await work.addWords(item, words); done(); };
  core.fill(root, h("section", { class: "f-gate-answer lf-tone-info", role: "alert", dataset: { answer: "emergency" } },
      icon("ambulance"), h("h1", {}, t("field_proof.words.emergency")), h("p", { class: "f-gate-reason" }, t("field_gate.emergency.opened"))),
    h("h2", {}, t("field_gate.emergency.afterwards")),
    h("div", { class: "f-chips" }, WORDS.map((one) => h("button", { type: "button", class: "btn f-chip", dataset: { words: one }, onclick: () => keep(t(`field_gate.emergency.${one}`)) }, t(`field_gate.emergency.${one}`)))),
    h("form", { class: "f-typed", onsubmit: (event) => { event.preventDefault(); keep(input.value.trim()); } }, input,
      h("button", { type: "submit", class: "btn btn-primary" }, t("field_app.ok"))),
    h("button", { type: "button", class: "btn btn-block f-huge", dataset: { act: "next" }, onclick: () => done() }, icon("arrow-right"), t("field_gate.act.next")));
  scrollTo(0, 0);
}
