// The first start on a phone: the invitation (by the address of the QR code, or scanned here) and the PIN.

import { heard } from "../scanner.js";
import { NoAnswerError, request } from "../sync.js";
import { pinTrouble } from "../vault.js";

const INVITE = /#enrol=([^\s&]+)/;
const enrol = {
  name: "enrol", roles: [], title: "field_app.enrol.title", icon: "device-mobile", isHidden: true, isRoot: true, token: null,

  async open(root, core) {
    const { h, t } = core;
    if (!enrol.token) { invite(root, core); return; }
    const pin = pinField(h, t("field_app.pin.choose"), "new-password");
    const again = pinField(h, t("field_app.pin.again"), "new-password");
    const name = h("input", { class: "form-control", maxlength: 60, autocomplete: "off", placeholder: t("field_app.enrol.name_hint") });
    const trouble = h("p", { class: "f-missing", role: "alert", hidden: true });
    const button = h("button", { class: "btn btn-primary btn-block", type: "submit" }, t("field_app.enrol.start"));
    const isEnrolled = (await core.vault.state()) !== "none";
    const say = (text) => { trouble.textContent = text; trouble.hidden = !text; };
    const submit = async (event) => {
      event.preventDefault();
      const wrong = pinTrouble(pin.input.value) || (pin.input.value !== again.input.value ? "field_app.pin.differ" : null);
      if (wrong) { say(t(wrong)); return; }
      say("");
      button.disabled = true;
      button.textContent = t("field_app.enrol.working");
      try {
        const { told } = await request("enrol", { method: "POST", body: { token: enrol.token, name: name.value.trim() } });
        core.lock();
        await core.vault.enrol(told, pin.input.value, Date.now());
        enrol.token = null;
        if (navigator.storage && navigator.storage.persist) await navigator.storage.persist();
        await core.opened();
        core.go("home");
      } catch (error) {
        button.disabled = false;
        button.textContent = t("field_app.enrol.start");
        say(told(core, error));
      }
    };
    core.fill(root, h("h1", {}, t("field_app.enrol.title")), h("p", { class: "f-lead" }, t("field_app.enrol.lead")),
      h("form", { class: "card card-body", novalidate: true, onsubmit: submit },
        h("label", { class: "form-label" }, t("field_app.enrol.name"), name), pin.label, again.label,
        h("p", { class: "f-fine" }, t("field_app.pin.why")), trouble,
        isEnrolled ? h("p", { class: "f-missing" }, t("field_app.enrol.replaces", { count: core.counts.waiting })) : null, button,
        isEnrolled ? h("button", { type: "button", class: "btn btn-quiet", onclick: () => { enrol.token = null; core.go("home"); } }, t("field_app.enrol.keep")) : null));
  },
  close() {},
};

export function pinField(h, label, autocomplete) {
  const input = h("input", { class: "form-control f-pin", type: "password", inputmode: "numeric", autocomplete, minlength: 6, maxlength: 12 });
  return { input, label: h("label", { class: "form-label" }, label, input) };
}

function invite(root, core) {
  const { h, t, icon } = core;
  const listen = (text) => {
    const found = INVITE.exec(text);
    if (!found) { core.tell(t("field_app.enrol.not_an_invite"), "bad"); return; }
    enrol.token = decodeURIComponent(found[1]);
    core.refresh();
  };
  core.onScan(listen);
  core.fill(root, h("div", { class: "f-welcome" }, h("img", { src: "icons/mark.svg", alt: "", class: "f-mark" }), h("h1", {}, t("field_app.title"))),
    h("p", { class: "f-lead" }, t("field_app.enrol.need")),
    h("button", { type: "button", class: "btn btn-primary btn-block f-huge", onclick: async () => {
      const text = await core.scan({ formats: ["QRCode"], title: t("field_app.enrol.scan") });
      if (text) heard(text, "camera");
    } }, icon("qrcode"), t("field_app.enrol.scan")),
    h("div", { class: "f-chips f-languages" }, core.languages.map(([code, word]) =>
      h("button", { type: "button", class: `btn f-chip ${code === core.language() ? "is-on" : ""}`, lang: code,
                    onclick: async () => { await core.setLook({ language: code }); core.refresh(); } }, word))));
}

function told(core, error) {
  if (error instanceof NoAnswerError) return core.t("field_app.enrol.no_network");
  if (!error.status) throw error;
  return core.sayCode(error.code, error.gaps, "refused") || core.t("field_app.enrol.refused", { code: error.code || error.status });
}

export default enrol;
