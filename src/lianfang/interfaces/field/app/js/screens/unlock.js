// The PIN, typed with gloves on. Works without a network; says how much waits, and nothing about anybody.

import { pinField } from "./enrol.js";
import { WrongPinError } from "../vault.js";

export default {
  name: "unlock", roles: [], title: "field_app.unlock.title", icon: "lock", isHidden: true,

  async open(root, core) {
    const { h, t, icon } = core;
    const { input, label } = pinField(h, t("field_app.unlock.pin"), "current-password");
    const trouble = h("p", { class: "f-missing", role: "alert", hidden: true });
    const button = h("button", { class: "btn btn-primary btn-block", type: "submit" }, icon("lock-open"), t("field_app.unlock.open"));
    const press = (digit) => { input.value += digit; };
    const submit = async (event) => {
      event.preventDefault();
      if (!input.value) return;
      button.disabled = true;
      try {
        await core.vault.unlock(input.value);
        await core.opened();
        core.refresh();
      } catch (error) {
        if (!(error instanceof WrongPinError)) throw error;
        input.value = "";
        trouble.hidden = false;
        const seconds = Math.ceil((error.waitUntil - Date.now()) / 1000);
        trouble.textContent = seconds > 0 ? t("field_app.unlock.wait", { count: error.tries, seconds })
          : t("field_app.unlock.wrong", { count: error.tries });
      } finally {
        button.disabled = false;
      }
    };
    const keys = ["1", "2", "3", "4", "5", "6", "7", "8", "9"].map((digit) =>
      h("button", { type: "button", class: "btn f-key", onclick: () => press(digit) }, digit));
    core.fill(root, h("h1", {}, t("field_app.unlock.title")),
      core.counts.waiting ? h("p", { class: "f-lead" }, t("field_app.unlock.waiting", { count: core.counts.waiting })) : null,
      h("form", { class: "f-unlock", novalidate: true, onsubmit: submit }, label, trouble,
        h("div", { class: "f-keys" }, keys,
          h("button", { type: "button", class: "btn f-key", "aria-label": t("field_app.unlock.erase"),
                        onclick: () => { input.value = input.value.slice(0, -1); } }, icon("backspace")),
          h("button", { type: "button", class: "btn f-key", onclick: () => press("0") }, "0"),
          h("span", {})), button));
  },
  close() {},
};
