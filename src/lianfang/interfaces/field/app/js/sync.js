// To the server and back, whenever there is a network: contact, items, packages, answers. One tab does it. Whatever is
// not answered is sent again: the server knows each item by its id and answers the same.

import { newId, seal } from "./crypto.js";

const BATCH = 500;
const ROUND_MS = 60000;
// Another tab is at it; or the server keeps items whose answers are not there yet.
const NEXT_TAB_MS = 3000;
const OWED_MS = 2500;
const SOON_MS = 400;
const FIRST_WAIT_MS = 2000;
const LONGEST_WAIT_MS = 300000;
const PATIENCE_MS = 45000;
const LOCK = "lianfang-field-sync";
const PACK_FROM = 2000;

export class AnswerError extends Error {
  constructor(status, told, retryAfter) {
    super(`${status} ${told.code || ""}`);
    Object.assign(this, { status, code: told.code || "", gaps: told.gaps || {}, told, retryAfter });
  }
}

// The network, not the server: nothing came, or only half of it.
export class NoAnswerError extends TypeError {}

export async function request(path, { device, method = "GET", body, headers = {}, patience = PATIENCE_MS } = {}) {
  const giveUp = new AbortController();
  const timer = setTimeout(() => giveUp.abort(), patience);
  try {
    const sent = { ...headers };
    if (device) sent.Authorization = `Device ${device.id}.${device.secret}`;
    let packed = body === undefined ? undefined : JSON.stringify(body);
    if (packed !== undefined) {
      sent["Content-Type"] = "application/json";
      if (packed.length > PACK_FROM && typeof CompressionStream === "function") {
        packed = await new Response(new Blob([packed]).stream().pipeThrough(new CompressionStream("gzip"))).blob();
        sent["Content-Encoding"] = "gzip";
      }
    }
    const answer = await reached(() => fetch(`api/v1/${path}`, {
      method, headers: sent, body: packed, cache: "no-store", credentials: "omit", signal: giveUp.signal }));
    if (answer.status === 304) return { status: 304 };
    if (!answer.ok)
      throw new AnswerError(answer.status, await answer.json().catch(() => ({})),
                            Number(answer.headers.get("Retry-After")) || 0);
    return { status: answer.status, etag: answer.headers.get("ETag"), told: await reached(() => answer.json()) };
  } finally {
    clearTimeout(timer);
  }
}

async function reached(work) {
  try {
    return await work();
  } catch (error) {
    throw new NoAnswerError(error.message);
  }
}

export class Sync {
  // ``parts``: {store, vault, outbox, clock, packages (Map of what is opened), changed(what), wiped()}
  constructor(parts) {
    Object.assign(this, parts);
    this.network = navigator.onLine ? "unknown" : "offline";
    this.trouble = null;
    this.isRunning = false;
    this.isWanted = false;
    this.failures = 0;
    this.timer = null;
    addEventListener("online", () => this.soon());
    addEventListener("offline", () => this._tell("offline", null));
    document.addEventListener("visibilitychange", () => { if (!document.hidden) this.soon(); });
  }

  soon(wait = SOON_MS) {
    if (!this.vault.keys) return;
    if (this.isRunning) { this.isWanted = true; return; }
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.now(), wait);
  }

  stop() { clearTimeout(this.timer); }

  // One round, now. Gives back whether it went through.
  async now() {
    if (!this.vault.keys) return false;
    if (this.isRunning) { this.isWanted = true; return false; }
    clearTimeout(this.timer);
    this.isRunning = true;
    this.changed("network");
    let isDone = false;
    try {
      isDone = await this._alone(() => this._round());
      this.isOthers = !isDone;
      if (isDone) { this.failures = 0; this._tell("online", null); }
    } catch (error) {
      await this._failed(error);
    } finally {
      this.isRunning = false;
      this.changed("network");
    }
    this._plan();
    return isDone;
  }

  _alone(work) {
    const run = async (lock) => (lock ? (await work(), true) : false);
    return navigator.locks ? navigator.locks.request(LOCK, { ifAvailable: true }, run) : run({});
  }

  _plan() {
    if (!this.vault.keys) return;
    const jitter = 0.6 + Math.random() * 0.8;
    const backoff = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (this.failures - 1));
    const isOwed = this.outbox.all().some((item) => item.state === "sent");
    this.owed = isOwed ? (this.owed || 0) + 1 : 0;
    const usual = this.isOthers ? NEXT_TAB_MS : isOwed ? Math.min(ROUND_MS, OWED_MS * 1.4 ** (this.owed - 1)) : ROUND_MS;
    const wait = this.failures ? Math.max(backoff * jitter, this.asked || 0) : this.isWanted ? SOON_MS : usual * jitter;
    this.isWanted = false;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.now(), wait);
  }

  _tell(network, trouble) {
    this.network = network;
    this.trouble = trouble;
    this.changed("network");
  }

  async _failed(error) {
    // Locked in the middle: what is left is done after the next unlocking.
    if (!this.vault.keys) return;
    if (error instanceof AnswerError && error.status === 410) {
      try {
        await this.wiped(await this._lastWords());
        return;
      } catch (meanwhile) {
        error = meanwhile;
      }
    }
    // Enrolled anew elsewhere: what this one carries is no longer its own; what it recorded stays.
    if (error instanceof AnswerError && error.status === 401) await this._putAway();
    this.failures += 1;
    this.asked = (error.retryAfter || 0) * 1000;
    if (error instanceof AnswerError) this._tell("trouble", { status: error.status, code: error.code });
    else if (error instanceof NoAnswerError)
      this._tell(navigator.onLine ? "unreachable" : "offline", null);
    else {
      // Not the network: ours. Shown, kept in the console, tried again.
      this._tell("trouble", { status: 0, code: String(error.name) });
      console.error(error);
    }
  }

  // The device was withdrawn: what it carries goes at once. What it recorded is brought once more, for review: the server
  // answers 410 to that too, with what it kept. Where the network fails in between, it is tried again later. Gives back how
  // many it would not take.
  async _lastWords() {
    await this._putAway();
    for (;;) {
      await this.outbox.refresh();
      const part = this.outbox.all().filter((item) => item.state === "waiting").slice(0, BATCH);
      if (!part.length) return 0;
      try {
        await this._sendPart(part);
      } catch (error) {
        if (!(error instanceof AnswerError) || error.status !== 410) throw error;
        const taken = (error.told.answers || []).length;
        if (!taken) return this.outbox.all().filter((item) => item.state === "waiting").length;
        await this.outbox.take(error.told.answers, this.clock.now().toISOString());
      }
    }
  }

  async _putAway() {
    this.packages.clear();
    await this.store.forgetPackages();
    if (this.vault.keys) this.vault.keys.packages = null;
    this.changed("packages");
  }

  async _round() {
    const contact = await this._contact();
    await this._send();
    await this._fetchPackages(contact.packages || {});
    await this._fetchAnswers(contact.answers_after);
  }

  async _contact() {
    const device = this.vault.device, sentAt = Date.now();
    const { told } = await request("contact", {
      device, method: "POST", body: { sent_at: new Date(sentAt).toISOString(), key_epoch: device.key_epoch } });
    const cameAt = Date.now();
    this.clock.measured(told.server_at, sentAt, cameAt);
    await this.store.putMeta({ trips: this.clock.trips });
    await this.vault.contacted(told, cameAt, Object.fromEntries(this.packages));
    this.changed("contact");
    return told;
  }

  async _send() {
    let most = BATCH;
    const asked = new Set();
    for (;;) {
      await this.outbox.refresh();
      const part = this.outbox.all().filter((item) => item.state === "waiting" && !asked.has(item.id)).slice(0, most);
      if (!part.length) return;
      try {
        await this._sendPart(part);
        for (const item of part) asked.add(item.id);
      } catch (error) {
        // Too large for the server or its proxy: the same in smaller parts.
        if (!(error instanceof AnswerError) || error.status !== 413 || most < 2) throw error;
        most = Math.ceil(part.length / 2);
      }
    }
  }

  async _sendPart(part) {
    const items = part.map(({ id, seq, kind, happened_at, offset_ms, body }) =>
      ({ id, seq, kind, happened_at, offset_ms, body }));
    const { told } = await request("items", {
      device: this.vault.device, method: "POST",
      body: { batch: newId(), sent_at: new Date().toISOString(),
              clock: { offset_ms: this.clock.offset() || 0, rtt_ms: this.clock.rtt() || 0 }, items } });
    await this.outbox.take(told.answers || [], this.clock.now().toISOString());
    this.changed("items");
  }

  async _fetchPackages(wanted) {
    const gone = (await this.store.packageNames()).filter((name) => !(name in wanted));
    const parts = Object.fromEntries(gone.map((name) => [name, null]));
    for (const [name, etag] of Object.entries(wanted)) {
      const known = this.packages.get(name);
      if (known && known.etag === etag) continue;
      const answer = await request(`packages/${encodeURIComponent(name)}`, {
        device: this.vault.device, headers: known && known.etag ? { "If-None-Match": known.etag } : {} });
      if (answer.status === 304) continue;
      const fetched_at = Date.now(), content = answer.told;
      const kept = { etag: answer.etag || etag, fetched_at };
      parts[name] = { ...kept, ...(await seal(this.vault.keys.packages, `package ${name}`, content)) };
      this.packages.set(name, { ...kept, content });
    }
    for (const name of gone) this.packages.delete(name);
    if (!Object.keys(parts).length) return;
    await this.store.putPackages(parts);
    this.changed("packages");
  }

  async _fetchAnswers(latest) {
    let after = (await this.store.meta("answers_after")) || 0;
    const isOwed = this.outbox.all().some((item) => item.state === "sent");
    if (!isOwed && !(latest > after)) return;
    for (;;) {
      const { told } = await request(`answers?after=${after}`, { device: this.vault.device });
      const answers = told.answers || [];
      const highest = answers.reduce((most, answer) => Math.max(most, answer.n || 0), after);
      if (!answers.length || highest <= after) return;
      await this.outbox.take(answers, this.clock.now().toISOString());
      after = highest;
      await this.store.putMeta({ answers_after: after });
      this.changed("items");
    }
  }
}
