-- Run by test/bench/calendar.
\pset footer off
SET client_min_messages = warning;
SET jit = off;
SET max_parallel_workers_per_gather = 0;
SET work_mem = '256MB';

-- Nanoseconds of CPU that this backend has used.
CREATE FUNCTION cpu_ns() RETURNS bigint LANGUAGE sql VOLATILE AS
    $$ SELECT split_part(pg_read_file('/proc/self/schedstat', 0, 100), ' ', 1)::bigint $$;

INSERT INTO service_policy.calendar (name, time_zone)
SELECT 'support' || i, (ARRAY['America/New_York', 'Europe/Paris', 'Asia/Kolkata', 'Australia/Sydney'])[1 + i % 4]
FROM generate_series(0, 115) i;
INSERT INTO service_policy.calendar_hours (calendar, weekday, opens, closes)
SELECT name, d, '09:00', '17:00' FROM service_policy.calendar, generate_series(1, 5) d;
INSERT INTO service_policy.calendar_date (calendar, on_date, yearly)
SELECT name, on_date, true FROM service_policy.calendar, unnest('{2024-01-01,2024-05-01,2024-12-25,2024-12-26}'::date[]) on_date;

-- A million pairs in time order over ten years, most a few hours apart, some some weeks.
SELECT setseed(0.5) AS seeded \gset
CREATE UNLOGGED TABLE pair AS
SELECT i, 'support' || i % 16 AS calendar, a, a + '1 second'::interval * (600 + 100000 * random() ^ 4 * 30)::int AS b
FROM (SELECT i, timestamptz '2015-01-01 UTC' + i * interval '5 min 15 s' AS a FROM generate_series(1, 1000000) i) s;
VACUUM ANALYZE pair;

CREATE TABLE variant (id int PRIMARY KEY, label text, query text);
INSERT INTO variant VALUES
    (0, 'count(*)', 'SELECT count(*) FROM pair'),
    (1, 'sum(extract(epoch from b - a))', 'SELECT sum(extract(epoch from b - a)) FROM pair'),
    (2, 'sum(business_seconds(''support0'', a, b))', 'SELECT sum(service_policy.business_seconds(''support0'', a, b)) FROM pair'),
    (3, 'sum(business_seconds(calendar, a, b)), 16 calendars', 'SELECT sum(service_policy.business_seconds(calendar, a, b)) FROM pair'),
    (4, 'sum(b - a)', 'SELECT sum(b - a) FROM pair'),
    (5, 'sum(business_elapsed(''support0'', a, b))', 'SELECT sum(service_policy.business_elapsed(''support0'', a, b)) FROM pair'),
    (6, 'max(business_deadline(''support0'', a, ''8 hours''))', 'SELECT max(service_policy.business_deadline(''support0'', a, ''8 hours'')) FROM pair');
CREATE TABLE measured (id int, round int, ns bigint);

\echo A million rows, nanoseconds of CPU a row, over 15 rounds
DO $$
DECLARE
    v record;
    before bigint;
BEGIN
    FOR round IN 0..15 LOOP
        FOR v IN SELECT * FROM variant ORDER BY (id + round) % 7 LOOP
            before := cpu_ns();
            EXECUTE v.query;
            INSERT INTO measured VALUES (v.id, round, cpu_ns() - before);
        END LOOP;
    END LOOP;
END $$;
SELECT label, round(avg(ns) / 1e6, 1) AS ns_a_row, round(min(ns) / 1e6, 1) AS least
FROM measured JOIN variant USING (id) WHERE round > 0 GROUP BY id, label ORDER BY id;

\echo Ratios of the same rounds
SELECT what, round(ratio, 2) AS ratio, at_most, CASE WHEN ratio <= at_most THEN 'yes' ELSE 'NO' END AS kept
FROM (VALUES ('business_seconds / extract(epoch from b - a)', 2, 1, 0.8),
             ('business_seconds, 16 calendars / extract(epoch from b - a)', 3, 1, 1.0),
             ('business_elapsed / (b - a)', 5, 4, 1.3)) r(what, x, y, at_most),
     LATERAL (SELECT (SELECT sum(ns) FROM measured WHERE id = x AND round > 0) /
                     (SELECT sum(ns) FROM measured WHERE id = y AND round > 0) AS ratio) q;

\echo
\echo A cold calendar: read its rows and compile 22 years, milliseconds of CPU over 100 calendars
CREATE TEMP TABLE cold AS
SELECT name, cpu_ns() AS before FROM service_policy.calendar WHERE name LIKE 'support%' AND substr(name, 8)::int >= 16;
SELECT cpu_ns() AS before \gset
SELECT count(service_policy.business_seconds(name, '2020-06-01 UTC', '2020-06-02 UTC')) AS calendars FROM cold \gset
SELECT cpu_ns() AS after \gset
SELECT :calendars AS calendars, round((:after - :before) / 1e6 / :calendars, 2) AS ms_a_calendar, 3 AS at_most;

\echo The usual SQL, on the first rows only; microseconds of CPU a row, and against business_seconds
CREATE TABLE opening AS
SELECT row_number() OVER w AS n, opens_at, closes_at, tstzrange(opens_at, closes_at) AS range,
       extract(epoch FROM sum(closes_at - opens_at) OVER w - (closes_at - opens_at)) AS seconds_before
FROM service_policy.business_windows('support0', '2014-01-01 UTC', '2027-01-01 UTC')
WINDOW w AS (ORDER BY opens_at);
CREATE UNIQUE INDEX ON opening (opens_at) INCLUDE (closes_at, seconds_before);
CREATE INDEX ON opening USING gist (range);
VACUUM ANALYZE opening;
CREATE FUNCTION open_before(t timestamptz) RETURNS numeric LANGUAGE sql STABLE AS $$
    SELECT seconds_before + extract(epoch FROM least(t, closes_at) - opens_at)
    FROM opening WHERE opens_at <= t ORDER BY opens_at DESC LIMIT 1
$$;

CREATE TABLE usual (id int, label text, nrows int, query text, ns bigint DEFAULT 0, answer numeric);
INSERT INTO usual (id, label, nrows, query) VALUES
    (0, 'business_seconds', 1000000, 'SELECT sum(service_policy.business_seconds(''support0'', a, b)) FROM pair'),
    (1, 'prefix-sum table, two index probes', 30000, 'SELECT sum(open_before(b) - open_before(a)) FROM pair WHERE i <= 30000'),
    (2, 'intersection with ranges, GiST', 10000,
     'SELECT sum(s) FROM pair, LATERAL (SELECT sum(extract(epoch FROM upper(range * tstzrange(a, b)) - lower(range * tstzrange(a, b)))) AS s
                                        FROM opening WHERE range && tstzrange(a, b)) o WHERE i <= 10000'),
    (3, 'generate_series of minutes', 200,
     'SELECT sum(s) FROM pair, LATERAL (SELECT 60.0 * count(*) AS s FROM generate_series(date_trunc(''minute'', a), b, ''1 minute'') m
                                        WHERE extract(isodow FROM m AT TIME ZONE ''America/New_York'') < 6
                                          AND (m AT TIME ZONE ''America/New_York'')::time >= ''09:00''
                                          AND (m AT TIME ZONE ''America/New_York'')::time < ''17:00''
                                          AND NOT to_char(m AT TIME ZONE ''America/New_York'', ''MM-DD'') IN (''01-01'', ''05-01'', ''12-25'', ''12-26'')) o
      WHERE i <= 200');
DO $$
DECLARE
    u record;
    before bigint;
    sum_of_all numeric;
BEGIN
    FOR round IN 1..4 LOOP
        FOR u IN SELECT * FROM usual ORDER BY (id + round) % 4 LOOP
            before := cpu_ns();
            EXECUTE u.query INTO sum_of_all;
            UPDATE usual SET ns = ns + cpu_ns() - before, answer = sum_of_all WHERE id = u.id;
        END LOOP;
    END LOOP;
END $$;
SELECT label, nrows AS rows, round(ns / 4 / 1e3 / nrows, 2) AS us_a_row,
       round((ns::numeric / nrows) / (SELECT ns::numeric / nrows FROM usual WHERE id = 0)) AS times,
       round(answer / (SELECT sum(service_policy.business_seconds('support0', a, b))::numeric FROM pair WHERE i <= nrows), 4) AS answer_against_ours
FROM usual ORDER BY id;
