// The frame: texts, look, enrolment or unlocking, the screens and the way between them.

import { showBar } from "./bar.js";
import { core } from "./core.js";
import { fill, h, icon } from "./dom.js";
import { listenToKeys } from "./scanner.js";
import { isFor, loadScreens, screens } from "./screens.js";
import enrol from "./screens/enrol.js";
import home from "./screens/home.js";
import unlock from "./screens/unlock.js";
import withdrawn from "./screens/withdrawn.js";
import { LANGUAGES, bestLanguage, t, useLanguage } from "./texts.js";

const IDLE_LOCK_MS = 45 * 60000;
const HIDDEN_LOCK_MS = 10 * 60000;
const UPDATE_MS = 3600000;
const root = document.getElementById("screen");
// What a screen was opened with, by the number in the address: in memory, and the last one sealed, so that a phone that was
// started again comes back to the same door.
const opened = new Map();
const LAST = "frame.last";
let number = 0, shown = null, touchedAt = Date.now(), hiddenAt = null, drawBar = () => {};

for (const one of [enrol, home, unlock, withdrawn]) screens.set(one.name, one);

const place = () => {
  const [name, at] = location.hash.slice(1).split("~");
  return { name: name || "home", at: Number(at) || 0 };
};

function go(name, params = {}, { instead = false } = {}) {
  if (name === null) { show(); return; }
  number = Math.max(number, place().at) + 1;
  opened.set(number, params);
  if (core.vault.keys) core.keep(LAST, { at: number, params }).catch((error) => console.error(error));
  const hash = `#${name}~${number}`;
  if (instead || (screens.get(name) && screens.get(name).isRoot)) history.replaceState(null, "", hash);
  else history.pushState(null, "", hash);
  show();
}

async function show() {
  const state = await core.vault.state();
  let { name, at } = place();
  if (enrol.token || (state === "none" && name !== "withdrawn")) name = "enrol";
  else if (state === "locked") name = "unlock";
  else if (state === "open" && (name === "enrol" || name === "unlock")) name = "home";
  let screen = screens.get(name);
  if (screen === enrol && state === "open" && !enrol.token) screen = home;
  if (!screen || (state === "open" && !isFor(screen, core.device.role))) screen = home;
  if (state === "open" && at && !opened.has(at)) {
    const last = await core.kept(LAST);
    if (last && last.at === at) opened.set(at, last.params);
    else if (screen.isHidden) screen = home;
  }
  if (shown && shown.close) shown.close();
  core.leftScreen();
  shown = screen;
  document.body.dataset.screen = screen.name;
  drawBar();
  const page = h("div", { class: "f-page" });
  try {
    await screen.open(page, core, opened.get(at) || {});
  } catch (error) {
    if (error.constructor.name === "DataWithheldError") withheld(page);
    else { console.error(error); failed(page, error); }
  }
  if (shown !== screen) return;
  fill(root, page);
  root.scrollTop = 0;
  scrollTo(0, 0);
}

function withheld(page) {
  fill(page, h("div", { class: "f-answer lf-tone-warn" }, icon("lock"), h("h1", {}, t("field_app.withheld.title")),
    h("p", {}, t("field_app.withheld.text")), h("p", {}, t("field_app.withheld.kept", { count: core.counts.waiting })),
    h("button", { type: "button", class: "btn btn-primary btn-block", onclick: retry }, t("field_app.withheld.retry"))));
}

async function retry() {
  if (await core.sync.now()) show();
  else core.tell(t("field_app.withheld.still"), "warn");
}

function failed(page, error) {
  fill(page, h("div", { class: "f-answer lf-tone-bad" }, icon("alert-octagon"), h("h1", {}, t("field_app.failed.title")),
    h("p", {}, t("field_app.failed.text")), h("p", { class: "f-fine" }, String(error.message || error)),
    h("button", { type: "button", class: "btn btn-block", onclick: () => go("home") }, t("field_app.home.title"))));
}

// ---- how it looks

export function dress() {
  const isDark = core.look.theme === "dark" || (core.look.theme === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.bsTheme = isDark ? "dark" : "light";
  document.documentElement.dataset.contrast = core.look.contrast ? "more" : "";
}

core.setLook = async (change) => {
  const before = core.look.language;
  core.look = { ...core.look, ...change };
  if (core.look.language !== before) await useLanguage(core.look.language);
  await core.store.putMeta({ look: core.look });
  dress();
  drawBar();
};
core.languages = LANGUAGES;

// ---- locking by itself

function watchIdle() {
  const touch = () => { touchedAt = Date.now(); };
  for (const name of ["pointerdown", "keydown"]) addEventListener(name, touch, { capture: true, passive: true });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) { hiddenAt = Date.now(); return; }
    if (hiddenAt && Date.now() - hiddenAt > HIDDEN_LOCK_MS) lock();
    hiddenAt = null;
  });
  setInterval(async () => {
    if (!core.vault.keys) return;
    if (await core.vault.watch()) { core.packages.clear(); show(); }
    if (Date.now() - touchedAt > IDLE_LOCK_MS) lock();
  }, 30000);
}

function lock() {
  if (!core.vault.keys) return;
  core.lock();
  show();
}
core.lockNow = lock;

// ---- the service worker: the app itself without a network

async function keepOffline() {
  if (!("serviceWorker" in navigator)) return;
  const registration = await navigator.serviceWorker.register("sw.js");
  setInterval(() => registration.update().catch(() => {}), UPDATE_MS);
  const ready = () => {
    if (!registration.waiting || !navigator.serviceWorker.controller) return;
    core.update = () => registration.waiting && registration.waiting.postMessage("take over");
    core.tell(t("field_app.update_ready"), "info", { stays: true });
    if (shown && shown.name === "home") show();
  };
  ready();
  registration.addEventListener("updatefound", () => {
    const coming = registration.installing;
    coming.addEventListener("statechange", () => { if (coming.state === "installed") ready(); });
  });
  let isReloading = false, had = Boolean(navigator.serviceWorker.controller);
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    if (had && !isReloading) { isReloading = true; location.reload(); }
    had = true;
  });
}

// An invitation leaves the address, and with it the history, at once.
function takeInvitation() {
  const invited = /^#enrol=(.+)$/.exec(location.hash);
  if (!invited) return;
  history.replaceState(null, "", "#enrol");
  enrol.token = decodeURIComponent(invited[1]);
}

async function start() {
  takeInvitation();
  await core.start({
    go,
    wiped: (lost) => {
      opened.clear();
      withdrawn.lost = lost;
      history.replaceState(null, "", "#withdrawn");
      show();
    },
  });
  const look = await core.store.meta("look");
  core.look = { ...core.look, language: bestLanguage(), ...look };
  dress();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", dress);
  await useLanguage(core.look.language);
  drawBar = showBar(core, document.getElementById("bar"), {
    isWanted: () => Boolean(shown && !["home", "unlock", "enrol", "withdrawn"].includes(shown.name)),
    go: () => (number ? history.back() : go("home")),
  });
  listenToKeys();
  watchIdle();
  await loadScreens();
  addEventListener("popstate", () => { takeInvitation(); show(); });
  await show();
  document.body.dataset.ready = "yes";
  keepOffline().catch((error) => console.error("no service worker", error));
}

start().catch((error) => {
  console.error(error);
  fill(root, h("div", { class: "f-start" }, h("p", {}, "联防 Lianfang"), h("p", {}, String(error.message || error)),
    h("p", {}, "请关闭后重新打开。Please close the app and open it again.")));
});
