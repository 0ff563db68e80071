// What this device is for: one large button per screen of its role.

import { isFor, screens } from "../screens.js";

export default {
  name: "home", roles: [], title: "field_app.home.title", icon: "home", isHidden: true, isRoot: true,

  async open(root, core) {
    const { h, t, icon, device } = core;
    const mine = [...screens.values()].filter((screen) => !screen.isHidden && isFor(screen, device.role));
    const draw = () => core.fill(root,
      h("header", { class: "f-home-head" }, h("h1", {}, t(`field_app.role.${device.role}`)),
        h("p", { class: "f-lead" }, [device.holder, device.label || device.name].filter(Boolean).join(" · ")),
        h("p", { class: "f-fine" }, t("field_app.home.until", { until: until(core) }))),
      core.update ? h("button", { type: "button", class: "btn btn-block", onclick: () => core.update() }, icon("refresh"), t("field_app.update_now")) : null,
      core.counts.refused ? h("button", { type: "button", class: "f-alarm lf-tone-bad", onclick: () => core.go("waiting", { state: "refused" }) },
        icon("alert-octagon"), h("span", {}, t("field_app.home.refused", { count: core.counts.refused })), icon("chevron-right")) : null,
      h("nav", { class: "f-tiles" }, mine.map((screen) =>
        h("button", { type: "button", class: "f-tile", dataset: { screen: screen.name }, onclick: () => core.go(screen.name) },
          icon(screen.icon), h("span", { class: "f-tile-words" }, h("b", {}, t(screen.title)),
            screen.lead ? h("small", {}, t(screen.lead)) : null), icon("chevron-right")))));
    draw();
    core.onChange((what) => { if (what === "items") draw(); });
  },
  close() {},
};

function until(core) {
  const moment = new Date(core.device.ends_at);
  return Number.isNaN(moment.getTime()) ? "–" : new Intl.DateTimeFormat(core.language(), {
    month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(moment);
}
