// Always there: the network, what waits, what was sent, what was refused, how old the data is.

import { fill, h, icon } from "./dom.js";

const NETWORK = {
  online: ["good", "wifi"], offline: ["warn", "wifi-off"], unreachable: ["warn", "plug-connected-x"],
  trouble: ["bad", "alert-octagon"], unknown: ["quiet", "refresh"],
};
const WARN_AGE_MS = 2 * 3600 * 1000;
const BAD_AGE_MS = 12 * 3600 * 1000;
const TICK_MS = 20000;

export function showBar(core, root, back) {
  const draw = () => {
    const isOpen = Boolean(core.vault.keys), { state, isRunning } = core.network();
    const [tone, symbol] = NETWORK[state] || NETWORK.unknown;
    const age = isOpen ? core.vault.sinceContact() : null;
    const ageTone = age === null ? "quiet" : age > BAD_AGE_MS ? "bad" : age > WARN_AGE_MS ? "warn" : "quiet";
    root.hidden = false;
    fill(root,
      h("button", { type: "button", class: "f-bar-back", hidden: !back.isWanted(), "aria-label": core.t("field_app.back"),
                    onclick: () => back.go() }, icon("arrow-left")),
      h("button", { type: "button", class: `f-bar-net lf-tone-${tone}`, dataset: { network: state },
                    onclick: () => isOpen && core.sync.now() },
        icon(isRunning ? "refresh" : symbol), h("span", {}, core.t(`field_app.network.${state}`))),
      h("button", { type: "button", class: "f-bar-counts", onclick: () => isOpen && core.go("waiting") },
        count("waiting", core.counts.waiting ? "warn" : "quiet"), count("sent", "quiet"),
        count("refused", core.counts.refused ? "bad" : "quiet")),
      h("span", { class: `f-bar-age lf-tone-${ageTone}`, dataset: { age: ageTone } },
        age === null ? "" : core.t("field_app.data_age", { age: core.age(age) })));
  };
  const count = (name, tone) =>
    h("span", { class: `f-bar-count lf-tone-${tone}`, dataset: { count: name, value: core.counts[name] } },
      h("b", {}, String(core.counts[name])), h("small", {}, core.t(`field_app.count.${name}`)));
  core.always(draw);
  setInterval(draw, TICK_MS);
  draw();
  return draw;
}
