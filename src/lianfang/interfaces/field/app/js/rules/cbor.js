// The part of CBOR that codes use, read strictly: one value has one form of bytes. Twin of engine/field/cbor.py.
// Numbers are numbers up to 2^53 − 1 either way, maps are Map, tags are {tag, value}.

const DEEPEST = 8;
const GREATEST = Number.MAX_SAFE_INTEGER;
const words = new TextEncoder();
const letters = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export class MalformedError extends Error {}

function head(kind, number) {
  if (!Number.isSafeInteger(number) || number < 0) throw new MalformedError("number");
  const first = kind << 5;
  if (number < 24) return [first | number];
  if (number < 2 ** 8) return [first | 24, number];
  if (number < 2 ** 16) return [first | 25, number >> 8, number & 255];
  const low = number % 2 ** 32, high = Math.floor(number / 2 ** 32);
  const four = (word) => [word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255];
  return high ? [first | 27, ...four(high), ...four(low)] : [first | 26, ...four(low)];
}

function before(one, other) {
  for (let at = 0; at < Math.min(one.length, other.length); at += 1) {
    if (one[at] !== other[at]) return one[at] - other[at];
  }
  return one.length - other.length;
}

function pieces(value) {
  if (typeof value === "number") return value >= 0 ? head(0, value) : head(1, -1 - value);
  if (value instanceof Uint8Array) return [...head(2, value.length), ...value];
  if (typeof value === "string") {
    const text = words.encode(value);
    return [...head(3, text.length), ...text];
  }
  if (Array.isArray(value)) return [...head(4, value.length), ...value.flatMap(pieces)];
  if (value instanceof Map) {
    const pairs = [...value].map(([key, one]) => [pieces(key), pieces(one)]).sort((one, other) => before(one[0], other[0]));
    return [...head(5, pairs.length), ...pairs.flat(2)];
  }
  if (value && typeof value === "object" && "tag" in value) return [...head(6, value.tag), ...pieces(value.value)];
  throw new MalformedError("kind");
}

export const encode = (value) => Uint8Array.from(pieces(value));

export function decode(raw) {
  let at = 0;

  function readHead() {
    if (at >= raw.length) throw new MalformedError("cut off");
    const kind = raw[at] >> 5, extra = raw[at] & 31;
    at += 1;
    if (kind > 6 || extra > 27) throw new MalformedError("kind");
    if (extra < 24) return [kind, extra];
    const width = 1 << (extra - 24);
    if (at + width > raw.length) throw new MalformedError("cut off");
    let number = 0;
    for (let place = 0; place < width; place += 1) number = number * 256 + raw[at + place];
    at += width;
    // Beyond 2^53 the number is not exact any more, and too great all the same.
    if (number < (width === 1 ? 24 : 2 ** (4 * width)) || number > GREATEST) throw new MalformedError("number");
    return [kind, number];
  }

  function read(depth) {
    if (depth > DEEPEST) throw new MalformedError("deep");
    const [kind, number] = readHead();
    if (kind === 0) return number;
    if (kind === 1) return -1 - number;
    if (kind <= 5 && number > raw.length - at) throw new MalformedError("cut off");
    if (kind === 2 || kind === 3) {
      const content = raw.slice(at, at + number);
      at += number;
      return kind === 2 ? content : text(content);
    }
    if (kind === 4) {
      const found = [];
      for (let place = 0; place < number; place += 1) found.push(read(depth + 1));
      return found;
    }
    if (kind === 6) return { tag: number, value: read(depth + 1) };
    const found = new Map();
    let last = [];
    for (let place = 0; place < number; place += 1) {
      const start = at, key = read(depth + 1), name = raw.slice(start, at);
      if (typeof key !== "number" || before(name, last) <= 0) throw new MalformedError("keys");
      last = name;
      found.set(key, read(depth + 1));
    }
    return found;
  }

  function text(content) {
    try {
      return letters.decode(content);
    } catch (error) {
      throw new MalformedError("text");
    }
  }

  const value = read(0);
  if (at !== raw.length) throw new MalformedError("something follows");
  return value;
}
