// Codes shown at a place that change every half minute. Twin of engine/field/presence.py.

import { eightBytes, hexOf, hmacOf, joined, lettersOf } from "./bytes.js";

export const PLACE_EVERY = 30;
export const PLACE_TOLERANCE = 90;
const ROTATING = /^LFP:([A-Z0-9-]{1,40}):([0-9]{1,12}):([0-9A-F]{16})$/;
const PRINTED = /^LFP:([A-Z0-9-]{1,40})$/;
const MESSAGE = lettersOf("lianfang place 1\0");

export const stepAt = (at) => Math.floor(at / PLACE_EVERY);

export async function placeMac(secret, code, step) {
  const message = joined(MESSAGE, lettersOf(code), Uint8Array.of(0), eightBytes(step));
  return hexOf((await hmacOf(secret, message)).slice(0, 8)).toUpperCase();
}

// What the place shows at a moment; ``secret`` are bytes.
export async function placeCodeText(secret, code, at) {
  const step = stepAt(at);
  return `LFP:${code}:${step}:${await placeMac(secret, code, step)}`;
}

// {code, step, mac}, unproven; step null: a printed one. null for any other text.
export function readPlaceCode(text) {
  const rotating = ROTATING.exec(text);
  if (rotating) return { code: rotating[1], step: Number(rotating[2]), mac: rotating[3] };
  const printed = PRINTED.exec(text);
  return printed && { code: printed[1], step: null, mac: "" };
}

// {presence, because} of somebody who scanned this at a moment.
export async function judgePlaceCode(found, { secret, scannedAt }) {
  if (found.step === null) return { presence: "seen", because: "printed" };
  if (found.mac !== (await placeMac(secret, found.code, found.step))) return { presence: "seen", because: "forged" };
  const startsAt = found.step * PLACE_EVERY;
  const isFresh = scannedAt >= startsAt - PLACE_TOLERANCE && scannedAt <= startsAt + PLACE_EVERY + PLACE_TOLERANCE;
  return isFresh ? { presence: "verified", because: "" } : { presence: "seen", because: "stale" };
}
