// Language, look, voice, what the device is, locking it.

export default {
  name: "settings", roles: [], title: "field_app.settings.title", icon: "settings",

  async open(root, core) {
    const { h, t, icon, device } = core;
    const chips = (name, values) => h("div", { class: "f-chips" }, values.map(([value, label]) =>
      h("button", { type: "button", class: `btn f-chip ${core.look[name] === value ? "is-on" : ""}`, "aria-pressed": String(core.look[name] === value),
                    onclick: async () => { await core.setLook({ [name]: value }); core.refresh(); } }, label)));
    const space = navigator.storage && navigator.storage.estimate ? await navigator.storage.estimate() : null;
    const isKept = navigator.storage && navigator.storage.persisted ? await navigator.storage.persisted() : false;
    const facts = [["device", device.name], ["holder", device.holder], ["place", device.label], ["id", device.id],
      ["clock", core.clock.offset() === null ? "–" : t("field_app.settings.clock_off", { seconds: Math.round(core.clock.offset() / 1000) })],
      ["space", space ? t("field_app.settings.space_left", { used: mega(space.usage), free: mega(space.quota - space.usage) }) : "–"],
      ["kept", t(isKept ? "field_app.settings.kept_yes" : "field_app.settings.kept_no")]].filter(([, value]) => value);
    core.fill(root, h("h1", {}, t("field_app.settings.title")),
      h("h2", {}, t("field_app.settings.language")), chips("language", core.languages),
      h("h2", {}, t("field_app.settings.theme")), chips("theme", ["auto", "light", "dark"].map((name) => [name, t(`field_app.settings.theme_${name}`)])),
      h("h2", {}, t("field_app.settings.contrast")), chips("contrast", [[false, t("field_app.settings.contrast_plain")], [true, t("field_app.settings.contrast_more")]]),
      h("h2", {}, t("field_app.settings.voice")), chips("voice", [[true, t("field_app.yes")], [false, t("field_app.no")]]),
      h("button", { type: "button", class: "btn btn-primary btn-block", onclick: () => core.lockNow() }, icon("lock"), t("field_app.settings.lock")),
      h("h2", {}, t("field_app.settings.about")),
      h("dl", { class: "f-facts" }, facts.map(([name, value]) => [h("dt", {}, t(`field_app.settings.fact_${name}`)), h("dd", {}, String(value))])),
      h("button", { type: "button", class: "btn btn-danger btn-block", onclick: () => give(core) }, icon("trash"), t("field_app.settings.wipe")));
  },
  close() {},
};

const mega = (bytes) => (bytes / 1048576).toFixed(0);

// Giving the phone back: only when nothing waits, or with the word typed.
async function give(core) {
  const { t } = core;
  const waits = core.counts.waiting;
  const answer = await core.ask({
    title: t("field_app.settings.wipe"), tone: "bad",
    lines: [t("field_app.settings.wipe_text"), waits ? t("field_app.settings.wipe_waits", { count: waits }) : ""].filter(Boolean),
    fields: waits ? [{ name: "word", label: t("field_app.settings.wipe_type", { count: waits }), isNeeded: true, pattern: String(waits), inputmode: "numeric" }] : [],
    choices: [{ value: "keep", label: t("field_app.settings.wipe_no"), isPlain: true }, { value: "wipe", label: t("field_app.settings.wipe_yes"), tone: "bad", icon: "trash" }] });
  if (!answer || answer.value !== "wipe") return;
  await core.wipe();
  core.go("enrol");
}
