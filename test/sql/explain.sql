-- How each clock came to its value, and why it is held against that benchmark.
SET TimeZone = 'UTC';
SET DateStyle = 'ISO';
CREATE TABLE explain_ticket (
    id int PRIMARY KEY, status text NOT NULL, priority text, tier text,
    created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL
);
CREATE TABLE explain_message (id int PRIMARY KEY, ticket_id int, sender text, public boolean, sent_at timestamptz);
INSERT INTO service_policy.calendar (name, time_zone) VALUES ('bench', 'UTC');
INSERT INTO service_policy.calendar_hours (calendar, weekday, opens, closes)
    SELECT 'bench', d, '09:00', '17:00' FROM generate_series(1, 5) d;
SELECT service_policy.load_policy('{
    "policy": "explain",
    "benchmarks": [
        {"name": "solve", "metric": "resolution", "target": "2 working days", "calendar": "bench", "pause_on": ["pending"]},
        {"name": "solve_urgent", "metric": "resolution", "target": "4 hours", "calendar": "bench",
         "when": {"priority": ["urgent", "critical"]}, "pause_on": ["pending"]},
        {"name": "solve_gold", "metric": "resolution", "target": "3 hours", "calendar": "bench",
         "when": {"priority": ["urgent"], "customer_tier": ["gold", "platinum", "owner"]}},
        {"name": "solve_vip", "metric": "resolution", "target": "2 hours", "calendar": "bench", "when": {"priority": ["urgent"]}},
        {"name": "answer", "metric": "next_response", "target": "2 hours", "calendar": "bench"},
        {"name": "close", "metric": "closure", "target": "100 hours", "pause_on": ["pending"]},
        {"name": "watch", "metric": "on_phone", "start_on": ["on_hold"], "stop_on": ["resolved"], "target": "1 hour"}]}');
SELECT service_policy.publish_policy('explain', 1, '2026-01-01 00:00+00');
SELECT service_policy.attach('explain', 'explain_ticket', 'explain', ARRAY['id'],
    '{"opened_at": "created_at", "changed_at": "updated_at", "state": "status", "priority": "priority", "customer_tier": "tier"}',
    '{"new": "open", "waiting": "pending", "phone": "on_hold", "solved": "resolved", "closed": "closed", "spam": "void"}');
SELECT service_policy.attach_messages('explain', 'explain_message', ARRAY['id'],
    '{"ticket": ["ticket_id"], "sent_at": "sent_at", "public": "public", "author": "sender"}');
-- Who moved a deadline, and when, is not the same each time.
CREATE FUNCTION explained(key text[]) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT regexp_replace(line, 'moved by .* at .*', 'moved by … at …') FROM service_policy.explain_ticket('explain', key) line
$$;
\pset format unaligned
\pset tuples_only on

-- Two exchanges; a pause over the night; it becomes urgent while it waits.
INSERT INTO explain_ticket VALUES (1, 'new', 'normal', NULL, '2026-03-02 10:00+00', '2026-03-02 10:00+00');
INSERT INTO explain_message VALUES
    (1, 1, 'customer', true, '2026-03-02 11:00+00'), (2, 1, 'agent', false, '2026-03-02 11:30+00'), (3, 1, 'agent', true, '2026-03-02 12:00+00'),
    (4, 1, 'customer', true, '2026-03-03 09:30+00');
UPDATE explain_ticket SET status = 'waiting', updated_at = '2026-03-02 12:00+00';
UPDATE explain_ticket SET status = 'new', updated_at = '2026-03-03 09:30+00';
UPDATE explain_ticket SET priority = 'urgent', updated_at = '2026-03-03 10:00+00';
UPDATE explain_ticket SET status = 'waiting', updated_at = '2026-03-03 11:00+00';
UPDATE explain_ticket SET status = 'solved', updated_at = '2026-03-04 11:00+00';
SELECT explained('{1}');

-- Reopened; the calendar has changed, which moves what is open and not what is judged.
UPDATE explain_ticket SET status = 'new', priority = 'high', updated_at = '2026-03-05 11:00+00';
INSERT INTO service_policy.calendar_date (calendar, on_date) VALUES ('bench', '2026-03-03'), ('bench', '2026-03-04');
SELECT explained('{1}');
INSERT INTO explain_ticket VALUES (6, 'new', NULL, NULL, '2026-03-02 10:00+00', '2026-03-02 10:00+00');
UPDATE explain_data.clock SET due_at = '2026-03-04 10:00+00', calendar_revision = 1 WHERE id = 6 AND metric = 'resolution';
SELECT explained('{6}');
SELECT count(*) FROM service_policy.recompute('explain');
SELECT explained('{1}');

-- Judged, and disputed; a benchmark that never started; a clock that nothing gives any more.
INSERT INTO explain_ticket VALUES (2, 'new', 'urgent', 'silver', '2026-03-09 10:00+00', '2026-03-09 10:00+00');
UPDATE explain_ticket SET status = 'closed', updated_at = '2026-03-09 16:00+00' WHERE id = 2;
UPDATE explain_ticket SET status = 'waiting', updated_at = '2026-03-09 11:00+00' WHERE id = 2;
INSERT INTO explain_data.clock (id, metric, cycle, benchmark, policy_version, state, started_at, started_on, stopped_at, target_us, elapsed_us, paused_us, imported_at)
    VALUES (2, 'on_phone', 1, 'watch', 1, 'met', '2026-03-09 10:00+00', '2026-03-09', '2026-03-09 11:00+00', 3600000000, 60000000, 0, '2026-03-10');
UPDATE explain_data.clock SET imported_at = '2026-03-10' WHERE id = 2;
SELECT explained('{2}');

-- Cancelled while it waited.
INSERT INTO explain_ticket VALUES (3, 'waiting', 'urgent', 'gold', '2026-03-09 10:00+00', '2026-03-09 10:00+00');
UPDATE explain_ticket SET status = 'spam', updated_at = '2026-03-10 10:00+00' WHERE id = 3;
SELECT explained('{3}');

-- What is missing
DELETE FROM service_policy.calendar WHERE name = 'bench';
SELECT explained('{3}');
INSERT INTO explain_ticket VALUES (4, 'new', NULL, NULL, '2025-03-09 10:00+00', '2025-03-09 10:00+00');
SELECT explained('{4}');
SELECT explained('{5}');
SELECT explained('{5,6}');
SELECT explained('{x}');
SELECT service_policy.explain_ticket('absent', '{1}');

DROP FUNCTION explained;
SELECT service_policy.detach('explain', false);
DROP TABLE explain_ticket, explain_message;
