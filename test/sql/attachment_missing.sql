-- What an attachment needs goes away, and comes back: the CRM's statements succeed all the while, with a warning that
-- says what to do, and what was not recorded meanwhile is recorded with the next change of its row.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SET datestyle = 'ISO, MDY';
CREATE SCHEMA crm_missing;
CREATE TABLE crm_missing.status (id int PRIMARY KEY, name text);
INSERT INTO crm_missing.status VALUES (1, 'new'), (2, 'done');
CREATE TABLE crm_missing.ticket (id bigint PRIMARY KEY, status_id int, created_at timestamptz, updated_at timestamptz, priority text);
SELECT service_policy.load_policy('{"policy": "missing", "benchmarks": [{"name": "solve", "metric": "resolution", "target": "4 hours"}]}');
SELECT service_policy.publish_policy('missing', 1, '2020-01-01Z');
SELECT service_policy.attach('missing', 'crm_missing.ticket', 'missing', '{id}', '{
    "opened_at": "created_at", "changed_at": "updated_at", "priority": "priority",
    "state": "(SELECT s.name FROM crm_missing.status s WHERE s.id = ticket.status_id)"}', '{"new": "open", "done": "resolved"}');

-- Each of these takes something away, a new ticket comes in, and it is given back.
SELECT format('%s; INSERT INTO crm_missing.ticket VALUES (%s, 1, %L, %L); %s;',
              take, number, '2024-01-08Z', '2024-01-08Z', give)
  FROM (VALUES
    (1, 'ALTER TABLE crm_missing.ticket DROP priority', 'ALTER TABLE crm_missing.ticket ADD priority text'),
    (2, 'ALTER TABLE crm_missing.ticket RENAME priority TO urgency', 'ALTER TABLE crm_missing.ticket RENAME urgency TO priority'),
    (3, 'ALTER TABLE crm_missing.ticket ALTER updated_at TYPE timestamp', 'ALTER TABLE crm_missing.ticket ALTER updated_at TYPE timestamptz'),
    (4, 'ALTER TABLE crm_missing.status RENAME TO state', 'ALTER TABLE crm_missing.state RENAME TO status'),
    (5, 'ALTER TABLE missing_data.ledger RENAME TO diary', 'ALTER TABLE missing_data.diary RENAME TO ledger'),
    (6, 'ALTER TABLE missing_data.clock RENAME COLUMN region TO area', 'ALTER TABLE missing_data.clock RENAME COLUMN area TO region'),
    (7, 'ALTER SCHEMA missing_data RENAME TO found_data', 'ALTER SCHEMA found_data RENAME TO missing_data'),
    (8, 'ALTER TABLE crm_missing.ticket RENAME id TO number', 'ALTER TABLE crm_missing.ticket RENAME number TO id'),
    -- what an expression gives is of another type: that is no loss, unless it is one of a time or a number
    (9, 'ALTER TABLE crm_missing.status ALTER name TYPE varchar(20)', 'ALTER TABLE crm_missing.status ALTER name TYPE text'))
    AS changes (number, take, give) ORDER BY number \gexec

-- No ticket was refused; each has been recorded, or is with its next change.
SELECT count(*) FROM crm_missing.ticket;
SELECT id, event, state FROM missing_data.ledger ORDER BY id, seq;
SELECT id, problem, value FROM missing_data.issue ORDER BY issue_id;
UPDATE crm_missing.ticket SET status_id = 2, updated_at = '2024-01-08 02:00Z';
SELECT id, event, state, at FROM missing_data.ledger ORDER BY id, seq;
SELECT id, outcome, elapsed_minutes FROM missing.compliance ORDER BY id;

-- A calendar that goes: the clocks stay as they were, and go on when it is back.
INSERT INTO service_policy.calendar (name, time_zone) VALUES ('missing', 'UTC');
INSERT INTO service_policy.calendar_hours (calendar, weekday, opens, closes) VALUES ('missing', 1, '00:00', '24:00');
SELECT service_policy.load_policy('{"policy": "missing_hours", "benchmarks": [{"name": "solve", "metric": "resolution", "target": "4 hours", "calendar": "missing"}]}');
SELECT service_policy.publish_policy('missing_hours', 1, '2020-01-01Z');
SELECT service_policy.attach('missing_hours', 'crm_missing.ticket', 'missing_hours', '{id}', '{
    "opened_at": "created_at", "changed_at": "updated_at", "state": "(SELECT s.name FROM crm_missing.status s WHERE s.id = ticket.status_id)"}', '{"new": "open", "done": "resolved"}');
INSERT INTO crm_missing.ticket VALUES (10, 1, '2024-01-08Z', '2024-01-08Z');
BEGIN;
DELETE FROM service_policy.calendar_hours WHERE calendar = 'missing';
UPDATE crm_missing.ticket SET status_id = 2, updated_at = '2024-01-08 02:00Z' WHERE id = 10;
SELECT id, state FROM missing_hours_data.clock;
SELECT problem, detail, value FROM missing_hours.issues;
SELECT status, elapsed_minutes, remaining_minutes FROM missing_hours.ticket_status;
ROLLBACK;
UPDATE crm_missing.ticket SET status_id = 2, updated_at = '2024-01-08 02:00Z' WHERE id = 10;
SELECT id, state, elapsed_us FROM missing_hours_data.clock;
SELECT service_policy.detach('missing_hours', false);

-- The column that names a message's ticket is widened while a session goes on, which has searched by it before.
CREATE TABLE crm_missing.post (id int PRIMARY KEY, ticket_id int, person int);
CREATE TABLE crm_missing.agent (id int PRIMARY KEY, ticket_id bigint);
SELECT service_policy.attach_messages('missing', 'crm_missing.post', '{id}', '{"ticket": ["ticket_id"], "sent_at": "''2024-01-08 01:00Z''::timestamptz",
    "author": "CASE WHEN EXISTS (SELECT FROM crm_missing.agent WHERE agent.id = person) THEN ''agent'' ELSE ''customer'' END"}');
SELECT service_policy.attach_child('missing', 'crm_missing.agent', '{"ticket": ["ticket_id"]}');
INSERT INTO crm_missing.post VALUES (1, 10, 7);
INSERT INTO crm_missing.agent VALUES (7, 10);
ALTER TABLE crm_missing.post ALTER ticket_id TYPE bigint;
INSERT INTO crm_missing.ticket VALUES (3000000000, 1, '2024-01-08Z', '2024-01-08Z');
INSERT INTO crm_missing.post VALUES (2, 3000000000, 8);
INSERT INTO crm_missing.agent VALUES (8, 3000000000);
SELECT id, author FROM missing_data.message ORDER BY id;

-- The configuration goes without detach(): the trigger that is left says so.
DELETE FROM service_policy.attachment WHERE name = 'missing';
UPDATE crm_missing.ticket SET status_id = 1 WHERE id = 10;
DROP TRIGGER service_policy_missing ON crm_missing.ticket;
UPDATE crm_missing.ticket SET status_id = 2 WHERE id = 10;
SET client_min_messages = warning;
DROP SCHEMA missing_data CASCADE;
DROP SCHEMA missing, crm_missing CASCADE;
DELETE FROM service_policy.calendar WHERE name = 'missing';
