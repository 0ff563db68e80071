// What a screen may use. Nothing else of the app is meant for screens (dom.js may be imported too).
//
//   core.device                     {id, name, holder, role, level, label, places, ends_at, lookup_key}
//   await core.package(name)        decrypted content with made_at; null: the device has none; throws DataWithheldError after
//                                   24 h without a contact
//   await core.record(kind, body, {happenedAt, id}) → item   on the disk, sealed, before it resolves. Throws where the phone
//                                   is full (the person is told already): keep what is on the screen and offer it again.
//   core.items(filter)              own items in order, {id, seq, kind, body, state, happened_at, at, answer}; state: waiting, sent,
//                                   accepted, refused, settled. filter: {kind, kinds, state, states} or a function
//   core.onChange(fn) → stop        fn(what): items, packages, contact, network
//   core.onScan(fn) → stop          fn(text, how): hardware scanner, camera, typing; the newest listener hears it
//   await core.scan({formats, title}) → text or null     opens the camera; typing and the hardware scanner end there too
//   core.t(key, gaps) · core.firstText(keys, gaps) · core.language() · core.time(date) · core.age(ms) · core.now() → Date
//   core.say(text, {lead, tone})    large, and spoken where the person wants it; goes away by itself or by a touch
//   core.tell(text, tone, {stays})  a line at the foot: good, warn, bad, info
//   await core.ask({title, lines, choices: [{value, label, tone, icon}], reason: {label, choices, isNeeded}, fields}) → null
//                                   (closed) or {value, reason, fields}
//   core.go(screen, params) · core.back() · core.refresh()      params stay in memory, never in the address
//   core.go(screen, params, { instead: true })               back() leads past the screen that is left
//   await core.kept(name) · await core.keep(name, value)    small sealed things of a screen that outlive it
//   core.request(path, {method, body})   a live question to the server (api/v1/…): throws AnswerError, or NoAnswerError (no network)
//   core.network()                  {state: online|offline|unreachable|trouble|unknown, trouble, isRunning}
//   core.h(tag, attributes, …children) · core.icon(name) · core.words(item) · core.why(item) · core.warnings(item)
//
// Listeners of a screen (onChange, onScan) are stopped by the app when the screen is left.
// Classes of field.css, named as the desk's: btn btn-primary btn-danger btn-quiet btn-block · card card-body · form-control
// form-select form-label · badge · f-list f-row (a list of large rows; f-row-main, f-row-side, f-fine) · f-buttons ·
// f-answer lf-tone-good|warn|bad|info|quiet|unknown (colour, word and symbol) · f-big (a number to read at arm's length).

import { Clock } from "./clock.js";
import { fromBase64, seal, unseal } from "./crypto.js";
import { fill, h, icon } from "./dom.js";
import { Outbox, StorageFullError } from "./outbox.js";
import { onScan, scanOnce } from "./scanner.js";
import { screens } from "./screens.js";
import { openStore } from "./store.js";
import { Sync, request } from "./sync.js";
import { age, clockTime, firstText, language, t } from "./texts.js";
import { ask, say, tell } from "./voice.js";
import { Vault } from "./vault.js";

export class DataWithheldError extends Error {}

const AREAS = ["field_app", "field_sampling", "field_door", "field_courier", "field_gate", "field_proof"];
const CHANNEL = "lianfang-field";

class Core {
  constructor() {
    this.packages = new Map();
    this.listeners = new Set();
    this.ofScreen = [];
    this.clock = new Clock();
    this.h = h;
    this.icon = icon;
    this.t = t;
    this.firstText = firstText;
    this.language = language;
    this.time = clockTime;
    this.age = age;
    this.fromBase64 = fromBase64;
    this.counts = { waiting: 0, sent: 0, refused: 0 };
  }

  // ---- for app.js and the screens of the frame only

  async start({ wiped, go }) {
    this.store = await openStore();
    this.vault = new Vault(this.store);
    this.outbox = new Outbox(this.store, this.vault);
    this.clock.load(await this.store.meta("trips"));
    this._go = go;
    this.sync = new Sync({
      store: this.store, vault: this.vault, outbox: this.outbox, clock: this.clock, packages: this.packages,
      changed: (what) => this._changed(what), wiped: async (lost) => { await this.wipe(); wiped(lost); } });
    this.tabs = new BroadcastChannel(CHANNEL);
    this.tabs.onmessage = ({ data }) => this._heardFromTab(data, wiped);
    this.counts = await this.outbox.counts();
  }

  async opened() {
    await this.outbox.open();
    await this._loadPackages();
    await this._changed("items");
    this.sync.soon(0);
  }

  lock() {
    this.sync.stop();
    this.vault.lock();
    this.outbox.close();
    this.packages.clear();
  }

  async wipe(remember) {
    this.lock();
    await this.vault.wipe(remember);
    this.counts = { waiting: 0, sent: 0, refused: 0 };
    this.tabs.postMessage("wiped");
  }

  leftScreen() {
    for (const stop of this.ofScreen.splice(0)) stop();
  }

  async _loadPackages() {
    this.packages.clear();
    if (!this.vault.keys || !this.vault.keys.packages) return;
    for (const name of await this.store.packageNames()) {
      const row = await this.store.package(name);
      this.packages.set(name, { etag: row.etag, fetched_at: row.fetched_at,
                                content: await unseal(this.vault.keys.packages, `package ${name}`, row) });
    }
  }

  async _changed(what, isOurs = true) {
    if (isOurs && (what === "items" || what === "packages" || what === "contact")) this.tabs.postMessage(what);
    if (what === "items") this.counts = await this.outbox.counts();
    for (const listen of [...this.listeners]) listen(what);
  }

  async _heardFromTab(what, wiped) {
    if (what === "wiped") { this.lock(); this.counts = { waiting: 0, sent: 0, refused: 0 }; wiped(0); return; }
    if (!this.vault.keys) { this.counts = await this.outbox.counts(); return; }
    if (what === "items") await this.outbox.refresh();
    if (what === "contact") {
      await this.vault.heardOfContact();
      this.clock.load(await this.store.meta("trips"));
      this.sync.network = "online";
    }
    if (what === "packages") {
      await this.vault.heardOfContact();
      await this._loadPackages();
    }
    await this._changed(what, false);
  }

  // ---- for every screen

  get device() { return this.vault.device; }

  async package(name) {
    await this.vault.watch();
    if (this.vault.isStale()) { this.packages.clear(); throw new DataWithheldError("no contact for 24 hours"); }
    const found = this.packages.get(name);
    return found ? found.content : null;
  }

  async record(kind, body, { happenedAt, id } = {}) {
    try {
      const item = await this.outbox.record(kind, body, { happenedAt, id, offset: this.clock.offset() });
      await this._changed("items");
      this.sync.soon();
      return item;
    } catch (error) {
      if (error instanceof StorageFullError) this.tell(t("field_app.full"), "bad", { stays: true });
      throw error;
    }
  }

  items(filter) {
    const all = this.outbox.all();
    if (!filter) return all.slice();
    if (typeof filter === "function") return all.filter(filter);
    const kinds = filter.kinds || (filter.kind ? [filter.kind] : null);
    const states = filter.states || (filter.state ? [filter.state] : null);
    return all.filter((item) => (!kinds || kinds.includes(item.kind)) && (!states || states.includes(item.state)));
  }

  onChange(listen) {
    this.listeners.add(listen);
    const stop = () => this.listeners.delete(listen);
    this.ofScreen.push(stop);
    return stop;
  }

  // As onChange, for what outlives a screen: the bar.
  always(listen) { this.listeners.add(listen); }

  onScan(listen) {
    const stop = onScan(listen);
    this.ofScreen.push(stop);
    return stop;
  }

  async scan(options) {
    const found = await scanOnce(options);
    return found ? found.text : null;
  }

  now() { return this.clock.now(); }
  say(text, options) { return say(text, { voice: this.look.voice, ...options }); }
  tell(text, tone, options) { return tell(text, tone, options); }
  ask(options) { return ask(options); }
  go(screen, params, how) { this._go(screen, params, how); }
  back() { history.back(); }
  refresh() { this._go(null); }
  fill(root, ...children) { return fill(root, ...children); }

  network() { return { state: this.sync.network, trouble: this.sync.trouble, isRunning: this.sync.isRunning }; }

  async request(path, options = {}) {
    const { told } = await request(path, { device: this.device, ...options });
    return told;
  }

  async kept(name) {
    const row = await this.store.kept(name);
    return row ? unseal(this.vault.keys.own, `kept ${name}`, row) : null;
  }

  async keep(name, value) { await this.store.keep(name, await seal(this.vault.keys.own, `kept ${name}`, value)); }

  // ---- what an item and its answer say

  words(item) {
    for (const screen of screens.values())
      if (screen.kinds && screen.kinds[item.kind]) {
        const told = screen.kinds[item.kind](item, this);
        if (told) return told;
      }
    return "";
  }

  kindTitle(kind) {
    const tail = kind.replace(".", "_");
    return firstText(AREAS.map((area) => `${area}.kind.${tail}`), {}) || kind;
  }

  // A code is a whole key, or the tail of one of ours.
  sayCode(code, gaps, table) {
    const tail = code.split(".").pop();
    const field = gaps && gaps.field && firstText([`devices.body.${gaps.field}`], {});
    const keys = [code, ...AREAS.map((area) => `${area}.${table}.${tail}`), `devices.${table}.${tail}`];
    return firstText(keys, field ? { ...gaps, field } : gaps);
  }

  why(item) {
    const { code = "", gaps = {} } = item.answer || {};
    return this.sayCode(code, gaps, "refused") || t("field_app.refused.other", { code: code || "?" });
  }

  warnings(item) {
    const { warnings = [], gaps = {} } = item.answer || {};
    return warnings.map((code) => this.sayCode(code, gaps || {}, "warning") || code);
  }
}

export const core = new Core();
core.look = { language: "zh-Hans", theme: "auto", voice: true, contrast: false };
