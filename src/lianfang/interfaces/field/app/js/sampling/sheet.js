// Tonight's sheet as it stands on this phone: the package of the server, and over it what was done here and is not in
// the package yet. Nothing is stored here: it follows from both, so a restart in the middle changes nothing.

const CLAIM_STATES = { exempt: "exempt", away: "away", refused: "missing", absent: "missing" };

// Of each package once: what does not change with each swab.
const bases = new WeakMap();

function baseOf(content) {
  if (!bases.has(content)) {
    const households = new Map((content.households || []).map((home) => [home.id, home]));
    const members = new Map([...households.keys()].map((id) => [id, []]));
    const people = new Map(), byLookup = new Map();
    for (const person of content.people || []) {
      const one = { ...person, key: person.id };
      people.set(person.id, one);
      if (members.has(person.household)) members.get(person.household).push(one);
      for (const lookup of person.lookups || []) byLookup.set(lookup, person.id);
    }
    const places = new Map((content.places || []).map((place) => [place.id, place]));
    const byUnit = new Map();
    for (const home of households.values()) {
      const unit = home.unit || home.building;
      if (!byUnit.has(unit)) byUnit.set(unit, []);
      byUnit.get(unit).push(home);
    }
    bases.set(content, { households, members, people, places, byUnit, byLookup });
  }
  return bases.get(content);
}

export function tubeTaken(tube) { return tube.samples.length; }

export class Sheet {
  // ``choice``: {round, team}; ``items``: core.items().
  constructor(content, items, choice = {}) {
    this.content = content;
    this.base = baseOf(content);
    this.rounds = (content.rounds || []).filter((round) => round.state === "open");
    this.planned = (content.rounds || []).filter((round) => round.state === "planned");
    this.round = this.rounds.find((round) => round.id === choice.round) || this.rounds[0] || null;
    const teams = (this.round && this.round.teams) || [];
    this.team = teams.find((team) => team.id === ((choice.round === this.round.id && choice.team) || this.round.own_team)) || (teams.length === 1 ? teams[0] : null);
    this.teams = teams;
    this.states = new Map();
    this.added = new Map();
    this.addedHomes = new Map();
    this.tubes = new Map();
    this.samplesOf = new Map();
    if (!this.round) return;
    this.ownIds = new Set(items.map((item) => item.id));
    for (const one of this.round.people || [])
      this.states.set(one.id, { state: one.state || "missing", reason: one.reason || "", tube: one.tube || null, at: one.at || null });
    for (const tube of content.tubes || []) if (tube.round === this.round.id) this._putTube(tube);
    for (const item of items) this._apply(item);
  }

  _putTube(tube) {
    const samples = (tube.samples || []).map((one) => ({
      ref: one.client || one.id, serverId: one.id, person: one.person || null, key: one.person || null, name: one.name,
      position: one.position, at: one.at, isOurs: this.ownIds.has(one.client) }));
    this.tubes.set(tube.code, { code: tube.code, capacity: tube.capacity, is_household: Boolean(tube.is_household), state: tube.state || "open",
                                building: tube.building || null, counted: tube.counted === undefined ? null : tube.counted, team: tube.team, samples });
    for (const one of samples) if (one.person) this._sampledIn(one.person, tube.code, one.ref);
  }

  _sampledIn(key, code, ref) {
    if (!this.samplesOf.has(key)) this.samplesOf.set(key, []);
    this.samplesOf.get(key).push({ code, ref });
  }

  // What the package tells already is not told twice: a later word of the desk is in it too.
  _isInPackage(item) {
    if (item.state !== "accepted" || !item.answer || !item.answer.took_at) return false;
    return Date.parse(this.content.made_at) > Date.parse(item.answer.took_at);
  }

  _apply(item) {
    if (item.state === "refused" || item.state === "settled") return;
    const apply = APPLY[item.kind];
    if (!apply) return;
    const isKnown = this._isInPackage(item);
    if (isKnown && item.kind !== "person.added") return;
    apply.call(this, item, item.body, isKnown);
  }

  // ---- asking

  person(key) {
    if (this.added.has(key)) return this.added.get(key);
    return this.base.people.get(key) || null;
  }

  stateOf(key) { return this.states.get(key) || { state: "none", reason: "", tube: null }; }
  place(id) { return this.base.places.get(id) || null; }
  home(id) { return this.base.households.get(id) || this.addedHomes.get(id) || null; }
  tube(code) { return code ? this.tubes.get(code) || null : null; }
  homesOf(unit) { return [...(this.base.byUnit.get(unit) || []), ...[...this.addedHomes.values()].filter((home) => home.unit === unit)]; }

  membersOf(home) {
    const extra = [...this.added.values()].filter((one) => one.household === home.id);
    return [...(this.base.members.get(home.id) || []), ...extra];
  }

  // Stairwells in walking order, of the team's route or, without one, all: [{building, units: [place]}].
  route() {
    const units = [...this.base.byUnit.keys()];
    const order = [...this.base.places.keys()];
    units.sort((one, other) => order.indexOf(one) - order.indexOf(other));
    const wanted = this.team && this.team.route && this.team.route.length ? this.team.route : null;
    const listed = wanted
      ? wanted.flatMap((id) => (this.base.byUnit.has(id) ? [id] : units.filter((unit) => this._buildingOf(unit) === id)))
      : units;
    return grouped([...new Set(listed)], (unit) => this._buildingOf(unit));
  }

  others() {
    const own = new Set(this.route().flatMap((part) => part.units));
    const left = [...this.base.byUnit.keys()].filter((unit) => !own.has(unit));
    return grouped(left, (unit) => this._buildingOf(unit));
  }

  _buildingOf(unit) {
    const place = this.place(unit);
    if (place && place.kind === "building") return unit;
    const [home] = this.base.byUnit.get(unit) || [];
    return (home && home.building) || (place && place.parent) || unit;
  }

  placeName(id) {
    const place = this.place(id);
    return place ? place.label || place.name : "–";
  }

  homeName(home) {
    const unit = this.place(home.unit), building = this.place(home.building || (unit && unit.parent));
    return [building && building.name, unit && unit !== building && unit.name, home.room].filter(Boolean).join(" ");
  }

  // {expected, sampled, excused, missing} of the people of these stairwells.
  counts(units) {
    const sum = { expected: 0, sampled: 0, excused: 0, missing: 0 };
    for (const unit of units)
      for (const home of this.homesOf(unit))
        for (const person of this.membersOf(home)) {
          const { state } = this.stateOf(person.key);
          if (state === "none") continue;
          sum.expected += 1;
          sum[state === "sampled" ? "sampled" : state === "missing" ? "missing" : "excused"] += 1;
        }
    return sum;
  }

  openTubes() { return [...this.tubes.values()].filter((tube) => tube.state === "open"); }
  sealedTubes() { return [...this.tubes.values()].filter((tube) => tube.state === "sealed"); }

  kitOf(code) { return (this.content.kits || []).find((kit) => kit.codes.includes(code)) || null; }
  knowsTube(code) { return this.tubes.has(code) || Boolean(this.kitOf(code)); }

  byName(text) {
    const wanted = text.replace(/\s+/g, "").toLowerCase();
    if (!wanted) return [];
    const all = [...this.base.people.values(), ...this.added.values()];
    return all.filter((person) => {
      const home = this.home(person.household);
      return person.name.toLowerCase().includes(wanted) || (home && String(home.room).toLowerCase() === wanted);
    });
  }

  byLookup(lookup) { return this.person(this.base.byLookup.get(lookup)); }

  // What the rules of the device look at.
  facts(person, tube) {
    const home = this.home(person.household), state = this.stateOf(person.key);
    const others = (this.samplesOf.get(person.key) || []).filter((one) => one.code !== tube.code);
    return {
      tube: { state: tube.state, capacity: tube.capacity, is_household: tube.is_household, building: tube.building, count: tube.samples.length,
              households: [...new Set(tube.samples.map((one) => { const found = this.person(one.key); return found ? found.household : null; }))] },
      person: { household: person.household, building: home ? home.building : null, state: state.state === "none" ? "missing" : state.state,
                is_expected: state.state !== "none", sampled_in: others.length ? others[0].code : state.state === "sampled" && !this._isIn(person, tube) ? state.tube || "?" : null },
    };
  }

  _isIn(person, tube) { return tube.samples.some((one) => one.key === person.key); }
  isIn(person, tube) { return this._isIn(person, tube); }
}

function grouped(units, buildingOf) {
  const parts = [];
  for (const unit of units) {
    const building = buildingOf(unit), last = parts[parts.length - 1];
    if (last && last.building === building) last.units.push(unit);
    else parts.push({ building, units: [unit] });
  }
  return parts;
}

// What each kind of item changes. ``this`` is the sheet.
const APPLY = {
  "tube.opened"(item, body) {
    if (body.round !== this.round.id || this.tubes.has(body.code)) return;
    this.tubes.set(body.code, { code: body.code, capacity: body.capacity, is_household: Boolean(body.is_household), state: "open",
                                building: body.building || null, counted: null, team: body.team, samples: [] });
  },

  "person.added"(item, body, isKnown) {
    const refs = (item.answer && item.answer.refs) || {};
    const known = refs.person && this.base.people.get(refs.person);
    if (known || isKnown) {
      if (known) this.added.set(item.id, { ...known, key: known.id });
      return;
    }
    let household = body.household;
    if (!household) {
      const at = [...this.homesOf(body.unit)].find((home) => String(home.room) === String(body.room));
      household = at ? at.id : `${body.unit}/${body.room}`;
      if (!at) {
        const place = this.place(body.unit);
        this.addedHomes.set(household, { id: household, unit: body.unit, building: place ? place.parent : null, room: body.room });
      }
    }
    this.added.set(item.id, { key: item.id, client: item.id, household, name: body.name, isAdded: true });
    if (body.round === this.round.id) this.states.set(item.id, { state: "missing", reason: "", tube: null });
  },

  "sample.taken"(item, body) {
    if (body.round !== this.round.id) return;
    const tube = this.tubes.get(body.tube);
    const person = this.person(body.person || body.client);
    const key = person ? person.key : body.person || body.client;
    if (tube && !tube.samples.some((one) => one.ref === item.id)) {
      tube.samples = [...tube.samples, { ref: item.id, serverId: null, person: body.person || null, key, name: person ? person.name : "–",
                                         position: body.position, at: item.happened_at, isOurs: true }];
      this._sampledIn(key, body.tube, item.id);
    }
    const before = this.stateOf(key);
    if (before.state !== "sampled") this.states.set(key, { state: "sampled", reason: "", tube: body.tube, at: item.happened_at, before });
  },

  "sample.voided"(item, body) { this._without(body.sample); },

  "samples.moved"(item, body) {
    const from = this.tubes.get(body.from), to = this.tubes.get(body.to);
    if (!from || !to) return;
    const moving = from.samples.filter((one) => !body.samples || body.samples.includes(one.ref));
    from.samples = from.samples.filter((one) => !moving.includes(one));
    to.samples = [...to.samples, ...moving];
    for (const one of moving) {
      for (const place of this.samplesOf.get(one.key) || []) if (place.ref === one.ref) place.code = to.code;
      const state = this.states.get(one.key);
      if (state && state.tube === from.code) this.states.set(one.key, { ...state, tube: to.code });
    }
  },

  "tube.sealed"(item, body) { this._change(body.tube, { state: "sealed", counted: body.counted }); },
  "tube.reopened"(item, body) { this._change(body.tube, { state: "open", counted: null }); },

  "tube.voided"(item, body) {
    const tube = this.tubes.get(body.tube);
    if (!tube) return;
    for (const one of tube.samples) this._without(one.ref);
    this._change(body.tube, { state: "void" });
  },

  "claim.made"(item, body) {
    if (body.round !== this.round.id) return;
    const person = this.person(body.person || body.client), key = person ? person.key : body.person;
    const before = this.stateOf(key);
    if (before.state === "sampled") return;
    // An exemption is for the community to decide: until it has, the person is to be sampled.
    const state = body.claim === "exempt" ? "missing" : CLAIM_STATES[body.claim];
    this.states.set(key, { state, claim: body.claim, reason: body.reason, tube: null, at: item.happened_at });
  },
};

Sheet.prototype._change = function change(code, values) {
  const tube = this.tubes.get(code);
  if (tube) this.tubes.set(code, { ...tube, ...values });
};

Sheet.prototype._without = function without(ref) {
  for (const tube of this.tubes.values()) {
    const gone = tube.samples.find((one) => one.ref === ref || one.serverId === ref);
    if (!gone) continue;
    tube.samples = tube.samples.filter((one) => one !== gone);
    const left = (this.samplesOf.get(gone.key) || []).filter((one) => one.ref !== gone.ref);
    this.samplesOf.set(gone.key, left);
    const state = this.states.get(gone.key);
    if (!left.length && state && state.state === "sampled")
      this.states.set(gone.key, state.before || { state: "missing", reason: "", tube: null });
    return;
  }
};
