-- Taking over the tickets that were there before: docs/backfill.md.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SET datestyle = 'ISO, MDY';
CREATE SCHEMA archive;
SELECT service_policy.load_policy('{"policy": "past", "benchmarks": [
    {"name": "answer", "metric": "first_response", "target": "1 hour"},
    {"name": "solve", "metric": "resolution", "target": "2 hours", "pause_on": ["pending"]},
    {"name": "solve_urgent", "metric": "resolution", "target": "30 minutes", "when": {"priority": ["urgent"]}}]}');
SELECT service_policy.publish_policy('past', 1, '2024-01-01Z');

-- A row tells what it is; every state, dated and not, with and without an opening.
CREATE TABLE archive.ticket (
    id int PRIMARY KEY, status text, priority text, opened timestamptz, touched timestamptz, solved timestamptz, shut timestamptz, answered timestamptz, spam boolean DEFAULT false);
INSERT INTO archive.ticket (id, status, priority, opened, touched, solved, shut, answered) VALUES
    (1, 'new', 'low', '2024-01-08 09:00Z', '2024-01-08 09:00Z', NULL, NULL, NULL),
    (2, 'waiting', 'low', '2024-01-08 09:00Z', '2024-01-08 10:00Z', NULL, NULL, '2024-01-08 09:30Z'),
    (3, 'done', 'low', '2024-01-08 09:00Z', '2024-01-09 10:00Z', '2024-01-08 10:30Z', NULL, '2024-01-08 10:10Z'),
    (4, 'shut', 'low', '2024-01-08 09:00Z', '2024-01-09 10:00Z', '2024-01-08 10:00Z', '2024-01-08 12:00Z', NULL),
    (5, 'done', 'urgent', '2024-01-08 09:00Z', '2024-01-08 10:00Z', NULL, NULL, NULL),
    (6, 'new', 'low', NULL, '2024-01-08 10:00Z', NULL, NULL, NULL),
    (7, 'strange', 'low', '2024-01-08 09:00Z', '2024-01-08 10:00Z', NULL, NULL, NULL),
    (8, 'new', 'low', '2023-06-01 09:00Z', '2023-06-01 10:00Z', NULL, NULL, NULL),
    (9, 'new', 'low', '2024-01-08 09:00Z', '2024-01-08 10:00Z', NULL, NULL, NULL);
UPDATE archive.ticket SET spam = true WHERE id = 9;
SELECT service_policy.attach('past', 'archive.ticket', 'past', '{id}',
    '{"opened_at": "opened", "changed_at": "touched", "resolved_at": "solved", "closed_at": "shut", "first_response_at": "answered", "state": "status", "priority": "priority"}',
    '{"new": "open", "waiting": "pending", "done": "resolved", "shut": "closed"}', 'NOT spam');
CREATE VIEW archive.clock AS
    SELECT id, metric || '/' || cycle AS clock, benchmark, state, elapsed_us / 60000000 AS minutes, paused_us / 60000000 AS paused,
           imported_at IS NOT NULL AS imported, disputed FROM past_data.clock;
CREATE VIEW archive.ledger AS SELECT id, seq, to_char(at, 'MM-DD HH24:MI') AS at, event, state, source_state, priority FROM past_data.ledger;
CREATE VIEW archive.progress AS
    SELECT run, state, done_count AS done, recorded_count AS recorded, completed_count AS completed, restated_count AS restated,
           percent FROM past.backfill_progress;

CALL service_policy.backfill('past', batch => 4);
SELECT * FROM archive.ledger ORDER BY id, seq;
SELECT * FROM archive.clock ORDER BY id, clock;
SELECT id, problem, value FROM past.issues ORDER BY issue_id;
SELECT * FROM archive.progress;
SELECT run, batch, position, ordered_by, started_by = session_user AS mine, finished_at >= started_at AS finished, worked_us > 0 AS worked
  FROM past_data.backfill;

-- A second call records nothing twice.
CALL service_policy.backfill('past');
SELECT count(*) FROM past_data.ledger;
SELECT * FROM archive.progress;

-- What the trigger did not see is recorded as changed; a status map that was corrected counts.
ALTER TABLE archive.ticket DISABLE TRIGGER service_policy_past;
UPDATE archive.ticket SET status = 'done', solved = '2024-01-08 11:30Z', touched = '2024-01-08 11:30Z' WHERE id = 1;
UPDATE archive.ticket SET spam = true, touched = '2024-01-08 11:30Z' WHERE id = 2;
UPDATE archive.ticket SET opened = '2024-01-08 09:00Z' WHERE id = 6;
ALTER TABLE archive.ticket ENABLE TRIGGER service_policy_past;
UPDATE service_policy.attachment SET states = states || '{"strange": "pending"}';
CALL service_policy.backfill('past');
SELECT * FROM archive.ledger WHERE id IN (1, 2, 6, 7) ORDER BY id, seq;
SELECT * FROM archive.clock WHERE id IN (1, 2, 6, 7) ORDER BY id, clock;
SELECT * FROM archive.progress WHERE run = 3;

-- A run that was stopped is gone on with, in the same order of the key, unless asked otherwise.
DELETE FROM past_data.ledger;
DELETE FROM past_data.clock;
UPDATE past_data.backfill SET finished_at = NULL, position = '{5}', done_count = 5 WHERE run = 3;
SELECT * FROM archive.progress WHERE run = 3;
CALL service_policy.backfill('past');
SELECT DISTINCT id FROM past_data.ledger ORDER BY id;
SELECT run, state, done FROM archive.progress ORDER BY run;
UPDATE past_data.backfill SET finished_at = NULL, position = '{8}' WHERE run = 3;
CALL service_policy.backfill('past', resume => false);
SELECT run, state, done, recorded FROM archive.progress ORDER BY run;

-- A ticket that is changed, or goes, before backfill comes to it is taken over as it was.
DELETE FROM past_data.ledger;
DELETE FROM past_data.clock;
UPDATE archive.ticket SET status = 'shut', shut = '2024-01-08 13:00Z', touched = '2024-01-08 13:00Z' WHERE id = 3;
DELETE FROM archive.ticket WHERE id = 4;
UPDATE archive.ticket SET id = 50 WHERE id = 5;
UPDATE archive.ticket SET spam = true, touched = '2024-01-08 14:00Z' WHERE id = 7;
SELECT * FROM archive.ledger WHERE at < '02' ORDER BY id, seq;
SELECT * FROM archive.clock WHERE id < 7 ORDER BY id, clock;

-- History, in a log of fields, for a key of two parts whose index has them the other way round.
DROP VIEW archive.clock, archive.ledger, archive.progress;
SELECT service_policy.detach('past', false);
DROP TABLE archive.ticket;
CREATE TABLE archive.ticket (
    company text COLLATE "C", number int, status text, priority text, agent text, opened timestamptz, touched timestamptz, solved timestamptz,
    PRIMARY KEY (number, company));
CREATE TABLE archive.log (
    id int PRIMARY KEY, company text, number text, at timestamptz, field text, was text, is_now text);
INSERT INTO archive.ticket VALUES
    ('acme', 1, 'done', 'low', 'ann', '2024-01-08 09:00Z', '2024-01-08 12:00Z'),     -- waited, reopened
    ('acme', 2, 'done', 'low', 'ann', '2024-01-08 09:00Z', '2024-01-08 12:00Z'),     -- began as waiting, was urgent
    ('acme', 3, 'done', 'low', 'ann', '2024-01-08 09:00Z', '2024-01-08 12:00Z'),     -- no word of its state
    ('bolt', 1, 'new', 'low', NULL, '2024-01-08 09:00Z', '2024-01-08 09:00Z'),       -- nothing
    ('bolt', 2, 'waiting', 'low', NULL, '2024-01-08 09:00Z', '2024-01-08 11:00Z'),   -- a history that ends before the row
    ('bolt', 3, 'done', 'low', 'ann', '2024-01-08 09:00Z', '2024-01-08 10:30Z');     -- known before its history is
INSERT INTO archive.ticket VALUES
    ('acme', 4, 'done', 'high', 'ann', '2024-01-08 09:00Z', '2024-01-08 12:00Z', '2024-01-08 10:00Z');  -- high only after it was solved
INSERT INTO archive.log VALUES
    (1, 'acme', '1', '2024-01-08 09:30Z', 'status', 'new', 'waiting'),
    (2, 'acme', '1', '2024-01-08 10:30Z', 'status', 'waiting', 'new'),
    (3, 'acme', '1', '2024-01-08 11:00Z', 'status', 'new', 'done'),
    (4, 'acme', '1', '2024-01-08 11:00Z', 'agent', NULL, 'bob'),
    (5, 'acme', '1', '2024-01-08 11:20Z', 'status', 'done', 'new'),
    (6, 'acme', '1', '2024-01-08 12:00Z', 'status', 'new', 'done'),
    (7, 'acme', '1', '2024-01-08 12:00Z', 'agent', 'bob', 'ann'),
    (8, 'acme', '2', '2024-01-08 10:00Z', 'status', 'waiting', 'new'),
    (9, 'acme', '2', '2024-01-08 10:30Z', 'priority', 'urgent', 'low'),
    (10, 'acme', '2', '2024-01-08 12:00Z', 'status', 'new', 'done'),
    (11, 'acme', '3', '2024-01-08 10:00Z', 'priority', 'urgent', 'low'),
    (12, 'bolt', '2', '2024-01-08 10:00Z', 'status', 'new', 'unheard of'),
    (13, 'bolt', '2', NULL, 'status', 'new', 'done'),
    (14, 'bolt', '2', 'infinity', 'status', 'new', 'done'),
    (15, 'bolt', '3', '2024-01-08 09:10Z', 'status', 'new', 'waiting'),
    (16, 'bolt', '3', '2024-01-08 10:10Z', 'status', 'waiting', 'new'),
    (17, 'gone', '9', '2024-01-08 10:10Z', 'status', 'waiting', 'new'),
    (18, 'acme', '1', '2024-01-08 10:00Z', 'comment', NULL, 'hello'),
    (19, 'acme', '4', '2024-01-08 11:00Z', 'priority', 'low', 'high');
SELECT service_policy.attach('past', 'archive.ticket', 'past', '{company, number}',
    '{"opened_at": "opened", "changed_at": "touched", "resolved_at": "solved", "state": "status", "priority": "priority", "agent": "agent"}',
    '{"new": "open", "waiting": "pending", "done": "resolved"}');
SELECT service_policy.attach_history('past', 'archive.log', '{id}', $${
    "ticket": ["company", "number"], "changed_at": "at",
    "state": "CASE field WHEN 'status' THEN is_now END", "old_state": "CASE field WHEN 'status' THEN was END",
    "priority": "CASE field WHEN 'priority' THEN is_now END", "old_priority": "CASE field WHEN 'priority' THEN was END",
    "agent": "CASE field WHEN 'agent' THEN is_now END", "old_agent": "CASE field WHEN 'agent' THEN was END"}$$,
    'field <> ''comment''');
CREATE VIEW archive.ledger AS SELECT company, number, seq, to_char(at, 'HH24:MI') AS at, event, state, source_state, priority, agent FROM past_data.ledger;
CREATE VIEW archive.clock AS
    SELECT company, number, metric || '/' || cycle AS clock, benchmark, state, elapsed_us / 60000000 AS minutes, paused_us / 60000000 AS paused,
           agent, imported_at IS NOT NULL AS imported FROM past_data.clock WHERE metric = 'resolution';
-- the last one becomes known by a statement of the application: it is judged without its history, and then with it
UPDATE archive.ticket SET priority = 'high' WHERE company = 'bolt' AND number = 3;
SELECT * FROM archive.clock;
CALL service_policy.backfill('past', batch => 2);
SELECT * FROM archive.ledger WHERE NOT (company = 'bolt' AND number = 3 AND seq > 2) ORDER BY company, number, seq;
SELECT * FROM archive.clock ORDER BY company, number, clock;
SELECT company, number, problem, detail, value FROM past.issues ORDER BY issue_id;
SELECT run, state, done_count, recorded_count, completed_count, restated_count FROM past.backfill_progress;
SELECT position, ordered_by FROM past_data.backfill;

-- Again, with one more log, and a row in it that cannot be read: its ticket alone has to do without. Nothing is said twice.
CREATE TABLE archive.log2 (id int PRIMARY KEY, company text, number int, at text, status text);
INSERT INTO archive.log2 VALUES (1, 'bolt', 1, '2024-01-08 09:40Z', 'waiting'), (2, 'acme', 1, 'yesterday or so', 'waiting');
ALTER TABLE archive.log2 ADD CHECK (at ~ '^20') NOT VALID;
SELECT service_policy.attach_history('past', 'archive.log2', '{id}',
    '{"ticket": ["company", "number"], "changed_at": "at::timestamptz", "state": "status"}');
SELECT service_policy.attach_history('past', 'archive.log2', '{id}',
    '{"ticket": ["company", "number"], "changed_at": "CASE WHEN at ~ ''^20'' OR company = ''none'' THEN at::timestamptz END", "state": "status"}');
UPDATE service_policy.attachment_table SET facts = facts || '{"changed_at": "at::timestamptz"}' WHERE table_name = 'archive.log2';
CALL service_policy.backfill('past');
SELECT * FROM archive.ledger WHERE company = 'bolt' AND number = 1 ORDER BY seq;
SELECT company, number, problem, detail, value FROM past.issues ORDER BY issue_id OFFSET 3;
SELECT run, state, done_count, recorded_count, completed_count, restated_count FROM past.backfill_progress ORDER BY run;
CALL service_policy.backfill('past');
SELECT run, state, done_count, recorded_count, completed_count, restated_count FROM past.backfill_progress WHERE run = 3;
SELECT service_policy.detach('past');

-- Partitions, whose key is unique only together with what they are cut by; a row that cannot be read; keys that are null.
CREATE TABLE archive.parted (id uuid, status text, opened timestamptz, n int, UNIQUE (id, n)) PARTITION BY RANGE (n);
CREATE TABLE archive.parted_1 PARTITION OF archive.parted FOR VALUES FROM (0) TO (50);
CREATE TABLE archive.parted_2 (junk text, n int, opened timestamptz, status text, id uuid);
ALTER TABLE archive.parted_2 DROP junk;
ALTER TABLE archive.parted ATTACH PARTITION archive.parted_2 FOR VALUES FROM (50) TO (1000);
INSERT INTO archive.parted SELECT md5(i::text)::uuid, 'new', '2024-01-08 09:00Z', i FROM generate_series(1, 99) i;
INSERT INTO archive.parted VALUES (NULL, 'new', '2024-01-08 09:00Z', 5);
SELECT service_policy.attach('parted', 'archive.parted', 'past', '{id}',
    '{"opened_at": "opened", "state": "status", "category": "(100 / (n - 100))::text"}', '{"new": "open"}');
ALTER TABLE archive.parted DISABLE TRIGGER service_policy_parted;
INSERT INTO archive.parted VALUES (md5('100')::uuid, 'new', '2024-01-08 09:00Z', 100);
ALTER TABLE archive.parted ENABLE TRIGGER service_policy_parted;
CALL service_policy.backfill('parted', batch => 7);
SELECT count(*), count(DISTINCT id), min(category::int), max(category::int) FROM parted_data.ledger;
SELECT count(*) FROM parted_data.clock;
SELECT problem, value FROM parted.issues;
SELECT done_count, recorded_count FROM parted.backfill_progress;

-- What cannot be done is said at once.
BEGIN;
CALL service_policy.backfill('parted');
ROLLBACK;
DO $$ BEGIN CALL service_policy.backfill('parted'); EXCEPTION WHEN OTHERS THEN RAISE NOTICE '%', SQLERRM; END $$;
DO $$ BEGIN CALL service_policy.backfill('parted', batch => 50); END $$;
CALL service_policy.backfill('nothing');
CALL service_policy.backfill('parted', batch => 0);
CALL service_policy.backfill('parted', batch => NULL);
CALL service_policy.backfill('parted', sleep => '1 day');
CALL service_policy.backfill('parted', sleep => '-1 second');
CALL service_policy.backfill('parted', batch => 60, sleep => '1 millisecond');
SELECT service_policy.attach_history('nothing', 'archive.log', '{id}', '{}');
SELECT service_policy.attach_history('parted', 'archive.log', '{id}', '{"changed_at": "at"}');
SELECT service_policy.attach_history('parted', 'archive.log', '{id}', '{"ticket": ["company", "number"], "changed_at": "at"}');
SELECT service_policy.attach_history('parted', 'archive.log', '{number}', '{"ticket": ["company"], "changed_at": "at"}');
SELECT service_policy.attach_history('parted', 'archive.log', '{id}', '{"ticket": ["company"], "changed_at": "at", "opened_at": "at"}');
SELECT service_policy.attach_history('parted', NULL, '{id}', '{"ticket": ["company"], "changed_at": "at"}');

-- Who may: the owner of the attachment and its members, if they may execute it. It reads as that owner.
SET client_min_messages = error;
CREATE ROLE backfill_owner;
CREATE ROLE backfill_member;
CREATE ROLE backfill_other;
GRANT backfill_owner TO backfill_member;
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO backfill_owner', current_database()); END $$;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA service_policy TO backfill_owner;
GRANT SELECT, INSERT, DELETE ON ALL TABLES IN SCHEMA service_policy TO backfill_owner;
GRANT USAGE ON SCHEMA archive TO backfill_owner;
CREATE TABLE archive.owned (id int PRIMARY KEY, status text, opened timestamptz, secret boolean);
INSERT INTO archive.owned VALUES (1, 'new', '2024-01-08 09:00Z', false), (2, 'new', '2024-01-08 09:00Z', true);
GRANT SELECT, TRIGGER ON archive.owned TO backfill_owner;
SET ROLE backfill_owner;
SELECT service_policy.attach('owned', 'archive.owned', 'past', '{id}', '{"opened_at": "opened", "state": "status"}', '{"new": "open", "done": "resolved"}');
RESET ROLE;
SET ROLE backfill_other;
CALL service_policy.backfill('owned');
RESET ROLE;
GRANT EXECUTE ON PROCEDURE service_policy.backfill TO backfill_other, backfill_member;
SET ROLE backfill_other;
CALL service_policy.backfill('owned');
RESET ROLE;
ALTER TABLE archive.owned ENABLE ROW LEVEL SECURITY;
CREATE POLICY no_secrets ON archive.owned FOR SELECT TO backfill_owner USING (NOT secret);
SET ROLE backfill_member;
CALL service_policy.backfill('owned');
RESET ROLE;
ALTER TABLE archive.owned DISABLE ROW LEVEL SECURITY;
REVOKE SELECT ON archive.owned FROM backfill_owner;
SET ROLE backfill_member;
CALL service_policy.backfill('owned');
RESET ROLE;
GRANT SELECT ON archive.owned TO backfill_owner;
SET ROLE backfill_member;
CALL service_policy.backfill('owned');
RESET ROLE;
SELECT run, state, started_by, done_count, recorded_count FROM owned.backfill_progress;
-- completing a known ticket locks its row, though the owner may only read
ALTER TABLE archive.owned DISABLE TRIGGER service_policy_owned;
UPDATE archive.owned SET status = 'done' WHERE id = 1;
ALTER TABLE archive.owned ENABLE TRIGGER service_policy_owned;
SET ROLE backfill_member;
CALL service_policy.backfill('owned');
RESET ROLE;
SELECT run, state, started_by, done_count, recorded_count, completed_count FROM owned.backfill_progress WHERE run > 1;
SELECT id, seq, event, state, recorded_by FROM owned_data.ledger ORDER BY id, seq;
SELECT service_policy.detach('owned', false);
DROP OWNED BY backfill_owner, backfill_member, backfill_other;
DROP ROLE backfill_owner, backfill_member, backfill_other;
RESET client_min_messages;

-- A column is called as the row is in expressions: a row of it fails, and one is known and has a history.
CREATE TABLE archive.numbered (id int PRIMARY KEY, ticket int, status text, opened timestamptz);
CREATE TABLE archive.numbered_past (id int PRIMARY KEY, ticket int, at timestamptz, status text);
INSERT INTO archive.numbered VALUES (1, 6, 'waiting', '2024-01-08 09:00Z');
INSERT INTO archive.numbered_past VALUES (1, 1, '2024-01-08 10:00Z', 'waiting');
SELECT service_policy.attach('numbered', 'archive.numbered', 'past', '{id}',
    '{"opened_at": "opened", "state": "status", "priority": "6 / ticket.ticket"}', '{"new": "open", "waiting": "pending"}');
CALL service_policy.backfill('numbered');
ALTER TABLE archive.numbered DISABLE TRIGGER USER;
INSERT INTO archive.numbered VALUES (2, 0, 'new', '2024-01-08 09:00Z'), (3, 3, 'new', '2024-01-08 09:00Z');
ALTER TABLE archive.numbered ENABLE TRIGGER USER;
SELECT service_policy.attach_history('numbered', 'archive.numbered_past', '{id}',
    '{"ticket": ["ticket"], "changed_at": "at", "state": "status"}');
CALL service_policy.backfill('numbered');
SELECT id, seq, event, state, priority, at FROM numbered_data.ledger ORDER BY id, seq;
SELECT id, problem, value FROM numbered.issues;
SELECT service_policy.detach('numbered', false);
DROP TABLE archive.numbered, archive.numbered_past;

-- Rows are gathered for a table while others of it are read, whatever becomes of it meanwhile: here a trigger changes who may read it.
CREATE TABLE archive.disturbed (id int PRIMARY KEY, status text, opened timestamptz);
INSERT INTO archive.disturbed VALUES (1, 'new', '2024-01-08 09:00Z'), (2, 'odd', '2024-01-08 09:00Z'), (4, 'new', '2024-01-08 09:00Z');
SELECT service_policy.attach('disturbed', 'archive.disturbed', 'past', '{id}', '{"opened_at": "opened", "state": "status"}', '{"new": "open", "waiting": "pending"}');
INSERT INTO archive.disturbed VALUES (3, 'new', '2024-01-08 09:00Z');
ALTER TABLE archive.disturbed DISABLE TRIGGER service_policy_disturbed;
UPDATE archive.disturbed SET status = 'waiting' WHERE id = 3;
ALTER TABLE archive.disturbed ENABLE TRIGGER service_policy_disturbed;
CREATE FUNCTION archive.disturb() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN GRANT SELECT ON disturbed_data.ledger, disturbed_data.clock TO PUBLIC; RETURN NULL; END $$;
CREATE TRIGGER disturb AFTER INSERT ON disturbed_data.issue FOR EACH ROW EXECUTE FUNCTION archive.disturb();
CALL service_policy.backfill('disturbed');
SELECT id, seq, event, state FROM disturbed_data.ledger ORDER BY id, seq;
SELECT id, metric, state FROM disturbed_data.clock ORDER BY id, metric;
SELECT service_policy.detach('disturbed', false);
DROP TABLE archive.disturbed;
DROP FUNCTION archive.disturb();
-- What was there is taken over by the transaction that changes it, also where its first change tells nothing.
CREATE TABLE archive.stepped (id int PRIMARY KEY, status text, opened timestamptz, note text);
INSERT INTO archive.stepped VALUES (1, 'waiting', '2024-01-08 09:00Z');
SELECT service_policy.attach('stepped', 'archive.stepped', 'past', '{id}', '{"opened_at": "opened", "state": "status"}',
    '{"new": "open", "waiting": "pending", "done": "resolved"}');
BEGIN;
INSERT INTO archive.stepped VALUES (2, 'waiting', NULL);
UPDATE archive.stepped SET note = 'seen';
UPDATE archive.stepped SET status = 'done', opened = '2024-01-08 09:00Z';
COMMIT;
SELECT l.id, seq, event, l.state, c.imported_at IS NOT NULL AS imported
  FROM stepped_data.ledger l JOIN stepped_data.clock c USING (id) WHERE metric = 'resolution' ORDER BY 1, 2;
SELECT service_policy.detach('stepped', false);
DROP TABLE archive.stepped;

-- The table is gone.
DROP TABLE archive.parted;
CALL service_policy.backfill('parted');
SELECT state FROM parted.backfill_progress ORDER BY run DESC LIMIT 1;
SELECT service_policy.detach('parted', false);
\set VERBOSITY terse
DROP SCHEMA archive CASCADE;
DROP SCHEMA past_data CASCADE;
