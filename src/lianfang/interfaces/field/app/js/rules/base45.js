// Base45 (RFC 9285) behind LF1:, read strictly. Twin of engine/field/base45.py.

import { MalformedError } from "./cbor.js";

export const PREFIX = "LF1:";
export const LONGEST = 2000;
const SIGNS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

export const isOurs = (text) => text.startsWith(PREFIX);

export function textOf(raw) {
  let text = PREFIX;
  for (let at = 0; at < raw.length; at += 2) {
    const isPair = at + 1 < raw.length;
    const number = isPair ? raw[at] * 256 + raw[at + 1] : raw[at];
    text += SIGNS[number % 45] + SIGNS[Math.floor(number / 45) % 45];
    if (isPair) text += SIGNS[Math.floor(number / 2025)];
  }
  return text;
}

export function rawOf(text) {
  const body = text.slice(PREFIX.length);
  // Counted in characters as Python counts them; a code has no character outside of the first plane anyway.
  if (!isOurs(text) || !body || text.length > LONGEST || body.length % 3 === 1) throw new MalformedError("text");
  const numbers = [...body].map((sign) => SIGNS.indexOf(sign));
  if (numbers.includes(-1)) throw new MalformedError("text");
  const raw = [];
  for (let at = 0; at < numbers.length; at += 3) {
    const isWhole = at + 2 < numbers.length;
    const number = numbers[at] + numbers[at + 1] * 45 + (isWhole ? numbers[at + 2] * 2025 : 0);
    if (number > (isWhole ? 65535 : 255)) throw new MalformedError("text");
    if (isWhole) raw.push(number >> 8, number & 255);
    else raw.push(number);
  }
  return Uint8Array.from(raw);
}
