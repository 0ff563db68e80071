// A resident's code: read with the same answer as engine/field/tokens.py, and shown by the holder's phone.

import { isOurs, rawOf, textOf } from "./base45.js";
import { bytesOf, eightBytes, hexOf, joined, lettersOf, sha256 } from "./bytes.js";
import { decode, encode, MalformedError } from "./cbor.js";
import { newKey, verifies } from "./ed25519.js";

export const SHOWING_EVERY = 30;
export const SHOWING_TOLERANCE = 90;
export const ISSUED_AHEAD_TOLERANCE = 120;
const LONGEST_NAME = 40, LONGEST_PLACE = 40;
const STATUSES = ["unknown", "green", "yellow", "red"];
const KINDS = { 1: "token", 2: "printed" };

const SIGN1 = 18, ALG = 1, KID = 4, EDDSA = -8;
const EXP = 4, IAT = 6, CNF = 8;
const PSEUDONYM = -65537, STATUS = -65538, LAST_NEGATIVE = -65539, KIND = -65540, NAME = -65541;
const SHOWING = lettersOf("lianfang showing 1\0");
// Under these keys one signature fits every message.
const WEAK_KEYS = new Set([
  "0100000000000000000000000000000000000000000000000000000000000000",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0000000000000000000000000000000000000000000000000000000000000080",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
  "0100000000000000000000000000000000000000000000000000000000000080",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
]);

const saying = (reading, more) => ({
  reading, kind: null, pseudonym: null, status: null, last_negative_at: null, issued_at: null, expires_at: null, name: "",
  shown_at: null, presence: "seen", ...more });
const isNumber = (value) => typeof value === "number";
const isBytes = (value, length) => value instanceof Uint8Array && (length === undefined || value.length === length);

// What a scanned text proves at ``now`` (whole seconds) in the place whose public code is ``place``, or empty.
// ``keys``: as a package carries them, {kid, public, from_at, to_at, is_revoked}.
export async function readCode(text, { keys, now, place = "" }) {
  if (!isOurs(text)) return saying("not_ours");
  try {
    return await reading(decode(rawOf(text)), keys, now, place);
  } catch (error) {
    if (error instanceof MalformedError) return saying("malformed");
    throw error;
  }
}

async function reading(value, keys, now, place) {
  if (!Array.isArray(value)) {
    const { verdict } = await readToken(value, keys, now);
    if (verdict.reading === "valid" && verdict.kind === "token") return { ...verdict, reading: "picture" };
    return withEnd(verdict, now);
  }
  const { token, at, shownPlace, signature } = readShowing(value);
  const { verdict, holderKey } = await readToken(decode(token), keys, now);
  if (verdict.reading !== "valid") return verdict;
  if (!holderKey) return { ...verdict, reading: "unbound" };
  const isSound = !WEAK_KEYS.has(hexOf(holderKey));
  if (!isSound || !(await verifies(holderKey, signature, await signedShowing(token, at, shownPlace)))) {
    return { ...verdict, reading: "forged_showing" };
  }
  const shown = { ...verdict, shown_at: at };
  if (Math.abs(now - at) > SHOWING_TOLERANCE) return { ...shown, reading: "stale" };
  if (shownPlace && shownPlace !== place) return { ...shown, reading: "other_place" };
  return withEnd({ ...shown, presence: "verified" }, now);
}

// Last, so that "expired" means that nothing else is wrong.
function withEnd(verdict, now) {
  const isOver = verdict.reading === "valid" && verdict.expires_at <= now;
  return isOver ? { ...verdict, reading: "expired" } : verdict;
}

function readShowing(value) {
  const [token, at, shownPlace, signature] = value;
  if (value.length !== 4 || !isBytes(token) || !isNumber(at) || at < 0 || !isBytes(signature, 64)) throw new MalformedError();
  if (typeof shownPlace !== "string" || lettersOf(shownPlace).length > LONGEST_PLACE) throw new MalformedError();
  return { token, at, shownPlace, signature };
}

const signedShowing = async (token, at, place) =>
  joined(SHOWING, await sha256(token), eightBytes(at), lettersOf(place));

async function readToken(value, keys, now) {
  const { protectedPart, payload, signature, kid } = sign1(value);
  const key = keys.find((one) => one.kid === hexOf(kid));
  if (!key) return { verdict: saying("unknown_key"), holderKey: null };
  if (key.is_revoked) return { verdict: saying("key_revoked"), holderKey: null };
  const signed = encode(["Signature1", protectedPart, new Uint8Array(0), payload]);
  if (!(await verifies(bytesOf(key.public), signature, signed))) return { verdict: saying("forged"), holderKey: null };
  const { verdict, holderKey } = readClaims(decode(payload));
  if (verdict.issued_at < key.from_at || verdict.issued_at > key.to_at) verdict.reading = "key_out_of_time";
  else if (verdict.issued_at > now + ISSUED_AHEAD_TOLERANCE) verdict.reading = "not_yet_valid";
  return { verdict, holderKey };
}

function sign1(value) {
  const parts = value && value.tag === SIGN1 ? value.value : null;
  if (!Array.isArray(parts) || parts.length !== 4) throw new MalformedError();
  const [protectedPart, open, payload, signature] = parts;
  if (!(open instanceof Map) || open.size || !isBytes(protectedPart) || !isBytes(payload) || !isBytes(signature)) throw new MalformedError();
  const header = decode(protectedPart);
  if (!(header instanceof Map) || header.size !== 2 || header.get(ALG) !== EDDSA || !isBytes(header.get(KID), 8)) throw new MalformedError();
  if (signature.length !== 64) throw new MalformedError();
  return { protectedPart, payload, signature, kid: header.get(KID) };
}

// Claims that this version does not know are passed over: a later one may add some.
function readClaims(claims) {
  if (!(claims instanceof Map)) throw new MalformedError();
  const pseudonym = claims.get(PSEUDONYM), number = claims.get(KIND), kind = isNumber(number) ? KINDS[number] : undefined;
  const issuedAt = moment(claims, IAT), expiresAt = moment(claims, EXP);
  if (!isBytes(pseudonym, 16) || issuedAt === null || expiresAt === null || !kind) throw new MalformedError();
  const name = claims.has(NAME) ? claims.get(NAME) : "";
  if (typeof name !== "string" || lettersOf(name).length > 4 * LONGEST_NAME) throw new MalformedError();
  let status = null, lastNegativeAt = null, holderKey = null;
  if (kind === "token") {
    const number = claims.get(STATUS);
    if (!isNumber(number)) throw new MalformedError();
    status = STATUSES[number] || "unknown";
    lastNegativeAt = moment(claims, LAST_NEGATIVE);
    holderKey = readHolderKey(claims);
  }
  const verdict = saying("valid", {
    kind, pseudonym: hexOf(pseudonym), status, last_negative_at: lastNegativeAt, issued_at: issuedAt, expires_at: expiresAt, name });
  return { verdict, holderKey };
}

function moment(claims, label) {
  if (!claims.has(label)) return null;
  const found = claims.get(label);
  if (!isNumber(found) || found < 0) throw new MalformedError();
  return found;
}

function readHolderKey(claims) {
  if (!claims.has(CNF)) return null;
  const key = claims.get(CNF) instanceof Map ? claims.get(CNF).get(1) : null;
  if (!(key instanceof Map) || key.get(1) !== 1 || key.get(-1) !== 6 || !isBytes(key.get(-2), 32)) throw new MalformedError();
  return key.get(-2);
}

// ---- the holder's phone

// A key pair {publicKey, held, sign} for a phone that is to hold a code; keep {publicKey, held} in IndexedDB and come
// back with keyOf of ed25519.js. The server is given hexOf(publicKey).
export const newHolderKey = newKey;

// The text to draw as a QR code at a moment; draw it anew every SHOWING_EVERY seconds. ``tokenText`` is the token as the
// server gave it, ``place`` the public part of a place code that the holder scanned, or empty.
export async function present(tokenText, holderKey, at, place = "") {
  const token = rawOf(tokenText);
  const signature = await holderKey.sign(await signedShowing(token, at, place));
  return textOf(encode([token, at, place, signature]));
}
