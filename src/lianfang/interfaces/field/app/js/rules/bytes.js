// Bytes and hexadecimal digits, and the sums that rules need.

const words = new TextEncoder();

export const hexOf = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
export const bytesOf = (hex) => Uint8Array.from(hex.match(/../g) || [], (pair) => parseInt(pair, 16));
export const lettersOf = (text) => words.encode(text);

export function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

// A moment or step as eight bytes, the greatest first.
export function eightBytes(number) {
  const found = new Uint8Array(8);
  let left = number;
  for (let at = 7; at >= 0; at -= 1) {
    found[at] = left % 256;
    left = Math.floor(left / 256);
  }
  return found;
}

export const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));

export async function hmacOf(secret, message) {
  const key = await crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, message));
}
