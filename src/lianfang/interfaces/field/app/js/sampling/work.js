// What the sampling screens have in common: the sheet, the tube in hand, taking a swab, what a scan means.

import { icon } from "../dom.js";
import { lookupOf } from "../rules/lookup.js";
import { remaining, tubeWarnings } from "../rules/tube.js";
import { readScan } from "./codes.js";
import { Sheet } from "./sheet.js";

const CHOICE = "sampling.choice";
export const SIZES = [1, 5, 10, 20];
export const REASONS = { refused: ["unwilling", "quarrel"], absent: ["no_answer", "at_work"], away: ["other_city", "hospital", "with_family"],
                         exempt: ["infant", "ill", "just_tested"] };

export class Work {
  static async load(core) {
    const work = new Work(core);
    await work.refresh();
    return work;
  }

  constructor(core) { this.core = core; }

  async refresh() {
    const content = await this.core.package("sampling");
    this.choice = (await this.core.kept(CHOICE)) || {};
    this.sheet = content ? new Sheet(content, this.core.items(), this.choice) : null;
    if (this.sheet && this.choice.tube && !this.sheet.tube(this.choice.tube)) this.choice.tube = null;
  }

  get tube() {
    const tube = this.sheet && this.sheet.tube(this.choice.tube);
    return tube && tube.state === "open" ? tube : null;
  }

  async choose(change) {
    this.choice = { ...this.choice, ...change };
    await this.core.keep(CHOICE, this.choice);
    await this.refresh();
  }

  async record(kind, body, options) {
    const item = await this.core.record(kind, body, options);
    await this.refresh();
    return item;
  }

  left(tube) { return remaining({ ...tube, count: tube.samples.length }); }

  leftWords(tube) {
    const left = this.left(tube);
    return left === null ? this.core.t("field_sampling.tube.household_left", { count: tube.samples.length })
      : left ? this.core.t("field_sampling.tube.left", { count: left }) : this.core.t("field_sampling.tube.full");
  }

  sizeWords(tube) {
    if (tube.is_household) return this.core.t("field_sampling.tube.household");
    return tube.capacity === 1 ? this.core.t("field_sampling.tube.single") : this.core.t("field_sampling.tube.pool", { count: tube.capacity });
  }

  // ---- tubes

  // Takes a label into use, or goes back to a tube that is open. ``building``: where we stand.
  async takeTube(code, building) {
    const { core, sheet } = this;
    const { t } = core;
    const known = sheet.tube(code);
    if (known && known.state === "open") { await this.choose({ tube: code }); this._toldTube(this.tube); return true; }
    if (known) { core.tell(t("field_sampling.tube.not_open", { code, state: t(`field_sampling.tube_state.${known.state}`) }), "bad"); return false; }
    const kit = sheet.kitOf(code);
    if (kit && kit.round !== sheet.round.id) { core.tell(t("field_sampling.tube.other_round", { code }), "bad"); return false; }
    const size = kit ? { capacity: kit.capacity, is_household: Boolean(kit.is_household) } : await this._askSize(code);
    if (!size) return false;
    await this.record("tube.opened", { round: sheet.round.id, code, ...size, team: sheet.team ? sheet.team.id : null, building: building || null });
    await this.choose({ tube: code });
    this._toldTube(this.tube);
    return true;
  }

  _toldTube(tube) {
    this.core.tell(this.core.t("field_sampling.tube.in_hand", { code: tube.code, kind: this.sizeWords(tube) }), "good");
  }

  async _askSize(code) {
    const { core, sheet } = this, { t } = core;
    const usual = sheet.round.pool_size;
    const sizes = [...new Set([usual, ...SIZES])].filter(Boolean);
    const answer = await core.ask({
      title: t("field_sampling.tube.which_size"), lines: [code, t("field_sampling.tube.which_size_text")],
      choices: [...sizes.map((size) => ({ value: size, label: size === 1 ? t("field_sampling.tube.single") : t("field_sampling.tube.pool", { count: size }) })),
        { value: "household", label: t("field_sampling.tube.household"), icon: "home" }] });
    if (!answer) return null;
    return answer.value === "household" ? { capacity: 20, is_household: true } : { capacity: answer.value, is_household: false };
  }

  // ---- swabs

  who(person) { return person.client && !(person.key > 0) ? { client: person.client } : { person: person.key }; }

  // Books one swab on the tube in hand, asks first where something is unusual. True where it was booked.
  async take(person, how) {
    const { core, sheet } = this, { t } = core, tube = this.tube;
    if (!tube) { core.tell(t("field_sampling.no_tube"), "warn"); return false; }
    if (sheet.isIn(person, tube)) { core.tell(t("field_sampling.already_in_tube", { name: person.name, code: tube.code }), "info"); return false; }
    const warned = tubeWarnings(sheet.facts(person, tube));
    let override = "";
    if (warned.length) {
      const answer = await core.ask({
        title: person.name, tone: "warn", lines: warned.map((code) => this._warning(code, person, tube)),
        reason: { label: t("field_sampling.override_reason"), isNeeded: true, choices: ["checked", "resampled", "helping"].map((name) => t(`field_sampling.override.${name}`)) },
        choices: [{ value: "no", label: t("field_sampling.dont_take"), isPlain: true }, { value: "take", label: t("field_sampling.take_all_the_same"), tone: "bad", icon: "test-pipe" }] });
      if (!answer || answer.value !== "take") return false;
      override = answer.reason;
    }
    const position = tube.samples.reduce((most, one) => Math.max(most, one.position || 0), 0) + 1;
    await this.record("sample.taken", { round: sheet.round.id, tube: tube.code, ...this.who(person), position, warned, how, ...(override ? { override } : {}) });
    core.say(person.name, { lead: `${t("field_sampling.position", { position })} · ${this.leftWords(this.tube || tube)}`, tone: warned.length ? "warn" : "good" });
    if (navigator.vibrate) navigator.vibrate(40);
    return true;
  }

  _warning(code, person, tube) {
    const { sheet, core } = this, state = sheet.stateOf(person.key), home = sheet.home(person.household);
    return core.t(`field_sampling.warning.${code}`, {
      code: tube.code, tube: state.tube || "–", building: tube.building ? sheet.placeName(tube.building) : "–",
      home: home ? sheet.homeName(home) : "–", reason: state.reason || "–", capacity: tube.capacity });
  }

  async takeHousehold(home, how) {
    const due = this.sheet.membersOf(home).filter((one) => this.sheet.stateOf(one.key).state === "missing");
    const { t } = this.core;
    if (!due.length) { this.core.tell(t("field_sampling.household_done"), "info"); return; }
    const answer = await this.core.ask({ title: this.sheet.homeName(home), lines: [t("field_sampling.household_take", { count: due.length }), due.map((one) => one.name).join(t("field_sampling.comma"))],
                                         choices: [{ value: "all", label: t("field_sampling.household_take_all", { count: due.length }), icon: "users" }] });
    if (!answer) return;
    for (const person of due) await this.take(person, how);
  }

  async takeBack(tube) {
    const { core } = this, { t } = core;
    const own = tube.samples.filter((one) => one.isOurs), last = own[own.length - 1];
    if (!last) { core.tell(t("field_sampling.nothing_to_take_back"), "info"); return; }
    const answer = await core.ask({ title: t("field_sampling.take_back_title", { name: last.name }), lines: [t("field_sampling.take_back_text", { code: tube.code })],
                                    reason: { label: t("field_sampling.reason"), choices: ["wrong_person", "no_swab", "wrong_tube"].map((name) => t(`field_sampling.back.${name}`)), isNeeded: true },
                                    choices: [{ value: "yes", label: t("field_sampling.take_back"), icon: "arrow-back-up" }] });
    if (!answer) return;
    await this.record("sample.voided", { sample: last.ref, reason: answer.reason });
    core.tell(t("field_sampling.taken_back", { name: last.name }), "info");
  }

  // refuse, absent, away, exempt: with a reason.
  async claim(person, claim) {
    const { core } = this, { t } = core;
    const answer = await core.ask({ title: `${person.name} · ${t(`field_sampling.claim.${claim}`)}`, lines: [t(`field_sampling.claim_text.${claim}`)],
                                    reason: { label: t("field_sampling.reason"), isNeeded: true, choices: REASONS[claim].map((name) => t(`field_sampling.because.${name}`)) },
                                    choices: [{ value: "yes", label: t("field_sampling.claim_save"), icon: "check" }] });
    if (!answer) return;
    await this.record("claim.made", { round: this.sheet.round.id, ...this.who(person), claim, reason: answer.reason });
  }

  async addPerson({ home, unit }) {
    const { core } = this, { t } = core;
    const answer = await core.ask({
      title: t("field_sampling.add"), lines: [home ? this.sheet.homeName(home) : this.sheet.placeName(unit), t("field_sampling.add_text")],
      fields: [...(home ? [] : [{ name: "room", label: t("field_sampling.room"), isNeeded: true, most: 20 }]), { name: "name", label: t("field_sampling.name"), isNeeded: true },
        { name: "phone", label: t("field_sampling.phone"), inputmode: "tel", most: 20 }, { name: "identity", label: t("field_sampling.identity"), most: 20 }],
      choices: [{ value: "add", label: t("field_sampling.add_save"), icon: "user-plus" }] });
    if (!answer) return null;
    const { room, name, phone, identity } = answer.fields;
    const where = home && typeof home.id === "number" ? { household: home.id } : { unit: home ? home.unit : unit, room: home ? home.room : room };
    const item = await this.record("person.added", { round: this.sheet.round.id, ...where, name, ...(phone ? { phone } : {}), ...(identity ? { identity: identity.toUpperCase() } : {}) });
    return this.sheet.person(item.id);
  }

  // ---- what a scan means here

  async heard(text, how, { building, showHome }) {
    const { core, sheet } = this, { t } = core;
    const read = readScan(text, (code) => sheet.knowsTube(code));
    if (read.kind === "misread") { core.tell(t("field_sampling.misread", { code: read.code }), "bad"); return; }
    if (read.kind === "tube") {
      const isNew = read.isUnknown && this.tube;
      if (isNew && !(await core.ask({ title: t("field_sampling.tube.is_it_a_tube", { code: read.code }), choices: [{ value: "yes", label: t("field_sampling.tube.yes_new"), icon: "test-pipe" }] }))) return;
      await this.takeTube(read.code, building);
      return;
    }
    if (read.kind === "household") {
      const home = sheet.home(read.id);
      if (!home) { core.tell(t("field_sampling.unknown_household"), "bad"); return; }
      if (isMadeUp(home, read)) { core.tell(t("field_sampling.misread", { code: read.code }), "bad"); return; }
      if (this.tube && this.tube.is_household) await this.takeHousehold(home, "household_code");
      else showHome(home);
      return;
    }
    const people = read.kind === "person" ? [sheet.person(read.id)]
      : read.kind === "document" ? [sheet.byLookup(await lookupOf(core.device.lookup_key, read.code))] : sheet.byName(read.code);
    const found = people.filter(Boolean);
    if (!found.length) { await this._nobody(read, building); return; }
    if (read.kind === "person" && isMadeUp(found[0], read)) { core.tell(t("field_sampling.misread", { code: read.code }), "bad"); return; }
    const person = found.length === 1 ? found[0] : await this._which(found);
    if (person) await this.take(person, read.kind === "person" ? "code" : read.kind === "document" ? "identity" : how === "typed" ? "typed" : "picked");
  }

  async _nobody(read, building) {
    const { core } = this, { t } = core;
    if (read.isMaybeTube && (await core.ask({ title: t("field_sampling.tube.is_it_a_tube", { code: read.code }), choices: [{ value: "yes", label: t("field_sampling.tube.yes_new"), icon: "test-pipe" }] }))) {
      await this.takeTube(read.code, building);
      return;
    }
    core.tell(t(read.kind === "person" ? "field_sampling.unknown_person_code" : "field_sampling.unknown_document"), "warn");
  }

  async _which(found) {
    const { core, sheet } = this;
    const answer = await core.ask({ title: core.t("field_sampling.which", { count: found.length }), choices: found.slice(0, 9).map((person, place) => {
      const home = sheet.home(person.household);
      return { value: `${place}`, label: [person.name, home && sheet.homeName(home), person.birth_year].filter(Boolean).join(" · ") };
    }) });
    return answer ? found[Number(answer.value)] : null;
  }
}

// The mark in a code is the server's: a number that somebody only counted up does not have it.
const isMadeUp = (one, read) => Boolean(one.code) && one.code !== read.code;

// The tube in hand, at the foot of each sampling screen: how much it still takes, and the camera.
export function tubeStrip(work, { building, showHome, onDone }) {
  const { core } = work, { h, t } = core, tube = work.tube;
  const scan = async () => {
    const text = await core.scan({ title: tube ? t("field_sampling.scan_person") : t("field_sampling.scan_tube") });
    if (text) { await work.heard(text, "camera", { building, showHome }); onDone(); }
  };
  const left = tube ? work.left(tube) : null;
  return h("div", { class: `f-strip ${tube ? (left === 0 ? "lf-tone-warn" : "lf-tone-info") : "lf-tone-quiet"}` },
    h("button", { type: "button", class: "f-strip-tube", disabled: !tube, onclick: () => core.go("sampling_tube", { code: tube.code }) },
      tube ? [h("b", { class: "f-big", dataset: { left: left === null ? "" : left } }, left === null ? String(tube.samples.length) : String(left)),
        h("span", {}, h("span", { class: "f-strip-words" }, left === null ? t("field_sampling.in_household_tube") : left ? t("field_sampling.still") : t("field_sampling.tube.full")),
          h("span", { class: "f-strip-code" }, tube.code))] : h("span", {}, t("field_sampling.no_tube"))),
    h("button", { type: "button", class: "btn btn-primary f-strip-scan", onclick: scan }, icon("scan"), tube ? t("field_sampling.scan") : t("field_sampling.scan_tube")));
}

export function nothing(core, root, key) {
  core.fill(root, core.h("h1", {}, core.t("field_sampling.title")), core.h("p", { class: "f-empty" }, core.t(key)));
}
