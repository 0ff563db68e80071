// The last checks of this phone, and the way to take one back: by another fact, never by rubbing one out.

import { Gatework, SYMBOLS, TONES } from "./work.js";

export default {
  name: "gate_last", roles: ["guard", "building_chief"], title: "field_gate.last.title", icon: "history", isHidden: true,

  async open(root, core) {
    const { h, t, icon } = core, work = await Gatework.load(core);
    const gates = new Map(work.gates.map((one) => [one.id, one.name]));
    const row = ({ item, isBack }) => {
      const answer = item.kind === "gate.emergency" ? "emergency" : item.body.answer, { body } = item;
      const facts = [gates.get(body.gate), t(`field_gate.direction.${body.direction}`), body.temperature ? `${body.temperature} ℃` : "", body.plate,
        body.destination, body.words, isBack ? t("field_gate.last.taken_back") : ""].filter(Boolean).join(" · ");
      return h("li", {}, h("button", { type: "button", class: `f-row lf-tone-${isBack ? "quiet" : TONES[answer]} ${isBack ? "is-done" : ""}`, dataset: { item: item.id, state: item.state },
        disabled: isBack || item.kind === "gate.emergency", onclick: () => takeBack(item) },
        h("span", { class: "f-row-main" }, h("b", {}, icon(SYMBOLS[answer]), ` ${core.time(new Date(item.happened_at))} ${t(`field_proof.words.${answer}`)}`), h("span", { class: "f-fine" }, facts)),
        h("span", { class: "f-row-side" }, t(`field_gate.state.${item.state}`))));
    };
    const takeBack = async (item) => {
      const answer = await core.ask({ title: t("field_gate.last.undo"), lines: [t("field_gate.last.undo_lead")],
        choices: [{ value: "yes", label: t("field_gate.last.undo_yes"), icon: "arrow-back-up" }] });
      if (!answer) return;
      await work.takeBack(item);
      draw();
    };
    const draw = () => {
      const list = work.latest();
      core.fill(root, h("h1", {}, t("field_gate.last.title")), list.length ? h("ul", { class: "f-list" }, list.map(row)) : h("p", { class: "f-empty" }, t("field_gate.last.none")));
    };
    draw();
    core.onChange((what) => { if (what === "items") draw(); });
  },
  close() {},
};
