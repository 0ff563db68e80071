// What the app says to the person: large and spoken, a line at the foot, a question.

import { h, icon } from "./dom.js";
import { language, t } from "./texts.js";

const SHOWN_MS = 2200;
const SYMBOLS = { good: "circle-check", warn: "alert-triangle", bad: "alert-octagon", info: "info-circle", quiet: "circle" };
let large = null, timer = null;

function speak(text) {
  if (!("speechSynthesis" in window)) return;
  speechSynthesis.cancel();
  const words = new SpeechSynthesisUtterance(text);
  words.lang = /[\u3400-\u9fff]/.test(text) ? "zh-CN" : language();
  words.rate = 0.95;
  speechSynthesis.speak(words);
}

export function say(text, { voice = true, lead = "", tone = "good", ms = SHOWN_MS } = {}) {
  clearTimeout(timer);
  if (large) large.remove();
  large = h("div", { class: `f-say lf-tone-${tone}`, role: "status", "aria-live": "assertive", onclick: () => large && large.remove() },
    h("div", { class: "f-say-inner" }, icon(SYMBOLS[tone] || "circle"), h("p", { class: "f-say-text" }, text),
      lead ? h("p", { class: "f-say-lead" }, lead) : null));
  document.body.append(large);
  timer = setTimeout(() => { if (large) large.remove(); }, ms);
  if (voice) speak(text);
}

export function tell(text, tone = "info", { stays = false } = {}) {
  const place = document.getElementById("tells");
  for (const one of [...place.children]) if (one.dataset.text === text) one.remove();
  const line = h("div", { class: `f-tell lf-tone-${tone}`, role: tone === "bad" ? "alert" : "status", dataset: { text } },
    icon(SYMBOLS[tone] || "info-circle"), h("p", {}, text),
    h("button", { type: "button", class: "f-plain", "aria-label": t("field_app.close"), onclick: () => line.remove() }, icon("x")));
  place.append(line);
  if (!stays) setTimeout(() => line.remove(), tone === "bad" || tone === "warn" ? 9000 : 4000);
  return () => line.remove();
}

// A question over the page. null where it was closed, else {value, reason, fields}.
export function ask({ title, lines = [], choices = [], reason = null, fields = [], tone = "" }) {
  return new Promise((resolve) => {
    const before = document.activeElement;
    const words = reason ? h("input", { class: "form-control", maxlength: 200, "aria-label": reason.label, autocomplete: "off" }) : null;
    const inputs = fields.map((field) => h("input", {
      class: "form-control", name: field.name, value: field.value || "", inputmode: field.inputmode, type: field.type || "text",
      autocomplete: "off", required: field.isNeeded, maxlength: field.most || 80, pattern: field.pattern }));
    const missing = h("p", { class: "f-missing", role: "alert", hidden: true });
    const form = h("form", { class: "f-ask-inner", novalidate: true, onsubmit: (event) => { event.preventDefault(); choose(choices[0]); } },
      h("h2", {}, title), lines.map((line) => h("p", {}, line)),
      fields.map((field, place) => h("label", { class: "form-label" }, field.label, inputs[place],
        field.hint ? h("small", { class: "f-fine" }, field.hint) : null)),
      reason ? h("div", { class: "f-reason" }, h("span", { class: "form-label" }, reason.label),
        h("div", { class: "f-chips" }, (reason.choices || []).map((one) =>
          h("button", { type: "button", class: "btn f-chip", onclick: () => { words.value = one; } }, one))), words) : null,
      missing,
      h("div", { class: "f-buttons f-stack" }, choices.map((choice, place) =>
        h("button", { type: place ? "button" : "submit", class: `btn ${choice.tone === "bad" ? "btn-danger" : place ? "" : "btn-primary"}`,
                      dataset: { value: choice.value }, onclick: place ? () => choose(choice) : null },
          choice.icon ? icon(choice.icon) : null, choice.label)),
        choices.some((choice) => choice.isPlain) ? null
          : h("button", { type: "button", class: "btn btn-quiet", dataset: { value: "" }, onclick: () => end(null) }, t("field_app.cancel"))));
    const box = h("div", { class: `f-ask ${tone ? `lf-tone-${tone}` : ""}`, role: "dialog", "aria-modal": "true", "aria-label": title }, form);
    const onEscape = (event) => { if (event.key === "Escape") { event.stopPropagation(); end(null); } };
    document.addEventListener("keydown", onEscape);

    function end(answer) {
      document.removeEventListener("keydown", onEscape);
      box.remove();
      if (before && before.isConnected && before.focus) before.focus();
      resolve(answer);
    }

    function choose(choice) {
      if (!choice) return;
      const isPlain = choice.isPlain;
      const unfit = isPlain ? null : fields.find((field, place) => !inputs[place].checkValidity());
      const isReasonless = reason && reason.isNeeded && !isPlain && !words.value.trim();
      if (unfit || isReasonless) {
        missing.hidden = false;
        missing.textContent = unfit ? unfit.missing || t("field_app.fill_in", { name: unfit.label }) : t("field_app.reason_needed");
        (unfit ? inputs[fields.indexOf(unfit)] : words).focus();
        return;
      }
      end({ value: choice.value, reason: words ? words.value.trim() : "",
            fields: Object.fromEntries(fields.map((field, place) => [field.name, inputs[place].value.trim()])) });
    }

    document.body.append(box);
    (inputs[0] || box.querySelector("button[type=submit]") || box.querySelector("button")).focus();
  });
}
