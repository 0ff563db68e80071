// Who the device is and what opens its data: enrolment, PIN, the server's part of the key, the 24 hours, the wipe.

import { ITERATIONS, LEAST_PIN, keyOfPackages, keysOfPin, seal, unseal } from "./crypto.js";

const DAY_MS = 24 * 3600 * 1000;
// After so many wrong PINs each further try waits; after MOST_TRIES the server's part goes, and with it the data.
const FREE_TRIES = 4;
const MOST_TRIES = 10;
const LONGEST_WAIT_S = 300;
const SECRET = "secret";

export class WrongPinError extends Error {
  constructor(tries, waitUntil) { super("wrong pin"); this.tries = tries; this.waitUntil = waitUntil; }
}

export function pinTrouble(pin) {
  if (!/^[0-9]+$/.test(pin)) return "field_app.pin.digits_only";
  if (pin.length < LEAST_PIN) return "field_app.pin.too_short";
  const steps = [...pin].slice(1).map((digit, place) => digit - pin[place]);
  if (steps.every((step) => step === steps[0]) && Math.abs(steps[0]) < 2) return "field_app.pin.too_simple";
  return null;
}

export class Vault {
  constructor(store) {
    this.store = store;
    this.keys = null;
    this.device = null;
    this.contactAt = null;
    this.latestSeen = 0;
  }

  // "none" (not enrolled), "locked" or "open".
  async state() {
    if (this.keys) return "open";
    return (await this.store.meta("secret_box")) ? "locked" : "none";
  }

  // ``answer`` is the server's to enrol, ``cameAt`` the phone's clock when it came.
  async enrol(answer, pin, cameAt) {
    const salt = crypto.getRandomValues(new Uint8Array(16));
    const keys = await keysOfPin(pin, salt);
    const device = {
      ...answer.device, secret: answer.secret, role: answer.role, places: answer.places, ends_at: answer.ends_at,
      lookup_key: answer.lookup_key, enrolled_at: answer.server_at,
      label: (answer.places || {}).label || "", level: (answer.places || {}).level || "",
    };
    await this.store.wipe({
      salt, iterations: ITERATIONS, secret_box: await seal(keys.own, SECRET, device), storage_key: answer.storage_key,
      contact_at: cameAt, latest_seen: cameAt, hint: { role: device.role, ends_at: device.ends_at },
    });
    await this._open(keys, device);
  }

  async unlock(pin) {
    const tries = (await this.store.meta("tries")) || { count: 0, until: 0 };
    if (Date.now() < tries.until) throw new WrongPinError(tries.count, tries.until);
    const [salt, iterations, box] = await Promise.all(
      ["salt", "iterations", "secret_box"].map((key) => this.store.meta(key)));
    const keys = await keysOfPin(pin, salt, iterations);
    let device;
    try {
      device = await unseal(keys.own, SECRET, box);
    } catch (error) {
      if (error.name !== "OperationError") throw error;
      throw await this._wrong(tries.count + 1);
    }
    await this.store.putMeta({ tries: null });
    await this._open(keys, device);
  }

  async _wrong(count) {
    const seconds = count < FREE_TRIES ? 0 : Math.min(LONGEST_WAIT_S, 5 * 2 ** (count - FREE_TRIES));
    const until = Date.now() + seconds * 1000;
    await this.store.putMeta({ tries: { count, until } });
    if (count >= MOST_TRIES) await this.store.forgetPackages();
    return new WrongPinError(count, until);
  }

  async _open(keys, device) {
    this.keys = keys;
    this.device = device;
    this.contactAt = (await this.store.meta("contact_at")) || 0;
    this.latestSeen = (await this.store.meta("latest_seen")) || 0;
    const part = await this.store.meta("storage_key");
    keys.packages = part && !this.isStale() ? await keyOfPackages(keys.root, part) : null;
  }

  lock() { this.keys = null; this.device = null; }

  // Turning the clock back does not make the last contact younger.
  sinceContact() { return Math.max(Date.now(), this.latestSeen) - this.contactAt; }

  isStale() {
    const ends = this.device && Date.parse(this.device.ends_at);
    return this.sinceContact() >= DAY_MS || (Number.isFinite(ends) && Math.max(Date.now(), this.latestSeen) > ends);
  }

  // To be called now and then: throws away what may no longer be shown. True where it just did.
  async watch() {
    if (!this.keys) return false;
    this.latestSeen = Math.max(this.latestSeen, Date.now());
    await this.store.putMeta({ latest_seen: this.latestSeen });
    if (!this.isStale() || !(await this.store.meta("storage_key"))) return false;
    await this.store.forgetPackages();
    this.keys.packages = null;
    return true;
  }

  // What a contact tells: the 24 h begin anew; another key of the server means that the one before is withdrawn.
  // ``opened`` are the packages as they lie in memory, {name: {etag, fetched_at, content}}.
  async contacted(answer, cameAt, opened) {
    this.contactAt = cameAt;
    this.latestSeen = cameAt;
    const before = await this.store.meta("storage_key");
    const key = await keyOfPackages(this.keys.root, answer.storage_key);
    const parts = {};
    if (before && before !== answer.storage_key)
      for (const name of await this.store.packageNames())
        parts[name] = opened[name]
          ? { etag: opened[name].etag, fetched_at: opened[name].fetched_at,
              ...(await seal(key, `package ${name}`, opened[name].content)) }
          : null;
    const device = { ...this.device, ends_at: answer.ends_at || this.device.ends_at,
                     key_epoch: answer.key_epoch === undefined ? this.device.key_epoch : answer.key_epoch };
    const isOther = device.ends_at !== this.device.ends_at || device.key_epoch !== this.device.key_epoch;
    await this.store.putPackages(parts, {
      storage_key: answer.storage_key, contact_at: cameAt, latest_seen: cameAt,
      ...(isOther ? { secret_box: await seal(this.keys.own, SECRET, device),
                      hint: { role: device.role, ends_at: device.ends_at } } : {}),
    });
    this.device = device;
    this.keys.packages = key;
  }

  // Another tab had a contact.
  async heardOfContact() {
    this.contactAt = (await this.store.meta("contact_at")) || 0;
    this.latestSeen = Math.max(this.latestSeen, this.contactAt);
    const part = await this.store.meta("storage_key");
    this.keys.packages = part ? await keyOfPackages(this.keys.root, part) : null;
  }

  async wipe(remember) {
    this.lock();
    await this.store.wipe(remember);
  }
}
