"""Identity numbers and phones that have the right form and cannot belong to anybody.

- Resident identity numbers start with 990000–999999. GB/T 2260 gives region codes 11–65, 71, 81–83, 91;
  no region starts with 99. Check digits are valid (GB 11643: ISO 7064 MOD 11-2).
- Mobile numbers start with 154, 160, 163 or 164: network numbers that the ministry's list (公众移动通信网网号
  及H0分配情况, end of March 2023) gives to no operator. They have the form 1[3-9]\\d{9}.
- Passports and permits are of the right form; their ranges are not documented, so they are merely invented.
"""

from __future__ import annotations

from datetime import date

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"
_OLDEST_DAYS = 36_600
"""A hundred years and some: nobody here is older."""
FIRST_REGION = 990_000
REGIONS = 10_000
PHONE_PREFIXES = ("154", "160", "163", "164")
_PER_PREFIX = 100_000_000


def _partial(digits: str, start: int) -> int:
    return sum(int(digit) * _WEIGHTS[start + index] for index, digit in enumerate(digits))


def check_digit(seventeen: str) -> str:
    """The eighteenth character of a resident identity number."""
    return _CHECK[_partial(seventeen, 0) % 11]


class IdentityMint:
    """Makes resident identity numbers; the partial sums of regions, days and serials are tabled."""

    def __init__(self, last_day: date) -> None:
        last = last_day.toordinal()
        first = last - _OLDEST_DAYS
        self.first_day = date.fromordinal(first)
        self.days = [date.fromordinal(day).isoformat().replace("-", "") for day in range(first, last + 1)]
        years = {year: _partial(year, 6) for year in {day[:4] for day in self.days}}
        ends = {end: _partial(end, 10) for end in {day[4:] for day in self.days}}
        self.day_sums = [(years[day[:4]] + ends[day[4:]]) % 11 for day in self.days]
        self.serials = [f"{serial:03d}" for serial in range(1000)]
        self.serial_sums = [_partial(serial, 14) % 11 for serial in self.serials]
        self._region_sums: dict[str, int] = {}

    def number(self, region: str, day: int, serial: int) -> str:
        """``day`` counts from ``first_day``; an odd ``serial`` is a man's."""
        total = self._region_sums.get(region)
        if total is None:
            total = self._region_sums[region] = _partial(region, 0)
        total += self.day_sums[day] + self.serial_sums[serial]
        return f"{region}{self.days[day]}{self.serials[serial]}{_CHECK[total % 11]}"


def phone(number: int) -> str:
    """The phone of person ``number``; different for each of the first hundred million."""
    # An odd multiplier not divisible by 5 visits every number once: neighbours get unlike phones.
    return f"{PHONE_PREFIXES[number & 3]}{(number * 61_803_399 + 27_182_818) % _PER_PREFIX:08d}"


def passport(number: int) -> str:
    return f"ZZ{(number * 7_654_321 + 1_234_567) % 10_000_000:07d}"


def hk_macao_permit(number: int) -> str:
    return f"{'H' if number % 4 else 'M'}00{(number * 654_321 + 98_765) % 1_000_000:06d}"


def taiwan_permit(number: int) -> str:
    return f"00{(number * 765_433 + 45_678) % 1_000_000:06d}"


def one_digit_wrong(id_number: str, at: int, step: int) -> str:
    """Change the digit at ``at`` (0–16) by ``step`` (1–9): the check digit then fails, always."""
    digit = (int(id_number[at]) + step) % 10
    return f"{id_number[:at]}{digit}{id_number[at + 1 :]}"


def fifteen_digits(id_number: str) -> str | None:
    """The form of before 1999; None for people born outside 1900–1999."""
    return id_number[:6] + id_number[8:17] if id_number[6:8] == "19" else None
