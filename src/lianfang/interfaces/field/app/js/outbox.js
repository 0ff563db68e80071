// What was done on this phone, in order: waiting (not sent), sent (the server keeps it), accepted, refused, settled
// (refused, and somebody has dealt with it).

import { newId, seal, unseal } from "./crypto.js";

const KEPT_MS = 48 * 3600 * 1000;
export const OUTCOMES = { received: "sent", accepted: "accepted", refused: "refused" };

export class StorageFullError extends Error {
  constructor(cause) { super("storage is full"); this.cause = cause; }
}

export class Outbox {
  constructor(store, vault) {
    this.store = store;
    this.vault = vault;
    this.rows = new Map();
    this.list = [];
  }

  async open() {
    this.rows.clear();
    await this.refresh();
    await this._tidy();
  }

  close() { this.rows.clear(); this.list = []; }

  // Takes over what another tab wrote.
  async refresh() {
    const fresh = new Map();
    for (const row of await this.store.items()) {
      const known = this.rows.get(row.seq);
      const isSame = known && known.state === row.state && known.n === row.n;
      fresh.set(row.seq, isSame ? known : await this._opened(row));
    }
    this.rows = fresh;
    this._relist();
  }

  async _opened(row) {
    const key = this.vault.keys.own;
    const told = await unseal(key, `item ${row.id}`, row);
    const answer = row.answer ? await unseal(key, `answer ${row.id}`, row.answer) : null;
    return { row, seq: row.seq, id: row.id, kind: row.kind, state: row.state, n: row.n || 0, at: row.at, ...told,
             answer };
  }

  _relist() { this.list = [...this.rows.values()].sort((one, other) => one.seq - other.seq); }

  all() { return this.list; }
  find(id) { return this.list.find((item) => item.id === id) || null; }

  async counts() {
    const states = ["waiting", "sent", "refused"];
    const found = await Promise.all(states.map((state) => this.store.countItems(state)));
    return Object.fromEntries(states.map((state, place) => [state, found[place]]));
  }

  // On the disk, sealed, before it resolves. Throws StorageFullError where the phone has no room.
  async record(kind, body, { happenedAt, offset, id = newId() } = {}) {
    const told = { body, happened_at: (happenedAt || new Date()).toISOString(), offset_ms: offset };
    const row = { id, kind, state: "waiting", at: Date.now(), ...(await seal(this.vault.keys.own, `item ${id}`, told)) };
    try {
      row.seq = await this.store.addItem(row);
    } catch (error) {
      if (error && (error.name === "QuotaExceededError" || error.name === "AbortError")) throw new StorageFullError(error);
      throw error;
    }
    const item = { row, seq: row.seq, id, kind, state: "waiting", n: 0, at: row.at, ...told, answer: null };
    this.rows.set(row.seq, item);
    this._relist();
    return item;
  }

  // The server's answers, in any order; one that is older than what is known changes nothing. ``tookAt``: by the server's
  // clock, so that a package can be told from one made before.
  async take(answers, tookAt) {
    const byId = new Map(this.list.map((item) => [item.id, item]));
    const changed = [];
    for (const given of answers) {
      const answer = { ...given, took_at: tookAt };
      const item = byId.get(answer.id), state = OUTCOMES[answer.state];
      if (!item || !state || item.state === "settled") continue;
      if (item.answer && (answer.n || 0) < item.n) continue;
      if (item.state !== "waiting" && state === "sent") continue;
      const row = { ...item.row, state, n: answer.n || 0,
                    answer: await seal(this.vault.keys.own, `answer ${item.id}`, answer) };
      changed.push({ ...item, row, state, n: row.n, answer });
    }
    if (!changed.length) return;
    await this.store.changeItems(changed.map((item) => item.row));
    for (const item of changed) this.rows.set(item.seq, item);
    this._relist();
  }

  // A refusal that somebody has dealt with.
  async settle(id, how) {
    const item = this.find(id);
    if (!item || item.state !== "refused") return;
    const answer = { ...item.answer, settled: { how, at: new Date().toISOString() } };
    const row = { ...item.row, state: "settled", answer: await seal(this.vault.keys.own, `answer ${id}`, answer) };
    await this.store.changeItems([row]);
    this.rows.set(item.seq, { ...item, row, state: "settled", answer });
    this._relist();
  }

  async _tidy() {
    const old = Date.now() - KEPT_MS;
    const gone = this.list.filter((item) => (item.state === "accepted" || item.state === "settled") && item.at < old);
    if (!gone.length) return;
    await this.store.dropItems(gone.map((item) => item.seq));
    for (const item of gone) this.rows.delete(item.seq);
    this._relist();
  }
}
