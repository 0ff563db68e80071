// What a gate decides and writes down; no page. Everything it needs lies on the phone.

import { newId } from "../crypto.js";
import { openFilter } from "../rules/changes.js";
import { prepare } from "../rules/ed25519.js";
import { gateAnswer } from "../rules/gate.js";
import { lookupOf } from "../rules/lookup.js";
import { readCode } from "../rules/tokens.js";

const PERMIT = /^LFX:([A-Z2-9]{8})$/;
const BARE = { kind: "compound", checks_in: true, checks_out: true, rules: {}, place_code: null };
const STATUSES = ["unknown", "green", "yellow", "red"];
const RECENT = 8;
const LIVE_MS = 2500;
// A later answer of the server may settle these.
const LIVE_HELPS = new Set(["status_not_carried", "status_too_old", "changed_since", "changes_missing", "changes_too_old",
  "changes_do_not_reach", "negative_unknown", "negative_may_be_newer", "status_unknown", "status_yellow", "status_ran_out",
  "not_found", "code_expired", "code_unknown_key"]);
export const TONES = { pass: "good", stop: "bad", second_look: "warn", emergency: "info" };
export const SYMBOLS = { pass: "circle-check", stop: "hand-stop", second_look: "zoom-question", emergency: "ambulance" };

const seconds = (date) => Math.floor(date.getTime() / 1000);

export class Gatework {
  static async load(core) {
    const work = new Gatework(core);
    await Promise.all([work.refresh(), prepare()]);
    return work;
  }

  constructor(core) {
    this.core = core;
    this.own = null;
    this.people = new Map();
    this.numbers = new Map();
    this.carried = undefined;
  }

  // Packages once more, after they came in anew; what the guard chose stays.
  async refresh() {
    const { core } = this;
    const [gate, people, changes] = await this._packages();
    this.gates = gate ? gate.gates : [];
    this.keys = gate ? gate.keys : [];
    if (people !== this.carried) this._carry(people);
    this.peopleAt = people ? people.at : null;
    this.leftOut = people ? people.left_out : 0;
    this.changes = changes ? openFilter(changes.filter) : null;
    this.permits = gate ? gate.permits : [];
    this.own = this.own || (await core.kept("gate")) || { gate: null, direction: "in", plates: [], destinations: [], open: null };
    this._stand();
  }

  // After a day without a contact the phone shows nothing that it carries. The gate stays where it is, and opens.
  async _packages() {
    try {
      const found = await Promise.all(["gate", "gate_people", "gate_changes"].map((name) => this.core.package(name)));
      this.isWithheld = false;
      return found;
    } catch (error) {
      // By its name: benchmarks and rules run this file without the core.
      if (error.constructor.name !== "DataWithheldError") throw error;
      this.isWithheld = true;
      return [null, null, null];
    }
  }

  // The gate that was chosen, else the first; without a package the one that was remembered.
  _stand() {
    const { own } = this;
    this.gate = this.gates.find((one) => one.id === own.gate) || this.gates[0] || null;
    if (this.gate) Object.assign(own, { gate: this.gate.id, gateName: this.gate.name });
    else if (this.isWithheld && own.gate) this.gate = { ...BARE, id: own.gate, name: own.gateName };
    if (this.gate && !this.gate[`checks_${own.direction}`]) own.direction = this.gate.checks_in ? "in" : "out";
  }

  // Lines of words: pseudonym, number of the status, last negative, end, since when printed codes count, lookups.
  _carry(people) {
    this.carried = people;
    this.people = new Map();
    this.numbers = new Map();
    const moment = (word) => (word === "-" ? null : Number(word));
    for (const line of people && people.rows ? people.rows.split("\n") : []) {
      const [pseudonym, status, negative, until, printed, ...lookups] = line.split(" ");
      this.people.set(pseudonym, { status: STATUSES[status], last_negative_at: moment(negative), until_at: moment(until),
                                   printed_from_at: moment(printed) });
      // A telephone that a family shares names nobody.
      for (const one of lookups) this.numbers.set(one, this.numbers.has(one) ? null : pseudonym);
    }
  }

  get direction() { return this.own.direction; }

  async choose(part) {
    Object.assign(this.own, part);
    this._stand();
    await this.core.keep("gate", this.own);
  }

  // How old what the answers rest on is, in milliseconds; null: the phone carries nothing.
  age() { return this.peopleAt === null ? null : this.core.now().getTime() - this.peopleAt * 1000; }

  // ---- who is it

  // A scanned text: a person's code, a permit's, or something else.
  async begin(text) {
    const now = seconds(this.core.now());
    const permit = PERMIT.exec(text);
    if (permit) return this._beginPermit(permit[1]);
    const code = await readCode(text, { keys: this.keys, now, place: this.gate.place_code ? this.gate.place_code.code : "" });
    if (code.reading === "not_ours") return this._check({ proof: "none", shown: text });
    return this._check({ proof: code.kind === "printed" ? "printed" : "token", code, pseudonym: code.pseudonym, shown: text });
  }

  _beginPermit(letters) {
    const permit = this.permits.find((one) => one.code === letters);
    if (!permit) return this._check({ proof: "none", shown: letters, isPermit: true });
    return this._check({ proof: "lookup", pseudonym: permit.pseudonym, isPermit: true });
  }

  // Somebody without a phone: the number of a document or a telephone.
  async beginNumber(number) {
    const pseudonym = this.numbers.get(await lookupOf(this.core.device.lookup_key, number)) || null;
    return this._check({ proof: "lookup", pseudonym, typed: pseudonym ? "" : number });
  }

  // Nobody is named: a vehicle, or somebody who shows nothing.
  beginNobody() { return this._check({ proof: "none" }); }

  async _check(part) {
    const check = { id: newId(), at: new Date().toISOString(), gate: this.gate.id, direction: this.direction, proof: "none",
      code: null, pseudonym: null, typed: "", shown: "", temperature: null, plate: "", destination: "", companions: 0, travel: null,
      vaccine_doses: null, live: null, decided: null, ...part };
    await this.decide(check);
    return check;
  }

  // ---- the answer

  async decide(check) {
    const now = seconds(this.core.now());
    const changed = this.changes && check.pseudonym
      ? { is_hit: await this.changes.has(check.pseudonym), since_at: this.changes.since_at, made_at: this.changes.made_at } : null;
    const permit = this.permitOf(check, now);
    const facts = { proof: check.proof, code: check.code, known: this._known(check), changes: changed, temperature: check.temperature,
      permit: permit.state, permit_until_at: permit.until, permit_companions: permit.companions, companions: check.companions,
      travel: check.travel, vaccine_doses: check.vaccine_doses, is_emergency: false };
    check.permit = permit.state === "valid" ? permit.id : null;
    check.answer = gateAnswer(facts, this.gate.rules, now);
    return check.answer;
  }

  _known(check) {
    if (check.live && check.live.status) return check.live;
    const row = check.pseudonym ? this.people.get(check.pseudonym) : null;
    if (!row) return null;
    return { ...row, at: this.peopleAt, is_live: false };
  }

  // none, valid, not_now or other_gate: the best of those the person has.
  permitOf(check, now) {
    const own = [...this.permits, ...((check.live && check.live.permits) || [])].filter((one) => one.pseudonym === check.pseudonym);
    let found = { state: "none", id: null, until: null, companions: 0 };
    for (const one of own) {
      const isHere = one.gate === null || one.gate === check.gate;
      const window = one.windows.find(([from, until]) => from <= now && now < until);
      if (isHere && window) return { state: "valid", id: one.id, until: window[1], companions: one.companions };
      found = { ...found, state: window ? "other_gate" : "not_now" };
    }
    return found;
  }

  // Asks the server where it may know more, for a moment only. True where the answer is another one now.
  async askServer(check) {
    if (this.core.network().state === "offline" || !navigator.onLine) return false;
    if (check.proof === "none" && !check.pseudonym) return false;
    if (![check.answer.reason, ...check.answer.also].some((reason) => LIVE_HELPS.has(reason))) return false;
    const body = check.pseudonym ? { pseudonym: check.pseudonym, gate: check.gate }
      : check.typed ? { typed: check.typed, gate: check.gate } : { code: check.shown, gate: check.gate };
    try {
      const told = await Promise.race([this.core.request("gate/check", { method: "POST", body }),
        new Promise((_, fail) => setTimeout(() => fail(new TypeError("too slow")), LIVE_MS))]);
      if (!told.pseudonym) return false;
      const before = check.answer;
      Object.assign(check, { live: told, pseudonym: told.pseudonym });
      await this.decide(check);
      return check.answer.answer !== before.answer || check.answer.reason !== before.reason;
    } catch (error) {
      // Without the server the answer stands as the phone found it.
      if (error instanceof TypeError || error.name === "AbortError" || error.status) return false;
      throw error;
    }
  }

  // ---- writing down

  // ``decided``: {answer, reason} of the guard after a second look; else what the phone said.
  body(check) {
    const answer = check.decided || check.answer, body = { gate: check.gate, direction: check.direction, proof: check.proof,
      answer: answer.answer, reason: answer.reason, companions: check.companions };
    if (check.pseudonym) body.pseudonym = check.pseudonym;
    else if (check.typed) body.typed = check.typed;
    for (const name of ["temperature", "travel", "vaccine_doses", "permit"]) if (check[name] !== null) body[name] = check[name];
    for (const name of ["plate", "destination"]) if (check[name]) body[name] = check[name];
    if (this.peopleAt !== null) body.packages_at = new Date(this.peopleAt * 1000).toISOString();
    return body;
  }

  // What is open outlives a phone that dies in the hand: it is written down when the app is opened again.
  async keepOpen(check) {
    if (!check.isDone) await this.choose({ open: { id: check.id, at: check.at, body: this.body(check) } });
  }

  // A wrong scan: nobody was checked.
  async drop(check) {
    check.isDone = true;
    await this.choose({ open: null });
  }

  async record(check) {
    check.isDone = true;
    const { plates, destinations } = this.own;
    await this.core.record("gate.checked", this.body(check), { id: check.id, happenedAt: new Date(check.at) });
    await this.choose({ open: null, plates: front(plates, check.plate), destinations: front(destinations, check.destination) });
  }

  async recordLeftOpen() {
    const { open } = this.own;
    if (!open) return;
    const isThere = this.core.items({ kind: "gate.checked" }).some((item) => item.id === open.id);
    if (!isThere) await this.core.record("gate.checked", open.body, { id: open.id, happenedAt: new Date(open.at) });
    await this.choose({ open: null });
  }

  async emergency(check) {
    if (check) check.isDone = true;
    const body = { gate: this.gate.id, direction: this.direction, words: "" };
    if (check && check.pseudonym) body.pseudonym = check.pseudonym;
    else if (check && check.typed) body.typed = check.typed;
    const item = await this.core.record("gate.emergency", body);
    await this.choose({ open: null });
    return item;
  }

  addWords(emergency, words) {
    const { gate, direction } = emergency.body;
    return this.core.record("gate.emergency", { gate, direction, about: emergency.id, words });
  }

  takeBack(item) {
    const { gate, direction } = item.body;
    return this.core.record("gate.checked", { gate, direction, proof: "none", answer: "", reason: "taken_back", corrects: item.id });
  }

  // Own checks, the latest first, with those taken back marked.
  latest(most = 60) {
    const items = this.core.items({ kinds: ["gate.checked", "gate.emergency"] });
    const back = new Set(items.map((item) => item.body.corrects).filter(Boolean));
    return items.filter((item) => !item.body.corrects && !item.body.about).slice(-most).reverse()
      .map((item) => ({ item, isBack: back.has(item.id) }));
  }
}

function front(list, value) {
  return value ? [value, ...list.filter((one) => one !== value)].slice(0, RECENT) : list;
}
