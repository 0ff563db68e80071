// The code for gates, made anew each half minute by the phone's own key, which never leaves it. Where the browser can make
// no key, or the rules do not load, a fresh code comes from the server. The clock beside it is the server's.
const box = document.querySelector("[data-proof]");
const every = Number(box.dataset.every);
const image = box.querySelector("img");
const canvas = box.querySelector("canvas");
const clock = box.querySelector("[data-clock]");
const ahead = Number(box.dataset.serverAt) - Date.now() / 1000;
const ASK_ANEW = 600;
const STALE_AFTER = 80;

const now = () => Math.floor(Date.now() / 1000 + ahead);
let shownAt = now();
let own = null;

function say(what, isSaid) { box.querySelector(`[data-says="${what}"]`).hidden = !isSaid; }

// The answer, null without a network. Whoever must show the digits again is led there.
async function ask(url, body) {
  try {
    const answer = await fetch(url, { method: body ? "POST" : "GET", body, credentials: "same-origin", cache: "no-store" });
    if (!(answer.headers.get("Content-Type") || "").includes("json")) { location.reload(); return null; }
    return answer.ok ? await answer.json() : null;
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

function store() {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open("lianfang-resident", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("keys");
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
  });
}

function inStore(open, mode, act) {
  return new Promise((resolve, reject) => {
    const asked = act(open.transaction("keys", mode).objectStore("keys"));
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
}

async function holderKey({ tokens, ed25519 }) {
  const open = await store();
  const kept = await inStore(open, "readonly", (keys) => keys.get(box.dataset.key));
  if (kept) return ed25519.keyOf(kept);
  const made = await tokens.newHolderKey();
  await inStore(open, "readwrite", (keys) => keys.put({ publicKey: made.publicKey, held: made.held }, box.dataset.key));
  return made;
}

async function begin() {
  const rules = box.dataset.rules;
  const [tokens, ed25519, bytes, drawing] = await Promise.all(
    ["js/rules/tokens.js", "js/rules/ed25519.js", "js/rules/bytes.js", "vendor/qrcode.js"].map((name) => import(`${rules}/${name}`)));
  const holder = await holderKey({ tokens, ed25519 });
  own = { tokens, holder, drawing: drawing.default, public: bytes.hexOf(holder.publicKey), token: "", endsAt: 0, askedAt: 0 };
  await renew();
  if (!own.token) { own = null; return; }
  await show();
}

async function renew() {
  const body = new URLSearchParams({ public: own.public, name: box.dataset.name, csrfmiddlewaretoken: box.dataset.csrf });
  const given = await ask(box.dataset.tokenUrl, body);
  own.askedAt = now();
  if (!given) return;
  // The words beside the code are of before: once, not whenever page and code say it differently.
  if (own.token && given.status !== own.status) location.reload();
  own.status = given.status;
  own.token = given.token;
  own.endsAt = given.expires_at;
}

function draw(text) {
  const code = own.drawing(0, "M");
  code.addData(text, "Alphanumeric");
  code.make();
  const count = code.getModuleCount();
  const scale = Math.max(2, Math.floor(900 / (count + 8)));
  canvas.width = canvas.height = (count + 8) * scale;
  const brush = canvas.getContext("2d");
  brush.fillStyle = "#fff";
  brush.fillRect(0, 0, canvas.width, canvas.height);
  brush.fillStyle = "#000";
  for (let y = 0; y < count; y += 1) for (let x = 0; x < count; x += 1) {
    if (code.isDark(y, x)) brush.fillRect((x + 4) * scale, (y + 4) * scale, scale, scale);
  }
}

async function show() {
  if (!own) {
    const given = await ask(box.dataset.showingUrl);
    if (given && given.qr) { image.src = given.qr; shownAt = now(); }
  } else {
    if (now() - own.askedAt > ASK_ANEW || own.endsAt - now() < ASK_ANEW) await renew();
    if (own.endsAt > now()) {
      const text = await own.tokens.present(own.token, own.holder, now());
      draw(text);
      canvas.dataset.text = text;
      canvas.hidden = false;
      image.hidden = true;
      shownAt = now();
    }
  }
  say("own", Boolean(own));
  say("server", !own);
}

let isBusy = false;
async function tick() {
  clock.textContent = new Date(now() * 1000).toTimeString().slice(0, 8);
  say("stale", now() - shownAt > STALE_AFTER);
  if (isBusy || document.hidden || now() - shownAt < every - (own ? 0 : 5)) return;
  isBusy = true;
  try { await show(); } finally { isBusy = false; }
}

const choice = document.querySelector("[data-name-choice]");
if (choice) choice.querySelector("button").hidden = true;
if (choice) choice.querySelector("input").addEventListener("change", () => choice.requestSubmit());

if (image) {
  begin().catch((error) => { own = null; box.dataset.failed = String(error); }).finally(() => {
    setInterval(tick, 1000);
    document.addEventListener("visibilitychange", tick);
  });
}
