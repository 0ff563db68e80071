// One tube: who is in it, what it still takes, sealing with a count, moving, giving up.

import { sealTrouble } from "../rules/tube.js";
import { Work, nothing, tubeStrip } from "./work.js";

export default {
  name: "sampling_tube", roles: ["sampler"], title: "field_sampling.title", icon: "test-pipe", isHidden: true,

  async open(root, core, params) {
    const { h, t, icon } = core;
    const work = await Work.load(core);
    const current = () => work.sheet && work.sheet.tube(params.code);
    const showHome = (home) => core.go("sampling_building", { building: home.building || home.unit, home: home.id });

    const seal = async () => {
      const tube = current(), count = tube.samples.length;
      const answer = await core.ask({ title: t("field_sampling.seal.title", { code: tube.code }), lines: [t("field_sampling.seal.text")],
        fields: [{ name: "counted", label: t("field_sampling.seal.counted"), inputmode: "numeric", pattern: "[0-9]{1,3}", isNeeded: true, missing: t("field_sampling.seal.number_needed") }],
        choices: [{ value: "seal", label: t("field_sampling.seal.do"), icon: "lock" }] });
      if (!answer) return;
      const counted = Number(answer.fields.counted);
      const trouble = sealTrouble({ count, counted, capacity: tube.capacity, is_household: tube.is_household });
      if (trouble && trouble !== "over_full") {
        await core.ask({ title: t(`field_sampling.seal.${trouble}`, { counted, bound: count, apart: Math.abs(counted - count) }), tone: "bad",
                         lines: [tube.samples.map((one) => `${one.position}. ${one.name}`).join(t("field_sampling.comma")), t(`field_sampling.seal.${trouble}_do`)],
                         choices: [{ value: "ok", label: t("field_sampling.seal.look"), icon: "eye" }] });
        return;
      }
      if (trouble === "over_full" && !(await core.ask({ title: t("field_sampling.seal.over_full", { counted, capacity: tube.capacity }), tone: "warn", choices: [{ value: "ok", label: t("field_sampling.seal.all_the_same"), tone: "bad" }] }))) return;
      await work.record("tube.sealed", { round: work.sheet.round.id, tube: tube.code, counted });
      await work.choose({ tube: null });
      core.say(t("field_sampling.seal.done"), { lead: `${tube.code} · ${t("field_sampling.seal.people", { count: counted })}`, voice: false });
      core.back();
    };

    const move = async () => {
      const tube = current();
      const text = await core.scan({ title: t("field_sampling.move.scan") });
      if (!text) return;
      const code = text.trim().toUpperCase();
      if (code === tube.code) { core.tell(t("field_sampling.move.same"), "warn"); return; }
      const before = work.choice.tube;
      if (!(await work.takeTube(code, tube.building))) return;
      const target = work.tube;
      const answer = await core.ask({ title: t("field_sampling.move.title", { from: tube.code, to: target.code }), lines: [t("field_sampling.move.text", { count: tube.samples.length })],
        reason: { label: t("field_sampling.reason"), isNeeded: true, choices: ["leaks", "label_bad", "full"].map((name) => t(`field_sampling.move.${name}`)) },
        choices: [{ value: "yes", label: t("field_sampling.move.do"), icon: "transfer" }] });
      if (!answer) { await work.choose({ tube: before }); return; }
      await work.record("samples.moved", { from: tube.code, to: target.code, samples: tube.samples.map((one) => one.ref), reason: answer.reason });
      core.tell(t("field_sampling.move.done", { code: target.code }), "good");
      core.go("sampling_tube", { code: target.code }, { instead: true });
    };

    const giveUp = async () => {
      const tube = current();
      const answer = await core.ask({ title: t("field_sampling.void.title", { code: tube.code }), tone: "bad", lines: [t("field_sampling.void.text", { count: tube.samples.length })],
        reason: { label: t("field_sampling.reason"), isNeeded: true, choices: ["leaks", "lost", "label_bad"].map((name) => t(`field_sampling.void.${name}`)) },
        choices: [{ value: "no", label: t("field_sampling.void.keep"), isPlain: true }, { value: "yes", label: t("field_sampling.void.do"), tone: "bad", icon: "trash" }] });
      if (!answer || answer.value !== "yes") return;
      await work.record("tube.voided", { round: work.sheet.round.id, tube: tube.code, reason: answer.reason });
      core.back();
    };

    const reopen = async () => {
      const answer = await core.ask({ title: t("field_sampling.reopen.title", { code: params.code }), reason: { label: t("field_sampling.reason"), isNeeded: true, choices: [t("field_sampling.reopen.miscounted")] },
                                      choices: [{ value: "yes", label: t("field_sampling.reopen.do"), icon: "lock-open" }] });
      if (!answer) return;
      await work.record("tube.reopened", { tube: params.code, reason: answer.reason });
      await work.choose({ tube: params.code });
    };

    const act = (name, label, symbol, work_, kind = "") => h("button", { type: "button", class: `btn ${kind}`, dataset: { act: name }, onclick: async () => { await work_(); draw(); } }, icon(symbol), label);

    const draw = () => {
      const tube = current();
      if (!tube) { nothing(core, root, "field_sampling.tube_gone"); return; }
      const isOpen = tube.state === "open", left = work.left(tube), isInHand = work.tube && work.tube.code === tube.code;
      core.fill(root, h("h1", {}, tube.code),
        h("div", { class: `f-answer lf-tone-${!isOpen ? "quiet" : left === 0 ? "warn" : "info"}` },
          h("span", { class: "f-big" }, left === null ? String(tube.samples.length) : String(left)),
          h("h2", {}, !isOpen ? t(`field_sampling.tube_state.${tube.state}`) : left === null ? t("field_sampling.in_household_tube") : left ? t("field_sampling.still") : t("field_sampling.tube.full")),
          h("p", {}, [work.sizeWords(tube), t("field_sampling.tube.bound", { count: tube.samples.length })].join(" · "))),
        tube.samples.length ? h("ol", { class: "f-list f-swabs" }, tube.samples.map((one) => h("li", { class: "f-row", dataset: { swab: one.ref } },
          h("span", { class: "f-row-main" }, h("b", {}, `${one.position || ""}. ${one.name}`), h("span", { class: "f-fine" }, homeOf(work, one))),
          h("time", { class: "f-row-side" }, one.at ? core.time(new Date(one.at)) : "")))) : h("p", { class: "f-empty" }, t("field_sampling.tube.empty")),
        isOpen ? h("div", { class: "f-buttons" },
          act("seal", t("field_sampling.seal.do"), "lock", seal, "btn-primary"),
          isInHand ? null : act("in_hand", t("field_sampling.tube.take_in_hand"), "test-pipe", () => work.choose({ tube: tube.code })),
          act("back", t("field_sampling.take_back_last"), "arrow-back-up", () => work.takeBack(tube)),
          act("move", t("field_sampling.move.do"), "transfer", move),
          act("void", t("field_sampling.void.do"), "trash", giveUp)) : null,
        tube.state === "sealed" ? act("reopen", t("field_sampling.reopen.do"), "lock-open", reopen) : null,
        isInHand ? tubeStrip(work, { building: tube.building, showHome, onDone: draw }) : null);
    };
    draw();
    core.onScan(async (text, how) => { await work.heard(text, how, { building: current() && current().building, showHome }); draw(); });
    core.onChange(async (what) => { if (what === "items" || what === "packages") { await work.refresh(); draw(); } });
  },
  close() {},
};

function homeOf(work, swab) {
  const person = work.sheet.person(swab.key), home = person && work.sheet.home(person.household);
  return home ? work.sheet.homeName(home) : "";
}
