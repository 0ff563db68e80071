// One building, stairwell by stairwell, room by room: a touch takes the swab, the dots hold everything else.

import { Work, nothing, tubeStrip } from "./work.js";
import { progress } from "./team.js";

const TONES = { sampled: "good", missing: "quiet", exempt: "info", away: "info", none: "unknown" };
const SYMBOLS = { sampled: "circle-check", exempt: "circle", away: "circle", none: "help-circle" };

export default {
  name: "sampling_building", roles: ["sampler"], title: "field_sampling.title", icon: "building", isHidden: true,

  async open(root, core, params) {
    const { h, t, icon } = core;
    const work = await Work.load(core);
    let onlyMissing = false, marked = params.home || null;
    const units = () => {
      if (params.units) return params.units;
      const all = [...work.sheet.route(), ...work.sheet.others()].filter((part) => part.building === params.building);
      return [...new Set(all.flatMap((part) => part.units))];
    };
    const showHome = (home) => {
      if (!units().includes(home.unit)) { core.go("sampling_building", { building: home.building || home.unit, home: home.id }); return; }
      marked = home.id;
      draw();
    };
    const again = async (done) => { await done; draw(); };

    const person = (one, home) => {
      const state = work.sheet.stateOf(one.key), tone = TONES[state.state] || "quiet";
      const said = state.state === "sampled" ? state.tube : state.claim ? t(`field_sampling.claim.${state.claim}`)
        : state.state === "missing" ? "" : t(`field_sampling.state.${state.state}`);
      return h("li", { class: "f-person" },
        h("button", { type: "button", class: `f-person-take lf-tone-${tone} is-${state.state}`, dataset: { person: one.key, state: state.state }, onclick: () => again(work.take(one, "picked")) },
          icon(SYMBOLS[state.state] || "circle-dashed"),
          h("span", { class: "f-person-words" }, h("b", {}, one.name),
            h("span", { class: "f-fine" }, [one.birth_year, said, one.isAdded ? t("field_sampling.added") : "", ...(one.needs || []).map((need) => core.firstText([`registry.need.${need}`, `lab_testing.need.${need}`], {}) || "")].filter(Boolean).join(" · ")))),
        h("button", { type: "button", class: "f-plain f-person-more", "aria-label": t("field_sampling.more_for", { name: one.name }), onclick: () => again(more(one, home)) }, icon("dots-vertical")));
    };

    const more = async (one) => {
      const state = work.sheet.stateOf(one.key);
      const held = [...work.sheet.tubes.values()].filter((tube) => tube.state === "open").flatMap((tube) => tube.samples.filter((swab) => swab.key === one.key).map((swab) => ({ tube, swab })));
      const answer = await core.ask({ title: one.name, lines: [state.tube ? t("field_sampling.in_tube", { code: state.tube }) : "", state.reason].filter(Boolean), choices: [
        { value: "take", label: t("field_sampling.take"), icon: "test-pipe" }, { value: "refused", label: t("field_sampling.claim.refused"), icon: "hand-stop" },
        { value: "absent", label: t("field_sampling.claim.absent"), icon: "door" }, { value: "away", label: t("field_sampling.claim.away"), icon: "walk" },
        { value: "exempt", label: t("field_sampling.claim.exempt"), icon: "shield-check" }, { value: "say", label: t("field_sampling.read_out"), icon: "volume" },
        ...(held.length ? [{ value: "back", label: t("field_sampling.take_back"), icon: "arrow-back-up" }] : [])] });
      if (!answer) return;
      if (answer.value === "take") await work.take(one, "picked");
      else if (answer.value === "say") core.say(one.name, { voice: true, tone: "info", lead: work.sheet.homeName(work.sheet.home(one.household)) });
      else if (answer.value === "back") await work.record("sample.voided", { sample: held[0].swab.ref, reason: t("field_sampling.back.wrong_person") });
      else await work.claim(one, answer.value);
    };

    const homeCard = (home) => {
      const members = work.sheet.membersOf(home);
      const due = members.filter((one) => work.sheet.stateOf(one.key).state === "missing");
      if (onlyMissing && !due.length && home.id !== marked) return null;
      return h("li", { class: `f-home ${home.id === marked ? "is-marked" : ""} ${due.length ? "" : "is-done"}`, dataset: { home: home.id } },
        h("div", { class: "f-home-head-row" }, h("b", { class: "f-room" }, String(home.room || "–")),
          h("span", { class: "f-fine" }, due.length ? t("field_sampling.still_due", { count: due.length }) : t("field_sampling.home_done")),
          work.tube && work.tube.is_household && due.length ? h("button", { type: "button", class: "btn f-chip", onclick: () => again(work.takeHousehold(home, "picked")) }, icon("users"), t("field_sampling.whole_household")) : null,
          h("button", { type: "button", class: "f-plain", "aria-label": t("field_sampling.add_to", { room: home.room }), onclick: () => again(work.addPerson({ home })) }, icon("user-plus"))),
        h("ul", {}, members.map((one) => person(one, home))));
    };

    // What a room's card shows: a card whose words stay the same is not made again. A page of 40 rooms drawn anew at each
    // swab took a phone most of a second.
    const shownOf = (home) => JSON.stringify([home.id === marked, Boolean(work.tube && work.tube.is_household), onlyMissing,
      work.sheet.membersOf(home).map((one) => { const state = work.sheet.stateOf(one.key); return [one.key, one.name, state.state, state.tube, state.claim]; })]);
    let drawn = null;

    const draw = () => {
      const sheet = work.sheet;
      if (!sheet || !sheet.round) { nothing(core, root, "field_sampling.no_round"); drawn = null; return; }
      const list = units(), homes = list.flatMap((unit) => sheet.homesOf(unit));
      const frame = JSON.stringify([core.language(), sheet.round.id, onlyMissing, homes.map((home) => home.id)]);
      if (!drawn || drawn.frame !== frame || drawn.content !== sheet.content) drawAll(list, frame);
      else {
        for (const home of homes) {
          const known = drawn.cards.get(home.id), words = shownOf(home);
          if (known && known.words === words) continue;
          const node = homeCard(home);
          if (!node || !known || !known.node) { drawAll(list, frame); break; }
          known.node.replaceWith(node);
          drawn.cards.set(home.id, { words, node });
        }
      }
      core.fill(drawn.sum, progress(core, sheet.counts(list), true));
      core.fill(drawn.strip, tubeStrip(work, { building: params.building, showHome, onDone: draw }));
      if (marked && drawn.at !== marked) requestAnimationFrame(() => { const at = root.querySelector(".is-marked"); if (at) at.scrollIntoView({ block: "center" }); });
      drawn.at = marked;
    };

    const drawAll = (list, frame) => {
      const sheet = work.sheet, keep = root.isConnected ? scrollY : 0;
      drawn = { frame, content: sheet.content, cards: new Map(), sum: h("div", {}), strip: h("div", {}), at: null };
      const card = (home) => { const node = homeCard(home); drawn.cards.set(home.id, { words: shownOf(home), node }); return node; };
      core.fill(root, h("h1", {}, sheet.placeName(params.building)), drawn.sum,
        h("div", { class: "f-chips" }, [false, true].map((value) => h("button", { type: "button", class: `btn f-chip ${onlyMissing === value ? "is-on" : ""}`, "aria-pressed": String(onlyMissing === value),
          onclick: () => { onlyMissing = value; draw(); } }, t(value ? "field_sampling.only_missing" : "field_sampling.everybody")))),
        list.map((unit) => [
          h("div", { class: "f-unit-head" }, h("h2", {}, unit === params.building ? sheet.placeName(unit) : (sheet.place(unit) || {}).name || "–"),
            h("button", { type: "button", class: "btn f-chip", onclick: () => again(work.addPerson({ unit })) }, icon("user-plus"), t("field_sampling.new_room"))),
          h("ul", { class: "f-homes" }, sheet.homesOf(unit).map(card))]), drawn.strip);
      if (keep) scrollTo(0, keep);
    };
    draw();
    core.onScan(async (text, how) => { await work.heard(text, how, { building: params.building, showHome }); draw(); });
    core.onChange(async (what) => { if (what === "items" || what === "packages") { await work.refresh(); draw(); } });
  },
  close() {},
};
