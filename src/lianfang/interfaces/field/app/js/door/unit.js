// One stairwell as it stands: floors from the top down, a room is a touch; colour, symbol and word say what came of it.

import { Doors, SYMBOLS, TONES } from "./doors.js";
import { bar } from "./sweep.js";

export default {
  name: "door_unit", roles: ["building_chief", "sampler"], title: "field_door.title", icon: "stairs", isHidden: true,

  async open(root, core, params) {
    const { h, t, icon } = core;
    const draw = async () => {
      const doors = await Doors.load(core), sweep = doors && doors.sweeps.find((one) => one.id === params.sweep);
      if (!sweep) { core.go("door"); return; }
      const sum = doors.counts(sweep, params.unit), keep = root.isConnected ? scrollY : 0;
      core.fill(root, h("h1", {}, doors.unitName(params.unit)),
        h("p", { class: "f-lead" }, t("field_door.unit_sum", { done: sum.done, doors: sum.doors, left: sum.left, again: sum.again })),
        h("div", { class: "f-progress" }, bar(h, sum.done, sum.doors)),
        doors.floors(params.unit).map(({ floor, homes }) => h("section", { class: "f-floor" },
          h("h2", { class: "f-floor-name" }, floor === null ? t("field_door.no_floor") : t("field_door.floor", { floor })),
          h("div", { class: "f-rooms" }, homes.map((home) => room(doors, sweep, home))))),
        h("button", { type: "button", class: "btn btn-block", onclick: () => other(sweep) }, icon("plus"), t("field_door.other_room")));
      if (keep) scrollTo(0, keep);
    };
    const room = (doors, sweep, home) => {
      const visit = doors.visit(sweep, home), people = doors.membersOf(home).length;
      return h("button", { type: "button", class: `f-door lf-tone-${visit ? TONES[visit.outcome] : "none"} ${visit ? "is-told" : ""}`, dataset: { room: home.room, outcome: visit ? visit.outcome : "" },
                           onclick: () => core.go("door_room", { sweep: sweep.id, home: home.key }) },
        h("b", {}, home.room || "–"),
        h("span", {}, visit ? icon(SYMBOLS[visit.outcome]) : null, visit ? t(`field_door.short.${visit.outcome}`) : t("field_door.people", { count: people })),
        visit && visit.outcome === "met" && visit.counted !== undefined && visit.counted !== people
          ? h("small", { class: "f-door-differs" }, t("field_door.differs_short", { counted: visit.counted, people })) : null);
    };
    // A room in which nobody is registered.
    const other = async (sweep) => {
      const answer = await core.ask({ title: t("field_door.other_room"), lines: [t("field_door.other_room_text")],
        fields: [{ name: "room", label: t("field_door.room"), isNeeded: true, most: 20 }], choices: [{ value: "go", label: t("field_door.go_there"), icon: "door-enter" }] });
      if (answer) core.go("door_room", { sweep: sweep.id, unit: params.unit, room: answer.fields.room });
    };
    await draw();
    core.onChange((what) => { if (what === "items" || what === "packages") draw(); });
  },
  close() {},
};
