-- Who may move, restate and tick; what each refuses; and whose rights they use.
BEGIN;
SELECT no_plan();

CREATE ROLE svp_test_owner;
CREATE ROLE svp_test_member IN ROLE svp_test_owner;
CREATE ROLE svp_test_granted;
CREATE ROLE svp_test_nobody;
CREATE SCHEMA crm;
CREATE TABLE crm.ticket (id int PRIMARY KEY, status text, created_at timestamptz, updated_at timestamptz);
INSERT INTO service_policy.calendar (name, time_zone) VALUES ('desk', 'UTC');
INSERT INTO service_policy.calendar_hours (calendar, weekday, opens, closes) SELECT 'desk', d, '09:00', '17:00' FROM generate_series(1, 5) d;
SELECT service_policy.load_policy('{"policy": "desk", "benchmarks": [{"name": "solve", "metric": "resolution", "target": "16 hours", "calendar": "desk"}]}');
SELECT service_policy.publish_policy('desk', 1, '2026-01-01Z');
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO svp_test_owner', current_database()); END $$;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA service_policy TO svp_test_owner;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA service_policy TO svp_test_owner;
GRANT EXECUTE ON FUNCTION service_policy.recompute(text), service_policy.restate(text, text[]), service_policy.tick(int) TO svp_test_granted;
GRANT USAGE ON SCHEMA crm TO svp_test_owner;
GRANT SELECT, TRIGGER ON crm.ticket TO svp_test_owner;
SET LOCAL ROLE svp_test_owner;
SELECT service_policy.attach('desk', 'crm.ticket', 'desk', '{id}', '{"opened_at": "created_at", "changed_at": "updated_at", "state": "status"}',
                             '{"new": "open", "done": "resolved"}');
RESET ROLE;
INSERT INTO crm.ticket VALUES (1, 'new', '2026-03-02 10:00Z', '2026-03-02 10:00Z'), (2, 'new', '2026-03-02 10:00Z', '2026-03-02 10:00Z');
UPDATE crm.ticket SET status = 'done', updated_at = '2026-03-04 12:00Z' WHERE id = 2;
UPDATE crm.ticket SET updated_at = '2026-03-03 12:00Z' WHERE id = 2;
-- What one transaction tells is not late: as if it had been two.
UPDATE desk_data.clock SET state = 'missed', elapsed_us = 1080 * 60000000::bigint, stopped_at = '2026-03-04 12:00Z', disputed = true WHERE id = 2;

-- Refused
SET LOCAL ROLE svp_test_nobody;
SELECT throws_ok(query, '42501', NULL, 'nobody may: ' || query) FROM (VALUES
    ($$SELECT service_policy.recompute('desk')$$), ($$SELECT service_policy.restate('desk')$$), ($$SELECT service_policy.tick()$$)) v (query);
RESET ROLE;
SET LOCAL ROLE svp_test_granted;
SELECT throws_ok($$SELECT service_policy.recompute('desk')$$, '42501', 'must be owner of schema "desk_data"', 'whoever is granted EXECUTE recomputes no clocks of others');
SELECT throws_ok($$SELECT service_policy.restate('desk')$$, '42501', 'must be owner of schema "desk_data"', 'nor restates them');
SELECT throws_ok($$SELECT * FROM desk_data.deadline_move$$, '42501', NULL, 'nor sees them');
SELECT is(service_policy.tick(), 0, 'but may tick');
RESET ROLE;

-- Errors
SELECT throws_ok(query, code, NULL, query || ' is ' || code) FROM (VALUES
    ($$SELECT service_policy.tick(0)$$, '22023'),
    ($$SELECT service_policy.tick(-1)$$, '22023'),
    ($$SELECT service_policy.recompute('absent')$$, '42704'),
    ($$SELECT service_policy.restate('absent')$$, '42704'),
    ($$SELECT service_policy.restate(NULL)$$, '22004'),
    ($$SELECT service_policy.restate('desk', '{1,2}')$$, '22023'),
    ($$SELECT service_policy.restate('desk', '{x}')$$, '22P02')) v (query, code);
SELECT is(service_policy.tick(NULL), NULL, 'NULL is no batch');

-- Done: with the owner's rights, and by name
INSERT INTO service_policy.calendar_date (calendar, on_date) VALUES ('desk', '2026-03-03');
SET LOCAL ROLE svp_test_granted;
SELECT is(service_policy.tick(), 0, 'the tick moves what has to move');
RESET ROLE;
SELECT results_eq('SELECT id, moved_by::text, new_due_at FROM desk.deadline_moves', $$VALUES (1, 'svp_test_granted', timestamptz '2026-03-05 10:00Z')$$,
                  'and it is known who made it');
DELETE FROM service_policy.calendar_date WHERE calendar = 'desk';
SET LOCAL ROLE svp_test_member;
SELECT results_eq($$SELECT ticket, new_due_at FROM service_policy.recompute('desk')$$, $$VALUES ('{1}'::text[], timestamptz '2026-03-04 10:00Z')$$,
                  'a member of the owner recomputes');
SELECT results_eq($$SELECT ticket, old_outcome, new_outcome, new_elapsed_minutes FROM service_policy.restate('desk')$$,
                  $$VALUES ('{2}'::text[], 'missed'::text, 'met'::text, 600.00)$$, 'and restates');
RESET ROLE;
SELECT results_eq($$SELECT detail::text FROM desk.issues WHERE problem = 'restated'$$,
                  ARRAY['The resolution clock, cycle 1, was restated by svp_test_member: before missed with 1080.00 of 960.00 minutes, now met with 600.00 of 960.00 minutes.'],
                  'the record says who restated what');
SELECT is_empty($$SELECT relname FROM pg_class WHERE relnamespace = 'desk_data'::regnamespace AND relowner <> 'svp_test_owner'::regrole$$, 'all is the owner''s');
SELECT has_pk('desk_data', t, t || ' has a primary key') FROM unnest('{deadline_move,calendar_state}'::name[]) t;

SELECT finish();
ROLLBACK;
