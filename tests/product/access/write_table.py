"""Writes ``table.toml`` anew from the views, to be read line by line before it is committed:

python -m tests.product.access.write_table
"""

from __future__ import annotations

from pathlib import Path


def main() -> None:
    from lianfang.foundation.access.roles import MAY, Action, Role
    from tests.product import conftest  # noqa: F401 - sets Django up
    from tests.product.access.urls import every_url

    lines = ["# Who may open each page. Reviewed by people, held by test_every_url.py: a change here is a decision."]
    for url in every_url():
        access = url.access
        if access == "public":
            said = '"public"'
        elif access == ():
            said = '"signed in"'
        else:
            wanted = {Action(one) for one in access or ()}
            roles = [str(role) for role in Role if role is not Role.SYSTEM and MAY[role] & wanted]
            said = "[" + ", ".join(f'"{role}"' for role in roles) + "]"
        lines.append(f'"{url.name}" = {said}')
    (Path(__file__).parent / "table.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
