// Keeps the whole app on the phone. The list is written by `python -m lianfang.interfaces.field.precache`, a test holds it.
// What was scanned lies in the database, which no update of the app touches.

const FILES = {
 "css/field.css": "7dbef5f48dbc0952de79bec3286057de53394b934ad0d725f0e4a3d2f789bfff",
 "icons/192.png": "bd010ba6c3eea06828e1636e8d808a203027c99b5456da881b40fd94728beb41",
 "icons/512-maskable.png": "083fab1e00768df81d5ab2808fac5cdda4e7e21a2724a57f5de37a8c06aade6a",
 "icons/512.png": "e3afdf69c2ff010fce98302ca768359255294056ecae4f7e85a814fd435eb7c0",
 "icons/mark.svg": "fd033732af85a25d90ab199ff09a874c4959de89e8fecdeadc99df88baf22a0b",
 "index.html": "702daaf1274dba9eef498bfafddf6259302c224f5dcdc59c555a872b4aa608f0",
 "js/app.js": "35e3c71bb2cfd874da781bcbdc5935243ac02c15261cdc791fe97f57f5eec8ef",
 "js/bar.js": "955790a6df0ddf1f0fe55e369a206ec0a16ae1c22e6faae9c559b45c41ab2a58",
 "js/clock.js": "2dee344005f07cad80b6c8c33b49482a4d556aeb363789ba2566a3f30c9a03eb",
 "js/core.js": "47695662c596ecae2b0f7cc392e747acabde5ea4ccd100d77277f7fdbe2df492",
 "js/courier/courier.js": "0c7c1fa3de47a989b91e19d60bf152150d291458077b8d1bf4db9f5dbdc32f8e",
 "js/crypto.js": "4675259dde115c0abb47cfeacb60d2c0618bb67098c0118e226892900a9d88ce",
 "js/dom.js": "125137072616c25fd78a749c4ea4d679f9b85145b6f16b7783ecdbb5118d286d",
 "js/door/doors.js": "8dc88d59f73e21adfdf0f7458dc950045b400bcae28cbc163854e46821c44ad2",
 "js/door/room.js": "6452c486ed8a54e26d042606535a470bca87be1703c15144380afdd92b90fbe2",
 "js/door/sweep.js": "72e882fd99b084f28530696681bf0023df8a23a548709f1ca57ec1467184eaff",
 "js/door/unit.js": "6f79509804ed1d07933d169c4194e904c4d5a644136d03851a05675da16e3984",
 "js/gate/answer.js": "e1e98176d3bede869495d49981d36bfb8714b3f825bf832f977d7d398fc66a54",
 "js/gate/emergency.js": "39eda6d09bae889e9259e744cd6ca766e575fd9620a6b70f9df147761b5a2e57",
 "js/gate/gate.js": "2a170f21b38a2aaf7563f5908f16f3b26244af924560a348b01652740275d066",
 "js/gate/last.js": "2c15252603973ea622479967f9c3a7b1846b58bc819b648ea869eaaac16bcbbb",
 "js/gate/permits.js": "ea12fa58929b9ffed854315fee0116500bf8f37e19637c5e9d15957e4cafee8e",
 "js/gate/place.js": "b564c94fe471b3dfd2fac2c0cbfb4c6f389f213fda2beed7665a25ccce37431d",
 "js/gate/plate.js": "2772886c40d704ec4497f007ff15b391d0a97a381b24c724c1250f451f3783fe",
 "js/gate/temperature.js": "c0ceb9f4626ae7387f99815a917476b32010b85a62318d483dcd81279a52fe58",
 "js/gate/work.js": "b2d4bd2c7decf9164a32eaa57b4c54352b64dbb7eab70267627ac78b085af01d",
 "js/outbox.js": "ba3236868cdaf116b8680df29d47fe8285301d3c64e78dacc4302c8cdefec84e",
 "js/rules/base45.js": "7b927e66d75b7ea877860e5f955bbd10ecbb7dacc87059c200282311f3f65fc5",
 "js/rules/bytes.js": "f145ae29d7a1d598a92259472cbbf8ddea09803e1495eb65df0d40e2f9167a19",
 "js/rules/cbor.js": "6290db299b95f702d5763babf078afb70fe0a68a55e019ba80def6aae5e014e5",
 "js/rules/changes.js": "d69d2adf4eacb2886585e9540f74c3500c7225f238dc647658e3c318fe2caafd",
 "js/rules/ed25519.js": "49fd056444a80d9a4ad2798d3e98ba0b7018cb5a180b21d9814d8281a40efc12",
 "js/rules/gate.js": "d48a1c40fd315e7a0ded41c45004784487d3aaceb270592ff96c19e468db8fa5",
 "js/rules/lookup.js": "49c29fe1dcc48a86ecacbaa5978cb86e10e8f83246725cdb64327e9affce62ab",
 "js/rules/presence.js": "40f494b27d7620605bdfe48ee58b9d8668dbb6f5cf51e48f5848515162ab75e3",
 "js/rules/tokens.js": "ac62ffddd82e835aa37e53597f2638ccc31fa049e0f1c6a1ce7920c0d2412a8e",
 "js/rules/tube.js": "12d59d4ad4e73b3b14b3bcc0c981a2fb565c22144f785ed67a2a6bc97aeecbbb",
 "js/sampling/building.js": "d00820db42dd018818a7c58930129d0ba63e821bc935d9ef2ca774e44c4efd61",
 "js/sampling/codes.js": "2380c0c038bcd225283b7e48578f655455a8d84d0edd8f5d2276e9dba771904e",
 "js/sampling/sheet.js": "7fcd48b5b3255a41803cf1d5dc6c0f4cb2989e3003ac300308aac03784e77fd0",
 "js/sampling/team.js": "c4d6faf6ee8ab6b2b27b57ec293bb897d14b53e53227aacce321b8bd5567014a",
 "js/sampling/tube.js": "ccccd90ac8997514068fa9c75fe684d0148bb00cfae3620ef23649d8e3a86a20",
 "js/sampling/work.js": "165183830eb8d24a30b67902dce6882670d16098d05df3ffcf121dc2f8b70441",
 "js/scanner.js": "a887fd5e02a449661060234a46f162b84e0c2440d6c3a3102b1972b71766465d",
 "js/screens.js": "5112887b22e55b96f2fc54b8ba06e421a474e705e394ba5197c0f706c74a16ab",
 "js/screens/enrol.js": "87c09696b4afe8fed9e6e8490f0d57d0af8dfb735ad517cceacd95ba53024d5b",
 "js/screens/home.js": "4d77d58178d2014ea5600dbb696128c16a614426492dde433cc439107961b35e",
 "js/screens/settings.js": "28d85af413a27756abb96966167aa32d2d6c120ddd2068ec68fca7b4c8c57a25",
 "js/screens/unlock.js": "014e0540404e309e19164f3e2616704e3d665645bba928712681fb753b2d5464",
 "js/screens/waiting.js": "1b4bf1beace155a281c8eff107e3f7b7bf873aa1c5a184a71014290e08dd9744",
 "js/screens/withdrawn.js": "03b7d90aec8c9fe8ff211ddd9dbd9921db49eee1a8b5455722132b3eca00f7ba",
 "js/store.js": "7d2baad2260eef0741447df3b22404c9d96f075edaee4965f829b244929df611",
 "js/sync.js": "6dfa897db00427ddac2abc3c0b1dceb9d45653eaaec8f0b647dbd1c734511e27",
 "js/texts.js": "4c1c5817083305835bc01ee02e3611ff49d781cb59ff8aa4a2f82584a3d3a671",
 "js/vault.js": "6683fb097c495a18880e21c7cb1d1db5b09fdac8b3416b8b849ad5d3a7031768",
 "js/voice.js": "e1b7a00ba42f5090aa6ead4f584a4e770727d75c7a57efdd42d762c7fdd789bc",
 "manifest.webmanifest": "809ee0c5ea402b1200c8d8b0b1b7f0544ed87db8e66692362f028e3c7e332c66",
 "texts/en.json": "da72d98ab5d24385349e9df264facfddda396786f3f2d5822f5432040e872cbf",
 "texts/zh-Hans.json": "bd3f9ddb0d9857f5c9fcb18efc08cbced83a07003508c411308e4da5ea919c2a",
 "texts/zh-Hant.json": "72ef507699fc3879863171faa1904007af8c417936c2ac9c4e52ee43d6775c62",
 "vendor/icons.svg": "da5750bec27beb4483a7ae6e8ffecad3369faeb642c2797e74ab60f6596cddeb",
 "vendor/idb.js": "e01b45d2e088a7197e8b41ba9b51a0876969da67cc08e6efbc3d5d7ab6ac836c",
 "vendor/noble/ed25519.js": "70cebecaaa6a126ced702198706c49d03f2d6f70317342b75e50e8d2d4951fe5",
 "vendor/qrcode.js": "ea91d7118a5395289170da848b7c6758b996163bfbccf312591ab65a4911b7c0",
 "vendor/zxing/reader/index.js": "d90c69a827aff3b7c8c8ca310efebe91671ef076f7a0ec83722bfc542814f484",
 "vendor/zxing/share.js": "08868fb770b0a4e4b9eb3d717015cd5fbf3ceb06492d4cb2d2dd2739db11890f",
 "vendor/zxing/zxing_reader.wasm": "e8af31edb56d0522f4de74495839385ef019ba8bc90d38e5ecb2f18795d86fb2"
};

const VERSION = Object.values(FILES).join("").split("").reduce((sum, sign) => (sum * 31 + sign.charCodeAt(0)) >>> 0, 7).toString(16);
const CACHE = `lianfang-field-${VERSION}`;
const PAGE = "index.html";

async function digest(bytes) {
  return [...new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// One file, as it is listed, or an error: then the app that is there stays.
async function fetched(name) {
  const answer = await fetch(new Request(name, { cache: "no-cache", credentials: "omit" }));
  if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
  const bytes = await answer.arrayBuffer();
  if ((await digest(bytes)) !== FILES[name]) throw new Error(`${name} is not the one that belongs to this version`);
  return new Response(bytes, { headers: answer.headers });
}

async function install() {
  const cache = await caches.open(CACHE);
  const before = (await caches.keys()).filter((name) => name.startsWith("lianfang-field-") && name !== CACHE);
  await Promise.all(Object.keys(FILES).map(async (name) => {
    if (await cache.match(name)) return;
    // What did not change is taken over: a village's network is slow.
    for (const old of before) {
      const known = await (await caches.open(old)).match(name);
      if (known && (await digest(await known.clone().arrayBuffer())) === FILES[name]) { await cache.put(name, known); return; }
    }
    await cache.put(name, await fetched(name));
  }));
}

async function takeOver() {
  for (const name of await caches.keys())
    if (name.startsWith("lianfang-field-") && name !== CACHE) await caches.delete(name);
  await self.clients.claim();
}

async function answer(request, name) {
  const cache = await caches.open(CACHE);
  return (await cache.match(name)) || fetch(request);
}

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(takeOver()));
self.addEventListener("message", (event) => { if (event.data === "take over") self.skipWaiting(); });
self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url), scope = new URL(self.registration.scope);
  if (event.request.method !== "GET" || url.origin !== scope.origin || !url.pathname.startsWith(scope.pathname)) return;
  const name = decodeURIComponent(url.pathname.slice(scope.pathname.length));
  if (name.startsWith("api/")) return;
  if (event.request.mode === "navigate" && (name === "" || name === PAGE)) event.respondWith(answer(event.request, PAGE));
  else if (name in FILES) event.respondWith(answer(event.request, name));
});
