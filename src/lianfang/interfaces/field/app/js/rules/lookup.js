// How a device finds somebody by a number without carrying any. Twin of engine/field/lookup.py.

import { bytesOf, hexOf, hmacOf, lettersOf } from "./bytes.js";

export const tidyNumber = (text) => text.normalize("NFKC").toUpperCase().replace(/[^0-9A-Z]/g, "");

// Sixteen hexadecimal digits, under the key in hexadecimal digits as the server gave it.
export async function lookupOf(lookupKey, number) {
  return hexOf((await hmacOf(bytesOf(lookupKey), lettersOf(tidyNumber(number)))).slice(0, 8));
}
