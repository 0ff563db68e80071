// The answer at a gate, the same as engine/field/gate.py gives: its order and its reasons are told there.
// facts: {proof, code, known, changes, temperature, permit, permit_until_at, permit_companions, companions, travel,
// vaccine_doses, is_emergency}; rules: {negative_hours, fever_from, travel, vaccine_doses, carried_hours, fresh_hours,
// renew_hours}.

const HOUR = 3600;
const COLOURS = { pass: "green", stop: "red", second_look: "yellow", emergency: "blue" };
const NOTHING = {
  proof: "none", code: null, known: null, changes: null, temperature: null, permit: "none", permit_until_at: null,
  permit_companions: 0, companions: 0, travel: null, vaccine_doses: null, is_emergency: false };
const USUAL = { negative_hours: null, fever_from: null, travel: false, vaccine_doses: 0, carried_hours: 24, fresh_hours: 4, renew_hours: 72 };

const given = (value) => value !== null && value !== undefined;

export function gateAnswer(someFacts, someRules, now) {
  const facts = { ...NOTHING, ...someFacts }, rules = { ...USUAL, ...someRules };
  const presence = facts.code ? facts.code.presence : "seen";
  const answer = (said, reason, more) => ({
    answer: said, reason, also: [], hints: [], status: null, as_of: null, until_at: null, presence, ...more,
    colour: COLOURS[said], words: `field_proof.words.${said}` });
  if (facts.is_emergency) return answer("emergency", "emergency");
  const hints = hintsOf(facts, rules), trouble = notIdentified(facts, rules, now);
  if (trouble) return answer("second_look", trouble, { hints });
  const companions = companionsOf(facts);
  if (facts.permit === "valid") {
    const status = facts.known ? facts.known.status : null;
    if (companions.length) return answer("second_look", "companions_not_shown", { hints, status, as_of: now });
    return answer("pass", "permit", { hints, status, as_of: now, until_at: facts.permit_until_at });
  }
  const [source, found] = statusOf(facts, rules, now);
  const findings = [...found, ...jointOf(facts, rules, now, source), ...companions];
  const { status, at: asOf } = source || { status: null, at: null };
  if (!findings.length) return answer("pass", "all_met", { hints, status, as_of: asOf, until_at: untilOf(facts, rules, source) });
  const sorted = [...findings.filter(([said]) => said === "stop"), ...findings.filter(([said]) => said !== "stop")];
  const also = sorted.slice(1).map(([, reason]) => reason);
  return answer(sorted[0][0], sorted[0][1], { also, hints, status, as_of: asOf });
}

function hintsOf(facts, rules) {
  const found = [];
  if (facts.proof === "printed" || facts.proof === "lookup") found.push("look_at_holder");
  if (facts.permit === "valid" && hasFever(facts, rules)) found.push("fever");
  if (facts.permit === "not_now" || facts.permit === "other_gate") found.push(`permit_${facts.permit}`);
  return found;
}

function notIdentified(facts, rules, now) {
  const { proof, code, known } = facts;
  if (proof === "lookup") return known ? "" : "not_found";
  if ((proof !== "token" && proof !== "printed") || !code) return "not_identified";
  if (proof === "printed" && code.reading === "valid" && isWithdrawn(code, known)) return "printed_withdrawn";
  // A phone without a network; not for ever, for a stolen phone would pass as its owner.
  const isLate = proof === "token" && code.reading === "expired" && known && code.expires_at >= now - rules.renew_hours * HOUR;
  return code.reading === "valid" || isLate ? "" : `code_${code.reading}`;
}

function isWithdrawn(code, known) {
  return Boolean(known) && given(known.printed_from_at) && (code.issued_at || 0) < known.printed_from_at;
}

function companionsOf(facts) {
  const allowed = facts.permit === "valid" ? facts.permit_companions : 0;
  return facts.companions > allowed ? [["second_look", "companions_not_shown"]] : [];
}

function statusOf(facts, rules, now) {
  const source = sourceOf(facts);
  if (!source) return [null, [["second_look", "status_not_carried"]]];
  const found = [];
  if (source.status === "red") found.push(["stop", "status_red"]);
  else if (source.status !== "green") found.push(["second_look", source.status === "yellow" ? "status_yellow" : "status_unknown"]);
  if (given(source.until_at) && source.until_at <= now) found.push(["second_look", "status_ran_out"]);
  if (!source.is_live) found.push(...ageOf(facts, rules, source, now));
  return [source, found];
}

function sourceOf(facts) {
  const { known, code } = facts;
  if (facts.proof !== "token" || !code || !given(code.status) || !given(code.issued_at)) return known;
  if (code.reading === "expired" || (known && (known.is_live || known.at >= code.issued_at))) return known;
  return { status: code.status, at: code.issued_at, last_negative_at: code.last_negative_at, until_at: code.expires_at, is_live: false };
}

function ageOf(facts, rules, source, now) {
  const { changes } = facts, oldest = now - rules.carried_hours * HOUR, look = (reason) => [["second_look", reason]];
  if (source === facts.known) {
    if (source.at < oldest) return look("status_too_old");
    return changes && changes.is_hit && changes.made_at > source.at ? look("changed_since") : [];
  }
  if (!changes) return look("changes_missing");
  if (changes.made_at < oldest) return look("changes_too_old");
  if (changes.since_at > source.at) return look("changes_do_not_reach");
  return changes.is_hit ? look("changed_since") : [];
}

function jointOf(facts, rules, now, source) {
  const found = [], look = (reason) => found.push(["second_look", reason]);
  if (given(rules.fever_from)) {
    if (!given(facts.temperature)) look("temperature_missing");
    else if (hasFever(facts, rules)) look("fever");
  }
  if (rules.negative_hours) found.push(...negativeOf(facts, rules, now, source));
  if (rules.travel && facts.travel !== "clear") look(facts.travel === "seen" ? "travel_seen" : "travel_unknown");
  if (rules.vaccine_doses) {
    if (!given(facts.vaccine_doses)) look("vaccination_unknown");
    else if (facts.vaccine_doses < rules.vaccine_doses) look("vaccination_short");
  }
  return found;
}

function hasFever(facts, rules) {
  return given(rules.fever_from) && given(facts.temperature) && facts.temperature >= rules.fever_from;
}

// The later of what the code and what the server says: both are signed facts.
function lastNegativeOf(facts) {
  const said = [facts.code, facts.known].filter(Boolean).map((one) => one.last_negative_at).filter(given);
  return said.length ? Math.max(...said) : null;
}

function negativeOf(facts, rules, now, source) {
  const last = lastNegativeOf(facts);
  if (last === null) return [["second_look", "negative_unknown"]];
  if (now <= last + rules.negative_hours * HOUR) return [];
  const isFresh = Boolean(source) && (source.is_live || source.at >= now - rules.fresh_hours * HOUR);
  return [isFresh ? ["stop", "negative_too_old"] : ["second_look", "negative_may_be_newer"]];
}

function untilOf(facts, rules, source) {
  const ends = source && given(source.until_at) ? [source.until_at] : [], last = lastNegativeOf(facts);
  if (rules.negative_hours && last !== null) ends.push(Math.trunc(last + rules.negative_hours * HOUR));
  return ends.length ? Math.min(...ends) : null;
}
