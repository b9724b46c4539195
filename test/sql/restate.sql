-- What comes too late for a judged clock is a dispute, until somebody restates it.
SET TimeZone = 'UTC';
SET DateStyle = 'ISO';
CREATE TABLE restate_ticket (
    id int, site text, status text NOT NULL, priority text, agent text,
    created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL, replied_at timestamptz, PRIMARY KEY (site, id)
);
INSERT INTO service_policy.calendar (name, time_zone) VALUES ('bureau', 'UTC');
INSERT INTO service_policy.calendar_hours (calendar, weekday, opens, closes)
    SELECT 'bureau', d, '09:00', '17:00' FROM generate_series(1, 5) d;
SELECT service_policy.load_policy('{
    "policy": "restate",
    "benchmarks": [
        {"name": "answer", "metric": "first_response", "target": "2 hours", "calendar": "bureau"},
        {"name": "solve", "metric": "resolution", "target": "8 hours", "calendar": "bureau", "pause_on": ["pending"]},
        {"name": "solve_urgent", "metric": "resolution", "target": "1 hour", "calendar": "bureau", "when": {"priority": ["urgent"]}}]}');
SELECT service_policy.publish_policy('restate', 1, '2026-01-01 00:00+00');
SELECT service_policy.attach('restate', 'restate_ticket', 'restate', ARRAY['site', 'id'],
    '{"opened_at": "created_at", "changed_at": "updated_at", "first_response_at": "replied_at", "state": "status",
      "priority": "priority", "agent": "agent"}',
    '{"new": "open", "waiting": "pending", "solved": "resolved", "spam": "void"}');

-- Three tickets of Monday 2 March 2026, solved on Wednesday.
INSERT INTO restate_ticket SELECT i, 'a', 'new', NULL, 'ann', '2026-03-02 10:00+00', '2026-03-02 10:00+00' FROM generate_series(1, 3) i;
UPDATE restate_ticket SET status = 'solved', updated_at = '2026-03-04 12:00+00';
SELECT id, metric, outcome, elapsed_minutes, paused_minutes, stopped_at FROM restate.compliance ORDER BY id, metric;

-- It turns out that 1 was answered on Monday, and waited for the customer since noon; and that 2 was urgent, and solved on Tuesday.
UPDATE restate_ticket SET replied_at = '2026-03-02 11:00+00' WHERE id = 1;
UPDATE restate_ticket SET status = 'waiting', updated_at = '2026-03-02 12:00+00' WHERE id = 1;
UPDATE restate_ticket SET status = 'new', updated_at = '2026-03-04 11:00+00' WHERE id = 1;
UPDATE restate_ticket SET priority = 'urgent', updated_at = '2026-03-03 12:00+00' WHERE id = 2;
SELECT id, metric, state, disputed FROM restate_data.clock ORDER BY id, metric;
SELECT id, problem, detail, value FROM restate.issues ORDER BY issue_id;

-- A dry run is a transaction that is rolled back.
BEGIN;
SELECT ticket, metric, old_outcome, new_outcome, old_elapsed_minutes AS old_elapsed, new_elapsed_minutes AS new_elapsed FROM service_policy.restate('restate');
ROLLBACK;
SELECT count(*) AS disputed FROM restate_data.clock WHERE disputed;

-- One ticket, then the others.
SELECT ticket, metric, cycle, old_benchmark, new_benchmark, old_outcome, new_outcome, old_target_minutes AS old_target,
       new_target_minutes AS new_target, old_elapsed_minutes AS old_elapsed, new_elapsed_minutes AS new_elapsed,
       old_paused_minutes AS old_paused, new_paused_minutes AS new_paused, old_revision = new_revision AS same_calendar
  FROM service_policy.restate('restate', ARRAY['a', '1']);
SELECT ticket, metric, old_benchmark, new_benchmark, old_outcome, new_outcome, old_target_minutes AS old_target,
       new_target_minutes AS new_target, old_due_at, new_due_at, old_stopped_at, new_stopped_at, policy_version
  FROM service_policy.restate('restate');
SELECT id, metric, state, benchmark, elapsed_us / 60000000 AS elapsed, disputed FROM restate_data.clock ORDER BY id, metric;
SELECT * FROM service_policy.restate('restate');
SELECT id, problem, regexp_replace(detail, 'by .*:', 'by …:') AS detail, value FROM restate.issues WHERE problem = 'restated' ORDER BY issue_id;
SELECT bool_and(detail LIKE '% was restated by ' || session_user || ': %') AS says_who FROM restate.issues WHERE problem = 'restated';

-- A dispute about nothing ends.
UPDATE restate_data.clock SET disputed = true WHERE id = 3 AND metric = 'resolution';
SELECT ticket, metric, old_outcome, new_outcome FROM service_policy.restate('restate');
SELECT id, metric, state, elapsed_us / 60000000 AS elapsed, disputed FROM restate_data.clock WHERE id = 3 ORDER BY metric;

-- The calendar has changed since: judged clocks keep theirs, unless somebody restates their ticket.
INSERT INTO service_policy.calendar_date (calendar, on_date) VALUES ('bureau', '2026-03-03');
SELECT ticket, metric FROM service_policy.recompute('restate');
SELECT ticket, metric FROM service_policy.restate('restate');
SELECT ticket, metric, old_outcome, new_outcome, old_elapsed_minutes AS old_elapsed, new_elapsed_minutes AS new_elapsed, old_revision = new_revision AS same_calendar
  FROM service_policy.restate('restate', ARRAY['a', '2']);
SELECT id, metric, calendar_revision = service_policy.calendar_revision('bureau') AS is_current FROM restate_data.clock ORDER BY id, metric;

-- A reopened ticket: what came late is in its open clock already.
INSERT INTO restate_ticket VALUES (4, 'b', 'new', NULL, 'ann', '2026-03-02 10:00+00', '2026-03-02 10:00+00');
UPDATE restate_ticket SET status = 'solved', updated_at = '2026-03-02 12:00+00' WHERE id = 4;
UPDATE restate_ticket SET status = 'waiting', updated_at = '2026-03-02 11:00+00' WHERE id = 4;
SELECT metric, state, disputed, elapsed_us / 60000000 AS elapsed FROM restate_data.clock WHERE id = 4 ORDER BY metric;
UPDATE restate_ticket SET status = 'new', updated_at = '2026-03-04 10:00+00' WHERE id = 4;
SELECT metric, state, disputed, elapsed_us / 60000000 AS elapsed FROM restate_data.clock WHERE id = 4 ORDER BY metric;
SELECT ticket, metric FROM service_policy.restate('restate');

-- A calendar that is gone: nothing is guessed.
UPDATE restate_ticket SET priority = 'urgent', updated_at = '2026-03-02 13:00+00' WHERE id = 3;
DELETE FROM service_policy.calendar WHERE name = 'bureau';
SELECT ticket, metric FROM service_policy.restate('restate');
SELECT metric, state, disputed FROM restate_data.clock WHERE id = 3 ORDER BY metric;

-- Errors
SELECT * FROM service_policy.restate('absent');
SELECT * FROM service_policy.restate(NULL);
SELECT * FROM service_policy.restate('restate', ARRAY['1']);
SELECT * FROM service_policy.restate('restate', ARRAY['a', 'x']);
SELECT * FROM service_policy.restate('restate', ARRAY['a', NULL]);
SELECT * FROM service_policy.restate('restate', ARRAY['z', '1']);
BEGIN READ ONLY;
SELECT * FROM service_policy.restate('restate');
ROLLBACK;

SELECT service_policy.detach('restate', false);
DROP TABLE restate_ticket;
