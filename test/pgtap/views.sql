-- The views of an attachment are what eighteen BI tools and ORMs can read: names, types, comments, a unique column first.
BEGIN;
SET TimeZone = 'UTC';
SELECT plan(12);

INSERT INTO service_policy.calendar (name, time_zone) VALUES ('desk', 'Europe/Lisbon');
INSERT INTO service_policy.calendar_hours (calendar, weekday, opens, closes)
SELECT 'desk', weekday, '09:00', '18:00' FROM generate_series(1, 5) AS weekday;
SELECT service_policy.publish_policy('support', service_policy.load_policy('{
    "policy": "support",
    "benchmarks": [
        {"name": "answer", "metric": "first_response", "target": "1 hour", "calendar": "desk"},
        {"name": "solve", "metric": "resolution", "target": "8 hours", "calendar": "desk", "pause_on": ["pending"]}],
    "refunds": [
        {"name": "month", "window": {"days": 30, "from": "purchased_at", "calendar": "desk"}, "mode": "flag"}]
    }'), '2020-01-01 00:00+00');
CREATE TABLE ticket (
    tenant int, id bigint, status text, priority text, opened_at timestamptz, changed_at timestamptz,
    PRIMARY KEY (tenant, id));
SELECT service_policy.attach('support', 'ticket', 'support', '{tenant,id}',
    '{"opened_at": "opened_at", "changed_at": "changed_at", "state": "status", "priority": "priority"}',
    '{"new": "open", "waiting": "pending", "solved": "resolved"}');
-- Several tenants with the same ids; open, paused, met, missed, and one state that is not in the map.
INSERT INTO ticket
SELECT tenant, id, (ARRAY['new', 'waiting', 'solved', 'solved', 'odd'])[id], 'high',
       '2026-03-02 09:00+00', '2026-03-02 09:30+00'::timestamptz + (ARRAY['0', '1 hour', '0', '3 days', '1 hour'])[id]::interval
FROM generate_series(1, 2) AS tenant, generate_series(1, 5) AS id;

-- One refund in time, one too late, one of an unknown purchase date: flagged, so that each is written.
CREATE TABLE refund (
    shop int, number bigint, tenant int, ticket_id bigint, amount numeric, bought_at timestamptz, asked_at timestamptz,
    PRIMARY KEY (shop, number));
SELECT service_policy.attach_refunds('support', 'refund', '{shop,number}',
    '{"ticket": ["tenant", "ticket_id"], "amount": "amount", "purchased_at": "bought_at", "requested_at": "asked_at"}');
SET LOCAL client_min_messages = error;
INSERT INTO refund
SELECT shop, number, shop, number, 10, (ARRAY['2026-03-01', '2026-01-01', NULL])[number]::timestamptz, '2026-03-05 12:00+00'
FROM generate_series(1, 2) AS shop, generate_series(1, 3) AS number;
RESET client_min_messages;

CREATE TEMP VIEW view_column AS
SELECT c.relname, a.attname, a.attnum, a.atttypid, a.atttypmod, c.oid AS view
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relnamespace = 'support'::regnamespace;

SELECT is_empty($$
    SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'support'::regnamespace AND c.relkind <> 'v'
$$, 'the schema for people holds plain views and nothing else');
SELECT bag_has($$
    SELECT c.relname::text FROM pg_class c WHERE c.relnamespace = 'support'::regnamespace
$$, $$ VALUES ('ticket_status'), ('compliance'), ('compliance_daily'), ('issues'), ('refund_log'), ('refund_attempts') $$, 'the views are there');
SELECT is_empty($$
    SELECT relname, attname FROM view_column WHERE col_description(view, attnum) IS NULL
    UNION ALL SELECT DISTINCT relname, NULL FROM view_column WHERE obj_description(view, 'pg_class') IS NULL
$$, 'each view and each column has a comment');
SELECT is_empty($$
    SELECT relname, attname FROM view_column
    WHERE attname !~ '^[a-z][a-z0-9_]*$'
       OR attname IN (SELECT word FROM pg_get_keywords() WHERE catcode IN ('R', 'T'))
       OR attname IN ('day', 'hour', 'hours', 'minute', 'minutes', 'month', 'second', 'year', 'date', 'time')
$$, 'no name needs quotes or is a word of SQL');
SELECT is_empty($$
    SELECT relname, attname, format_type(atttypid, atttypmod) FROM view_column
    WHERE NOT (atttypid IN ('int4'::regtype, 'int8'::regtype, 'date'::regtype, 'timestamptz'::regtype)
               OR atttypid IN ('numeric'::regtype, 'varchar'::regtype) AND atttypmod > 0)
$$, 'only integers, numbers with a precision, texts with a length, dates and instants');

-- A view and its first column, whatever they are called.
CREATE FUNCTION pg_temp.repeated(view regclass) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    first_column name := (SELECT attname FROM pg_attribute WHERE attrelid = view AND attnum = 1);
    found bigint;
BEGIN
    EXECUTE format('SELECT count(*) - count(DISTINCT %I) FROM %s', first_column, view) INTO found;
    RETURN found;
END
$$;
SELECT is_empty($$
    SELECT DISTINCT relname FROM view_column WHERE pg_temp.repeated(view) <> 0
$$, 'the first column of each view is set and unique');
SELECT results_eq(
    $$ SELECT sum(met_count)::int, sum(missed_count)::int, count(*)::int FROM support.compliance $$,
    $$ SELECT sum(met_count)::int, sum(missed_count)::int, sum(judged_count)::int FROM support.compliance_daily $$,
    'the days add up to the clocks');
SELECT results_eq(
    $$ SELECT outcome::text, count(*)::int FROM support.compliance GROUP BY outcome ORDER BY outcome $$,
    $$ VALUES ('met', 4), ('missed', 4) $$, 'of four solved tickets two met both targets and two missed them');
SELECT results_eq(
    $$ SELECT problem::text, count(*)::int FROM support.issues GROUP BY problem $$,
    $$ VALUES ('unmapped_state', 2) $$,
    'a state that is not in the map is an issue of its ticket');
SELECT results_eq(
    $$ SELECT decision::text, reason::text, sum(allowed_count)::int, sum(objected_count)::int
       FROM support.refund_log GROUP BY 1, 2 ORDER BY 1 $$,
    $$ VALUES ('allowed', NULL, 2, 0), ('needs_approval', 'refund_fact_missing', 0, 2), ('refused', 'refund_cutoff', 0, 2) $$,
    'each refund is in the log with what the policy says of it');

-- Keys that are alike once their parts are put together, one longer than any label, and words that look like none at all.
CREATE TABLE twin (
    shop text, number text, status text, team text, opened_at timestamptz, solved_at timestamptz, PRIMARY KEY (shop, number));
SELECT service_policy.attach('twin', 'twin', 'support', '{shop,number}',
    '{"opened_at": "opened_at", "state": "status", "team": "team", "resolved_at": "solved_at"}', '{"new": "open", "solved": "resolved"}');
INSERT INTO twin
SELECT shop, number, 'new', team, '2026-03-02 09:00+00'::timestamptz
FROM (VALUES ('a/b', 'c', '-'), ('a', 'b/c', NULL), ('a,b', 'c', ''), ('a', 'b,c', 'b/-'),
             (repeat('x', 500), 'c', '-'), (repeat('x', 500), 'd', '-')) AS twin (shop, number, team);
UPDATE twin SET status = 'solved', solved_at = '2026-03-02 09:30+00' WHERE number LIKE '%c';
INSERT INTO twin SELECT 'open ' || shop, number, 'new', team, opened_at FROM twin;
SELECT is_empty($$
    SELECT view FROM unnest('{twin.ticket_status,twin.compliance,twin.compliance_daily}'::regclass[]) AS view WHERE pg_temp.repeated(view) <> 0
$$, 'so it is whatever the key''s parts and the scenario say');
SELECT ok((SELECT count(*) FROM twin.ticket_status) > 0 AND (SELECT count(*) FROM twin.compliance) > 0, '… of clocks that are open and judged');

SELECT * FROM finish();
ROLLBACK;
