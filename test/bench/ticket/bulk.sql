-- 50,000 tickets in one statement: microseconds of CPU a row, over some rounds in turn.
\pset footer off
SET client_min_messages = warning;
SET jit = off;
CREATE TABLE crm.bulk (shape text, variant text, round int, ns bigint);
CREATE FUNCTION crm.bulk(shape text, variant text, round int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    before bigint := crm.cpu_ns();
BEGIN
    IF shape = 'full' THEN
        EXECUTE format('INSERT INTO crm.full_%s (subject, description, status, priority, channel, category, team, agent_id, customer_id, created_at, updated_at)
            SELECT ''Order '' || i, ''It was promised for last week.'', ''new'', (ARRAY[''low'', ''normal'', ''high'', ''urgent''])[1 + i %% 4],
                   ''mail'', ''delivery'', ''team '' || i %% 12, i %% 200, i * 7919 %% 20000, at, at
              FROM generate_series(1, 50000) i, LATERAL (SELECT timestamptz ''2026-02-01Z'' + i * interval ''1 min'' AS at) moment', variant);
    ELSE
        EXECUTE format('INSERT INTO crm.small_%s (created_at, status, priority)
            SELECT timestamptz ''2026-02-01Z'' + i * interval ''1 min'', ''new'', (ARRAY[''low'', ''normal'', ''high'', ''urgent''])[1 + i %% 4]
              FROM generate_series(1, 50000) i', variant);
    END IF;
    INSERT INTO crm.bulk VALUES (shape, variant, round, crm.cpu_ns() - before);
END
$$;
-- A transaction each.  The AFTER triggers of a statement that a function runs fire before it returns.
SELECT format('SELECT crm.bulk(%L, %L, %s)', shape, variant, round)
FROM generate_series(0, :rounds) round, unnest('{full,small}'::text[]) shape, (VALUES (0, 'bare'), (1, 'ours'), (2, 'floor'), (3, 'tuned'), (4, 'usual')) v (n, variant)
WHERE round > 0 OR variant IN ('bare', 'ours')
ORDER BY round, shape, (n + round) % 5
\o /dev/null
\gexec
\o

\echo 50,000 tickets in one INSERT, median of the rounds
WITH median AS (SELECT shape, variant, percentile_cont(0.5) WITHIN GROUP (ORDER BY ns) / 50000e3 AS us FROM crm.bulk WHERE round > 0 GROUP BY 1, 2)
SELECT m.shape AS "table", m.variant, round(m.us::numeric, 2) AS cpu_us_a_row, round((m.us - bare.us)::numeric, 2) AS added_us,
       round((m.us / bare.us)::numeric, 2) AS times_bare, round((m.us / ours.us)::numeric, 2) AS times_ours,
       CASE WHEN m.variant = 'ours' THEN 3.0 END AS at_most, CASE WHEN m.variant = 'ours' THEN CASE WHEN m.us <= 3 * bare.us THEN 'yes' ELSE 'NO' END END AS kept
FROM median m JOIN median bare ON bare.shape = m.shape AND bare.variant = 'bare' JOIN median ours ON ours.shape = m.shape AND ours.variant = 'ours'
ORDER BY 1, 2;
