-- When tick() has something to do, and who calls it.  The workers themselves are tested in test/t/112_worker.pl.
SET TimeZone = 'UTC';
SET DateStyle = 'ISO';
\pset null '-'

-- Not preloaded: there are no workers, and no settings of theirs.
SELECT * FROM service_policy.worker_status;
SELECT count(*) FROM pg_settings WHERE name LIKE 'service_policy.%';
\d service_policy.worker_status

-- Nothing is attached.
SELECT service_policy.next_tick_at();

INSERT INTO service_policy.calendar (name, time_zone) VALUES ('worker_desk', 'UTC'), ('worker_night', 'UTC');
INSERT INTO service_policy.calendar_hours (calendar, weekday, opens, closes)
    SELECT calendar, d, time '09:00', time '17:00' FROM generate_series(1, 5) d, unnest('{worker_desk,worker_night}'::text[]) calendar;
SELECT service_policy.load_policy('{"policy": "worker", "benchmarks": [
    {"name": "solve", "metric": "resolution", "target": "16 hours", "calendar": "worker_desk"}]}');
SELECT service_policy.publish_policy('worker', 1, '2026-01-01 00:00+00');
CREATE TABLE worker_ticket (id int PRIMARY KEY, status text NOT NULL, created_at timestamptz NOT NULL);
SELECT service_policy.attach(name, 'worker_ticket', 'worker', '{id}', '{"opened_at": "created_at", "state": "status"}', '{"*": "open"}')
  FROM unnest('{worker_a,worker_b}'::text[]) AS name;
SELECT service_policy.tick();
SELECT service_policy.next_tick_at();

-- A calendar changes: it is due now, until somebody has done it.
UPDATE service_policy.calendar_hours SET closes = '16:00' WHERE calendar = 'worker_night';
SELECT service_policy.next_tick_at();
UPDATE service_policy.calendar_hours SET closes = '16:00' WHERE calendar = 'worker_desk';
BEGIN;
SELECT service_policy.next_tick_at() = now() AS is_due;
SELECT count(*) FROM service_policy.recompute('worker_a');
SELECT service_policy.next_tick_at() = now() AS is_due;
SELECT count(*) FROM service_policy.recompute('worker_b');
SELECT service_policy.next_tick_at();
COMMIT;
UPDATE worker_a_data.calendar_state SET revision = NULL;
BEGIN;
SELECT service_policy.next_tick_at() = now() AS is_due;
SELECT service_policy.tick();
SELECT service_policy.next_tick_at();
COMMIT;

-- What was computed while others were writing is due when they have ended: xmax is the next number to be given.
UPDATE worker_a_data.calendar_state SET writers_until = pg_snapshot_xmin(pg_current_snapshot());
BEGIN;
SELECT service_policy.next_tick_at() = now() AS is_due;
ROLLBACK;
UPDATE worker_a_data.calendar_state SET writers_until = NULL;

-- The next escalation, of whichever attachment.
INSERT INTO worker_ticket VALUES (1, 'new', '2026-03-02 10:00+00'), (2, 'new', '2026-03-02 10:00+00');
SET client_min_messages = warning;
ALTER TABLE worker_a_data.clock ADD COLUMN IF NOT EXISTS next_escalation_at timestamptz;
ALTER TABLE worker_b_data.clock ADD COLUMN IF NOT EXISTS next_escalation_at timestamptz;
RESET client_min_messages;
UPDATE worker_a_data.clock SET next_escalation_at = '2126-03-03 10:00+00' WHERE id = 1;
SELECT service_policy.next_tick_at();
UPDATE worker_b_data.clock SET next_escalation_at = '2126-03-02 10:00+00' WHERE id = 2;
SELECT service_policy.next_tick_at();
UPDATE worker_b_data.clock SET next_escalation_at = '2026-03-02 10:00+00' WHERE id = 1;
SELECT service_policy.next_tick_at();
UPDATE worker_a_data.clock SET next_escalation_at = NULL;
UPDATE worker_b_data.clock SET next_escalation_at = NULL;
SELECT service_policy.next_tick_at();

-- What is broken does not hold up the others, and is for tick() to complain of.
UPDATE service_policy.calendar_hours SET closes = '15:00' WHERE calendar = 'worker_desk';
ALTER TABLE worker_a_data.calendar_state RENAME TO elsewhere;
BEGIN;
SELECT service_policy.next_tick_at() = now() AS is_due;
ROLLBACK;
ALTER TABLE worker_b_data.calendar_state RENAME TO elsewhere;
SELECT service_policy.next_tick_at();
ALTER TABLE worker_a_data.elsewhere RENAME TO calendar_state;
ALTER TABLE worker_b_data.elsewhere RENAME TO calendar_state;
DELETE FROM service_policy.calendar_hours WHERE calendar = 'worker_desk';
SELECT service_policy.next_tick_at();

-- Whoever may call it finds out no more than that.
CREATE ROLE worker_caller;
SET ROLE worker_caller;
SELECT service_policy.next_tick_at();
RESET ROLE;
GRANT EXECUTE ON FUNCTION service_policy.next_tick_at() TO worker_caller;
SET ROLE worker_caller;
SELECT service_policy.next_tick_at();
SELECT * FROM service_policy.worker_status;
RESET ROLE;

REVOKE EXECUTE ON FUNCTION service_policy.next_tick_at() FROM worker_caller;
DROP ROLE worker_caller;
SELECT service_policy.detach(name, keep_evidence => false) FROM unnest('{worker_a,worker_b}'::text[]) AS name;
DROP TABLE worker_ticket;
