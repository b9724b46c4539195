-- A calendar changes: the deadlines of the open clocks that it concerns move, and nothing else does.
SET TimeZone = 'UTC';
SET DateStyle = 'ISO';
CREATE TABLE recompute_ticket (
    id int PRIMARY KEY, status text NOT NULL, team text,
    created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL, replied_at timestamptz
);
INSERT INTO service_policy.calendar (name, time_zone) VALUES ('desk', 'UTC'), ('night', 'UTC');
INSERT INTO service_policy.calendar_hours (calendar, weekday, opens, closes)
    SELECT 'desk', d, time '09:00', time '17:00' FROM generate_series(1, 5) d
     UNION ALL
    SELECT 'night', d, '20:00', '04:00' FROM generate_series(1, 5) d;
SELECT service_policy.load_policy('{
    "policy": "recompute",
    "benchmarks": [
        {"name": "answer", "metric": "first_response", "target": "4 hours", "calendar": "desk"},
        {"name": "solve", "metric": "resolution", "target": "16 hours", "calendar": "desk", "pause_on": ["pending"]},
        {"name": "solve_night", "metric": "resolution", "target": "16 hours", "calendar": "night", "when": {"team": ["night"]}},
        {"name": "solve_days", "metric": "resolution", "target": "3 working days", "calendar": "desk", "when": {"team": ["days"]}},
        {"name": "close", "metric": "closure", "target": "100 hours"}]}');
SELECT service_policy.publish_policy('recompute', 1, '2026-01-01 00:00+00');
SELECT service_policy.attach('recompute', 'recompute_ticket', 'recompute', ARRAY['id'],
    '{"opened_at": "created_at", "changed_at": "updated_at", "first_response_at": "replied_at", "state": "status", "team": "team"}',
    '{"new": "open", "waiting": "pending", "solved": "resolved"}');

-- Monday 2 March 2026.  1 runs; 2 is due before the holiday, 3 is judged, 4 is paused over it, 5 was paused over it,
-- 6 counts by another calendar, 7 in working days, 8 waits since before it.
INSERT INTO recompute_ticket VALUES
    (1, 'new', NULL, '2026-03-02 10:00+00', '2026-03-02 10:00+00', '2026-03-02 10:30+00'),
    (2, 'new', NULL, '2026-02-26 10:00+00', '2026-02-26 10:00+00', '2026-02-26 10:30+00'),
    (3, 'new', NULL, '2026-03-02 10:00+00', '2026-03-02 10:00+00', NULL),
    (4, 'new', NULL, '2026-03-02 10:00+00', '2026-03-02 10:00+00', '2026-03-02 10:30+00'),
    (5, 'new', NULL, '2026-03-02 10:00+00', '2026-03-02 10:00+00', '2026-03-02 10:30+00'),
    (6, 'new', 'night', '2026-03-02 10:00+00', '2026-03-02 10:00+00', '2026-03-02 10:30+00'),
    (7, 'new', 'days', '2026-03-02 10:00+00', '2026-03-02 10:00+00', '2026-03-02 10:30+00'),
    (8, 'waiting', NULL, '2026-03-02 10:00+00', '2026-03-02 10:00+00', '2026-03-02 10:30+00');
UPDATE recompute_ticket SET status = 'solved', updated_at = '2026-03-04 10:00+00' WHERE id = 3;
UPDATE recompute_ticket SET status = 'waiting', updated_at = '2026-03-04 12:00+00' WHERE id = 4;
UPDATE recompute_ticket SET status = 'waiting', updated_at = '2026-03-02 12:00+00' WHERE id = 5;
UPDATE recompute_ticket SET status = 'new', updated_at = '2026-03-04 09:00+00' WHERE id = 5;

CREATE VIEW recompute_clock AS
SELECT id, metric, benchmark, state, due_at, at_risk_at, elapsed_us / 60000000 AS elapsed, paused_us / 60000000 AS paused,
       target_us / 60000000 AS target, calendar_revision = service_policy.calendar_revision(calendar) AS is_current
  FROM recompute_data.clock;
SELECT * FROM recompute_clock WHERE metric <> 'first_response' ORDER BY metric, id;

-- Nothing has changed; that is all it remembers.
SELECT * FROM service_policy.recompute('recompute');
SELECT calendar, revision = service_policy.calendar_revision(calendar) AS is_current FROM recompute_data.calendar_state ORDER BY calendar;

-- Tuesday is a holiday.
CREATE TABLE recompute_before AS SELECT id, metric, ctid AS place FROM recompute_data.clock;
INSERT INTO service_policy.calendar_date (calendar, on_date, name) VALUES ('desk', '2026-03-03', 'Holiday');
SELECT ticket, metric, old_due_at, new_due_at, old_target_minutes AS old_target, new_target_minutes AS new_target,
       old_elapsed_minutes AS old_elapsed, new_elapsed_minutes AS new_elapsed,
       old_paused_minutes AS old_paused, new_paused_minutes AS new_paused, old_revision <> new_revision AS is_revised
  FROM service_policy.recompute('recompute');
SELECT * FROM recompute_clock WHERE metric <> 'first_response' ORDER BY metric, id;
SELECT id, metric FROM recompute_before b JOIN recompute_data.clock c USING (id, metric) WHERE c.ctid <> b.place ORDER BY id;
SELECT * FROM service_policy.recompute('recompute');
SELECT move_id, id, metric, cycle, calendar, old_due_at, new_due_at, moved_minutes, old_target_minutes AS old_target,
       new_target_minutes AS new_target, old_elapsed_minutes AS old_elapsed, new_elapsed_minutes AS new_elapsed,
       old_paused_minutes AS old_paused, new_paused_minutes AS new_paused
  FROM recompute.deadline_moves ORDER BY move_id;

-- It was none: all is as it was, judged clocks included, which never moved.
DELETE FROM service_policy.calendar_date WHERE calendar = 'desk';
SELECT ticket, metric, old_due_at, new_due_at, old_target_minutes AS old_target, new_target_minutes AS new_target,
       old_elapsed_minutes AS old_elapsed, new_elapsed_minutes AS new_elapsed,
       old_paused_minutes AS old_paused, new_paused_minutes AS new_paused FROM service_policy.recompute('recompute');
SELECT * FROM recompute_clock WHERE metric <> 'first_response' ORDER BY metric, id;

-- The tick does the same, a few tickets at a time.
UPDATE service_policy.calendar_hours SET closes = '16:00' WHERE calendar = 'desk';
SELECT service_policy.tick(2);
SELECT id, due_at FROM recompute_clock WHERE metric = 'resolution' AND id IN (1, 4, 5, 7) ORDER BY id;
SELECT service_policy.tick(2);
SELECT service_policy.tick(2);
SELECT id, due_at, elapsed, paused, target FROM recompute_clock WHERE metric = 'resolution' ORDER BY id;
SELECT service_policy.tick();
SELECT * FROM service_policy.recompute('recompute');

-- The event of a ticket does it too, for that ticket.
UPDATE service_policy.calendar_hours SET closes = '17:00' WHERE calendar = 'desk';
UPDATE recompute_ticket SET status = 'waiting', updated_at = '2026-03-04 15:00+00' WHERE id = 1;
SELECT id, metric, is_current FROM recompute_clock WHERE metric = 'resolution' AND id IN (1, 2) ORDER BY id;
SELECT ticket, metric FROM service_policy.recompute('recompute');

-- All are looked at again when somebody says so: the server's time zones are no part of the revision.
UPDATE recompute_data.clock SET due_at = due_at + interval '1 hour' WHERE id IN (2, 5) AND metric = 'resolution';
SELECT ticket, metric FROM service_policy.recompute('recompute');
UPDATE recompute_data.calendar_state SET revision = NULL WHERE calendar = 'desk';
SELECT ticket, metric, old_due_at, new_due_at FROM service_policy.recompute('recompute');

-- tick() goes on from where it was, also where all clocks are paused and stay as they are.
INSERT INTO recompute_ticket (id, status, created_at, updated_at) SELECT id, 'waiting', '2026-03-04 09:00+00', '2026-03-04 10:00+00' FROM generate_series(101, 105) AS id;
UPDATE recompute_data.calendar_state SET revision = NULL;
CREATE VIEW progress AS SELECT calendar, revision IS NULL AS goes_on, looked_until FROM recompute_data.calendar_state ORDER BY calendar;
UPDATE recompute_data.clock SET elapsed_us = 1 WHERE id = 105;
SELECT service_policy.tick(4);
SELECT * FROM progress;
SELECT service_policy.tick(4);
SELECT * FROM progress;
SELECT service_policy.tick(4);
SELECT * FROM progress;
SELECT elapsed_us <> 1 AS is_looked_at FROM recompute_data.clock WHERE id = 105 AND metric = 'resolution';
DROP VIEW progress;
DELETE FROM recompute_ticket WHERE id > 100;

-- A calendar that cannot be used keeps its clocks as they are, and is looked at again when it can.
UPDATE service_policy.calendar_hours SET closes = '18:00' WHERE calendar = 'desk' AND weekday = 1;
DELETE FROM service_policy.calendar WHERE name = 'night';
SELECT ticket, metric FROM service_policy.recompute('recompute');
SELECT calendar, revision = service_policy.calendar_revision('desk') AS is_current FROM recompute_data.calendar_state WHERE calendar = 'desk';
SELECT service_policy.tick();
INSERT INTO service_policy.calendar (name, time_zone) VALUES ('night', 'UTC');
INSERT INTO service_policy.calendar_hours (calendar, weekday, opens, closes) VALUES ('night', 1, '20:00', '04:00');
SELECT ticket, metric, old_due_at, new_due_at FROM service_policy.recompute('recompute');
SELECT * FROM service_policy.recompute('recompute');

-- One attachment that is broken does not hold up the others.
SELECT service_policy.attach('broken', 'recompute_ticket', 'recompute', ARRAY['id'],
    '{"opened_at": "created_at", "state": "status"}', '{"*": "open"}');
SET client_min_messages = error;
DROP TABLE broken_data.clock CASCADE;
RESET client_min_messages;
UPDATE service_policy.calendar_hours SET closes = '17:30' WHERE calendar = 'desk' AND weekday = 5;
SELECT service_policy.tick();
SELECT ticket, metric FROM service_policy.recompute('recompute');
SELECT count(*) > 0 AS moved FROM recompute.deadline_moves WHERE old_revision <> new_revision AND moved_by = current_user;

-- Errors
SELECT service_policy.tick(0);
SELECT * FROM service_policy.recompute('absent');
SELECT * FROM service_policy.recompute('broken');
SELECT * FROM service_policy.recompute(NULL);
BEGIN READ ONLY;
SELECT * FROM service_policy.recompute('recompute');
ROLLBACK;
BEGIN READ ONLY;
SELECT service_policy.tick();
ROLLBACK;

SET client_min_messages = error;
DROP SCHEMA broken CASCADE;
DROP TRIGGER service_policy_broken ON recompute_ticket;
DROP SCHEMA broken_data CASCADE;
DELETE FROM service_policy.attachment WHERE name = 'broken';
DROP VIEW recompute_clock;
SELECT service_policy.detach('recompute', false);
DROP TABLE recompute_ticket, recompute_before;
