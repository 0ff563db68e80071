// The code of this place for others to scan: another one every half minute, so that a picture sent on proves nothing.

import { bytesOf } from "../rules/bytes.js";
import { PLACE_EVERY, placeCodeText } from "../rules/presence.js";
import qrcode from "../../vendor/qrcode.js";
import { Gatework } from "./work.js";

const SVG = "http://www.w3.org/2000/svg";
const QUIET = 4;

export default {
  name: "gate_place", roles: ["guard", "building_chief"], title: "field_gate.place.title", icon: "qrcode", isHidden: true, timer: null,

  async open(root, core) {
    const { h, t } = core, work = await Gatework.load(core), place = work.gate && work.gate.place_code;
    if (!place) { core.fill(root, h("h1", {}, t("field_gate.place.title")), h("p", { class: "f-empty" }, t(work.isWithheld ? "field_gate.withheld" : "field_gate.place.none"))); return; }
    const picture = h("div", { class: "f-place-code" }), left = h("p", { class: "f-fine" });
    core.fill(root, h("h1", {}, work.gate.name), h("p", { class: "f-lead" }, t("field_gate.place.lead")), picture, left);
    let shownStep = null;
    const draw = async () => {
      const at = Math.floor(core.now().getTime() / 1000), step = Math.floor(at / PLACE_EVERY);
      left.textContent = t("field_gate.place.seconds", { seconds: PLACE_EVERY - (at % PLACE_EVERY) });
      if (step === shownStep) return;
      shownStep = step;
      const text = await placeCodeText(bytesOf(place.secret), place.code, at);
      picture.dataset.text = text;
      core.fill(picture, drawn(text, t("field_gate.place.title")));
    };
    await draw();
    this.timer = setInterval(draw, 1000);
  },
  close() { clearInterval(this.timer); },
};

export function drawn(text, label) {
  const code = qrcode(0, "M");
  code.addData(text, /^[0-9A-Z $%*+\-./:]+$/.test(text) ? "Alphanumeric" : "Byte");
  code.make();
  const count = code.getModuleCount(), whole = count + 2 * QUIET;
  const svg = document.createElementNS(SVG, "svg"), path = document.createElementNS(SVG, "path");
  let dark = "";
  for (let row = 0; row < count; row += 1)
    for (let column = 0; column < count; column += 1)
      if (code.isDark(row, column)) dark += `M${column + QUIET} ${row + QUIET}h1v1h-1z`;
  svg.setAttribute("viewBox", `0 0 ${whole} ${whole}`);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", label);
  path.setAttribute("d", dark);
  svg.append(path);
  return svg;
}
