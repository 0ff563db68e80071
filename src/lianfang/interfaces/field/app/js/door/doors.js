// What the door screens know: the package of the sweep with this phone's own records laid over it.
// A visit counts as sweeps/visits.py says: the last at which somebody was met, else the last, in whatever order.

const OURS = ["waiting", "sent", "accepted"];

export class Doors {
  static async load(core) {
    const content = await core.package("door");
    return content ? new Doors(content, core) : null;
  }

  constructor(content, core) {
    this.core = core;
    this.sweeps = content.sweeps || [];
    this.needs = content.needs || [];
    this.places = new Map((content.places || []).map((place) => [place.id, place]));
    this.homes = [];
    this.byDoor = new Map();
    for (const home of content.households || []) this._addHome({ ...home, key: `h${home.id}` });
    this.people = new Map();
    for (const person of content.people || []) this._addPerson(`h${person.household}`, { ...person, key: `p${person.id}` });
    this._layOver();
  }

  _addHome(home) {
    this.homes.push(home);
    this.byDoor.set(`${home.unit}/${home.room || ""}`, home);
    return home;
  }

  _addPerson(home, person) {
    if (!this.people.has(home)) this.people.set(home, []);
    this.people.get(home).push(person);
  }

  // The door of a body: by household, else by stairwell and room; one that nobody is registered in is made up here.
  homeOf(body) {
    if (body.household) return this.homes.find((home) => home.id === body.household) || null;
    const room = (body.room || "").trim(), known = this.byDoor.get(`${body.unit}/${room}`);
    return known || this._addHome({ key: `d${body.unit}/${room}`, unit: body.unit, room, isNew: true });
  }

  _layOver() {
    this.changed = new Map();
    this.visits = new Map();
    for (const sweep of this.sweeps) {
      const kept = new Map();
      for (const visit of sweep.visits || []) kept.set(`h${visit.household}`, { list: [visit], tries: visit.tries || 1 });
      this.visits.set(sweep.id, kept);
    }
    for (const item of this.core.items({ states: OURS })) {
      if (item.kind === "person.added") this._layAdded(item);
      if (item.kind === "door.visited") this._layVisit(item);
      if (item.kind === "person.changed" && (item.body.person || item.body.client))
        this.changed.set(item.body.person ? `p${item.body.person}` : `c${item.body.client}`, item.body);
    }
  }

  _layAdded(item) {
    const made = (item.answer && item.answer.refs && item.answer.refs.person) || null;
    const home = item.body.household || item.body.unit ? this.homeOf(item.body) : null;
    if (!home) return;
    const known = (this.people.get(home.key) || []).find((one) => one.id === made || (one.name === item.body.name && made));
    if (!known) this._addPerson(home.key, { key: `c${item.id}`, client: item.id, name: item.body.name, isAdded: true });
  }

  _layVisit(item) {
    const kept = this.visits.get(item.body.sweep), home = this.homeOf(item.body);
    if (!kept || !home) return;
    const before = kept.get(home.key) || { list: [], tries: 0 };
    if (before.list.some((one) => one.client === item.id)) return;
    const visit = { ...item.body, living: item.body.people || [], at: item.happened_at, client: item.id, isOurs: true };
    kept.set(home.key, { list: [...before.list, visit], tries: before.tries + 1 });
  }

  // {outcome, counted, …, tries} or null.
  visit(sweep, home) {
    const kept = this.visits.get(sweep.id).get(home.key);
    if (!kept) return null;
    const ordered = kept.list.slice().sort((one, other) => Date.parse(one.at) - Date.parse(other.at));
    const met = ordered.filter((one) => one.outcome === "met");
    return { ...(met.length ? met[met.length - 1] : ordered[ordered.length - 1]), tries: kept.tries };
  }

  unitName(id) { const place = this.places.get(id); return place ? place.label || place.name : "–"; }
  homesOf(unit) { return this.homes.filter((home) => home.unit === unit); }
  membersOf(home) { return this.people.get(home.key) || []; }

  counts(sweep, unit) {
    const sum = { doors: 0, met: 0, not_home: 0, refused: 0, empty: 0, left: 0 };
    for (const home of this.homesOf(unit)) {
      sum.doors += 1;
      const visit = this.visit(sweep, home);
      sum[visit ? visit.outcome : "left"] += 1;
    }
    sum.done = sum.met + sum.empty;
    sum.again = sum.not_home + sum.refused;
    return sum;
  }

  // Doors to knock at again, in walking order.
  again(sweep) {
    return sweep.units.flatMap((unit) => this.homesOf(unit)).map((home) => ({ home, visit: this.visit(sweep, home) }))
      .filter(({ visit }) => visit && (visit.outcome === "not_home" || visit.outcome === "refused"));
  }

  // The next door of the stairwell that nobody has knocked at, after this one.
  next(sweep, home) {
    const list = this.homesOf(home.unit), at = list.findIndex((one) => one.key === home.key);
    return [...list.slice(at + 1), ...list.slice(0, Math.max(0, at))].find((one) => !this.visit(sweep, one)) || null;
  }

  // Floors from the top down, each with its rooms; rooms that say no floor stand in one row at the end.
  floors(unit) {
    const rows = new Map();
    for (const home of this.homesOf(unit)) {
      const floor = home.floor === undefined ? floorOf(home.room) : home.floor;
      if (!rows.has(floor)) rows.set(floor, []);
      rows.get(floor).push(home);
    }
    const order = [...rows.keys()].filter((floor) => floor !== null).sort((one, other) => other - one);
    return [...order, ...(rows.has(null) ? [null] : [])].map((floor) => ({ floor, homes: rows.get(floor) }));
  }
}

function floorOf(room) {
  const found = /^[A-Z]?([0-9]{1,2})[0-9]{2}$/.exec(room || "");
  return found && found[1] !== "0" ? Number(found[1]) : null;
}

export const OUTCOMES = ["met", "not_home", "refused", "empty"];
export const TONES = { met: "good", not_home: "warn", refused: "bad", empty: "quiet" };
export const SYMBOLS = { met: "circle-check", not_home: "clock", refused: "hand-stop", empty: "door" };
