// Ed25519: the browser's own where it has it (Chromium 137 and later), else @noble/ed25519.

import * as noble from "../../vendor/noble/ed25519.js";
import { joined } from "./bytes.js";

// In front of the 32 bytes of a private key, so that WebCrypto takes it (RFC 8410).
const PKCS8 = Uint8Array.of(48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32);
let native = null;

async function findNative() {
  try {
    await crypto.subtle.importKey("raw", new Uint8Array(32).fill(9), { name: "Ed25519" }, false, ["verify"]);
    return true;
  } catch (error) {
    return error.name !== "NotSupportedError" && error.name !== "TypeError";
  }
}

// Whether the browser does it by itself; found out once. ``useNative(false)`` is for tests of the other way.
export async function isNative() {
  if (native === null) native = await findNative();
  return native;
}

// The first check is the slowest: the library makes a table for it, the browser starts its threads. Done when the app
// opens, not when somebody stands at the gate.
export async function prepare() {
  const message = new Uint8Array(1), own = await newKey();
  await verifies(own.publicKey, await own.sign(message), message);
}

export function useNative(wanted) { native = wanted; }

export async function verifies(publicKey, signature, message) {
  try {
    if (await isNative()) {
      const key = await crypto.subtle.importKey("raw", publicKey, { name: "Ed25519" }, false, ["verify"]);
      return await crypto.subtle.verify({ name: "Ed25519" }, key, signature, message);
    }
    return await noble.verifyAsync(signature, message, publicKey, { zip215: false });
  } catch (error) {
    // A public key that is no point of the curve: what it signed fits nothing.
    return false;
  }
}

// {publicKey, sign}: a new key pair. The browser's own cannot be taken out of the browser; both may be kept in IndexedDB
// as {publicKey, held}, where ``held`` is given back to ``keyOf``.
export async function newKey() {
  if (await isNative()) {
    const pair = await crypto.subtle.generateKey({ name: "Ed25519" }, false, ["sign", "verify"]);
    return keyOf({ publicKey: new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey)), held: pair.privateKey });
  }
  return keyOfBytes(crypto.getRandomValues(new Uint8Array(32)));
}

export async function keyOfBytes(bytes) {
  const publicKey = await noble.getPublicKeyAsync(bytes);
  if (!(await isNative())) return keyOf({ publicKey, held: bytes });
  const held = await crypto.subtle.importKey("pkcs8", joined(PKCS8, bytes), { name: "Ed25519" }, false, ["sign"]);
  return keyOf({ publicKey, held });
}

export function keyOf({ publicKey, held }) {
  const sign = held instanceof Uint8Array ? (message) => noble.signAsync(message, held)
    : async (message) => new Uint8Array(await crypto.subtle.sign({ name: "Ed25519" }, held, message));
  return { publicKey, held, sign };
}
