// A gate: which way, scan, the answer over the whole screen, what is measured, the next one. Emergencies always open.

import { answerView } from "./answer.js";
import { emergencyBar, emergencyView } from "./emergency.js";
import { readPlaceCode } from "../rules/presence.js";
import { Gatework } from "./work.js";

export default {
  name: "gate", roles: ["guard", "building_chief"], title: "field_gate.title", icon: "shield-check", lead: "field_gate.lead",
  kinds: {
    "gate.checked": (item, core) => (item.body.corrects ? core.t("field_gate.told.taken_back")
      : [core.t(`field_gate.direction.${item.body.direction}`), core.t(`field_proof.words.${item.body.answer}`), item.body.plate]
        .filter(Boolean).join(" · ")),
    "gate.emergency": (item, core) => [core.t("field_proof.words.emergency"), item.body.words].filter(Boolean).join(" · "),
    "place.entered": (item, core) => core.t("field_gate.told.place"),
  },
  work: null, check: null,

  async open(root, core) {
    const screen = this;
    screen.check = null;
    screen.work = await Gatework.load(core);
    const { work } = screen;
    if (!work.gate) { nothing(core, root); return; }
    await work.recordLeftOpen();

    // Whoever is scanned while something is still being written down is not drawn over.
    const draw = () => { if (!screen.check) waiting(core, root, work, screen); };
    screen.draw = draw;
    screen.show = async (check) => {
      await screen.leaveCheck();
      screen.check = check;
      answerView(core, root, work, check, {
        next: async () => { await screen.leaveCheck(); draw(); },
        drop: async () => { screen.check = null; await work.drop(check); draw(); },
        emergency: () => screen.openNow(),
      });
    };
    screen.openNow = async () => {
      const check = screen.check;
      screen.check = null;
      const item = await work.emergency(check);
      emergencyView(core, root, work, item, draw);
    };
    // The code of a place, scanned by whoever comes by: this phone was there. The server says whether it was fresh.
    screen.hear = async (text) => {
      if (!readPlaceCode(text)) { await screen.begin(() => work.begin(text)); return; }
      await core.record("place.entered", { place_code: text });
      core.tell(core.t("field_gate.told.place"), "good");
    };
    screen.begin = async (making) => {
      const started = performance.now();
      const check = await making();
      await screen.show(check);
      root.dataset.answeredMs = (performance.now() - started).toFixed(1);
      await work.keepOpen(check);
    };
    core.onScan((text) => screen.hear(text));
    core.onChange(async (what) => {
      if (what === "packages") await work.refresh();
      if ((what === "packages" || what === "contact") && root.dataset.view === "waiting") draw();
    });
    draw();
  },

  // What is on the screen is written down as it is: somebody was checked.
  async leaveCheck() {
    const { check, work } = this;
    this.check = null;
    if (check) await work.record(check);
  },

  close() { this.leaveCheck(); },
};

function nothing(core, root) {
  const { h, t } = core;
  root.dataset.view = "nothing";
  core.fill(root, h("h1", {}, t("field_gate.title")), h("p", { class: "f-empty" }, t("field_gate.no_gate")),
    h("p", { class: "f-fine" }, t("field_gate.no_gate_emergency")));
}

function waiting(core, root, work, screen) {
  const { h, t, icon } = core;
  const redraw = async (part) => { await work.choose(part); screen.draw(); };
  const way = (direction, name) => h("button", { type: "button", class: `btn f-way ${work.direction === direction ? "is-on" : ""}`,
    disabled: !work.gate[`checks_${direction}`], "aria-pressed": String(work.direction === direction), dataset: { direction },
    onclick: () => redraw({ direction }) }, icon(name), t(`field_gate.direction.${direction}`));
  root.dataset.view = "waiting";
  core.fill(root,
    work.gates.length > 1
      ? h("div", { class: "f-chips" }, work.gates.map((one) => h("button", { type: "button", class: `btn f-chip ${one.id === work.gate.id ? "is-on" : ""}`,
          dataset: { gate: String(one.id) }, onclick: () => redraw({ gate: one.id }) }, one.name)))
      : h("h1", {}, work.gate.name),
    h("div", { class: "f-ways" }, way("in", "login"), way("out", "logout")),
    staleness(core, work),
    h("button", { type: "button", class: "btn btn-primary btn-block f-huge f-gate-scan", onclick: async () => {
      const text = await core.scan({ formats: ["QRCode"], title: t(`field_gate.scan_${work.direction}`) });
      if (text) await screen.hear(text);
    } }, icon("scan"), t("field_gate.scan")),
    h("div", { class: "f-buttons" },
      h("button", { type: "button", class: "btn", dataset: { act: "number" }, onclick: () => byNumber(core, work, screen) }, icon("id"), t("field_gate.by_number")),
      h("button", { type: "button", class: "btn", dataset: { act: "nobody" }, onclick: () => screen.begin(() => work.beginNobody()) }, icon("truck"), t("field_gate.by_nothing"))),
    asksHere(core, work),
    h("div", { class: "f-buttons" },
      h("button", { type: "button", class: "btn", onclick: () => core.go("gate_last") }, icon("history"), t("field_gate.last.title")),
      h("button", { type: "button", class: "btn", onclick: () => core.go("gate_permits") }, icon("ticket"), t("field_gate.permits.title")),
      work.gate.place_code ? h("button", { type: "button", class: "btn", onclick: () => core.go("gate_place") }, icon("qrcode"), t("field_gate.place.title")) : null),
    emergencyBar(core, () => screen.openNow()));
}

// How old what the phone carries is, before anybody relies on it.
function staleness(core, work) {
  const { h, t, icon } = core, age = work.age();
  const tone = age === null || age > 12 * 3600000 ? "bad" : age > 2 * 3600000 ? "warn" : "quiet";
  return h("p", { class: `f-why lf-tone-${tone}` }, icon("clock"), h("span", {},
    work.isWithheld ? t("field_gate.withheld") : age === null ? t("field_gate.carried_nothing") : t("field_gate.carried", { count: work.people.size, age: core.age(age) }),
    work.leftOut ? ` ${t("field_gate.left_out", { count: work.leftOut })}` : ""));
}

function asksHere(core, work) {
  const { h, t } = core, { rules } = work.gate, words = [];
  if (rules.negative_hours) words.push(["negative", t("field_gate.asks.negative", { hours: rules.negative_hours })]);
  if (rules.fever_from) words.push(["temperature", t("field_gate.asks.temperature", { degrees: rules.fever_from })]);
  for (const name of ["plate", "destination", "travel"]) if (rules[name]) words.push([name, t(`field_gate.asks.${name}`)]);
  if (rules.vaccine_doses) words.push(["vaccination", t("field_gate.asks.vaccination", { count: rules.vaccine_doses })]);
  if (!words.length) return null;
  return h("details", { class: "f-more" }, h("summary", {}, t("field_gate.asks.title")),
    h("ul", {}, words.map(([name, text]) => h("li", {}, text, (rules.unverified || []).includes(name)
      ? h("span", { class: "badge lf-tone-unknown" }, t("field_gate.asks.unverified")) : null))));
}

async function byNumber(core, work, screen) {
  const { t } = core;
  const answer = await core.ask({ title: t("field_gate.number.title"), lines: [t("field_gate.number.lead")],
    fields: [{ name: "number", label: t("field_gate.number.label"), isNeeded: true, most: 20, inputmode: "text", pattern: ".{6,}", missing: t("field_gate.number.whole") }],
    choices: [{ value: "find", label: t("field_gate.number.find"), icon: "search" }] });
  if (answer) await screen.begin(() => work.beginNumber(answer.fields.number));
}
