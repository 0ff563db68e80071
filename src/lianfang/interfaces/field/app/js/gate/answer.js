// The answer over the whole screen: three words, a colour, a symbol, the reason; below it what this gate measures.

import { emergencyBar } from "./emergency.js";
import { plateField } from "./plate.js";
import { temperatureKeys } from "./temperature.js";
import { SYMBOLS, TONES } from "./work.js";

const TRAVEL = ["clear", "seen", "unknown"];
const DOSES = [0, 1, 2, 3];

// Nothing is wrong yet, something is not measured: the keys come first, and no colour says more than is known.
export function isMeasuring(check) {
  const open = { temperature_missing: check.temperature, travel_unknown: check.travel, vaccination_unknown: check.vaccine_doses };
  const reasons = [check.answer.reason, ...(check.answer.also || [])];
  return !check.decided && check.answer.answer === "second_look" && reasons.every((reason) => open[reason] === null);
}

export function answerView(core, root, work, check, { next, drop, emergency }) {
  const { h } = core;
  const head = h("div", {}), above = h("div", {}), below = h("div", {}), foot = h("div", { class: "f-buttons f-stack" });
  root.dataset.view = "answer";
  const draw = () => {
    const isFirst = isMeasuring(check);
    core.fill(head, banner(core, work, check, isFirst));
    core.fill(foot, buttons(core, check, { next, drop }));
    (isFirst ? below : above).append(foot);
  };
  const decide = async () => {
    const was = isMeasuring(check);
    await work.decide(check);
    draw();
    // The answer is seen, wherever the finger was.
    if (was && !isMeasuring(check)) { scrollTo(0, 0); alarm(check); }
    await work.keepOpen(check);
  };
  draw();
  core.fill(root, head, above, h("div", { class: "f-page" }, measures(core, work, check, decide)), below, emergencyBar(core, emergency));
  scrollTo(0, 0);
  if (!isMeasuring(check)) alarm(check);
  work.askServer(check).then((isOther) => {
    if (!isOther || !head.isConnected || check.decided) return;
    draw();
    work.keepOpen(check);
  });
}

function alarm(check) {
  if (check.answer.answer !== "pass" && navigator.vibrate) navigator.vibrate([120, 80, 120]);
}

function banner(core, work, check, isFirst) {
  const { h, t, icon } = core, said = check.decided || check.answer, tone = isFirst ? "quiet" : TONES[said.answer];
  const facts = [
    check.code && check.code.name ? check.code.name : null,
    check.answer.until_at && said.answer === "pass" ? t("field_gate.until", { time: moment(core, check.answer.until_at) }) : null,
    check.answer.as_of && !isFirst ? t("field_gate.as_of", { age: core.age(core.now().getTime() - check.answer.as_of * 1000) }) : null,
    check.live ? t("field_gate.from_server") : null,
  ].filter(Boolean);
  const hints = (check.answer.hints || []).map((name) => t(`field_proof.hint.${name}`));
  const also = check.decided ? [] : (check.answer.also || []).map((name) => t(`field_proof.reason.${name}`));
  // After a day without a contact it is the phone that knows nothing, whatever the code or the number.
  const isBlind = work.isWithheld && !check.live;
  const reason = check.decided ? t(`field_gate.reason.${said.reason}`) : isBlind ? t("field_gate.withheld") : t(`field_proof.reason.${said.reason}`);
  return h("section", { class: `f-gate-answer lf-tone-${tone} ${isFirst ? "is-first" : ""}`, role: "alert", dataset: { answer: said.answer, reason: said.reason } },
    icon(isFirst ? "heart-rate-monitor" : SYMBOLS[said.answer]),
    h("h1", {}, isFirst ? t("field_gate.measure_first") : t(`field_proof.words.${said.answer}`)),
    h("p", { class: "f-gate-reason" }, reason),
    also.map((words) => h("p", {}, words)),
    hints.map((words) => h("p", { class: "f-gate-hint" }, icon("eye"), words)),
    facts.length ? h("p", { class: "f-gate-facts" }, facts.join(" · ")) : null);
}

function moment(core, at) {
  return new Intl.DateTimeFormat(core.language(), { month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(new Date(at * 1000));
}

function buttons(core, check, { next, drop }) {
  const { h, t, icon } = core;
  const settle = (answer, reason) => { check.decided = { answer, reason }; next(); };
  const button = (act, tone, symbol, onclick) => h("button", { type: "button", class: `btn ${tone}`, dataset: { act }, onclick }, icon(symbol), t(`field_gate.act.${act}`));
  if (check.answer.answer === "pass") return [button("next", "btn-primary f-huge", "arrow-right", next)];
  if (check.answer.answer === "stop") return [button("stopped", "btn-primary f-huge", "arrow-right", next), button("look", "", "zoom-question", () => look(core, check, settle))];
  return [button("look", "btn-primary f-huge", "zoom-question", () => look(core, check, settle)),
          button("stopped", "", "hand-stop", () => settle("stop", "not_settled")),
          button("drop", "btn-quiet", "x", drop)];
}

// A second look is a person's judgement: what was seen is said, and it is theirs that is kept.
async function look(core, check, settle) {
  const { t } = core;
  const found = await core.ask({ title: t("field_gate.look.title"), lines: [t("field_gate.look.lead")], tone: "warn",
    choices: [
      { value: "document", label: t("field_gate.look.document"), icon: "file-check" },
      { value: "known", label: t("field_gate.look.known"), icon: "user-check" },
      { value: "measured", label: t("field_gate.look.measured"), icon: "heart-rate-monitor" },
      { value: "stop", label: t("field_gate.look.stop"), icon: "hand-stop", tone: "bad" },
    ] });
  if (!found) return;
  if (found.value === "stop") settle("stop", "looked_and_stopped");
  else settle("pass", `looked_${found.value}`);
}

function measures(core, work, check, decide) {
  const { t } = core, { rules } = work.gate;
  const set = (name) => async (value) => { check[name] = value; await decide(); };
  return [
    rules.fever_from ? temperatureKeys(core, check.temperature, async (degrees) => {
      await set("temperature")(degrees);
      if (degrees !== null) scrollTo(0, 0);
    }) : null,
    rules.travel ? chips(core, "travel", TRAVEL.map((one) => [one, t(`field_gate.travel.${one}`)]), check.travel, set("travel")) : null,
    rules.vaccine_doses ? chips(core, "doses", DOSES.map((one) => [one, one === 3 ? "3+" : String(one)]), check.vaccine_doses, set("vaccine_doses")) : null,
    rules.destination ? destination(core, work, check, set("destination")) : null,
    plateField(core, work, check, set("plate"), rules.plate),
    stepper(core, check, set("companions")),
  ];
}

function chips(core, name, values, chosen, set) {
  const { h, t } = core;
  const row = h("div", { class: "f-chips" }, values.map(([value, label]) =>
    h("button", { type: "button", class: `btn f-chip ${value === chosen ? "is-on" : ""}`, dataset: { [name]: String(value) }, onclick: (event) => {
      for (const one of row.children) one.classList.toggle("is-on", one === event.currentTarget);
      set(value);
    } }, label)));
  return h("div", {}, h("h2", {}, t(`field_gate.measure.${name}`)), row);
}

function destination(core, work, check, set) {
  const { h, t } = core;
  const input = h("input", { class: "form-control", maxlength: 120, value: check.destination, name: "destination", autocomplete: "off",
    oninput: () => { check.destination = input.value.trim(); }, onchange: () => set(input.value.trim()) });
  return h("div", {}, h("h2", {}, t("field_gate.measure.destination")), input,
    h("div", { class: "f-chips" }, work.own.destinations.slice(0, 4).map((one) => h("button", { type: "button", class: "btn f-chip",
      onclick: () => { input.value = one; set(one); } }, one))));
}

function stepper(core, check, set) {
  const { h, t, icon } = core, number = h("b", { class: "f-big" }, String(check.companions));
  const step = (by) => { const to = Math.max(0, Math.min(60, check.companions + by)); number.textContent = String(to); set(to); };
  return h("div", { class: "f-gate-stepper" }, h("span", {}, t("field_gate.measure.companions")),
    h("button", { type: "button", class: "btn", "aria-label": t("field_gate.measure.fewer"), onclick: () => step(-1) }, icon("minus")), number,
    h("button", { type: "button", class: "btn", "aria-label": t("field_gate.measure.more"), onclick: () => step(1) }, icon("plus")));
}
