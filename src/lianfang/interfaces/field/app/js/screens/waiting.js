// Everything that was done here and what became of it. A refusal says why and stays until somebody has dealt with it.

const STATES = ["refused", "waiting", "sent", "accepted", "settled"];
const TONES = { refused: "bad", waiting: "warn", sent: "info", accepted: "good", settled: "quiet" };
const MOST = 100;

export default {
  name: "waiting", roles: [], title: "field_app.waiting.title", icon: "send", lead: "field_app.waiting.lead",

  async open(root, core, params) {
    const { h, t, icon } = core;
    let state = params.state || (core.counts.refused ? "refused" : "waiting");
    const row = (item) => h("li", { class: "f-item card card-body", dataset: { id: item.id, state: item.state } },
      h("p", { class: "f-item-head" }, h("b", {}, core.kindTitle(item.kind)), h("time", { class: "f-fine" }, core.time(new Date(item.happened_at)))),
      h("p", {}, core.words(item)),
      item.state === "refused" || item.state === "settled" ? h("p", { class: "f-why lf-tone-bad" }, icon("alert-octagon"), core.why(item)) : null,
      core.warnings(item).map((words) => h("p", { class: "f-why lf-tone-warn" }, icon("alert-triangle"), words)),
      item.state === "settled" ? h("p", { class: "f-fine" }, t("field_app.waiting.settled_as", { how: item.answer.settled.how })) : null,
      item.state === "refused" ? h("button", { type: "button", class: "btn btn-block", onclick: () => settle(item) }, icon("check"), t("field_app.waiting.settle")) : null);
    const settle = async (item) => {
      const answer = await core.ask({
        title: t("field_app.waiting.settle"), lines: [core.why(item), t("field_app.waiting.settle_hint")],
        reason: { label: t("field_app.waiting.how"), isNeeded: true, choices: ["told_desk", "done_again", "wrong"].map((name) => t(`field_app.waiting.how_${name}`)) },
        choices: [{ value: "settle", label: t("field_app.waiting.settle"), icon: "check" }] });
      if (!answer) return;
      await core.outbox.settle(item.id, answer.reason);
      await core._changed("items");
    };
    const draw = () => {
      const all = core.items(), of = (name) => all.filter((item) => item.state === name);
      const shown = of(state).reverse();
      core.fill(root, h("h1", {}, t("field_app.waiting.title")),
        h("div", { class: "f-chips", role: "tablist" }, STATES.map((name) =>
          h("button", { type: "button", role: "tab", "aria-selected": String(name === state), class: `btn f-chip ${name === state ? "is-on" : ""}`,
                        onclick: () => { state = name; draw(); } }, t(`field_app.state.${name}`), h("b", { class: "f-chip-count" }, String(of(name).length))))),
        h("button", { type: "button", class: "btn btn-block", onclick: () => core.sync.now() }, icon("refresh"), t("field_app.waiting.send_now")),
        h("p", { class: "f-fine" }, t(`field_app.network_words.${core.network().state}`)),
        shown.length ? h("ul", { class: `f-items lf-tone-${TONES[state]}` }, shown.slice(0, MOST).map(row))
          : h("p", { class: "f-empty" }, t(`field_app.waiting.none_${state}`)),
        shown.length > MOST ? h("p", { class: "f-fine" }, t("field_app.more", { count: shown.length - MOST })) : null);
    };
    draw();
    core.onChange(draw);
  },
  close() {},
};
