// What lies on the phone lies sealed. Two keys, both of the holder's PIN:
//   places' data (packages): PIN and the part that the server gave. Without that part, which the server can withdraw
//   and the app throws away after 24 h without a contact, the PIN alone opens nothing.
//   the work (items, and the device's secret): PIN alone, so that it can still be sent when the server's part is gone.

export const ITERATIONS = 600000;
export const LEAST_PIN = 6;
const words = new TextEncoder();
const letters = new TextDecoder();

export const toBase64 = (bytes) => {
  let text = "";
  for (const byte of new Uint8Array(bytes)) text += String.fromCharCode(byte);
  return btoa(text);
};
export const fromBase64 = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));

// The browser's own came with Chromium 92.
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

// {own, root}: own seals the work; root makes the key of the packages.
export async function keysOfPin(pin, salt, iterations = ITERATIONS) {
  const base = await crypto.subtle.importKey("raw", words.encode(pin), "PBKDF2", false, ["deriveBits"]);
  const bits = new Uint8Array(
    await crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt, iterations }, base, 512));
  const own = await crypto.subtle.importKey("raw", bits.slice(0, 32), "AES-GCM", false, ["encrypt", "decrypt"]);
  const root = await crypto.subtle.importKey("raw", bits.slice(32), "HKDF", false, ["deriveKey"]);
  bits.fill(0);
  return { own, root };
}

// The key of the packages: the server's part is the salt, the PIN's part the root.
export function keyOfPackages(root, serverPart) {
  return crypto.subtle.deriveKey(
    { name: "HKDF", hash: "SHA-256", salt: words.encode(serverPart), info: words.encode("lianfang packages") },
    root, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
}

// A sealed value is bound to its name: a row cannot be put in the place of another.
export async function seal(key, name, value) {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const plain = words.encode(JSON.stringify(value));
  const box = await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: words.encode(name) }, key, plain);
  return { iv, box };
}

export async function unseal(key, name, { iv, box }) {
  const plain = await crypto.subtle.decrypt({ name: "AES-GCM", iv, additionalData: words.encode(name) }, key, box);
  return JSON.parse(letters.decode(plain));
}
