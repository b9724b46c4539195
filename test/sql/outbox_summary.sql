-- A storm: so many notifications in a minute, and the others all together.  Minutes pass when the test says so.
SET client_min_messages = warning;
SET timezone = 'UTC';
SET datestyle = 'ISO';
CREATE TABLE storm_ticket (id int PRIMARY KEY, status text NOT NULL, team text, created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL);
-- tickets of the team "night" page somebody, too
CREATE FUNCTION publish(notifications jsonb) RETURNS int LANGUAGE sql AS $$
    SELECT service_policy.load_policy(jsonb_build_object('policy', 'storm', 'language', 'pt',
        'benchmarks', '[{"name": "solve", "metric": "resolution", "target": "8 hours"}]'::jsonb,
        'escalations', '[{"metric": "resolution", "levels": [{"level": 1, "at": 0.5, "notify": "lead", "channel": "mail", "subject": "{ticket}"}]},
                         {"metric": "resolution", "when": {"team": ["night"]}, "levels": [
                             {"level": 1, "at": 0.5, "notify": "lead", "channel": "mail", "subject": "{ticket}"},
                             {"level": 4, "at": 0.75, "notify": "director", "channel": "pager", "subject": "Page {ticket}"},
                             {"level": 7, "at": 0.75, "notify": "lead", "channel": "chat"}]}]'::jsonb,
        'notifications', notifications)) $$;
SELECT publish('{"per_minute": 3, "summary": {"subject": {"en": "late: {count}", "pt": "{count} em atraso"},
    "message": "{{{policy}} {attachment}: {count} of {tickets}, {metrics} {levels}, {notify} {channel} since {since}"}}');
SELECT service_policy.publish_policy('storm', 1, '2000-01-01');
SELECT service_policy.attach('storm', 'storm_ticket', 'storm', '{id}',
    '{"opened_at": "created_at", "changed_at": "updated_at", "state": "status", "team": "team"}', '{"new": "open", "done": "resolved"}');

-- at whole seconds of a day long ago, so that what is told of them is known
CREATE FUNCTION escalate(first int, last int, team text DEFAULT 'day') RETURNS int LANGUAGE sql AS $$
    INSERT INTO storm_ticket SELECT i, 'new', team, timestamptz '2026-01-05 08:00Z' + i * interval '1 second', now() FROM generate_series(first, last) i;
    SELECT service_policy.tick(100000) $$;
CREATE FUNCTION minute_passes() RETURNS void LANGUAGE sql AS $$
    UPDATE storm_data.escalation SET claimed_at = claimed_at - interval '1 minute', beyond_limit_at = beyond_limit_at - interval '1 minute' WHERE claimed_at IS NOT NULL;
    UPDATE storm_data.escalation_summary SET summarised_at = summarised_at - interval '1 minute' $$;
CREATE FUNCTION run_out() RETURNS void LANGUAGE sql AS $$
    UPDATE storm_data.escalation SET attempt_at = '2000-01-01' WHERE state IN ('pending', 'claimed');
    UPDATE storm_data.escalation_summary SET attempt_at = '2000-01-01' WHERE state IN ('pending', 'claimed') $$;
CREATE FUNCTION confirm_all() RETURNS bigint LANGUAGE sql AS $$
    SELECT count(*) FROM storm.outbox o, service_policy.confirm('storm', o.notification_id) confirmed WHERE o.handling = 'claimed' AND confirmed $$;
CREATE VIEW told AS SELECT id, ticket, level, notify, channel, subject, attempts FROM service_policy.claim('storm', 100);
CREATE VIEW handled AS SELECT handling, count(*), array_agg(id ORDER BY id) AS ids, summary_id FROM storm.escalation_log GROUP BY handling, summary_id ORDER BY 1, 4;

-- as many as the limit says, and the rest at once; who is not of a crowd gets it as it is
SELECT escalate(1, 5);
SELECT escalate(6, 6, 'night');
SELECT id, ticket, metric, cycle, level, occurrence, notify, channel, subject, message, due_at, attempts FROM service_policy.claim('storm', 2);
SELECT * FROM told;
SELECT message FROM storm.escalation_summaries;
SELECT * FROM handled;
SELECT notification_id, id, metric, cycle, escalation_level, occurrence, notify, notify_channel, subject, escalation_count, due_at, handling, waiting_count, suspended_count, attempts
  FROM storm.outbox WHERE escalation_level <> 1 OR id IS NULL ORDER BY escalation_level, notify;
SELECT summary_id, notify, notify_channel, subject, escalation_count, ticket_count, escalation_level, levels, metrics, due_at, fired_at > due_at AS is_late,
       summarised_on = summarised_at::date AS is_today, handling, attempts, done_at, last_error FROM storm.escalation_summaries;

-- no second one within the minute …
SELECT escalate(10, 12);
SELECT escalate(13, 14, 'night');
SELECT * FROM told;
-- … nor after it, while the first was not sent; but there is room for three more
SELECT minute_passes();
SELECT * FROM told;
-- the consumer has died: the same is handed out again
SELECT minute_passes();
SELECT run_out();
SELECT * FROM told;
-- it is sent, so that there may be another
SELECT service_policy.confirm('storm', '["summary", 1]');
SELECT service_policy.confirm('storm', '["summary", 1]');
SELECT * FROM told;
SELECT minute_passes();
SELECT escalate(20, 30);
SELECT * FROM told;
SELECT * FROM handled;
SELECT confirm_all();

-- a ticket that is over is not counted; of two of them the one that is left is handed out as it is, once in a minute
SELECT minute_passes();
SELECT escalate(40, 46);
UPDATE storm_ticket SET status = 'done', updated_at = now() WHERE id IN (44, 45);
SELECT * FROM told;
SELECT id, handling, summary_id FROM storm.escalation_log WHERE id BETWEEN 40 AND 49 ORDER BY id;
SELECT confirm_all();
SELECT minute_passes();
SELECT escalate(50, 54);
UPDATE storm_ticket SET status = 'done', updated_at = now() WHERE id = 54;
SELECT * FROM told;
SELECT escalate(55, 56);
SELECT * FROM told;
SELECT id, handling, summary_id FROM storm.escalation_log WHERE id BETWEEN 50 AND 59 ORDER BY id;
SELECT minute_passes();
SELECT * FROM told;
SELECT confirm_all();

-- what failed was perhaps sent: it is told by itself when there is room
SELECT minute_passes();
SELECT escalate(60, 62);
SELECT service_policy.fail('storm', id, 'no') FROM service_policy.claim('storm');
SELECT run_out();
SELECT escalate(63, 64);
SELECT * FROM told;
SELECT minute_passes();
SELECT * FROM told;
SELECT confirm_all();

-- a summary that fails is tried ten times, given up, and tried anew
SELECT minute_passes();
SELECT escalate(70, 75);
SELECT id FROM told;
CREATE FUNCTION keep_failing() RETURNS TABLE (attempts int, handling text, waits interval) LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1 .. 11 LOOP
        PERFORM service_policy.fail('storm', s.notification_id, 'mail is down') FROM storm.outbox s WHERE s.id IS NULL;
        RETURN QUERY SELECT s.attempts, s.handling::text, date_trunc('second', s.next_attempt_at - clock_timestamp() + interval '0.9 seconds')
                       FROM storm.outbox s WHERE s.id IS NULL;
        PERFORM run_out();
        PERFORM service_policy.claim('storm', 100);
    END LOOP;
END $$;
SELECT * FROM keep_failing();
SELECT notification_id, handling, failed_count, waiting_count, last_error FROM storm.outbox WHERE id IS NULL;
SELECT service_policy.retry_failed('storm', notification_id) FROM storm.outbox WHERE handling = 'failed';
SELECT id, attempts FROM told WHERE ticket = '{}';
UPDATE storm_data.escalation_summary SET attempts = 10 WHERE state = 'claimed';
SELECT run_out();
SELECT count(*) FROM told WHERE ticket = '{}';
SELECT handling, last_error FROM storm.escalation_summaries WHERE handling <> 'done';
SELECT service_policy.retry_failed('storm');
-- of tickets that are all over by then none is told
UPDATE storm_ticket SET status = 'done', updated_at = now() WHERE id BETWEEN 70 AND 74;
SELECT run_out();
SELECT id, attempts FROM told WHERE ticket = '{}';
UPDATE storm_ticket SET status = 'done', updated_at = now();
SELECT run_out();
SELECT id, attempts FROM told WHERE ticket = '{}';
SELECT handling, attempts FROM storm.escalation_summaries WHERE handling <> 'done';

-- suspended, nothing is summed up
SELECT minute_passes();
SELECT escalate(100, 109);
SELECT service_policy.suspend_actions('storm');
SELECT count(*) FROM told;
SELECT count(*), sum(suspended_count) AS suspended FROM storm.outbox;
SELECT service_policy.resume_actions('storm');
-- undone with its transaction
BEGIN;
SELECT id FROM told;
ROLLBACK;
SELECT array_agg(escalation_count) FROM storm.outbox;

-- the limit is that of the version in force now: none at all, or sixty
SELECT publish('{"per_minute": null}');
SELECT service_policy.publish_policy('storm', 2);
SELECT escalate(200, 299);
SELECT count(*) FROM service_policy.claim('storm', 1000);
SELECT publish(NULL);
SELECT service_policy.publish_policy('storm', 3);
SELECT minute_passes();
-- the first tick after an outage: ten thousand are late
SELECT escalate(10000, 19999);
CREATE FUNCTION drain() RETURNS TABLE (calls int, singles bigint, summaries bigint) LANGUAGE plpgsql AS $$
DECLARE
    n int;
BEGIN
    calls := 0; singles := 0; summaries := 0;
    LOOP
        SELECT singles + count(*) FILTER (WHERE ticket <> '{}'), summaries + count(*) FILTER (WHERE ticket = '{}'), count(*)
          INTO singles, summaries, n FROM service_policy.claim('storm');
        EXIT WHEN n = 0;
        calls := calls + 1;
    END LOOP;
    RETURN NEXT;
END $$;
SELECT * FROM drain();
SELECT subject, message, escalation_count, ticket_count FROM storm.escalation_summaries WHERE escalation_count > 1000;
-- each was told by itself or counted once
SELECT handling, count(*) FROM storm.escalation_log WHERE id >= 10000 GROUP BY 1 ORDER BY 1;
SELECT s.summary_id FROM storm.escalation_summaries s WHERE escalation_count <> (SELECT count(*) FROM storm.escalation_log l WHERE l.summary_id = s.summary_id);
-- a clock that is set back does not count for an hour what was told in a minute
SELECT confirm_all();
UPDATE storm_data.escalation SET claimed_at = claimed_at + interval '1 hour' WHERE claimed_at IS NOT NULL;
UPDATE storm_data.escalation_summary SET summarised_at = summarised_at + interval '1 hour';
-- where no version is in force any more the limit is the usual one, and the words are ours
SELECT service_policy.retire_policy('storm', 3);
SELECT escalate(20000, 20069);
SELECT * FROM drain();
SELECT subject FROM storm.escalation_summaries ORDER BY summary_id DESC LIMIT 1;

-- what is no id of a summary
SELECT service_policy.confirm('storm', '["summary", 12345]');
SELECT service_policy.confirm('storm', '["summary", "x"]');
SELECT service_policy.confirm('storm', '["summary"]');
SELECT service_policy.confirm('storm', '["sumary", 1]');
SELECT service_policy.confirm('storm', '["summary", null]');
SELECT service_policy.fail('storm', '["summary", 1]', 'it is done');

DROP VIEW told, handled;
SELECT service_policy.detach('storm', false);
DROP TABLE storm_ticket;
DROP FUNCTION publish, escalate, minute_passes, run_out, confirm_all, keep_failing, drain;
ALTER TABLE service_policy.policy_version DISABLE TRIGGER guard;
DELETE FROM service_policy.policy_version WHERE policy = 'storm';
ALTER TABLE service_policy.policy_version ENABLE TRIGGER guard;
DELETE FROM service_policy.policy WHERE name = 'storm';
