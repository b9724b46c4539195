-- Attaching ticket tables as CRMs have them, and what then comes of their rows.
SET timezone = 'UTC';
SET datestyle = 'ISO, MDY';
SET client_min_messages = warning;

-- A desk that is open on weekdays from nine to five, Lisbon time; around the clock where no calendar is named.
INSERT INTO service_policy.calendar (name, time_zone) VALUES ('desk_hours', 'Europe/Lisbon');
INSERT INTO service_policy.calendar_hours (calendar, weekday, opens, closes)
    SELECT 'desk_hours', weekday, '09:00', '17:00' FROM generate_series(1, 5) weekday;
SELECT service_policy.load_policy('{"policy": "our_desk", "benchmarks": [
    {"name": "answer", "metric": "first_response", "target": "1 hour", "calendar": "desk_hours"},
    {"name": "answer_urgent", "metric": "first_response", "when": {"priority": ["urgent"]}, "target": "15 minutes"},
    {"name": "solve", "metric": "resolution", "target": "8 hours", "calendar": "desk_hours", "pause_on": ["pending", "on_hold"]},
    {"name": "solve_urgent", "metric": "resolution", "when": {"priority": ["urgent"]}, "target": "4 hours", "pause_on": ["pending", "on_hold"]},
    {"name": "close", "metric": "closure", "target": "5 days"}]}');
SELECT service_policy.publish_policy('our_desk', 1, '2020-01-01Z');

-- What is told of the tickets of one attachment: the ledger, the clocks, the issues.
CREATE FUNCTION pg_temp.ledger(attachment text, key text DEFAULT '%')
    RETURNS TABLE (ticket text, seq int, at timestamptz, event text, state text, source_state text, priority text) LANGUAGE plpgsql AS $$
DECLARE
    key_columns text := (SELECT string_agg(format('%I::text', k), ', ') FROM service_policy.attachment_table t, unnest(data_key) k
                          WHERE t.attachment = ledger.attachment AND source = 'ticket');
BEGIN
    RETURN QUERY EXECUTE format($q$SELECT * FROM (
        SELECT concat_ws('/', %s) ticket, seq, at, event, state, source_state, priority FROM %I.ledger) l
         WHERE ticket LIKE $1 ORDER BY ticket, seq$q$, key_columns, attachment || '_data') USING key;
END $$;
CREATE FUNCTION pg_temp.clocks(attachment text, key text DEFAULT '%')
    RETURNS TABLE (ticket text, benchmark text, state text, started_at timestamptz, due_at timestamptz, elapsed numeric, paused numeric,
                   stopped_at timestamptz) LANGUAGE plpgsql AS $$
DECLARE
    key_columns text := (SELECT string_agg(format('%I::text', k), ', ') FROM service_policy.attachment_table t, unnest(data_key) k
                          WHERE t.attachment = clocks.attachment AND source = 'ticket');
BEGIN
    RETURN QUERY EXECUTE format($q$SELECT * FROM (
        SELECT concat_ws('/', %s, nullif(cycle, 1)) ticket, benchmark, state, started_at, due_at,
               (elapsed_us / 60e6)::numeric(12,2), (paused_us / 60e6)::numeric(12,2), stopped_at FROM %I.clock) c
         WHERE ticket LIKE $1 ORDER BY ticket, benchmark$q$, key_columns, attachment || '_data') USING key;
END $$;

-- Plain columns.  Monday 8 January 2024, 09:00 in Lisbon, which has UTC's time in winter.
CREATE SCHEMA crm;
CREATE TABLE crm.ticket (
    id bigint PRIMARY KEY, status text, priority text, created_at timestamptz, updated_at timestamptz,
    first_reply_at timestamptz, solved_at timestamptz, closed_at timestamptz, assignee text);
SELECT service_policy.attach('desk', 'crm.ticket', 'our_desk', '{id}',
    '{"opened_at": "created_at", "state": "status", "priority": "priority", "changed_at": "updated_at", "agent": "ticket.assignee",
      "first_response_at": "first_reply_at", "resolved_at": "solved_at", "closed_at": "closed_at"}',
    '{"new": "open", "waiting": "pending", "paused": "on_hold", "solved": "resolved", "closed": "closed", "spam": "void"}');
SELECT name, policy, states, distribution_column FROM service_policy.attachment;
SELECT table_name, key, data_key, only_where FROM service_policy.attachment_table;
SELECT relnamespace::regnamespace, relname, relkind FROM pg_class
WHERE relnamespace IN ('desk_data'::regnamespace, 'desk'::regnamespace) AND relkind IN ('r', 'v')
ORDER BY relkind, relname;
SELECT tgname, tgrelid::regclass FROM pg_trigger WHERE tgrelid = 'crm.ticket'::regclass;

-- Ticket 1: answered in time, waited for the customer over lunch, solved on the next day, closed later.
INSERT INTO crm.ticket VALUES (1, 'new', 'low', '2024-01-08 10:00Z', '2024-01-08 10:00Z');
UPDATE crm.ticket SET first_reply_at = '2024-01-08 10:30Z', assignee = 'ana', updated_at = '2024-01-08 10:30Z' WHERE id = 1;
UPDATE crm.ticket SET status = 'waiting', updated_at = '2024-01-08 11:00Z' WHERE id = 1;
UPDATE crm.ticket SET status = 'new', updated_at = '2024-01-08 13:00Z' WHERE id = 1;
UPDATE crm.ticket SET status = 'solved', solved_at = '2024-01-09 09:30Z', updated_at = '2024-01-09 09:31Z' WHERE id = 1;
UPDATE crm.ticket SET status = 'closed', closed_at = '2024-01-10 10:00Z', updated_at = '2024-01-10 10:01Z' WHERE id = 1;
SELECT * FROM pg_temp.ledger('desk', '1');
SELECT * FROM pg_temp.clocks('desk', '1');
SELECT id, metric, outcome, met_count, missed_count, target_minutes, elapsed_minutes, paused_minutes, stopped_on, agent FROM desk.compliance ORDER BY metric;

-- Ticket 2: a change of priority is measured from the start, against the stricter target, which was missed before.
INSERT INTO crm.ticket VALUES (2, 'new', 'low', '2024-01-08 10:00Z', '2024-01-08 10:00Z');
UPDATE crm.ticket SET priority = 'urgent', updated_at = '2024-01-08 10:20Z' WHERE id = 2;
UPDATE crm.ticket SET first_reply_at = '2024-01-08 10:25Z', updated_at = '2024-01-08 10:25Z' WHERE id = 2;
SELECT * FROM pg_temp.clocks('desk', '2');

-- a reply that is dated anew does not undo the judgement
UPDATE crm.ticket SET first_reply_at = '2024-01-08 10:40Z', updated_at = '2024-01-08 10:40Z' WHERE id = 2;
SELECT benchmark, state, elapsed, stopped_at FROM pg_temp.clocks('desk', '2') WHERE benchmark = 'answer_urgent';

-- Ticket 3: solved, reopened (what was solved in between is a pause), solved again.
INSERT INTO crm.ticket VALUES (3, 'new', 'low', '2024-01-08 09:00Z', '2024-01-08 09:00Z');
UPDATE crm.ticket SET status = 'solved', solved_at = '2024-01-08 11:00Z', updated_at = '2024-01-08 11:00Z' WHERE id = 3;
UPDATE crm.ticket SET status = 'new', solved_at = NULL, updated_at = '2024-01-08 15:00Z' WHERE id = 3;
SELECT * FROM pg_temp.clocks('desk', '3');
UPDATE crm.ticket SET status = 'solved', solved_at = '2024-01-09 10:00Z', updated_at = '2024-01-09 10:00Z' WHERE id = 3;
SELECT * FROM pg_temp.clocks('desk', '3');

-- Ticket 4: a status that the map does not have.  The statement succeeds, the ticket keeps its last good state.
INSERT INTO crm.ticket VALUES (4, 'new', 'low', '2024-01-08 09:00Z', '2024-01-08 09:00Z');
UPDATE crm.ticket SET status = 'limbo', updated_at = '2024-01-08 10:00Z' WHERE id = 4;
UPDATE crm.ticket SET priority = 'high', updated_at = '2024-01-08 10:30Z' WHERE id = 4;
UPDATE crm.ticket SET status = NULL, updated_at = '2024-01-08 10:40Z' WHERE id = 4;
UPDATE crm.ticket SET status = 'solved', solved_at = '2024-01-08 11:00Z', updated_at = '2024-01-08 11:00Z' WHERE id = 4;
SELECT * FROM pg_temp.ledger('desk', '4');
SELECT * FROM pg_temp.clocks('desk', '4');

-- Ticket 5: infinite and odd times, a change before the opening.
INSERT INTO crm.ticket VALUES (5, 'new', 'low', '2024-01-08 09:00Z', 'infinity');
UPDATE crm.ticket SET status = 'waiting', updated_at = '2024-01-08 08:00Z' WHERE id = 5;
UPDATE crm.ticket SET status = 'new', updated_at = '2024-01-08 11:00Z', first_reply_at = '-infinity' WHERE id = 5;
SELECT ticket, seq, event, state, source_state FROM pg_temp.ledger('desk', '5');
SELECT * FROM pg_temp.clocks('desk', '5');
-- … before any policy, and beyond the years that calendars know
INSERT INTO crm.ticket VALUES (6, 'new', 'low', '0044-03-15 BC', '2024-01-08 09:00Z'), (7, 'new', 'low', '3000-01-01Z', '3000-01-01Z');
SELECT * FROM pg_temp.clocks('desk', '6') UNION ALL SELECT * FROM pg_temp.clocks('desk', '7') ORDER BY ticket, benchmark;

-- Ticket 8: inserted incomplete; the opening is filled in later, then put right.
INSERT INTO crm.ticket VALUES (8);
UPDATE crm.ticket SET status = 'new' WHERE id = 8;
SELECT * FROM pg_temp.ledger('desk', '8');
UPDATE crm.ticket SET created_at = '2024-01-08 09:00Z', updated_at = '2024-01-08 09:00Z', priority = 'low' WHERE id = 8;
SELECT * FROM pg_temp.ledger('desk', '8');
SELECT * FROM pg_temp.clocks('desk', '8');
UPDATE crm.ticket SET created_at = '2024-01-08 12:00Z', updated_at = '2024-01-08 12:10Z' WHERE id = 8;
SELECT * FROM pg_temp.clocks('desk', '8');
UPDATE crm.ticket SET created_at = NULL WHERE id = 8;
SELECT * FROM pg_temp.clocks('desk', '8');

-- Ticket 9: solved when it comes in, as imports do.
INSERT INTO crm.ticket VALUES (9, 'closed', 'low', '2024-01-08 09:00Z', '2024-01-12 09:00Z', '2024-01-08 09:30Z', '2024-01-08 12:00Z', '2024-01-12 09:00Z');
SELECT * FROM pg_temp.ledger('desk', '9');
SELECT * FROM pg_temp.clocks('desk', '9');

-- Ticket 10: spam.  Ticket 11: deleted.  Ticket 12: gets another key.
INSERT INTO crm.ticket VALUES (10, 'new', 'low', '2024-01-08 09:00Z', '2024-01-08 09:00Z');
UPDATE crm.ticket SET status = 'spam', updated_at = '2024-01-08 09:20Z' WHERE id = 10;
INSERT INTO crm.ticket VALUES (11, 'new', 'low', '2024-01-08 09:00Z', '2024-01-08 09:00Z'), (12, 'new', 'low', '2024-01-08 09:00Z', '2024-01-08 09:00Z');
DELETE FROM crm.ticket WHERE id = 11;
UPDATE crm.ticket SET id = 1012 WHERE id = 12;
SELECT ticket, seq, event, state FROM pg_temp.ledger('desk', '1_') UNION ALL
SELECT ticket, seq, event, state FROM pg_temp.ledger('desk', '1012') ORDER BY 1, 2;
SELECT ticket, benchmark, state FROM pg_temp.clocks('desk', '1_') UNION ALL
SELECT ticket, benchmark, state FROM pg_temp.clocks('desk', '1012') ORDER BY 1, 2;
-- 11 comes back as it was: what was cancelled goes on
INSERT INTO crm.ticket VALUES (11, 'new', 'low', '2024-01-08 09:00Z', '2024-01-08 09:00Z');
SELECT ticket, seq, event, state FROM pg_temp.ledger('desk', '11');
SELECT ticket, benchmark, state, started_at FROM pg_temp.clocks('desk', '11');
-- rows that are deleted and inserted again in one transaction, as copies of tables are, never left
BEGIN;
DELETE FROM crm.ticket WHERE id = 10;
INSERT INTO crm.ticket VALUES (10, 'new', 'low', '2024-01-08 09:00Z', '2024-01-08 09:40Z');
COMMIT;
SELECT ticket, seq, at, event, state FROM pg_temp.ledger('desk', '10');
SELECT ticket, benchmark, state, elapsed, paused FROM pg_temp.clocks('desk', '10');

-- Ticket 13: changes that say nothing new leave no trace; one statement may change many tickets, or one of them twice.
INSERT INTO crm.ticket VALUES (13, 'new', 'low', '2024-01-08 09:00Z', '2024-01-08 09:00Z') ON CONFLICT DO NOTHING;
INSERT INTO crm.ticket VALUES (13, 'new', 'low', '2024-01-08 09:00Z', '2024-01-08 09:00Z') ON CONFLICT DO NOTHING;
INSERT INTO crm.ticket VALUES (13, 'new', 'low', '2024-01-08 09:00Z', '2024-01-08 09:00Z')
    ON CONFLICT (id) DO UPDATE SET status = 'waiting', updated_at = '2024-01-08 10:00Z';
UPDATE crm.ticket SET id = id, status = status, updated_at = updated_at WHERE id = 13;
UPDATE crm.ticket SET updated_at = '2024-01-08 12:00Z' WHERE id = 13;
WITH changed AS (UPDATE crm.ticket SET status = 'new', updated_at = '2024-01-08 13:00Z' WHERE id = 13 RETURNING id)
    SELECT id FROM changed;
SELECT * FROM pg_temp.ledger('desk', '13');
-- … nor does what is rolled back
BEGIN;
UPDATE crm.ticket SET status = 'solved', solved_at = '2024-01-08 13:30Z' WHERE id = 13;
SAVEPOINT later;
UPDATE crm.ticket SET status = 'closed', closed_at = '2024-01-08 13:40Z' WHERE id = 13;
ROLLBACK TO later;
SELECT ticket, benchmark, state, elapsed, stopped_at FROM pg_temp.clocks('desk', '13');
ROLLBACK;
SELECT ticket, benchmark, state, elapsed, stopped_at FROM pg_temp.clocks('desk', '13');

SELECT id, problem, detail, value FROM desk.issues ORDER BY issue_id;

-- Detached, the evidence stays; attached again, it is gone on with.
SELECT service_policy.detach('desk');
UPDATE crm.ticket SET status = 'waiting', updated_at = '2024-01-08 14:00Z' WHERE id = 13;
SELECT nspname FROM pg_namespace WHERE nspname IN ('desk', 'desk_data');
SELECT service_policy.attach('desk', 'crm.ticket', 'our_desk', '{id}',
    '{"opened_at": "created_at", "state": "status", "priority": "priority", "changed_at": "updated_at"}',
    '{"waiting": "pending", "*": "open"}');
UPDATE crm.ticket SET status = 'anything', updated_at = '2024-01-08 15:00Z' WHERE id = 13;
SELECT * FROM pg_temp.ledger('desk', '13');
-- "*" takes NULL too, and an empty state
UPDATE crm.ticket SET status = NULL, updated_at = '2024-01-08 16:00Z' WHERE id = 13;
SELECT state, source_state FROM pg_temp.ledger('desk', '13') ORDER BY seq DESC LIMIT 1;
SELECT service_policy.detach('desk', keep_evidence => false);
SELECT nspname FROM pg_namespace WHERE nspname IN ('desk', 'desk_data');
SELECT count(*) FROM pg_trigger WHERE tgrelid = 'crm.ticket'::regclass;
DROP TABLE crm.ticket;

-- Expressions: a state two joins away, a composite key of which a part has one of our names, columns in mixed case,
-- in a schema that needs quotes, a table with dropped and generated columns.
CREATE SCHEMA "Help Desk";
CREATE TABLE "Help Desk".status (id int PRIMARY KEY, code text);
CREATE TABLE "Help Desk".customer (id int PRIMARY KEY, tier text);
INSERT INTO "Help Desk".status VALUES (1, 'New'), (2, 'Done');
INSERT INTO "Help Desk".customer VALUES (7, 'gold');
CREATE TABLE "Help Desk"."Tickets" (
    junk text, "Tenant" uuid, state text, "statusId" int, "Created At" timestamptz, customer_id int, more_junk int,
    title text, priority text GENERATED ALWAYS AS (CASE WHEN title ~ '!' THEN 'urgent' ELSE 'low' END) STORED,
    PRIMARY KEY ("Tenant", state));
ALTER TABLE "Help Desk"."Tickets" DROP COLUMN junk, DROP COLUMN more_junk;
SELECT service_policy.attach('help_desk', '"Help Desk"."Tickets"', 'our_desk', '{Tenant,state}', $${
    "opened_at": "\"Created At\"",
    "state": "(SELECT lower(s.code) FROM \"Help Desk\".status s WHERE s.id = ticket.\"statusId\")",
    "priority": "ticket.priority",
    "customer_tier": "(SELECT c.tier FROM \"Help Desk\".customer c WHERE c.id = ticket.customer_id)",
    "customer": "customer_id",
    "category": "CASE WHEN title LIKE '%bill%' THEN 'billing' END -- a comment ends with the line"}$$,
    '{"new": "open", "done": "resolved"}', distribution_column => 'state');
SELECT table_name, key, data_key FROM service_policy.attachment_table;
SELECT indexrelid::regclass, pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid IN ('help_desk_data.clock'::regclass, 'help_desk_data.issue'::regclass) AND indisprimary ORDER BY 1;
INSERT INTO "Help Desk"."Tickets" VALUES ('00000000-0000-0000-0000-000000000001', 'A/1', 1, '2024-01-08 09:00Z', 7, 'my bill!');
SELECT * FROM pg_temp.ledger('help_desk');
SELECT clock_id, "Tenant", ticket_state, benchmark, priority, category, customer_tier, customer FROM help_desk.ticket_status ORDER BY clock_id;
UPDATE "Help Desk"."Tickets" SET "statusId" = 2;
SELECT "Tenant", ticket_state, benchmark, outcome FROM help_desk.compliance ORDER BY benchmark;
-- an expression that fails on a row is an issue; the statement goes on, and the ticket keeps its last good state
UPDATE "Help Desk"."Tickets" SET "statusId" = 1;
INSERT INTO "Help Desk".status SELECT 3, 'x';
ALTER TABLE "Help Desk".status DROP CONSTRAINT status_pkey;
INSERT INTO "Help Desk".status SELECT 3, 'y';
UPDATE "Help Desk"."Tickets" SET "statusId" = 3;
SELECT state, source_state FROM pg_temp.ledger('help_desk') ORDER BY seq DESC LIMIT 1;
SELECT problem, value FROM help_desk.issues;
SELECT service_policy.detach('help_desk', false);

-- A partitioned table: rows in any partition, in one that comes later, and from one into another.
CREATE TABLE crm.ticket (id text, region text, status text, created_at timestamptz, updated_at timestamptz, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
CREATE TABLE crm.ticket_eu PARTITION OF crm.ticket FOR VALUES IN ('eu');
SELECT service_policy.attach('sites', 'crm.ticket', 'our_desk', '{id,region}',
    '{"opened_at": "created_at", "state": "lower(status)", "changed_at": "updated_at", "region": "region"}', '{"new": "open", "done": "resolved"}');
CREATE TABLE crm.ticket_us (status text, dropped int, id text NOT NULL, updated_at timestamptz, region text NOT NULL, created_at timestamptz);
ALTER TABLE crm.ticket_us DROP COLUMN dropped;
ALTER TABLE crm.ticket ATTACH PARTITION crm.ticket_us FOR VALUES IN ('us');
INSERT INTO crm.ticket VALUES ('a', 'eu', 'NEW', '2024-01-08 09:00Z', '2024-01-08 09:00Z'), ('b', 'us', 'NEW', '2024-01-08 09:00Z', '2024-01-08 09:00Z');
UPDATE crm.ticket SET status = 'DONE', updated_at = '2024-01-08 11:00Z' WHERE id = 'b';
UPDATE crm.ticket SET region = 'us', updated_at = '2024-01-08 12:00Z' WHERE id = 'a';
SELECT ticket, seq, event, state, source_state FROM pg_temp.ledger('sites');
SELECT ticket, benchmark, state, elapsed FROM pg_temp.clocks('sites', 'b%');
SELECT clock_id, ticket_region, region FROM sites.ticket_status ORDER BY clock_id;
ALTER TABLE crm.ticket DETACH PARTITION crm.ticket_us;
INSERT INTO crm.ticket_us (id, region, status, created_at) VALUES ('c', 'us', 'NEW', '2024-01-08 09:00Z');
SELECT count(*) FROM sites_data.ledger WHERE id = 'c';
SELECT service_policy.detach('sites', false);
SELECT count(*) FROM pg_trigger t JOIN pg_proc p ON p.oid = tgfoid WHERE pronamespace = 'service_policy'::regnamespace AND proname = '_ticket_changed';
DROP TABLE crm.ticket, crm.ticket_us;

-- Ways to write a time, and to write that there is none.
CREATE TABLE crm.ticket (
    id int PRIMARY KEY, status text NOT NULL DEFAULT '', opened_local timestamp, solved_epoch bigint, closed_ms double precision, replied_on date, changed numeric);
SELECT service_policy.attach('times', 'crm.ticket', 'our_desk', '{id}', '{
    "opened_at": {"sql": "opened_local", "as": "timestamp", "zone": "Europe/Lisbon", "unset": ["1970-01-01", "0001-01-01 00:00:00"]},
    "resolved_at": {"sql": "solved_epoch", "as": "epoch", "unset": [0, -1]},
    "closed_at": {"sql": "closed_ms", "as": "epoch_ms", "unset": ["0"]},
    "first_response_at": {"sql": "replied_on", "as": "date", "zone": "America/New_York"},
    "changed_at": {"sql": "changed / 1000", "as": "epoch"},
    "state": {"sql": "status", "unset": [""]}}',
    '{"new": "open", "solved": "resolved", "closed": "closed"}');
-- in summer Lisbon is an hour ahead of UTC: 13:00 there is 12:00Z
INSERT INTO crm.ticket VALUES (1, 'new', '2024-07-01 13:00', 0, 0, NULL, 1719835200000);
UPDATE crm.ticket SET status = 'solved', solved_epoch = extract(epoch FROM '2024-07-01 14:00Z'::timestamptz), changed = 1719842400000 WHERE id = 1;
UPDATE crm.ticket SET status = 'closed', closed_ms = extract(epoch FROM '2024-07-02 08:00:00.250Z'::timestamptz) * 1000, changed = NULL WHERE id = 1;
-- a reply on a date is one at its first moment, here midnight in New York
UPDATE crm.ticket SET replied_on = '2024-07-02' WHERE id = 1;
-- local times that a change of the clocks skips (01:30 is 02:30) or has twice (01:30 is the first)
INSERT INTO crm.ticket VALUES (2, 'new', '2024-03-31 01:30', 0, 0, NULL, NULL), (3, 'new', '2024-10-27 01:30', 0, 0, NULL, NULL);
-- not set, whatever is written for it
INSERT INTO crm.ticket VALUES (4, 'new', '1970-01-01', 0, 0, NULL, NULL), (5, 'new', '0001-01-01', -1, 0, NULL, NULL), (6, '', '2024-07-01 10:00', 0, 0, NULL, NULL);
-- not a time
INSERT INTO crm.ticket VALUES (7, 'solved', '2024-07-01 10:00', 9223372036854775807, 'NaN', 'infinity', 'NaN');
SELECT ticket, seq, CASE WHEN at = now() OR at > '2025-01-01' THEN NULL ELSE at END AS at, event, state, source_state FROM pg_temp.ledger('times');
SELECT ticket, benchmark, state, started_at, elapsed, stopped_at FROM pg_temp.clocks('times', '1');
SELECT id, problem, detail, value FROM times.issues ORDER BY issue_id;
SELECT service_policy.detach('times', false);
DROP TABLE crm.ticket;

-- A row filter: in, out, in again.  Rows that never were tickets leave no trace.
CREATE TABLE crm.ticket (id int PRIMARY KEY, kind text, status text, created_at timestamptz, updated_at timestamptz);
SELECT service_policy.attach('filtered', 'crm.ticket', 'our_desk', '{id}',
    '{"opened_at": "created_at", "state": "status", "changed_at": "updated_at"}', '{"new": "open", "done": "resolved"}', only_where => $$kind = 'incident'$$);
INSERT INTO crm.ticket VALUES (1, 'question', 'new', '2024-01-08 09:00Z', '2024-01-08 09:00Z'), (2, NULL, 'new', '2024-01-08 09:00Z', '2024-01-08 09:00Z');
UPDATE crm.ticket SET kind = 'incident', updated_at = '2024-01-08 10:00Z' WHERE id = 1;
SELECT ticket, seq, event, state FROM pg_temp.ledger('filtered');
SELECT ticket, benchmark, state, started_at FROM pg_temp.clocks('filtered');
UPDATE crm.ticket SET kind = 'question', updated_at = '2024-01-08 11:00Z' WHERE id = 1;
SELECT ticket, benchmark, state FROM pg_temp.clocks('filtered');
UPDATE crm.ticket SET kind = 'incident', updated_at = '2024-01-08 12:00Z' WHERE id = 1;
SELECT ticket, seq, event, state FROM pg_temp.ledger('filtered');
SELECT ticket, benchmark, state FROM pg_temp.clocks('filtered');
DELETE FROM crm.ticket WHERE id = 2;
SELECT count(*) FROM filtered_data.ledger WHERE id = 2;
SELECT service_policy.detach('filtered', false);

-- Settings of the session mean nothing to an expression.
ALTER TABLE crm.ticket ADD COLUMN day date, ADD COLUMN weight float8, ADD COLUMN note text;
SELECT service_policy.attach('settings', 'crm.ticket', 'our_desk', '{id}', $$
    {"opened_at": "(day + time '09:00')::timestamptz", "state": "status", "customer": "day", "category": "weight", "product": "(note = NULL)::text",
     "team": "concat('\\', '2024-01-08 00:00'::timestamptz)", "changed_at": {"sql": "day", "as": "date", "zone": "UTC", "unset": ["2024-02-01"]}}$$, '{"*": "open"}');
SET timezone = 'Pacific/Apia';
SET datestyle = 'German';
SET extra_float_digits = -10;
SET transform_null_equals = on;
SET standard_conforming_strings = off;
SET escape_string_warning = off;
SET search_path = crm;
INSERT INTO ticket (id, status, day, weight) VALUES (9, 'new', '08.01.2024', 0.1::float8 + 0.2);
RESET extra_float_digits;
RESET transform_null_equals;
RESET standard_conforming_strings;
RESET escape_string_warning;
RESET search_path;
SET timezone = 'UTC';
SET datestyle = 'ISO, MDY';
SELECT id, opened_at, customer, category, product, team FROM settings_data.ledger;
SELECT service_policy.detach('settings', false);

-- What the policy does not cover has no clocks; its evidence is kept.
SELECT service_policy.load_policy('{"policy": "our_later", "benchmarks": [
    {"name": "vip", "metric": "resolution", "target": "1 hour", "when": {"customer_tier": ["gold"]}}]}');
SELECT service_policy.publish_policy('our_later', 1, '2024-01-01Z');
ALTER TABLE crm.ticket ADD COLUMN tier text;
SELECT service_policy.attach('later', 'crm.ticket', 'our_later', '{id}',
    '{"opened_at": "created_at", "state": "status", "changed_at": "updated_at", "customer_tier": "tier"}', '{"new": "open", "done": "resolved"}');
INSERT INTO crm.ticket (id, status, created_at, updated_at, tier) VALUES
    (20, 'new', '2023-12-31 23:59Z', '2023-12-31 23:59Z', 'gold'), (21, 'new', '2024-01-01Z', '2024-01-01Z', 'gold'), (22, 'new', '2024-01-01Z', '2024-01-01Z', 'tin');
SELECT id, event FROM later_data.ledger ORDER BY id;
SELECT ticket, benchmark, state FROM pg_temp.clocks('later');
-- a tier that is lost cancels the clock; one that is found again goes on from the start
UPDATE crm.ticket SET tier = 'tin', updated_at = '2024-01-01 00:30Z' WHERE id = 21;
SELECT ticket, benchmark, state, elapsed, stopped_at FROM pg_temp.clocks('later');
UPDATE crm.ticket SET tier = 'gold', updated_at = '2024-01-01 00:40Z' WHERE id = 21;
SELECT ticket, benchmark, state, started_at, due_at FROM pg_temp.clocks('later');

-- Two attachments of one table do not get in each other's way; dropping the table leaves them to be detached.
SELECT service_policy.attach('again', 'crm.ticket', 'our_desk', '{id}', '{"opened_at": "created_at", "state": "status"}', '{"*": "open"}');
INSERT INTO crm.ticket (id, status, created_at, updated_at, tier) VALUES (23, 'new', '2024-01-02Z', '2024-01-02Z', 'gold');
SELECT 'later', count(*) FROM later_data.ledger WHERE id = 23 UNION ALL SELECT 'again', count(*) FROM again_data.ledger WHERE id = 23;
DROP TABLE crm.ticket;
SELECT service_policy.detach('again', false);
SELECT service_policy.detach('later', false);
SELECT count(*) FROM service_policy.attachment;
SELECT nspname FROM pg_namespace WHERE nspname ~ '_data$';

DROP SCHEMA crm, "Help Desk" CASCADE;
DELETE FROM service_policy.calendar WHERE name = 'desk_hours';
