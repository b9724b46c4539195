-- One save of an application writes several rows, in one transaction and in any order: none of them is late.
SET TimeZone = 'Pacific/Marquesas';
SET DateStyle = 'ISO';
SELECT service_policy.load_policy('{
    "policy": "saves",
    "benchmarks": [
        {"name": "first", "metric": "first_response", "target": "1 hour"},
        {"name": "solve", "metric": "resolution", "target": "8 hours"},
        {"name": "solve_gold", "metric": "resolution", "target": "2 hours", "when": {"customer_tier": ["gold"]}}]}');
SELECT service_policy.publish_policy('saves', 1, '2020-01-01 00:00+00');
CREATE SCHEMA crm_saves;
CREATE TABLE crm_saves.issue (id int PRIMARY KEY, status text DEFAULT 'new', created_at timestamptz, updated_at timestamptz);
CREATE TABLE crm_saves.field (issue_id int PRIMARY KEY, tier text);
CREATE TABLE crm_saves.note (id int PRIMARY KEY, issue_id int, sent_at timestamptz, author text);
SELECT service_policy.attach('saves', 'crm_saves.issue', 'saves', ARRAY['id'],
    '{"opened_at": "created_at", "changed_at": "updated_at", "state": "status",
      "customer_tier": "(SELECT f.tier FROM crm_saves.field f WHERE f.issue_id = ticket.id)"}',
    '{"new": "open", "solved": "resolved", "no": "void"}');
SELECT service_policy.attach_messages('saves', 'crm_saves.note', ARRAY['id'],
    '{"ticket": ["issue_id"], "sent_at": "sent_at", "author": "author"}');
SELECT service_policy.attach_child('saves', 'crm_saves.field', '{"ticket": ["issue_id"]}');
CREATE VIEW crm_saves.clocks AS
    SELECT id, metric, benchmark, state, stopped_at AT TIME ZONE 'UTC' AS stopped, disputed FROM saves_data.clock ORDER BY id, metric, cycle;

-- Refused with a reply: it had its reply, whichever row is written first.
BEGIN;
INSERT INTO crm_saves.issue VALUES (1, 'new', '2024-03-04 09:00+00', '2024-03-04 09:00+00'), (2, 'new', '2024-03-04 09:00+00', '2024-03-04 09:00+00');
COMMIT;
BEGIN;
UPDATE crm_saves.issue SET status = 'no', updated_at = '2024-03-04 09:30+00' WHERE id = 1;
INSERT INTO crm_saves.note VALUES (1, 1, '2024-03-04 09:30+00', 'agent'), (2, 2, '2024-03-04 09:30+00', 'agent');
UPDATE crm_saves.issue SET status = 'no', updated_at = '2024-03-04 09:30+00' WHERE id = 2;
COMMIT;
SELECT * FROM crm_saves.clocks;

-- Brought in from elsewhere, long after it was solved: what belongs to it counts from when it was written.
BEGIN;
INSERT INTO crm_saves.issue VALUES (3, 'solved', '2024-03-04 09:00+00', '2024-03-04 12:00+00');
INSERT INTO crm_saves.note VALUES (3, 3, '2024-03-04 09:10+00', 'agent');
COMMIT;
SELECT * FROM crm_saves.clocks WHERE id = 3;

-- Solved by the save that tells that it is gold: judged as gold, in one event.
INSERT INTO crm_saves.issue VALUES (5, 'new', '2024-03-04 09:00+00', '2024-03-04 09:00+00');
BEGIN;
UPDATE crm_saves.issue SET status = 'solved', updated_at = '2024-03-04 12:00+00' WHERE id = 5;
INSERT INTO crm_saves.field VALUES (5, 'gold');
COMMIT;
SELECT * FROM crm_saves.clocks WHERE id = 5;
SELECT seq, event, state, customer_tier FROM saves_data.ledger WHERE id = 5 ORDER BY seq;

-- Deleted with all that belongs to it, that first: what it was served stays.
INSERT INTO crm_saves.issue VALUES (4, 'new', '2024-03-04 09:00+00', '2024-03-04 09:00+00');
INSERT INTO crm_saves.note VALUES (4, 4, '2024-03-04 09:10+00', 'agent');
INSERT INTO crm_saves.field VALUES (4, 'silver');
BEGIN;
DELETE FROM crm_saves.note WHERE issue_id = 4;
DELETE FROM crm_saves.field WHERE issue_id = 4;
DELETE FROM crm_saves.issue WHERE id = 4;
COMMIT;
SELECT id, metric, benchmark, state, disputed FROM saves_data.clock WHERE id = 4 ORDER BY metric;

-- The next transaction is late.
INSERT INTO crm_saves.note VALUES (5, 3, '2024-03-04 09:05+00', 'agent');
SELECT * FROM crm_saves.clocks WHERE id = 3;
SELECT id, problem, detail FROM saves.issues;

\set VERBOSITY terse
DROP SCHEMA crm_saves CASCADE;
SELECT service_policy.detach('saves', keep_evidence => false);
