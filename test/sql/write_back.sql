-- What the clocks say, in columns of the ticket's own row.
SET client_min_messages = warning;
SET timezone = 'UTC';
SET datestyle = ISO;

CREATE SCHEMA crm;
CREATE TABLE crm.ticket (
    id int PRIMARY KEY,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    status text NOT NULL,
    priority text,
    lock_version int NOT NULL DEFAULT 0,
    spam boolean NOT NULL DEFAULT false,
    sla_due timestamptz,
    sla_due_local timestamp,
    sla_risk timestamptz,
    sla_status varchar(9),
    sla_level smallint,
    answered_status text,
    short_status varchar(5),
    must_have text NOT NULL DEFAULT '',
    doubled int GENERATED ALWAYS AS (id * 2) STORED
);

INSERT INTO service_policy.calendar (name, time_zone) VALUES ('written_hours', 'Europe/Berlin');
INSERT INTO service_policy.calendar_hours (calendar, weekday, opens, closes)
    SELECT 'written_hours', weekday, '09:00', '17:00' FROM generate_series(1, 5) AS weekday;
SELECT service_policy.load_policy('{
    "policy": "written_desk",
    "benchmarks": [
        {"name": "answer", "metric": "first_response", "target": "4 hours", "calendar": "written_hours"},
        {"name": "solve", "metric": "resolution", "target": "16 hours", "calendar": "written_hours", "pause_on": ["pending"]},
        {"name": "solve_urgent", "metric": "resolution", "target": "4 hours", "calendar": "written_hours",
         "pause_on": ["pending"], "when": {"priority": ["urgent"]}}]}');
SELECT service_policy.publish_policy('written_desk', 1, '2024-01-01 00:00+00');
SELECT service_policy.attach('written', 'crm.ticket', 'written_desk', ARRAY['id'],
    '{"opened_at": "created_at", "changed_at": "updated_at", "state": "status", "priority": "priority"}',
    '{"new": "open", "waiting": "pending", "done": "resolved", "spam": "void"}', only_where => 'NOT spam');

-- What cannot be written is refused before anything is changed.
SELECT service_policy.write_back('absent', '{"sla_due": "resolution.due_at"}');
SELECT service_policy.write_back('written', '[]');
SELECT service_policy.write_back('written', '{}');
SELECT service_policy.write_back('written', '{"sla_due": 7}');
SELECT service_policy.write_back('written', '{"sla_due": "due_at"}');
SELECT service_policy.write_back('written', '{"sla_due": ".due_at"}');
SELECT service_policy.write_back('written', '{"sla_due": "resolution.when"}');
SELECT service_policy.write_back('written', '{"sla_due": "closure.due_at"}');
SELECT service_policy.write_back('written', '{"no_such": "resolution.due_at"}');
SELECT service_policy.write_back('written', '{"sla_status": "resolution.due_at"}');
SELECT service_policy.write_back('written', '{"sla_due_local": "resolution.due_at"}');
SELECT service_policy.write_back('written', '{"sla_due": {"value": "resolution.due_at", "zone": "UTC"}}');
SELECT service_policy.write_back('written', '{"sla_due_local": {"value": "resolution.due_at", "zone": "Mars/Olympus"}}');
SELECT service_policy.write_back('written', '{"sla_due_local": {"zone": "UTC"}}');
SELECT service_policy.write_back('written', '{"short_status": "resolution.status"}');
SELECT service_policy.write_back('written', '{"must_have": "resolution.status"}');
SELECT service_policy.write_back('written', '{"doubled": "resolution.escalation_level"}');
SELECT service_policy.write_back('written', '{"sla_due": "resolution.escalation_level"}');

SELECT service_policy.write_back('written', '{
    "sla_due": "resolution.due_at", "sla_risk": "resolution.at_risk_at",
    "sla_due_local": {"value": "resolution.due_at", "zone": "Europe/Berlin"},
    "sla_status": "resolution.status", "sla_level": "resolution.escalation_level",
    "answered_status": "first_response.status"}');

CREATE VIEW crm.written AS
SELECT id, status, lock_version AS v, sla_due, sla_due_local, sla_risk, sla_status, sla_level, answered_status
  FROM crm.ticket ORDER BY id;

-- The statement of the CRM has the values at once, also in RETURNING.
INSERT INTO crm.ticket (id, created_at, updated_at, status) VALUES (1, '2024-01-08 08:00+00', '2024-01-08 08:00+00', 'new')
    RETURNING sla_due, sla_status;
INSERT INTO crm.ticket (id, created_at, updated_at, status, priority)
    VALUES (2, '2024-03-28 15:00+00', '2024-03-28 15:00+00', 'new', 'urgent');       -- over the change to summer time
SELECT * FROM crm.written;

-- They are what the tables say.
SELECT t.id, t.sla_due = c.due_at AS due, t.sla_risk = c.at_risk_at AS risk, t.sla_status, s.status
  FROM crm.ticket t JOIN written_data.clock c ON c.id = t.id AND c.metric = 'resolution'
  JOIN written.ticket_status s ON s.id = t.id AND s.metric = 'resolution' ORDER BY 1;

-- An application with optimistic locking, which writes back what it has read.
UPDATE crm.ticket SET status = 'waiting', lock_version = 1, updated_at = '2024-01-08 10:00+00', sla_due = '2001-01-01', sla_status = 'old'
 WHERE id = 1 AND lock_version = 0;
SELECT * FROM crm.written WHERE id = 1;
UPDATE crm.ticket SET status = 'new', lock_version = 2, updated_at = '2024-01-09 10:00+00' WHERE id = 1 AND lock_version = 1;
UPDATE crm.ticket SET status = 'done', lock_version = 3, updated_at = '2024-01-09 12:00+00' WHERE id = 1 AND lock_version = 2;
SELECT * FROM crm.written WHERE id = 1;
UPDATE crm.ticket SET status = 'new', lock_version = 4, updated_at = '2024-01-10 12:00+00' WHERE id = 1 AND lock_version = 3;
SELECT * FROM crm.written WHERE id = 1;
UPDATE crm.ticket SET priority = 'urgent', updated_at = '2024-01-10 13:00+00' WHERE id = 1;
SELECT * FROM crm.written WHERE id = 1;
UPDATE crm.ticket SET status = 'spam', updated_at = '2024-01-10 14:00+00' WHERE id = 1;
SELECT * FROM crm.written WHERE id = 1;

-- What is no ticket is left alone, and so is what cannot be measured.
INSERT INTO crm.ticket (id, created_at, updated_at, status, spam, sla_status)
    VALUES (3, '2024-01-08 08:00+00', '2024-01-08 08:00+00', 'new', true, 'mine');
INSERT INTO crm.ticket (id, created_at, updated_at, status, sla_status)
    VALUES (4, '2020-01-08 08:00+00', '2020-01-08 08:00+00', 'new', 'mine');         -- no version was in force
SELECT * FROM crm.written WHERE id IN (3, 4);

-- To look ahead leaves nothing behind: each event is recorded once.
SELECT id, seq, event, state FROM written_data.ledger WHERE id IN (1, 3) ORDER BY id, seq;
SELECT id, problem FROM written.issues;

-- A column that can no longer take its value does not stop the others, nor the statement.
DROP VIEW crm.written;
SET client_min_messages = notice;
ALTER TABLE crm.ticket DROP COLUMN sla_level;
UPDATE crm.ticket SET updated_at = '2024-03-28 16:00+00' WHERE id = 2;
SELECT id, sla_due, sla_status FROM crm.ticket WHERE id = 2;

SET client_min_messages = warning;

-- NULL ends it.
SELECT service_policy.write_back('written', NULL);
UPDATE crm.ticket SET sla_status = 'free' WHERE id = 2 RETURNING sla_status;
SELECT service_policy.write_back('written', '{"sla_status": "resolution.status"}');
SELECT service_policy.detach('written', keep_evidence => false);
SELECT count(*) FROM pg_trigger WHERE tgrelid = 'crm.ticket'::regclass;

-- What the clocks go by is generated: from the row as it is to be, or not at all.
CREATE TABLE crm.flagged (id int PRIMARY KEY, flag int, status text GENERATED ALWAYS AS (CASE 6 / flag WHEN 1 THEN 'done' WHEN 2 THEN 'waiting' ELSE 'new' END) STORED,
    created_at timestamptz, updated_at timestamptz, sla_status text);
SELECT service_policy.attach('flagged', 'crm.flagged', 'written_desk', '{id}',
    '{"opened_at": "created_at", "changed_at": "updated_at", "state": "status"}', '{"new": "open", "waiting": "pending", "done": "resolved"}');
SELECT service_policy.write_back('flagged', '{"sla_status": "resolution.status"}');
INSERT INTO crm.flagged VALUES (1, 3, DEFAULT, '2024-03-04 10:00+00', '2024-03-04 10:00+00'), (2, 2, DEFAULT, '2024-03-04 10:00+00', '2024-03-04 10:00+00');
UPDATE crm.flagged SET flag = 9 - 3 * id, updated_at = '2024-03-04 10:05+00';
SELECT f.id, status, sla_status, c.state FROM crm.flagged f JOIN flagged_data.clock c USING (id) WHERE metric = 'resolution' ORDER BY 1;
UPDATE crm.flagged SET flag = 0 WHERE id = 1;
SELECT service_policy.detach('flagged', keep_evidence => false);

DROP SCHEMA crm CASCADE;
DELETE FROM service_policy.calendar WHERE name = 'written_hours';
