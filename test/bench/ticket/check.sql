-- The same statements to each variant; then their ledgers and clocks have to be the same, or there is nothing to compare.
-- Those of the floor are constants: as many rows have to be written into them, and as many in place.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
CREATE VIEW crm.written AS
SELECT schemaname::text AS schema, relname::text AS relation, n_tup_ins AS inserted, n_tup_upd AS updated, n_tup_hot_upd AS in_place
FROM pg_stat_xact_user_tables WHERE schemaname ~ '_(ours|floor)_data$' AND relname IN ('ledger', 'clock');
CREATE TABLE crm.write (schema text, relation text, inserted bigint, updated bigint, in_place bigint);
CREATE FUNCTION crm.write_all(statement text, shape text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    variant text;
BEGIN
    -- from what this session did before, if it has not been reported yet
    INSERT INTO crm.write SELECT schema, relation, -inserted, -updated, -in_place FROM crm.written;
    FOREACH variant IN ARRAY '{bare,ours,floor,tuned,usual}'::text[] LOOP
        EXECUTE format(statement, 'crm.' || shape || '_' || variant);
    END LOOP;
    INSERT INTO crm.write SELECT * FROM crm.written;
END
$$;

-- Every second ticket is new; each goes through its states, at times that differ for each.
SELECT crm.write_all('INSERT INTO %s (subject, description, status, priority, channel, category, team, agent_id, customer_id, created_at, updated_at)
    SELECT subject, description, ''new'', priority, channel, category, team, agent_id, customer_id, created_at + interval ''17 min'', created_at + interval ''17 min''
      FROM crm.full_bare WHERE id <= 500', 'full');
SELECT crm.write_all('INSERT INTO %s (created_at, status, priority) SELECT now() - i * interval ''7 min'', ''new'', (ARRAY[''low'', ''urgent''])[1 + (i & 1)]
    FROM generate_series(1, 500) i', 'small');
SELECT format('SELECT crm.write_all(%L, %L)', $$UPDATE %s SET status = CASE status WHEN 'new' THEN 'open' WHEN 'open' THEN 'pending'
        WHEN 'pending' THEN 'working' WHEN 'working' THEN 'solved' ELSE 'open' END$$ ||
    CASE shape WHEN 'full' THEN format(', updated_at = updated_at + mod(id * 37 + %s * 61, 4000) * interval ''1 min 0.123456 s'' + interval ''1 s''', step) ELSE '' END ||
    ' WHERE id <= 500 OR id > ' || :tickets, shape)
FROM generate_series(1, 11) step, unnest('{full,small}'::text[]) shape \gexec

-- Of the tickets written here; the others were copied.
CREATE FUNCTION crm.differing(shape text, variant text, relation text, key text, tickets bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    n bigint;
BEGIN
    EXECUTE format('SELECT count(*) FROM (SELECT * FROM %1$s_ours_data.%3$s WHERE id <= 500 OR id > %5$s) o
                      FULL JOIN (SELECT * FROM %1$s_%2$s_data.%3$s WHERE id <= 500 OR id > %5$s) t USING (%4$s)
                     WHERE to_jsonb(o) - ''{calendar_revision,in_order}''::text[] IS DISTINCT FROM to_jsonb(t) - ''{calendar_revision,in_order}''::text[]',
                   shape, variant, relation, key, tickets) INTO n;
    RETURN n;
END
$$;
CREATE TABLE crm.differing AS
SELECT shape, variant, relation, crm.differing(shape, variant, relation, key, :tickets) AS n
FROM unnest('{full,small}'::text[]) shape, unnest('{tuned,usual}'::text[]) variant,
     (VALUES ('ledger', 'id, seq'), ('clock', 'id, metric, cycle')) evidence (relation, key);
SELECT format('%s.%s: %s rows of %s are not ours', shape, variant, n, relation) AS difference FROM crm.differing WHERE n > 0;
SELECT 1 / (sum(n) = 0)::int AS same_rows_in_every_variant FROM crm.differing;

-- How many find room on their page depends on some bytes in each.
CREATE TABLE crm.unlike AS
WITH total AS (SELECT schema, relation, sum(inserted) AS inserted, sum(updated) AS updated, sum(in_place) AS in_place FROM crm.write GROUP BY 1, 2)
SELECT o.schema, relation, o.inserted, f.inserted AS floor_inserted, o.updated, f.updated AS floor_updated, o.in_place, f.in_place AS floor_in_place
FROM total o JOIN total f USING (relation)
WHERE o.schema LIKE '%ours_data' AND f.schema = replace(o.schema, 'ours', 'floor') AND
      ((o.inserted, o.updated) <> (f.inserted, f.updated) OR abs(o.in_place - f.in_place) > o.updated / 50 OR o.inserted + o.updated = 0);
SELECT * FROM crm.unlike;
SELECT 1 / (count(*) = 0)::int AS floor_writes_as_much FROM crm.unlike;
