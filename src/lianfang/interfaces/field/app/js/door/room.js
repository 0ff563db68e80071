// One door: who lives there, how many, what they need; and one of four buttons under the thumb that keeps it.

import { Doors, OUTCOMES, SYMBOLS } from "./doors.js";

const KEPT = "door.room";

export default {
  name: "door_room", roles: ["building_chief", "sampler"], title: "field_door.title", icon: "door", isHidden: true,

  async open(root, core, params) {
    const { h, t, icon } = core;
    let doors = null, sweep = null, home = null, members = [], isOpen = false;
    // What was ticked outlives a call that comes in, and the phone's going dark.
    const state = { living: {}, counted: null, needs: [], note: "" };

    const load = async () => {
      doors = await Doors.load(core);
      sweep = doors && doors.sweeps.find((one) => one.id === params.sweep);
      if (!sweep) { core.go("door"); return false; }
      home = params.home ? doors.homes.find((one) => one.key === params.home) : doors.homeOf({ unit: params.unit, room: params.room });
      if (!home) { core.go("door_unit", { sweep: sweep.id, unit: params.unit }); return false; }
      members = doors.membersOf(home);
      return true;
    };
    const keep = () => core.keep(KEPT, { sweep: sweep.id, home: home.key, ...state });
    const ticked = () => members.filter((one) => state.living[one.key] === true).length;
    const gone = () => members.filter((one) => state.living[one.key] === false).length;
    const counted = () => (state.counted === null ? ticked() : state.counted);
    const set = (change) => { Object.assign(state, change); keep(); draw(); };

    const person = (one) => {
      const lives = state.living[one.key], said = doors.changed.get(one.key) || {};
      const needs = [...new Set([...(one.needs || []), ...(said.needs || [])])];
      return h("li", { class: "f-person" },
        h("button", { type: "button", class: `f-person-take ${lives === true ? "lf-tone-good is-sampled" : lives === false ? "lf-tone-bad is-gone" : ""}`, dataset: { person: one.key, lives: String(lives) }, "aria-pressed": String(lives === true),
                      onclick: () => set({ living: { ...state.living, [one.key]: lives === true ? false : lives === false ? undefined : true } }) },
          icon(lives === true ? "circle-check" : lives === false ? "circle-x" : "circle"),
          h("span", { class: "f-person-words" }, h("b", {}, one.name), h("span", { class: "f-fine" }, [
            lives === false ? t("field_door.does_not_live") : "", one.birth_year, one.isAdded ? t("field_door.added") : "", (said.state || one.state) ? t(`field_door.state.${said.state || one.state}`) : "",
            ...needs.map((need) => core.firstText([`field_door.need.${need}`], {}) || need)].filter(Boolean).join(" · ")))),
        h("button", { type: "button", class: "f-plain f-person-more", "aria-label": t("field_door.more_for", { name: one.name }), onclick: () => more(one) }, icon("dots-vertical")));
    };

    const more = async (one) => {
      const whose = one.client ? { client: one.client } : { person: one.id, version: one.version };
      const answer = await core.ask({ title: one.name, lines: [t("field_door.more_text")], choices: [
        { value: "needs", label: t("field_door.add_need"), icon: "first-aid-kit" }, { value: "away", label: t("field_door.state.away"), icon: "walk" },
        { value: "moved_out", label: t("field_door.state.moved_out"), icon: "door-exit" }] });
      if (!answer) return;
      if (answer.value === "needs") {
        const need = await core.ask({ title: one.name, lines: [t("field_door.add_need")], choices: doors.needs.map((code) => ({ value: code, label: t(`field_door.need.${code}`) })) });
        if (need) await core.record("person.changed", { ...whose, needs: [need.value] });
      } else {
        const why = await core.ask({ title: `${one.name} · ${t(`field_door.state.${answer.value}`)}`, reason: { label: t("field_door.why"), isNeeded: true,
          choices: ["other_city", "hospital", "with_family", "sold"].map((name) => t(`field_door.reason.${name}`)) }, choices: [{ value: "go", label: t("field_door.keep"), icon: "check" }] });
        if (!why) return;
        await core.record("person.changed", { ...whose, state: answer.value, reason: why.reason });
        if (answer.value === "moved_out") state.living[one.key] = false;
      }
    };

    const add = async () => {
      const answer = await core.ask({ title: t("field_door.add"), lines: [t("field_door.add_text")], fields: [
        { name: "name", label: t("field_door.name"), isNeeded: true }, { name: "phone", label: t("field_door.phone"), inputmode: "tel", most: 20 },
        { name: "identity", label: t("field_door.identity"), most: 24 }], choices: [{ value: "add", label: t("field_door.add_save"), icon: "user-plus" }] });
      if (!answer) return;
      const told = Object.fromEntries(Object.entries(answer.fields).filter(([, value]) => value));
      const item = await core.record("person.added", { ...where(), ...told });
      state.living[`c${item.id}`] = true;
      keep();
      if (await load()) draw();
    };

    const where = () => (home.id ? { household: home.id } : { unit: home.unit, room: home.room });

    const save = async (outcome) => {
      const body = { sweep: sweep.id, unit: home.unit, room: home.room || "", ...(home.id ? { household: home.id } : {}), outcome };
      if (outcome === "met") {
        if (!counted() && !(await sure())) return;
        const chosen = members.filter((one) => state.living[one.key] === true);
        Object.assign(body, { counted: counted(), people: chosen.filter((one) => one.id).map((one) => one.id), added: chosen.filter((one) => one.client).map((one) => one.client),
                              gone: members.filter((one) => one.id && state.living[one.key] === false).map((one) => one.id), needs: state.needs });
      }
      if (state.note) body.note = state.note;
      await core.record("door.visited", body);
      await core.keep(KEPT, null);
      if (navigator.vibrate) navigator.vibrate(40);
      core.tell(`${home.room || "–"} · ${t(`field_door.outcome.${outcome}`)}`, outcome === "met" ? "good" : "info");
      const next = params.again || outcome === "met" ? null : (await Doors.load(core)).next(sweep, home);
      if (!next) { core.back(); return; }
      // Nobody opened: on to the next door, without a way back through every door before.
      Object.assign(params, { home: next.key });
      Object.assign(state, { living: {}, counted: null, needs: [], note: "" });
      if (await load()) draw();
      scrollTo(0, 0);
    };
    const sure = async () => Boolean(await core.ask({ title: t("field_door.nobody_counted"), lines: [t("field_door.nobody_counted_text")], tone: "warn", choices: [{ value: "go", label: t("field_door.keep"), icon: "check" }] }));

    const compare = () => {
      const here = members.length - gone(), more = counted() - here;
      const [tone, key] = more > 0 ? ["warn", "more"] : more < 0 ? ["warn", "fewer"] : ["good", "same"];
      return h("p", { class: `f-why lf-tone-${tone}`, dataset: { compare: key } }, icon(tone === "good" ? "circle-check" : "alert-triangle"), t(`field_door.compare.${key}`, { roster: members.length, gone: gone(), counted: counted(), count: Math.abs(more) }));
    };

    const draw = () => {
      const before = doors.visit(sweep, home), y = root.isConnected ? scrollY : 0;
      core.fill(root, h("p", { class: "f-fine" }, doors.unitName(home.unit)), h("h1", { class: "f-door-title" }, home.room || "–"),
        before ? h("p", { class: "f-fine" }, t("field_door.before", { outcome: t(`field_door.outcome.${before.outcome}`), at: core.time(new Date(before.at)), tries: before.tries })) : null,
        h("h2", {}, t("field_door.who")), h("p", { class: "f-fine" }, t("field_door.who_hint")),
        members.length ? h("ul", { class: "f-home" }, members.map(person)) : h("p", { class: "f-empty" }, t("field_door.nobody_registered")),
        h("button", { type: "button", class: "btn btn-block", onclick: add }, icon("user-plus"), t("field_door.add")),
        h("h2", {}, t("field_door.how_many")), compare(),
        h("div", { class: "f-stepper" }, h("button", { type: "button", class: "btn f-huge", "aria-label": t("field_door.fewer"), dataset: { step: "-1" }, onclick: () => set({ counted: Math.max(0, counted() - 1) }) }, "−"),
          h("b", { class: "f-big", dataset: { counted: String(counted()) } }, String(counted())),
          h("button", { type: "button", class: "btn f-huge", "aria-label": t("field_door.more"), dataset: { step: "1" }, onclick: () => set({ counted: counted() + 1 }) }, "+")),
        h("details", { class: "f-more", open: isOpen || Boolean(state.needs.length || state.note), ontoggle: (event) => { isOpen = event.target.open; } }, h("summary", {}, t("field_door.needs_and_note")),
          h("div", { class: "f-chips" }, doors.needs.map((code) => h("button", { type: "button", class: `btn f-chip ${state.needs.includes(code) ? "is-on" : ""}`, "aria-pressed": String(state.needs.includes(code)),
            onclick: () => set({ needs: state.needs.includes(code) ? state.needs.filter((one) => one !== code) : [...state.needs, code] }) }, t(`field_door.need.${code}`)))),
          h("label", { class: "form-label" }, t("field_door.note"), h("input", { class: "form-control", maxlength: 200, value: state.note, autocomplete: "off", oninput: (event) => { state.note = event.target.value.trim(); keep(); } }))),
        h("div", { class: "f-thumb" }, OUTCOMES.map((outcome) => h("button", { type: "button", class: `btn ${outcome === "met" ? "btn-primary" : ""} f-outcome`, dataset: { outcome }, onclick: () => save(outcome) },
          icon(SYMBOLS[outcome]), t(`field_door.outcome.${outcome}`)))));
      if (y) scrollTo(0, y);
    };

    if (!(await load())) return;
    const kept = await core.kept(KEPT);
    if (kept && kept.sweep === sweep.id && kept.home === home.key) Object.assign(state, { living: kept.living || {}, counted: kept.counted, needs: kept.needs || [], note: kept.note || "" });
    draw();
    core.onChange(async (what) => { if ((what === "items" || what === "packages") && (await load())) draw(); });
  },
  close() {},
};
