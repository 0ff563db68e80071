// What the device warns of before a swab is booked; the codes of lab_testing's SampleWarning. Pure.

export function remaining(tube) {
  return tube.is_household ? null : Math.max(0, tube.capacity - tube.count);
}

export function tubeWarnings({ tube, person }) {
  const found = [];
  if (!tube.is_household && tube.count >= tube.capacity) found.push("over_full");
  if (person.sampled_in) found.push("twice_sampled");
  if (tube.building && person.building && tube.building !== person.building) found.push("wrong_building");
  if (tube.is_household && tube.households.some((household) => household !== person.household)) found.push("mixed_households");
  if (!person.is_expected) found.push("not_on_roster");
  if (person.state === "exempt") found.push("exempt_but_sampled");
  if (person.state === "away") found.push("away_but_sampled");
  return found;
}

// Why a tube with so many bound and so many counted cannot be sealed; null where it can.
export function sealTrouble({ count, counted, capacity, is_household }) {
  if (!count) return "empty";
  if (counted > count) return "too_many";
  if (counted < count) return "too_few";
  return !is_household && counted > capacity ? "over_full" : null;
}
