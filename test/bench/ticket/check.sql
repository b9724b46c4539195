-- The same statements to each variant; then their ledgers and clocks have to be the same, or there is nothing to compare.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
CREATE FUNCTION crm.write_all(statement text, shape text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    variant text;
BEGIN
    FOREACH variant IN ARRAY '{bare,ours,tuned,usual}'::text[] LOOP
        EXECUTE format(statement, 'crm.' || shape || '_' || variant);
    END LOOP;
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
