-- What no CRM should write, but some do: the statements go on, what cannot be understood is an issue or a warning that says what
-- to do, and other tickets have their clocks.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SET datestyle = 'ISO, MDY';
CREATE SCHEMA crm_odd;
CREATE TABLE crm_odd.ticket (id bigint PRIMARY KEY, status text, priority text, created_at timestamptz, updated_at timestamptz, solved_at timestamptz);
CREATE TABLE crm_odd.post (id bigint PRIMARY KEY, ticket_id bigint, parent_id bigint, author text, shown boolean, sent_at timestamptz);
INSERT INTO service_policy.calendar (name, time_zone) VALUES ('odd', 'UTC');
INSERT INTO service_policy.calendar_hours (calendar, weekday, opens, closes) SELECT 'odd', weekday, '09:00', '17:00' FROM generate_series(1, 5) weekday;
SELECT service_policy.publish_policy('odd', service_policy.load_policy('{"policy": "odd", "benchmarks": [
    {"name": "answer", "metric": "first_response", "target": "1 hour", "calendar": "odd"},
    {"name": "next", "metric": "next_response", "target": "2 hours"},
    {"name": "solve", "metric": "resolution", "target": "8 hours", "calendar": "odd", "pause_on": ["pending"]}]}'), '1960-01-01Z');
SELECT service_policy.attach('odd', 'crm_odd.ticket', 'odd', '{id}',
    '{"opened_at": "created_at", "changed_at": "updated_at", "resolved_at": "solved_at", "state": "status", "priority": "priority"}',
    '{"new": "open", "waiting": "pending", "done": "resolved"}');

-- A post names its ticket, or the post that it answers, which may answer it: such a circle is of no ticket.
SELECT service_policy.attach_messages('odd', 'crm_odd.post', '{id}', '{
    "ticket": ["(WITH RECURSIVE up AS (SELECT message.ticket_id, message.parent_id UNION SELECT p.ticket_id, p.parent_id FROM up JOIN crm_odd.post p ON p.id = up.parent_id) SELECT max(ticket_id) FROM up)"],
    "sent_at": "sent_at", "author": "author", "public": "shown"}');
INSERT INTO crm_odd.ticket VALUES (1, 'new', 'low', '2024-01-08 09:00Z', '2024-01-08 09:00Z');
INSERT INTO crm_odd.post VALUES (1, 1, NULL, 'customer', true, '2024-01-08 09:00Z'), (2, NULL, 1, 'agent', true, '2024-01-08 09:20Z'),
    (3, NULL, 2, 'customer', true, '2024-01-08 09:30Z'), (4, NULL, 5, 'agent', true, '2024-01-08 09:40Z'), (5, NULL, 4, 'customer', true, '2024-01-08 09:50Z'),
    (6, NULL, 6, 'agent', true, '2024-01-08 09:55Z');
SELECT id, sent_at, message, author FROM odd_data.message ORDER BY 1, 2;
SELECT metric, cycle, state, started_at, stopped_at FROM odd_data.clock ORDER BY metric, cycle;

-- The reply is there before its ticket, and is dated before it too.
INSERT INTO crm_odd.post VALUES (10, 2, NULL, 'agent', true, '2024-01-08 08:00Z'), (11, 2, NULL, 'customer', true, '2024-01-08 11:00Z');
SELECT count(*) AS clocks FROM odd_data.clock WHERE id = 2;
INSERT INTO crm_odd.ticket VALUES (2, 'new', 'low', '2024-01-08 10:00Z', '2024-01-08 10:00Z');
SELECT metric, cycle, state, started_at, stopped_at, elapsed_us FROM odd_data.clock WHERE id = 2 ORDER BY metric, cycle;

-- NULL everywhere, and then not.
INSERT INTO crm_odd.ticket (id) VALUES (3);
INSERT INTO crm_odd.post (id) VALUES (20);
INSERT INTO crm_odd.post (id, ticket_id) VALUES (21, 3);
UPDATE crm_odd.ticket SET created_at = '2024-01-09 09:00Z' WHERE id = 3;
UPDATE crm_odd.post SET sent_at = '2024-01-09 09:30Z', author = 'agent', shown = true WHERE id = 21;
UPDATE crm_odd.ticket SET status = 'done', solved_at = '2024-01-09 10:00Z' WHERE id = 3;
UPDATE crm_odd.ticket SET status = NULL, solved_at = NULL, created_at = NULL WHERE id = 3;
SELECT metric, cycle, state, started_at, stopped_at FROM odd_data.clock WHERE id = 3 ORDER BY metric, cycle;

-- 1969, 2500, and no time at all.
INSERT INTO crm_odd.ticket VALUES (4, 'new', 'low', '1969-07-21 02:56Z', '1969-07-21 02:56Z'), (5, 'new', 'low', '2500-01-04 09:00Z', '2500-01-04 09:00Z'),
    (6, 'new', 'low', '-infinity', 'infinity'), (7, 'new', 'low', '2024-01-08Z', '294276-12-31Z'), (8, 'new', 'low', '4713-01-01Z BC', '2024-01-08Z'),
    (9, 'new', 'low', '1969-07-21 02:56Z', '1969-07-21 02:56Z');
UPDATE crm_odd.ticket SET status = 'done', updated_at = '1969-07-21 12:00Z' WHERE id = 4;
UPDATE crm_odd.ticket SET status = 'done', updated_at = '2500-01-04 10:00Z' WHERE id = 5;
UPDATE crm_odd.ticket SET status = 'done', updated_at = '2500-01-04 10:00Z' WHERE id = 9;
INSERT INTO crm_odd.post VALUES (30, 1, NULL, 'agent', true, '1969-01-01Z'), (31, 1, NULL, 'customer', true, 'infinity'), (32, 1, NULL, 'customer', true, '2500-01-01Z');
SELECT id, metric, cycle, state, started_at, due_at, stopped_at, elapsed_us FROM odd_data.clock WHERE id BETWEEN 4 AND 9 ORDER BY id, metric, cycle;
SELECT metric, cycle, state, started_at, stopped_at FROM odd_data.clock WHERE id = 1 ORDER BY metric, cycle;
SELECT id, problem, detail, value FROM odd_data.issue ORDER BY issue_id;

-- An application that asks for lastval() after its INSERT gets its own, whatever was recorded meanwhile.
CREATE TEMPORARY SEQUENCE own;
INSERT INTO crm_odd.ticket VALUES (nextval('own') + 99, 'no such state', 'low', '2024-01-08 09:00Z', '2024-01-08 09:00Z');
SELECT lastval(), count(*) AS issues FROM odd_data.issue WHERE id = 100;
DELETE FROM crm_odd.ticket WHERE id = 100;

-- The status map changes while tickets are open: what was recorded stays, and counts as it was understood; from now on it is the new map.
INSERT INTO crm_odd.ticket VALUES (12, 'waiting', 'low', '2024-01-08 09:00Z', '2024-01-08 09:00Z');
UPDATE service_policy.attachment SET states = '{"new": "open", "waiting": "open", "done": "resolved", "parked": "pending"}' WHERE name = 'odd';
UPDATE crm_odd.ticket SET priority = 'high', updated_at = '2024-01-08 11:00Z' WHERE id = 12;
UPDATE crm_odd.ticket SET status = 'parked', updated_at = '2024-01-08 12:00Z' WHERE id = 12;
UPDATE crm_odd.ticket SET status = 'done', updated_at = '2024-01-08 13:00Z' WHERE id = 12;
SELECT seq, at, event, state, source_state FROM odd_data.ledger WHERE id = 12 ORDER BY seq;
SELECT state, elapsed_us, paused_us FROM odd_data.clock WHERE id = 12 AND metric = 'resolution';

-- The message table's author is of another type, then gone, then all of it is gone; the tickets go on.
ALTER TABLE crm_odd.post ALTER author TYPE int USING 1;
INSERT INTO crm_odd.post VALUES (40, 1, NULL, 2, true, '2024-01-08 12:00Z');
SELECT problem, detail, value FROM odd_data.issue ORDER BY issue_id DESC LIMIT 1;
ALTER TABLE crm_odd.post DROP author;
INSERT INTO crm_odd.post VALUES (41, 1, NULL, true, '2024-01-08 12:10Z');
DROP TABLE crm_odd.post;
INSERT INTO crm_odd.ticket VALUES (13, 'new', 'low', '2024-01-08 09:00Z', '2024-01-08 09:00Z');
UPDATE crm_odd.ticket SET status = 'done', updated_at = '2024-01-08 14:00Z' WHERE id IN (1, 13);
SELECT id, metric, cycle, state, stopped_at FROM odd_data.clock WHERE id IN (1, 13) ORDER BY 1, 2, 3;

-- Keys that are equal and not the same, that nothing of the kind can be, and that no index takes.
CREATE EXTENSION citext SCHEMA crm_odd;
CREATE TABLE crm_odd.label (id crm_odd.citext, part char(4), n numeric(6, 2), status text, created_at timestamptz, PRIMARY KEY (id, part, n));
CREATE TABLE crm_odd.mail (id text PRIMARY KEY, label text, part text, n numeric, author text, sent_at timestamptz);
CREATE TABLE crm_odd.note (id int PRIMARY KEY, label text, part text, n numeric);
SELECT service_policy.attach('label', 'crm_odd.label', 'odd', '{id,part,n}', '{"opened_at": "created_at", "state": "status"}', '{"new": "open"}');
SELECT service_policy.attach_messages('label', 'crm_odd.mail', '{id}',
    '{"ticket": ["label::crm_odd.citext", "part", "n"], "sent_at": "sent_at", "author": "author"}');
SELECT service_policy.attach_child('label', 'crm_odd.note', '{"ticket": ["label", "part", "n"]}');
INSERT INTO crm_odd.label VALUES ('Abc', 'x', 1, 'new', '2024-01-08 09:00Z');
INSERT INTO crm_odd.mail VALUES ('m1', 'abc', 'x', 1, 'agent', '2024-01-08 09:30Z'), ('m2', 'ABC', 'x', 1.000, 'customer', '2024-01-08 09:40Z');
INSERT INTO crm_odd.note VALUES (1, 'Abc', 'x   ', 1.0);
SELECT id, part, n, message, author FROM label_data.message ORDER BY message;
CALL service_policy.backfill('label');
UPDATE crm_odd.mail SET label = 'aBC', n = 1.0 WHERE id = 'm2';
SELECT id, part, n, message, author FROM label_data.message ORDER BY message;
UPDATE crm_odd.label SET id = 'ABC';
SELECT id, part, n, seq, event FROM label_data.ledger ORDER BY seq;
INSERT INTO crm_odd.mail VALUES ('m3', 'abc', 'more than four', 1, 'agent', '2024-01-08 09:30Z'), ('m4', 'abc', 'x', 123456, 'agent', '2024-01-08 09:30Z'),
    ('m5', repeat('abc', 1000), 'x', 1, 'agent', '2024-01-08 09:30Z'), (repeat('m6', 600), 'abc', 'x', 1, 'agent', '2024-01-08 09:30Z');
INSERT INTO crm_odd.note VALUES (2, 'abc', 'more than four', 1), (3, 'abc', 'x', 123456), (4, repeat('abc', 1000), 'x', 1);
INSERT INTO crm_odd.label VALUES (repeat('abc', 400), 'x', 1, 'new', '2024-01-08 09:00Z');
SELECT count(*) FROM label_data.ledger;
SELECT count(*) FROM label_data.message;

-- The ticket table is gone too: its clocks stay evidence, and can be read, restated, detached.
DROP TABLE crm_odd.ticket;
SELECT count(*) FROM odd.compliance WHERE id = 13;
SELECT count(*) FROM odd.ticket_status WHERE id = 2;
SELECT count(*) FROM service_policy.restate('odd');
SELECT count(*) FROM service_policy.recompute('odd');
SELECT service_policy.tick();
CALL service_policy.backfill('odd');
SELECT count(*) > 3 AS told FROM service_policy.explain_ticket('odd', '{13}');
SELECT service_policy.detach('odd');
SELECT count(*) FROM odd_data.clock WHERE id = 13;
SET client_min_messages = warning;
SELECT service_policy.detach('label', false);
DROP SCHEMA odd_data, crm_odd CASCADE;
DELETE FROM service_policy.calendar WHERE name = 'odd';
