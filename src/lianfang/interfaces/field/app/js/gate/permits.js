// Permits of this gate's places: by code letters, with their hours. No names: the paper and the document say who it is.

import { Gatework } from "./work.js";

export default {
  name: "gate_permits", roles: ["guard", "building_chief"], title: "field_gate.permits.title", icon: "ticket", isHidden: true,

  async open(root, core) {
    const { h, t } = core, work = await Gatework.load(core), now = core.now().getTime() / 1000;
    const clock = new Intl.DateTimeFormat(core.language(), { month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
    const state = (one) => (one.windows.some(([from, until]) => from <= now && now < until) ? "now" : one.windows.some(([from]) => from > now) ? "later" : "over");
    const rank = { now: 0, later: 1, over: 2 };
    const list = [...work.permits].sort((one, other) => rank[state(one)] - rank[state(other)] || one.code.localeCompare(other.code));
    const row = (one) => h("li", { class: `f-row ${state(one) === "over" ? "is-done" : ""}` },
      h("span", { class: "f-row-main" }, h("b", {}, one.code), h("span", { class: "f-fine" }, [t(`field_gate.permit_kind.${one.kind}`),
        ...one.windows.slice(0, 2).map(([from, until]) => `${clock.format(new Date(from * 1000))} – ${clock.format(new Date(until * 1000))}`),
        one.companions ? t("field_gate.permits.companions", { count: one.companions }) : ""].filter(Boolean).join(" · "))),
      h("span", { class: `badge lf-tone-${state(one) === "now" ? "good" : "quiet"}` }, t(`field_gate.permits.${state(one)}`)));
    core.fill(root, h("h1", {}, t("field_gate.permits.title")), h("p", { class: "f-lead" }, t("field_gate.permits.lead")),
      list.length ? h("ul", { class: "f-list" }, list.map(row)) : h("p", { class: "f-empty" }, t(work.isWithheld ? "field_gate.withheld" : "field_gate.permits.none")));
  },
  close() {},
};
