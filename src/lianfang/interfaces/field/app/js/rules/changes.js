// Whose status became worse since a moment: reading the filter that the server made. Twin of engine/field/changes.py.

import { bytesOf, joined, sha256 } from "./bytes.js";

// {has(pseudonym in hexadecimal digits), since_at, made_at}: unpacked once, asked often. Raises where it is cut off.
export function openFilter(given) {
  const text = atob(given.table);
  if (text.length * 8 !== given.bits) throw new RangeError("the table of the filter is cut off");
  const table = Uint8Array.from(text, (sign) => sign.charCodeAt(0));
  const salt = bytesOf(given.salt);

  async function has(pseudonym) {
    const digest = new DataView((await sha256(joined(salt, bytesOf(pseudonym)))).buffer);
    const first = digest.getUint32(0), step = digest.getUint32(4) | 1;
    for (let number = 0; number < given.hashes; number += 1) {
      // Below 2^53 for up to two million hashes; ``>>> 0``: the last bit set made it a signed number.
      const place = (first + number * (step >>> 0)) % given.bits;
      if (!((table[place >> 3] >> (place & 7)) & 1)) return false;
    }
    return true;
  }

  return { has, since_at: given.since_at, made_at: given.made_at };
}

// Whether the status may have become worse; false is certain.
export const changedHas = (given, pseudonym) => openFilter(given).has(pseudonym);
