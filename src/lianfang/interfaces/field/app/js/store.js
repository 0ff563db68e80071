// The phone's database: meta (small things without people), packages, items, kept. All that tells of people is a
// sealed box; states and counts lie open, so that the bar and a locked phone can show how much waits.

import { openDB } from "../vendor/idb.js";

const NAME = "lianfang-field";
// Written to the disk before the promise resolves: a battery that dies at the next door takes nothing with it.
const STRICT = { durability: "strict" };

export async function openStore() {
  const db = await openDB(NAME, 1, {
    upgrade(made) {
      made.createObjectStore("meta");
      made.createObjectStore("packages");
      made.createObjectStore("kept");
      const items = made.createObjectStore("items", { keyPath: "seq" });
      items.createIndex("id", "id", { unique: true });
      items.createIndex("state", "state");
    },
    blocking(_current, _blocked, event) { event.target.close(); },
  });
  return new Store(db);
}

class Store {
  constructor(db) { this.db = db; }

  meta(key) { return this.db.get("meta", key); }

  async putMeta(values) {
    const work = this.db.transaction("meta", "readwrite", STRICT);
    for (const [key, value] of Object.entries(values))
      if (value === undefined || value === null) work.store.delete(key);
      else work.store.put(value, key);
    await work.done;
  }

  // The number is drawn and the row written in one transaction: two tabs never give one number twice.
  async addItem(row) {
    const work = this.db.transaction(["meta", "items"], "readwrite", STRICT);
    try {
      const seq = ((await work.objectStore("meta").get("last_seq")) || 0) + 1;
      work.objectStore("items").add({ ...row, seq });
      work.objectStore("meta").put(seq, "last_seq");
      await work.done;
      return seq;
    } catch (error) {
      // Neither the row nor its number: the server waits for numbers that are missing.
      work.done.catch(() => {});
      if (!work.error) try { work.abort(); } catch (over) { if (over.name !== "InvalidStateError") throw over; }
      throw error;
    }
  }

  async changeItems(rows) {
    const work = this.db.transaction("items", "readwrite", STRICT);
    for (const row of rows) work.store.put(row);
    await work.done;
  }

  async dropItems(seqs) {
    const work = this.db.transaction("items", "readwrite");
    for (const seq of seqs) work.store.delete(seq);
    await work.done;
  }

  items() { return this.db.getAll("items"); }
  countItems(state) { return this.db.countFromIndex("items", "state", state); }

  package(name) { return this.db.get("packages", name); }
  packageNames() { return this.db.getAllKeys("packages"); }

  // Packages and what opens them change together, or not at all. ``parts`` = {name: row}, null removes one.
  async putPackages(parts, meta = {}) {
    const work = this.db.transaction(["packages", "meta"], "readwrite", STRICT);
    for (const [name, row] of Object.entries(parts))
      if (row) work.objectStore("packages").put(row, name);
      else work.objectStore("packages").delete(name);
    for (const [key, value] of Object.entries(meta))
      if (value === undefined || value === null) work.objectStore("meta").delete(key);
      else work.objectStore("meta").put(value, key);
    await work.done;
  }

  // The server's part and all that it opens.
  async forgetPackages() {
    const work = this.db.transaction(["packages", "meta"], "readwrite", STRICT);
    work.objectStore("packages").clear();
    work.objectStore("meta").delete("storage_key");
    await work.done;
  }

  kept(name) { return this.db.get("kept", name); }

  async keep(name, row) {
    const work = this.db.transaction("kept", "readwrite", STRICT);
    work.store.put(row, name);
    await work.done;
  }

  // Everything but how the screen looks.
  async wipe(remember = {}) {
    const work = this.db.transaction(["packages", "meta", "items", "kept"], "readwrite", STRICT);
    for (const name of ["packages", "items", "kept"]) work.objectStore(name).clear();
    const meta = work.objectStore("meta");
    const look = await meta.get("look");
    await meta.clear();
    if (look) meta.put(look, "look");
    for (const [key, value] of Object.entries(remember)) meta.put(value, key);
    await work.done;
  }
}
