"""``python -m benchmarks.document``: put the kept figures (out/*.json) into docs/benchmarks.md."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.report import OUT

PAGE = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"
BEGIN, END = "<!-- measured: python -m benchmarks.document -->", "<!-- end of measured -->"
ORDER = ("start-up", "reading", "linkage", "linkage-quick", "job", "scores", "growth", "web-import", "results", "lists",
         "follow", "idle", "field-load", "engine-few", "engine-bulk", "history")  # fmt: skip
VERDICTS = {True: "met", False: "**not met**", None: ""}


def section(kept: dict) -> str:
    """One benchmark as a heading, the table, and what its numbers include."""
    machine = kept["machine"]
    head = f"measured {kept['measured_at'][:10]}, {machine['cores']} cores, Python {machine['python']}"
    parts = [f"### {kept['name']}: {kept['title']}", "", f"_{head}_", ""]
    if kept["lines"]:
        parts += ["| what | measured | target | | note |", "|---|---:|---:|---|---|"]
        parts += [
            f"| {line['what']} | {line['measured']} | {line['target']} | {VERDICTS[line['met']]} | {line['note']} |"
            for line in kept["lines"]
        ]
        parts.append("")
    parts += [f"{remark[0].upper()}{remark[1:]}." for remark in kept["remarks"]]
    for text in kept["texts"]:
        parts += ["", "```text", text, "```"]
    return "\n".join(parts).rstrip() + "\n"


def main() -> None:
    """Raises ``FileNotFoundError`` where nothing was measured yet, ``ValueError`` where the page has no marks."""
    found = [OUT / f"{name}.json" for name in ORDER if (OUT / f"{name}.json").exists()]
    if not found:
        raise FileNotFoundError(f"nothing in {OUT.name}: run python -m benchmarks first")
    page = PAGE.read_text(encoding="utf-8")
    begin, end = page.index(BEGIN) + len(BEGIN), page.index(END)
    sections = [section(json.loads(path.read_text(encoding="utf-8"))) for path in found]
    PAGE.write_text(f"{page[:begin]}\n\n" + "\n".join(sections) + f"\n{page[end:]}", encoding="utf-8")
    print(f"{len(found)} benchmarks → {PAGE.name}")


if __name__ == "__main__":
    main()
