from __future__ import annotations

import pytest
from django.db import ProgrammingError, connections, transaction
from django.db.utils import DatabaseError

from lianfang.domains.registry.models import Person
from lianfang.foundation.access.row_security import OPEN_PREFIXES, OPEN_TABLES
from lianfang.foundation.access.scope import NobodyActsError, acting_as, current_actor
from tests.product.world import World


def test_where_nobody_acts_no_person_is_seen(world: World) -> None:
    assert Person.objects.count() == 0


def test_a_forgotten_filter_shows_a_community_only_its_own_people(world: World) -> None:
    with acting_as(world.actor("community")):
        names = set(Person.objects.values_list("name", flat=True))
    assert "陈建国" in names and "周志强" in names
    assert "郑海" not in names and len(names) == 8


@pytest.mark.parametrize(
    ("login", "seen"),
    [
        ("resident", 3),
        ("building_chief", 6),
        ("community", 8),
        ("township", 10),
        ("district", 10),
        ("auditor", 0),
        ("administrator", 0),
    ],
)
def test_each_level_sees_its_places_and_nothing_else(world: World, login: str, seen: int) -> None:
    with acting_as(world.actor(login)) as actor:
        assert Person.objects.count() == seen
        assert Person.objects.visible_to(actor).count() == seen


def test_a_row_cannot_be_written_into_another_community(world: World) -> None:
    neighbour = world.people["郑海"]
    with pytest.raises(ProgrammingError, match="row-level security"), acting_as(world.actor("community")):
        Person.objects.create(
            county_id=neighbour.county_id, township_id=neighbour.township_id, community_id=neighbour.community_id,
            name="外来", pseudonym="0" * 32, created_at=neighbour.created_at,
        )  # fmt: skip


def test_a_neighbours_row_cannot_be_changed_by_id(world: World) -> None:
    with acting_as(world.actor("community")):
        assert Person.objects.filter(pk=world.people["郑海"].pk).update(name="改名") == 0


def test_history_is_scoped_like_the_rows_it_tells_of(world: World) -> None:
    with acting_as(world.actor("community")):
        events = set(Person.pgh_event_model.objects.values_list("name", flat=True))
    assert "陈建国" in events and "郑海" not in events


def test_history_and_audit_cannot_be_rewritten(world: World) -> None:
    for table in ("registry_personevent", "audit_entry"):
        refused = pytest.raises(DatabaseError, match="permission denied")
        with refused, acting_as(world.actor("township")), connections["default"].cursor() as cursor:
            cursor.execute(f"DELETE FROM {table}")


def test_the_scope_ends_with_its_block_and_the_one_around_it_comes_back(world: World) -> None:
    with acting_as(world.actor("township")):
        with acting_as(world.actor("community")):
            assert Person.objects.count() == 8
        assert Person.objects.count() == 10
        assert current_actor().name == "township员"
    assert Person.objects.count() == 0
    with pytest.raises(NobodyActsError):
        current_actor()


def test_an_error_inside_gives_back_the_scope_around_it(world: World) -> None:
    with acting_as(world.actor("township")):
        with pytest.raises(ZeroDivisionError), acting_as(world.actor("community")):
            raise ZeroDivisionError
        assert Person.objects.count() == 10


def test_every_table_has_policies_or_a_reason_why_not() -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT relname, relrowsecurity FROM pg_class "
            "WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
        )
        tables = dict(cursor.fetchall())
    bare = {name for name, secured in tables.items() if not secured and not name.startswith(OPEN_PREFIXES)}
    assert bare == set(OPEN_TABLES) & set(tables)
    assert set(OPEN_TABLES) <= set(tables)


def test_the_login_of_the_pages_owns_nothing_and_inherits_nothing() -> None:
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT rolinherit, rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = current_user"
        )
        assert cursor.fetchone() == (False, False, False, False)
        cursor.execute("SELECT count(*) FROM pg_class WHERE relowner = current_user::regrole")
        assert cursor.fetchone() == (0,)


def test_a_scalar_scope_keeps_the_order_of_the_index(world: World) -> None:
    with acting_as(world.actor("community")), transaction.atomic(), connections["default"].cursor() as cursor:
        # With ten rows every plan costs the same: a sort that could be left out shows as one that is.
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off")
        cursor.execute(
            "EXPLAIN SELECT id FROM registry_person WHERE community_id = %s ORDER BY community_id, id LIMIT 50",
            [world.places["east"].pk],
        )
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "Sort" not in plan and "Index" in plan
