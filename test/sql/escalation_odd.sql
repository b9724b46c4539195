-- Chains that no one would wish for, and tickets that come and go: what is bounded stays so, and nothing fires twice.  Tickets are opened so many hours ago.
SET client_min_messages = warning;
SET timezone = 'UTC';

-- without end, alike, beyond all numbers
CREATE FUNCTION pg_temp.problems(levels jsonb) RETURNS TABLE (path text, problem text) LANGUAGE sql AS $$
    SELECT path, problem FROM service_policy.validate_policy(jsonb_build_object('policy', 'odd', 'benchmarks', '[{"name": "solve", "metric": "resolution", "target": "8 hours"}]'::jsonb,
        'escalations', jsonb_build_array(jsonb_build_object('metric', 'resolution', 'levels', levels)))) $$;
SELECT * FROM pg_temp.problems('[{"level": 1, "at": 1, "notify": "a", "repeat": {"every": "1 second", "times": 1000000}}]');
SELECT * FROM pg_temp.problems('[{"level": 1, "at": 1, "notify": "a", "repeat": {"every": "1 second", "times": 1e30}}]');
SELECT * FROM pg_temp.problems('[{"level": 1, "at": 1, "notify": "a", "repeat": {"every": "1 second"}}]');
SELECT * FROM pg_temp.problems('[{"level": 1, "at": 1, "notify": "a", "repeat": {"every": "0 seconds", "times": 100}}]');
SELECT * FROM pg_temp.problems('[{"level": 1, "at": 1, "notify": "a", "repeat": {"every": "-1 hour", "times": 2}}]');
SELECT * FROM pg_temp.problems('[{"level": 1, "at": 1, "notify": "a"}, {"level": 1, "at": 1, "notify": "a"}]');
SELECT * FROM pg_temp.problems('[{"level": 3, "at": 1, "notify": "a"}, {"level": 2, "at": 2, "notify": "a"}, {"level": 1, "at": 3, "notify": "a"}]');
SELECT * FROM pg_temp.problems((SELECT jsonb_agg(jsonb_build_object('level', i, 'at', 1, 'notify', 'a')) FROM generate_series(1, 100) AS i));
SELECT * FROM pg_temp.problems((SELECT jsonb_agg(jsonb_build_object('level', i, 'at', 1, 'notify', 'a')) FROM generate_series(1, 101) AS i));

-- the most that is: a hundred levels at the same instant; a level that repeats a hundred times; three alike
CREATE FUNCTION ago(hours numeric) RETURNS timestamptz LANGUAGE sql STABLE AS $$ SELECT date_trunc('minute', now()) - make_interval(mins => (hours * 60)::int) $$;
SELECT service_policy.load_policy(jsonb_build_object('policy', 'odd', 'benchmarks', '[{"name": "solve", "metric": "resolution", "target": "8 hours"}]'::jsonb,
    'escalations', jsonb_build_array(
        jsonb_build_object('metric', 'resolution', 'levels', '[{"level": 1, "at": 1, "notify": "a"}, {"level": 2, "at": 1, "notify": "a"}, {"level": 5, "at": 1, "notify": "a"}]'::jsonb),
        jsonb_build_object('metric', 'resolution', 'when', '{"priority": ["many"]}'::jsonb,
                           'levels', (SELECT jsonb_agg(jsonb_build_object('level', i, 'at', 1, 'notify', 'a')) FROM generate_series(1, 100) AS i)),
        jsonb_build_object('metric', 'resolution', 'when', '{"priority": ["again"]}'::jsonb,
                           'levels', '[{"level": 1, "at": 1, "notify": "a", "repeat": {"every": "1 second", "times": 100}}]'::jsonb))));
SELECT service_policy.publish_policy('odd', 1, '2000-01-01');
CREATE TABLE odd_ticket (id int PRIMARY KEY, status text NOT NULL, priority text, created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL);
SELECT service_policy.attach('odd', 'odd_ticket', 'odd', ARRAY['id'],
    '{"opened_at": "created_at", "changed_at": "updated_at", "state": "status", "priority": "priority"}', '{"new": "open", "done": "resolved", "spam": "void"}');
CREATE VIEW fired AS
SELECT id, count(*), min(escalation_level) AS first, max(escalation_level) AS last, max(occurrence) AS times, count(DISTINCT fired_at) AS ticks
  FROM odd.escalation_log GROUP BY id ORDER BY id;
INSERT INTO odd_ticket VALUES (1, 'new', 'many', ago(9), ago(9)), (2, 'new', 'again', ago(10), ago(10)), (3, 'new', NULL, ago(11), ago(11));
SELECT service_policy.tick(1), service_policy.tick(1), service_policy.tick(1), service_policy.tick(1);
SELECT * FROM fired;
SELECT id, array_agg(escalation_level ORDER BY ctid) AS in_order FROM odd_data.escalation WHERE id = 3 GROUP BY id;
SELECT id, escalation_level, next_escalation_at FROM odd.ticket_status ORDER BY id;

-- one that cannot fire, or that somebody else has, is not in the way of those behind it, however small the batch
ALTER TABLE odd_data.escalation ADD CONSTRAINT refused CHECK (id NOT BETWEEN 11 AND 13);
INSERT INTO odd_ticket SELECT id, 'new', NULL, ago(30 - id), ago(30 - id) FROM generate_series(11, 16) AS id;
SELECT service_policy.tick(1);
SELECT service_policy.tick(2);
SELECT service_policy.tick(2);
SELECT * FROM fired WHERE id > 10;
ALTER TABLE odd_data.escalation DROP CONSTRAINT refused;
SELECT service_policy.tick(2), service_policy.tick(2), service_policy.tick(2);
SELECT * FROM fired WHERE id > 10;
-- … but a tick does not look for those without end
ALTER TABLE odd_data.escalation ADD CONSTRAINT refused CHECK (id < 20 OR id = 40);
INSERT INTO odd_ticket SELECT id, 'new', NULL, ago(60 - id), ago(60 - id) FROM generate_series(21, 40) AS id;
SET client_min_messages = error;
SELECT service_policy.tick(1) AS none_of_ten, service_policy.tick(2) AS one_of_twenty;
SET client_min_messages = warning;
ALTER TABLE odd_data.escalation DROP CONSTRAINT refused;
SELECT service_policy.tick();
DELETE FROM odd_ticket WHERE id > 3;

-- deleted and there again, void and not, solved and reopened, under another key: what has fired for a ticket never does again
DELETE FROM odd_ticket WHERE id = 3;
INSERT INTO odd_ticket VALUES (3, 'new', NULL, ago(11), now());
SELECT service_policy.tick();
UPDATE odd_ticket SET status = 'spam', updated_at = now() WHERE id = 3;
UPDATE odd_ticket SET status = 'new', updated_at = now() WHERE id = 3;
SELECT service_policy.tick();
UPDATE odd_ticket SET status = 'done', updated_at = now() WHERE id = 3;
UPDATE odd_ticket SET status = 'new', updated_at = now() WHERE id = 3;
SELECT service_policy.tick();
SELECT state, escalation_level, next_escalation_at FROM odd_data.clock WHERE id = 3;
-- … and what another chain has beyond its level does
UPDATE odd_ticket SET priority = 'many', updated_at = now() WHERE id = 3;
SELECT service_policy.tick();
SELECT * FROM fired WHERE id = 3;
-- merged into another: the old key's clock ends; to a new key it is a ticket of its own
UPDATE odd_ticket SET id = 1003, updated_at = now() WHERE id = 3;
SELECT id, state, escalation_level, next_escalation_at <= clock_timestamp() AS is_due FROM odd_data.clock WHERE id IN (3, 1003) ORDER BY id;
SELECT service_policy.tick();
UPDATE odd_ticket SET id = 3, updated_at = now() WHERE id = 1003;
SELECT service_policy.tick();
SELECT * FROM fired WHERE id IN (3, 1003);

DROP VIEW fired;
SELECT service_policy.detach('odd', false);
DROP TABLE odd_ticket;
DROP FUNCTION ago(numeric);
ALTER TABLE service_policy.policy_version DISABLE TRIGGER guard;
DELETE FROM service_policy.policy_version WHERE policy = 'odd';
ALTER TABLE service_policy.policy_version ENABLE TRIGGER guard;
DELETE FROM service_policy.policy WHERE name = 'odd';
