// The sweep: its stairwells in walking order with how far each is, and the doors to knock at again.

import { Doors, SYMBOLS, TONES } from "./doors.js";

export default {
  name: "door", roles: ["building_chief", "sampler"], title: "field_door.title", icon: "door-enter", lead: "field_door.lead",
  kinds: {
    "door.visited": (item, core) => [doorName(item, core), core.t(`field_door.outcome.${item.body.outcome}`),
      item.body.counted !== undefined && item.body.outcome === "met" ? core.t("field_door.people", { count: item.body.counted }) : ""].filter(Boolean).join(" · "),
    "person.changed": (item, core) => [nameOf(item, core), ...(item.body.needs || []).map((need) => core.t(`field_door.need.${need}`)),
      item.body.state ? core.t(`field_door.state.${item.body.state}`) : "", item.body.reason || ""].filter(Boolean).join(" · "),
    "person.added": (item) => (item.body.unit || item.body.household ? item.body.name : ""),
  },

  async open(root, core, params) {
    const { h, t, icon } = core;
    let chosen = params.sweep || null, onlyAgain = Boolean(params.again);
    const draw = async () => {
      const doors = await Doors.load(core);
      if (!doors || !doors.sweeps.length) {
        core.fill(root, h("h1", {}, t("field_door.title")), h("p", { class: "f-empty" }, t(doors ? "field_door.no_sweep" : "field_door.no_package")));
        return;
      }
      const sweep = doors.sweeps.find((one) => one.id === chosen) || doors.sweeps[0];
      const counts = sweep.units.map((unit) => ({ unit, sum: doors.counts(sweep, unit) }));
      const whole = counts.reduce((sum, { sum: one }) => ({ doors: sum.doors + one.doors, done: sum.done + one.done, again: sum.again + one.again }), { doors: 0, done: 0, again: 0 });
      core.fill(root, h("h1", {}, sweep.name),
        doors.sweeps.length > 1 ? h("div", { class: "f-chips" }, doors.sweeps.map((one) => h("button", { type: "button", class: `btn f-chip ${one.id === sweep.id ? "is-on" : ""}`, onclick: () => { chosen = one.id; draw(); } }, one.name))) : null,
        h("div", { class: "card card-body f-sums" }, sum(core, whole.done, "field_door.sum.done"), sum(core, whole.doors - whole.done - whole.again, "field_door.sum.left"),
          sum(core, whole.again, "field_door.sum.again"), h("div", { class: "f-progress f-progress-line" }, bar(h, whole.done, whole.doors))),
        h("div", { class: "f-chips" }, [false, true].map((value) => h("button", { type: "button", class: `btn f-chip ${onlyAgain === value ? "is-on" : ""}`, "aria-pressed": String(onlyAgain === value), dataset: { again: String(value) },
          onclick: () => { onlyAgain = value; draw(); } }, t(value ? "field_door.again" : "field_door.stairwells"), value ? h("b", { class: "f-chip-count" }, String(whole.again)) : null))),
        onlyAgain ? revisits(doors, sweep) : sweep.units.length ? h("ul", { class: "f-list" }, counts.map(({ unit, sum: one }) => h("li", {},
          h("button", { type: "button", class: `f-row ${one.done === one.doors ? "is-done" : ""}`, dataset: { unit }, onclick: () => core.go("door_unit", { sweep: sweep.id, unit }) },
            h("span", { class: "f-row-main" }, h("b", {}, doors.unitName(unit)), h("span", { class: "f-fine" }, t("field_door.doors", { count: one.doors }))),
            h("span", { class: "f-row-side" }, one.again ? h("span", { class: "badge lf-tone-warn" }, icon(SYMBOLS.not_home), String(one.again)) : null, h("b", {}, `${one.done}/${one.doors}`), icon("chevron-right")),
            h("span", { class: "f-progress" }, bar(h, one.done, one.doors)))))) : h("p", { class: "f-empty" }, t("field_door.no_team")));
    };
    const revisits = (doors, sweep) => {
      const list = doors.again(sweep);
      if (!list.length) return h("p", { class: "f-empty" }, t("field_door.none_again"));
      return [...new Set(list.map(({ home }) => home.unit))].map((unit) => [h("h2", {}, doors.unitName(unit)),
        h("ul", { class: "f-list" }, list.filter(({ home }) => home.unit === unit).map(({ home, visit }) => h("li", {},
          h("button", { type: "button", class: `f-row lf-tone-${TONES[visit.outcome]}`, dataset: { room: home.room }, onclick: () => core.go("door_room", { sweep: sweep.id, home: home.key, again: true }) },
            h("span", { class: "f-row-main" }, h("b", {}, home.room || "–"), h("span", { class: "f-fine" }, doors.membersOf(home).map((one) => one.name).join(" "))),
            h("span", { class: "f-row-side" }, h("span", { class: "badge" }, icon(SYMBOLS[visit.outcome]), t(`field_door.outcome.${visit.outcome}`)), t("field_door.tries", { count: visit.tries }))))))]);
    };
    await draw();
    core.onChange((what) => { if (what === "items" || what === "packages") draw(); });
  },
  close() {},
};

function sum(core, count, key) {
  return core.h("span", {}, core.h("b", { class: "f-big" }, String(count)), core.h("small", {}, core.t(key)));
}

export function bar(h, done, all) {
  const line = h("span", {});
  line.style.width = `${all ? (done / all) * 100 : 0}%`;
  return line;
}

function contentOf(core) { const found = core.packages.get("door"); return found ? found.content : {}; }

function doorName(item, core) {
  const content = contentOf(core), home = (content.households || []).find((one) => one.id === item.body.household);
  const place = (content.places || []).find((one) => one.id === (home ? home.unit : item.body.unit));
  return [place ? place.label || place.name : "", home ? home.room : item.body.room].filter(Boolean).join(" ");
}

function nameOf(item, core) {
  const person = (contentOf(core).people || []).find((one) => one.id === item.body.person);
  const added = core.items({ kind: "person.added" }).find((one) => one.id === item.body.client);
  return person ? person.name : added ? added.body.name : "";
}
