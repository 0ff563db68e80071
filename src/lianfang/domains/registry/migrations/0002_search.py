"""Search by a part of a name, inside the caller's scope.

Full-text operators are not leakproof: under row-level security they use no index. So the owner of the tables searches,
in a function that reads the scope of the session and lets nothing else through. What a person is found by are the
ends of the name (建国 of 陈建国), of its sound (jianguo, and the whole chenjianguo), and of its initials (jg).
"""

from django.db import migrations

TERMS = """
CREATE FUNCTION registry_name_terms(name text, pinyin text, initials text) RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
BEGIN
    RETURN array_to_tsvector(array_remove(ARRAY[
        substr(name, 2), substr(name, 3), substr(name, 4), substr(initials, 2),
        replace(pinyin, ' ', ''), replace(substr(pinyin, strpos(pinyin || ' ', ' ') + 1), ' ', '')
    ], ''));
END $$
"""

SEARCH = """
CREATE FUNCTION registry_people_named(part text, most integer) RETURNS SETOF bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    level text := current_setting('role');
    scope text := nullif(current_setting('lianfang.scope', true), '');
    wanted tsquery := ('''' || replace(replace(part, '\\', '\\\\'), '''', '''''') || ''':*')::tsquery;
BEGIN
    IF part = '' OR most NOT BETWEEN 1 AND 10000 THEN
        RETURN;
    ELSIF level = 'lianfang_system' THEN
        RETURN QUERY SELECT id FROM registry_person
            WHERE registry_name_terms(name, name_pinyin, name_initials) @@ wanted ORDER BY sort_key, id LIMIT most;
    ELSIF level = 'lianfang_county' THEN
        RETURN QUERY SELECT id FROM registry_person
            WHERE registry_name_terms(name, name_pinyin, name_initials) @@ wanted
            AND county_id = ANY (scope::bigint[]) ORDER BY sort_key, id LIMIT most;
    ELSIF level = 'lianfang_township' THEN
        RETURN QUERY SELECT id FROM registry_person
            WHERE registry_name_terms(name, name_pinyin, name_initials) @@ wanted
            AND township_id = scope::bigint ORDER BY sort_key, id LIMIT most;
    ELSIF level = 'lianfang_community' THEN
        RETURN QUERY SELECT id FROM registry_person
            WHERE registry_name_terms(name, name_pinyin, name_initials) @@ wanted
            AND community_id = scope::bigint ORDER BY sort_key, id LIMIT most;
    ELSIF level = 'lianfang_building' THEN
        RETURN QUERY SELECT id FROM registry_person
            WHERE registry_name_terms(name, name_pinyin, name_initials) @@ wanted
            AND building_id = ANY (scope::bigint[]) ORDER BY sort_key, id LIMIT most;
    END IF;
END $$
"""

INDEX = """
CREATE INDEX registry_person_named ON registry_person
USING gin (registry_name_terms(name, name_pinyin, name_initials))
"""


class Migration(migrations.Migration):
    dependencies = [("registry", "0001_initial")]

    operations = [
        migrations.RunSQL(TERMS, "DROP FUNCTION registry_name_terms(text, text, text)"),
        migrations.RunSQL(INDEX, "DROP INDEX registry_person_named"),
        migrations.RunSQL(SEARCH, "DROP FUNCTION registry_people_named(text, integer)"),
    ]
