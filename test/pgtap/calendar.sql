-- What the catalogs say of calendars: labels, privileges, error codes, how rows replicate.
BEGIN;
SELECT plan(52);

CREATE TEMP TABLE asking AS
SELECT oid AS function, proname, provolatile, proisstrict, proparallel, prosecdef, procost, proargnames,
       pg_get_function_result(oid) AS result
FROM pg_proc
WHERE pronamespace = 'service_policy'::regnamespace
  AND proname ~ '^(business_(elapsed|seconds|deadline|days_deadline|windows)|calendar_revision|is_business_time|next_(opening|closing))$';

SELECT is((SELECT string_agg(format('%s %s: %s', proname, proargnames, result), E'\n' ORDER BY proname) FROM asking),
'business_days_deadline {calendar,started,days,landing}: timestamp with time zone
business_deadline {calendar,started,budget}: timestamp with time zone
business_elapsed {calendar,started,ended}: interval
business_seconds {calendar,started,ended}: double precision
business_windows {calendar,from_at,to_at,opens_at,closes_at}: SETOF record
calendar_revision {calendar}: bigint
is_business_time {calendar,at}: boolean
next_closing {calendar,at}: timestamp with time zone
next_opening {calendar,at}: timestamp with time zone',
    'the functions, their arguments and results');
SELECT is_empty($$ SELECT function::regprocedure FROM asking WHERE provolatile <> 's' $$, 'they are STABLE: they read tables');
SELECT is_empty($$ SELECT function::regprocedure FROM asking WHERE NOT proisstrict $$, 'they are STRICT');
SELECT is_empty($$ SELECT function::regprocedure FROM asking WHERE proparallel <> 's' $$, 'they are PARALLEL SAFE');
SELECT is_empty($$ SELECT function::regprocedure FROM asking WHERE prosecdef $$, 'they need no rights of an owner');
SELECT is_empty($$ SELECT function::regprocedure FROM asking WHERE procost <> 1 $$, 'they cost about as much as an operator: see docs/calendar.md');

SELECT columns_are('service_policy', t, c, t || ' has its columns')
FROM (VALUES ('calendar', ARRAY['name', 'time_zone', 'deadline_at_close', 'description']),
             ('calendar_hours', ARRAY['calendar', 'weekday', 'opens', 'closes', 'valid_from', 'valid_to']),
             ('calendar_date', ARRAY['calendar', 'on_date', 'opens', 'closes', 'yearly', 'name'])) v(t, c);
SELECT results_eq($$ SELECT relname::text COLLATE "default", relreplident::text COLLATE "default" FROM pg_class WHERE oid IN ('service_policy.calendar'::regclass,
                            'service_policy.calendar_hours'::regclass, 'service_policy.calendar_date'::regclass) ORDER BY relname $$,
    $$ VALUES ('calendar', 'd'), ('calendar_date', 'f'), ('calendar_hours', 'f') $$,
    'logical replication can update and delete their rows: by primary key, or by all columns');
SELECT is_empty($$
    SELECT t.oid::regclass FROM unnest('{service_policy.calendar,service_policy.calendar_hours,service_policy.calendar_date}'::regclass[]) t(oid)
    WHERE (SELECT count(*) FROM pg_trigger g WHERE g.tgrelid = t.oid AND g.tgfoid = 'service_policy._config_changed'::regproc
             AND g.tgenabled = 'A' AND (g.tgtype = 29 OR g.tgtype = 32)) <> 2
$$, 'each has the row trigger and the TRUNCATE trigger that tell of a change, also when rows are replicated');
SELECT results_eq($$ SELECT c::regclass::text FROM pg_extension, unnest(extconfig) c
                     WHERE extname = 'service_policy' AND c::regclass::text LIKE '%.calendar%' ORDER BY 1 $$,
    $$ VALUES ('service_policy.calendar'), ('service_policy.calendar_date'), ('service_policy.calendar_hours') $$,
    'all are dumped as configuration');

-- A role without any right of its own may ask and read, not change.
CREATE ROLE calendar_reader;
SELECT ok(has_function_privilege('calendar_reader', function, 'EXECUTE'), 'anyone may call ' || proname) FROM asking ORDER BY proname;
SELECT table_privs_are('service_policy', t, 'calendar_reader', ARRAY['SELECT'], 'anyone may read, and only read, ' || t)
FROM unnest('{calendar,calendar_hours,calendar_date}'::text[]) t;

INSERT INTO service_policy.calendar (name, time_zone) VALUES ('c', 'UTC'), ('empty', 'UTC');
INSERT INTO service_policy.calendar_hours VALUES ('c', 1, '09:00', '17:00', NULL, '2030-01-01');

SET LOCAL ROLE calendar_reader;
SELECT is(service_policy.business_elapsed('c', '2026-03-02 UTC', '2026-03-03 UTC'), interval '8 hours', 'such a role gets an answer');
SELECT throws_ok($$ INSERT INTO service_policy.calendar_date (calendar, on_date) VALUES ('c', '2026-03-02') $$, '42501', NULL, 'and changes nothing');
RESET ROLE;

SELECT is(service_policy.calendar_revision('c'), -4773780048190652013, 'a calendar''s revision, as a program of a few lines computes it');
UPDATE service_policy.calendar SET description = 'Mondays' WHERE name = 'c';
INSERT INTO service_policy.calendar_date (calendar, on_date, name) VALUES ('c', '2026-03-09', 'Fair');
CREATE TEMP TABLE revision AS SELECT service_policy.calendar_revision('c') AS of;
SELECT isnt(of, -4773780048190652013, 'a holiday is another revision') FROM revision;
UPDATE service_policy.calendar_date SET name = 'Trade fair' WHERE calendar = 'c';
SELECT is(service_policy.calendar_revision('c'), of, 'what it is called does not count') FROM revision;
DELETE FROM service_policy.calendar_date WHERE calendar = 'c';
SELECT is(service_policy.calendar_revision('c'), -4773780048190652013, 'without it, it is the old one again');
SELECT is(service_policy.calendar_revision(NULL), NULL, 'NULL has none');

SELECT throws_ok(query, code, NULL, query || ' is ' || code) FROM (VALUES
    ($$SELECT service_policy.business_elapsed('nowhere', '2026-01-01', '2026-01-02')$$, '42704'),
    ($$SELECT service_policy.calendar_revision('nowhere')$$, '42704'),
    ($$SELECT service_policy.business_elapsed('empty', '2026-01-01', '2026-01-02')$$, '22023'),
    ($$SELECT service_policy.business_elapsed('c', '2026-01-01', 'infinity')$$, '22008'),
    ($$SELECT service_policy.business_seconds('c', '-infinity', '2026-01-01')$$, '22008'),
    ($$SELECT service_policy.business_elapsed('c', '1800-01-01', '2026-01-01')$$, '22008'),
    ($$SELECT service_policy.business_deadline('c', '2026-01-01', '1 day')$$, '22023'),
    ($$SELECT service_policy.business_deadline('c', '2029-12-31', '9 hours')$$, '22008'),
    ($$SELECT service_policy.business_days_deadline('c', '2026-01-01', 1, 'noon')$$, '22023'),
    ($$INSERT INTO service_policy.calendar (name, time_zone) VALUES ('typo', 'Europe/Paris1')$$, '22023'),
    ($$INSERT INTO service_policy.calendar (name, time_zone, deadline_at_close) VALUES ('typo', 'UTC', 'x')$$, '23514'),
    ($$INSERT INTO service_policy.calendar_hours VALUES ('c', 8, '09:00', '17:00')$$, '23514'),
    ($$INSERT INTO service_policy.calendar_hours VALUES ('nowhere', 1, '09:00', '17:00')$$, '23503'),
    ($$INSERT INTO service_policy.calendar_date (calendar, on_date, closes) VALUES ('c', '2026-01-01', '09:00')$$, '23514')) v(query, code);

-- Twenty-five years at eight hours a week, from the first day there is.
SELECT lives_ok($$ SELECT service_policy.business_deadline('c', '1900-01-02 UTC', '1000 hours') $$, 'a calendar grows as far as it must');

-- The laws, on instants that are not round.
CREATE TEMP TABLE pair AS
SELECT timestamptz '2026-01-01 UTC' + i * interval '7:13:17.654321' AS a,
       timestamptz '2026-01-01 UTC' + i * i % 977 * interval '5:01:02.000007' AS b, i * interval '11:11.111111' AS budget
FROM generate_series(1, 1000) i;
INSERT INTO service_policy.calendar (name, time_zone) VALUES ('week', 'America/New_York');
INSERT INTO service_policy.calendar_hours SELECT 'week', d, '09:00', '17:30' FROM generate_series(1, 5) d;
SELECT is_empty($$ SELECT * FROM pair WHERE service_policy.business_elapsed('week', a, b) <> -service_policy.business_elapsed('week', b, a) $$,
    'elapsed time is antisymmetric');
SELECT is_empty($$ SELECT * FROM pair WHERE service_policy.business_elapsed('week', a, b)
    <> service_policy.business_elapsed('week', a, '2026-05-05 UTC') + service_policy.business_elapsed('week', '2026-05-05 UTC', b) $$,
    'and additive');
SELECT is_empty($$ SELECT * FROM pair WHERE service_policy.business_elapsed('week', a, service_policy.business_deadline('week', a, budget)) <> budget $$,
    'the budget has elapsed at the deadline');
SELECT is_empty($$ SELECT * FROM pair WHERE budget > '0' AND service_policy.business_elapsed('week', a,
                       service_policy.business_deadline('week', a, budget) - interval '1 microsecond') >= budget $$,
    'and not a microsecond before');
SELECT is_empty($$ SELECT * FROM pair WHERE service_policy.business_seconds('week', a, b) <> extract(epoch FROM service_policy.business_elapsed('week', a, b))::float8 $$,
    'seconds and interval are the same');
SELECT is_empty($$ SELECT * FROM pair WHERE a < b AND service_policy.business_elapsed('week', a, b) <>
    (SELECT coalesce(sum(closes_at - opens_at), '0') FROM service_policy.business_windows('week', a, b)) $$,
    'the windows add up to the elapsed time');

SELECT * FROM finish();
ROLLBACK;
