"""The evening: teams walk their buildings, swabs go into tubes, tubes into boxes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random

from lianfang.demo.people import Person, Township
from lianfang.demo.places import Building, Community
from lianfang.demo.plants import Plants

EVENING_MINUTES = 330
"""How long the round's sampling lasts, from its start 8 h 40 min before the report is due."""
TEAM_PEOPLE = 1_600
TUBES_PER_BOX = 48
HOUSEHOLD = 0
"""The capacity of a household tube: one home, however many."""
_HOME_VISIT_AGE = 86
_LATE_COMERS = 0.02
_VOID = 0.003
_OVER_FULL_EVERY = 256
_TWO_BOXES = 0.0012
_WRONG_CLOCK = 0.0012


class Tube:
    """One tube. Clocks are seconds since the round's start; ``members`` are in the order of their swabs."""

    __slots__ = (
        "box", "capacity", "clock", "code", "is_over_full", "is_void", "members", "moved_from", "other_box",
        "repeated", "retest_of", "step", "team", "wrong_clock",
    )  # fmt: skip

    def __init__(self, code: str, box: str, capacity: int, team: str, clock: int, step: int) -> None:
        self.code = code
        self.box = box
        self.capacity = capacity
        self.team = team
        self.clock = clock
        self.step = step
        self.members: list[Person] = []
        self.repeated: list[int] = []
        self.other_box = ""
        self.is_void = False
        self.is_over_full = False
        self.wrong_clock = False
        self.moved_from: Tube | None = None
        self.retest_of: Tube | None = None

    @property
    def last_clock(self) -> int:
        return self.clock + self.step * len(self.members)


@dataclass(slots=True)
class Team:
    """A sampling team: its name, the list it writes on, and its tubes in the order of sealing."""

    name: str
    dialect: str
    community: Community
    buildings: list[Building] = field(default_factory=list)
    people: int = 0
    tubes: list[Tube] = field(default_factory=list)


@dataclass(slots=True)
class Evening:
    """The round of one township."""

    teams: list[Team]
    sampled: set[int] = field(default_factory=set)

    @property
    def tubes(self) -> list[Tube]:
        return [tube for team in self.teams for tube in team.tubes]


CAPACITY = {"sealed": HOUSEHOLD, "batch": 10, "scanner": 20, "village": 10, "paper": 5}


def _dialect_of(community: Community) -> str:
    if community.is_village:
        return "village"
    return ("batch", "scanner", "batch", "scanner", "paper")[community.index % 5]


def form_teams(township: Township) -> list[Team]:
    teams: list[Team] = []
    for community in township.communities:
        team: Team | None = None
        for building in community.buildings:
            dialect = "sealed" if building.sealed else _dialect_of(community)
            if team is None or team.people > TEAM_PEOPLE or team.dialect != dialect:
                team = Team(f"{community.name}第{len(teams) + 1}采样组", dialect, community)
                teams.append(team)
            team.buildings.append(building)
            team.people += building.people
    return teams


class Sampler:
    """Fills the tubes of a township."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._random = rng.random
        self._serial = 0
        self._lead = ""
        self._pools = 0
        self._over_full_at = 0

    def sample(self, township: Township, plants: Plants) -> Evening:
        self._serial = 0
        self._pools = 0
        self._over_full_at = 1 + int(self._random() * 12)
        self._lead = f"{township.index + 1:03d}"
        evening = Evening(form_teams(township))
        unsampled = plants.unsampled
        guests: dict[int, list[Person]] = {}
        for visitor in township.visitors:
            guests.setdefault(visitor.building.index, []).append(visitor)
        for team in evening.teams:
            # The balanced building of the sealed compound comes first, ten to a tube.
            pooled = [building for building in team.buildings if building.is_balanced]
            others = [building for building in team.buildings if not building.is_balanced]
            for buildings, capacity in ((pooled, 10), (others, CAPACITY[team.dialect])):
                queue, later = self._queue(buildings, township, unsampled, guests)
                self._fill(team, queue, later, capacity, plants)
        self._mishaps(evening, plants)
        for tube in evening.tubes:
            if not tube.is_void:
                evening.sampled.update([person.number for person in tube.members])
        return evening

    def _queue(
        self,
        buildings: Iterable[Building],
        township: Township,
        unsampled: set[int],
        guests: dict[int, list[Person]],
    ) -> tuple[list[Person], list[Person]]:
        """Those at home, in walking order, and those who come to the tent later."""
        people, draw = township.people, self._random
        queue: list[Person] = []
        later: list[Person] = []
        for building in buildings:
            block = people[building.first_person : building.first_person + building.people]
            for person in block:
                if person.number in unsampled:
                    continue
                if draw() < _LATE_COMERS and not building.is_balanced:
                    later.append(person)
                else:
                    queue.append(person)
            queue += guests.get(building.index, ())
        return queue, later

    def _open(self, team: Team, capacity: int, clock: int, step: int) -> Tube:
        self._serial += 1
        serial = self._serial
        code = f"{_CODE_LEAD[team.dialect]}{self._lead}{serial:06d}"
        box = f"X{self._lead}-{serial // TUBES_PER_BOX + 1:04d}-{len(team.buildings):02d}"
        tube = Tube(code, box, capacity, team.name, clock, step)
        team.tubes.append(tube)
        return tube

    def _fill(self, team: Team, queue: list[Person], later: list[Person], capacity: int, plants: Plants) -> None:
        draw = self._random
        later = later + [person for person in queue if person.number in plants.two_tubes]
        step = max(4, min(25, EVENING_MINUTES * 60 // (len(queue) + len(later) + 1)))
        clock = team.tubes[-1].last_clock + 120 if team.tubes else int(draw() * 900)
        tube: Tube | None = None
        room = 0
        home: object = None
        seen_at = len(queue)
        for at, person in enumerate(queue + later):
            if person.age >= _HOME_VISIT_AGE and capacity != HOUSEHOLD:
                single = self._open(team, 1, clock, step)
                single.members.append(person)
                clock += step
                continue
            if capacity == HOUSEHOLD:
                own = (person.building.index, person.unit, person.room)
                full = own != home or at >= seen_at
                home = own
            else:
                # A row written twice is no second swab, yet it takes a line of the tube's form.
                full = room <= (person.number in plants.sample_row_twice) or at == seen_at
            if tube is None or full:
                tube = self._open(team, capacity, clock, step)
                room = capacity
                if capacity > 1 and not person.building.is_balanced and self._is_counted_wrong():
                    tube.is_over_full, room = True, capacity + 1
            tube.members.append(person)
            room -= 1
            clock += step
            if person.number in plants.sample_row_twice and not tube.is_over_full:
                tube.repeated.append(person.number)
                room -= 1

    def _is_counted_wrong(self) -> bool:
        self._pools += 1
        return self._pools % _OVER_FULL_EVERY == self._over_full_at

    def _mishaps(self, evening: Evening, plants: Plants) -> None:
        """Decide which tubes break, change boxes or carry a wrong clock; swab half of the broken ones again."""
        for tube in evening.tubes:
            tube.is_over_full = tube.is_over_full and len(tube.members) > tube.capacity
        plain = [
            (team, tube)
            for team in evening.teams
            for tube in team.tubes
            if not tube.is_over_full
            and not tube.members[0].building.is_balanced
            and not any(one.number in plants.touched for one in tube.members)
        ]
        self._rng.shuffle(plain)
        for at, (team, broken) in enumerate(self._some(plain, _VOID)):
            broken.is_void = True
            if at % 2:
                tube = self._open(team, broken.capacity, team.tubes[-1].last_clock + 60, broken.step)
                tube.members = list(broken.members)
                tube.moved_from = broken
        for _, tube in self._some(plain, _WRONG_CLOCK):
            tube.wrong_clock = True
        # The last two of a tube are written under another box: there must be others, and a column for boxes,
        # which the sealed compound's form for household tubes (H…) has not.
        plain = [pair for pair in plain if len(pair[1].members) > 3 and not pair[1].code.startswith("H")]
        for _, tube in self._some(plain, _TWO_BOXES):
            tube.other_box = f"{tube.box}B"

    def _some(self, pairs: list[tuple[Team, Tube]], share: float) -> list[tuple[Team, Tube]]:
        """Take about ``share`` of the tubes off ``pairs``; at least one of forty."""
        count = max(round(len(pairs) * share), 1 if len(pairs) >= 40 else 0)
        taken, pairs[:] = pairs[:count], pairs[count:]
        return taken

    def retest(self, pool: Tube, clock: int, number: int) -> list[Tube]:
        """Everybody of a positive pool swabbed once more, alone."""
        singles = []
        for at, person in enumerate(pool.members):
            tube = Tube(f"D{pool.code[1:4]}{number:02d}{at + 1:04d}", "", 1, "单采复核组", clock + at * 95, 95)
            tube.members = [person]
            tube.retest_of = pool
            singles.append(tube)
        return singles


_CODE_LEAD = {"sealed": "H", "batch": "A", "scanner": "22", "village": "C", "paper": "E"}
