-- Keeping quiet: by the switch and by windows, of one attachment or all.  What is recorded meanwhile goes out afterwards.
SET client_min_messages = warning;
SET timezone = 'UTC';
SET datestyle = 'ISO';
CREATE TABLE calm_ticket (id int PRIMARY KEY, status text NOT NULL, created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL);
SELECT service_policy.load_policy('{"policy": "calm",
    "benchmarks": [{"name": "solve", "metric": "resolution", "target": "8 hours"}],
    "escalations": [{"metric": "resolution", "levels": [{"level": 1, "at": 1, "notify": "lead"}]}]}');
SELECT service_policy.publish_policy('calm', 1, '2000-01-01');
SELECT service_policy.attach(name, 'calm_ticket', 'calm', ARRAY['id'],
    '{"opened_at": "created_at", "changed_at": "updated_at", "state": "status"}', '{"new": "open", "done": "resolved"}')
  FROM unnest('{calm,calm_too}'::text[]) name;
CREATE FUNCTION escalate(first int, last int) RETURNS int LANGUAGE sql AS $$
    INSERT INTO calm_ticket SELECT i, 'new', now() - interval '9 hours' + i * interval '1 second', now() - interval '9 hours' FROM generate_series(first, last) i;
    SELECT service_policy.tick() $$;
CREATE VIEW told AS
    SELECT array(SELECT ticket[1] FROM service_policy.claim('calm')) AS calm, array(SELECT ticket[1] FROM service_policy.claim('calm_too')) AS calm_too;
CREATE VIEW suspended AS
    SELECT name, CASE WHEN isfinite(until) THEN (ceil(extract(epoch FROM until - now()) / 60) || ' minutes')::interval::text WHEN until IS NOT NULL THEN 'until resumed' END AS still
      FROM service_policy.attachment, LATERAL (SELECT service_policy._suspended_until(name) AS until) u ORDER BY name;
-- in force from so long from now to so long from now
CREATE FUNCTION plan(attachment text, starts interval, ends interval) RETURNS void LANGUAGE sql AS $$
    INSERT INTO service_policy.suspension (attachment, starts_at, ends_at) SELECT plan.attachment, now() + starts, now() + ends $$;

-- the switch: what fires is recorded, and handed out afterwards if its ticket is still open
SELECT escalate(1, 1);
SELECT id FROM service_policy.claim('calm');
SELECT service_policy.suspend_actions('calm', reason => 'the mail server moves');
SELECT attachment, ends_at, reason, set_by = session_user AS by_me FROM service_policy.suspension;
SELECT * FROM suspended;
SELECT escalate(2, 4);
SELECT * FROM told;
SELECT handling, count(*) FROM calm.outbox GROUP BY 1 ORDER BY 1;
-- what was claimed before is confirmed, or fails, as ever
SELECT service_policy.fail('calm', '["1", "resolution", 1, 1, 1]', 'no');
SELECT service_policy.confirm('calm', '["1", "resolution", 1, 1, 1]');
UPDATE calm_ticket SET status = 'done', updated_at = now() WHERE id = 3;
SELECT service_policy.resume_actions('calm');
SELECT service_policy.resume_actions('calm');
SELECT * FROM told;
SELECT id, handling FROM calm.escalation_log ORDER BY id;
SELECT ends_at > starts_at AS is_over FROM service_policy.suspension;

-- twice, and both at once
SELECT service_policy.suspend_actions('calm');
SELECT service_policy.suspend_actions('calm', now() + interval '1 hour');
SELECT * FROM suspended;
SELECT service_policy.resume_actions('calm');
SELECT * FROM suspended;

-- of all attachments; one of them cannot be taken out
SELECT service_policy.suspend_actions(NULL, now() + interval '1 hour');
SELECT escalate(5, 5);
SELECT * FROM told;
SELECT * FROM suspended;
SELECT service_policy.resume_actions('calm');
SELECT service_policy.resume_actions(NULL);
SELECT * FROM told;

-- undone with the transaction that said so, and back before it
BEGIN;
SELECT service_policy.suspend_actions('calm');
SELECT count(still) FROM suspended;
SELECT service_policy.resume_actions('calm');
SELECT count(still) FROM suspended;
SELECT service_policy.suspend_actions('calm');
SAVEPOINT s;
SELECT service_policy.resume_actions('calm');
ROLLBACK TO s;
SELECT count(still) FROM suspended;
ROLLBACK;
SELECT count(still) FROM suspended;

-- windows: over, to come, overlapping, touching, and one that is in between
TRUNCATE service_policy.suspension;
BEGIN;
SELECT plan('calm', '-2 hours', '-1 hour');
SELECT plan('calm', '1 hour', '2 hours');
SELECT * FROM suspended;
SELECT plan('calm', '-1 hour', '10 minutes');
SELECT * FROM suspended;
SELECT plan(NULL, '10 minutes', '30 minutes');
SELECT plan('calm_too', '-1 day', '1 day');
SELECT plan('calm', '20 minutes', '1 hour');
SELECT * FROM suspended;
SELECT service_policy.resume_actions('calm');
SELECT * FROM suspended;
DELETE FROM service_policy.suspension;
SELECT * FROM suspended;
ROLLBACK;

-- what is asked of a moment to come does not make it forget what is in force now
SELECT service_policy.load_policy('{"policy": "calm_acting", "benchmarks": [{"name": "solve", "metric": "resolution", "target": "8 hours"}],
    "escalations": [{"metric": "resolution", "levels": [{"level": 1, "at": 1, "notify": "lead", "assign": "tier2"}]}]}');
SELECT service_policy.publish_policy('calm_acting', 1, '2000-01-01');
SET client_min_messages = error;
SELECT service_policy.attach('calm_acting', 'calm_ticket', 'calm_acting', ARRAY['id'],
    '{"opened_at": "created_at", "changed_at": "updated_at", "state": "status"}', '{"new": "open", "done": "resolved"}');
SELECT escalate(10, 10);
SET client_min_messages = warning;
UPDATE calm_acting_data.escalation_action SET attempt_at = now() + interval '1 hour';
SELECT service_policy.suspend_actions('calm_acting', now() + interval '20 minutes');
SELECT service_policy.next_tick_at() > now() + interval '30 minutes' AS is_retry;
SELECT count(*) FROM service_policy.claim('calm_acting');
-- an action that is due waits for the end
UPDATE calm_acting_data.escalation_action SET attempt_at = now();
SELECT service_policy.next_tick_at() - now() BETWEEN interval '19 minutes' AND interval '20 minutes' AS is_end;
SELECT service_policy.detach('calm_acting', false);

-- what makes no sense
\set VERBOSITY terse
SELECT service_policy.suspend_actions('nothing');
SELECT service_policy.resume_actions('nothing');
SELECT service_policy.suspend_actions('calm', '2000-01-01');
SELECT service_policy.suspend_actions('calm', 'infinity');
INSERT INTO service_policy.suspension (attachment) VALUES ('nothing');
INSERT INTO service_policy.suspension (attachment, starts_at) VALUES ('calm', '-infinity');
INSERT INTO service_policy.suspension (attachment, starts_at, ends_at) VALUES ('calm', '2030-01-02', '2030-01-01');

-- an attachment takes its windows with it
SELECT plan('calm', '1 hour', '2 hours'), plan('calm_too', '1 hour', '2 hours'), plan(NULL, '1 hour', '2 hours');
DROP VIEW told, suspended;
SELECT service_policy.detach(name, false) FROM unnest('{calm,calm_too}'::text[]) name;
SELECT count(*) FROM service_policy.suspension;
DELETE FROM service_policy.suspension;
DROP TABLE calm_ticket;
DROP FUNCTION escalate, plan;
ALTER TABLE service_policy.policy_version DISABLE TRIGGER guard;
DELETE FROM service_policy.policy_version WHERE policy LIKE 'calm%';
ALTER TABLE service_policy.policy_version ENABLE TRIGGER guard;
DELETE FROM service_policy.policy WHERE name LIKE 'calm%';
