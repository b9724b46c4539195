-- The notifications of what escalated: claimed, confirmed, failed and tried again.  Claims end when the test says so.
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE TABLE noisy_ticket (shop text, id int, status text NOT NULL, priority text, created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL,
                           PRIMARY KEY (shop, id));

-- what of a chain is not acted on is said when it is published
SET client_min_messages = notice;
SELECT service_policy.load_policy('{"policy": "noisy",
    "benchmarks": [{"name": "solve", "metric": "resolution", "target": "8 hours", "pause_on": ["pending"]}],
    "escalations": [{"metric": "resolution", "levels": [
        {"level": 1, "at": 0.5, "notify": "lead", "channel": "chat", "subject": "Ticket {ticket}", "message": "{priority}, level {level}"},
        {"level": 2, "at": 0.75, "notify": "manager", "assign": "tier2"},
        {"level": 3, "at": 1, "priority": "urgent"}]}]}');
SELECT service_policy.publish_policy('noisy', 1, '2000-01-01');
SET client_min_messages = warning;
SELECT service_policy.attach('noisy', 'noisy_ticket', 'noisy', ARRAY['shop', 'id'],
    '{"opened_at": "created_at", "changed_at": "updated_at", "state": "status", "priority": "priority"}',
    '{"new": "open", "waiting": "pending", "done": "resolved", "spam": "void"}', distribution_column => 'id');

CREATE FUNCTION open_tickets(shop text, first int, last int, age interval) RETURNS void LANGUAGE sql AS $$
    INSERT INTO noisy_ticket SELECT shop, i, 'new', 'p' || i, now() - age + i * interval '1 second', now() - age FROM generate_series(first, last) i $$;
CREATE FUNCTION public.noisy_ignore(e jsonb) RETURNS void LANGUAGE sql AS '';
SELECT service_policy.register_action('noisy', action, 'public.noisy_ignore') FROM unnest('{assign,priority}'::text[]) action;
CREATE FUNCTION run_out() RETURNS void LANGUAGE sql AS $$
    UPDATE noisy_data.escalation SET attempt_at = '2000-01-01' WHERE state IN ('pending', 'claimed') $$;
CREATE VIEW claimed AS SELECT id, ticket, metric, cycle, level, occurrence, notify, channel, subject, message, attempts FROM service_policy.claim('noisy');
CREATE VIEW handled AS
    SELECT shop, id, escalation_level AS level, notify, handling, attempts, done_at IS NOT NULL AS is_done, last_error FROM noisy.escalation_log;

-- nothing has fired
SELECT * FROM claimed;

-- what has fired is handed out once, in order; a level without notify is not
SELECT open_tickets('a/b', 1, 2, '7 hours');
SELECT open_tickets('"x", 1', 3, 3, '9 hours');
SELECT service_policy.tick();
SELECT notification_id, shop, id, escalation_level, notify, notify_channel, subject, message, due_at < fired_at AS is_late, handling, waiting_count, attempts,
       claimed_by, last_error FROM noisy.outbox ORDER BY id, escalation_level;
SELECT count(*) FROM service_policy.claim('noisy', 1);
SELECT * FROM claimed;
SELECT * FROM claimed;
SELECT notification_id, handling, waiting_count, attempts, claimed_by = current_user AS is_mine, next_attempt_at > now() AS runs FROM noisy.outbox ORDER BY id, escalation_level;

-- confirmed, once
SELECT service_policy.confirm('noisy', '["a/b", "1", "resolution", 1, 1, 1]');
SELECT service_policy.confirm('noisy', '["a/b", "1", "resolution", 1, 1, 1]');
SELECT service_policy.confirm('noisy', '["\"x\", 1", "3", "resolution", 1, 2, 1]');
SELECT * FROM handled ORDER BY id, level;

-- a claim that runs out is handed out again under its id, and who had it first may still confirm
SELECT run_out();
SELECT * FROM claimed;
SELECT service_policy.confirm('noisy', '["a/b", "2", "resolution", 1, 1, 1]');
SELECT service_policy.confirm('noisy', '["a/b", "2", "resolution", 1, 2, 1]');

-- what fails waits longer each time, and is given up after ten times
SELECT service_policy.fail('noisy', '["a/b", "1", "resolution", 1, 2, 1]', 'no such manager');
SELECT service_policy.fail('noisy', '["a/b", "1", "resolution", 1, 2, 1]', 'not claimed any more');
SELECT * FROM claimed;
CREATE FUNCTION keep_failing() RETURNS TABLE (attempts int, handling text, waits interval) LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1 .. 12 LOOP
        PERFORM run_out();
        PERFORM service_policy.fail('noisy', c.id, 'no such manager') FROM service_policy.claim('noisy') c WHERE c.level = 2;
        RETURN QUERY SELECT o.attempts, o.handling::text, date_trunc('second', o.next_attempt_at - clock_timestamp() + interval '0.9 seconds')
                       FROM noisy.outbox o WHERE o.shop = 'a/b' AND o.id = 1;
    END LOOP;
END $$;
SELECT * FROM keep_failing();
SELECT * FROM handled WHERE notify IS NOT NULL ORDER BY id, level;
SELECT notification_id, handling, failed_count, waiting_count FROM noisy.outbox ORDER BY id, escalation_level;

-- what was given up can be had anew, one or all
SELECT service_policy.retry_failed('noisy', '["a/b", "1", "resolution", 1, 2, 1]');
SELECT service_policy.retry_failed('noisy', '["a/b", "1", "resolution", 1, 2, 1]');
SELECT service_policy.retry_failed('noisy');
SELECT id, attempts FROM claimed ORDER BY id;
-- given up and sent after all
SELECT run_out();
UPDATE noisy_data.escalation SET attempts = 10 WHERE state = 'claimed';
SELECT * FROM claimed;
SELECT service_policy.confirm('noisy', notification_id) FROM noisy.outbox;
SELECT * FROM handled WHERE notify IS NOT NULL ORDER BY id, level;

-- a ticket that is over when it comes to it, or gone, is told to none; one that waits for its customer is told
SELECT open_tickets('c', 10, 15, '5 hours');
SELECT service_policy.tick();
UPDATE noisy_ticket SET status = 'done', updated_at = now() WHERE id = 10;
UPDATE noisy_ticket SET status = 'spam', updated_at = now() WHERE id = 11;
DELETE FROM noisy_ticket WHERE id = 12;
UPDATE noisy_ticket SET status = 'waiting', updated_at = now() WHERE id = 13;
UPDATE noisy_ticket SET id = 140 WHERE id = 14;
DELETE FROM noisy_data.clock WHERE id = 15;
SELECT id, message FROM service_policy.claim('noisy', 1);
SELECT service_policy.tick();
SELECT id, message FROM claimed;
SELECT * FROM handled WHERE shop = 'c' ORDER BY id;
-- reopened, it escalates from where it was: what was suppressed stays so
UPDATE noisy_ticket SET status = 'new', updated_at = now() WHERE id = 10;
SELECT service_policy.tick();
SELECT * FROM claimed;
SELECT escalation_level, next_escalation_at > now() AS goes_on FROM noisy.ticket_status WHERE id = 10;
-- solved after it was claimed, and sent all the same
UPDATE noisy_ticket SET status = 'done', updated_at = now() WHERE id = 13;
SELECT run_out();
SELECT id, attempts FROM claimed;
SELECT * FROM handled WHERE id = 13;
SELECT service_policy.confirm('noisy', '["c", "13", "resolution", 1, 1, 1]');
SELECT service_policy.confirm('noisy', '["c", "10", "resolution", 1, 1, 1]');
SELECT * FROM handled WHERE id IN (10, 13) ORDER BY id;

-- those that are left out make room for others; no more than asked for
UPDATE noisy_ticket SET status = 'done', updated_at = now();
SELECT open_tickets('d', 20, 39, '5 hours');
SELECT service_policy.tick();
UPDATE noisy_ticket SET status = 'spam', updated_at = now() WHERE shop = 'd' AND id < 32;
SELECT array_agg(ticket[2]) FROM service_policy.claim('noisy', 3);
SELECT array_agg(ticket[2]) FROM service_policy.claim('noisy');
SELECT handling, count(*) FROM handled WHERE shop = 'd' GROUP BY 1 ORDER BY 1;

-- a claim that is undone
UPDATE noisy_ticket SET status = 'done', updated_at = now();
SELECT open_tickets('e', 50, 50, '5 hours');
SELECT service_policy.tick();
BEGIN;
SELECT id, attempts FROM claimed;
ROLLBACK;
SELECT id, attempts FROM claimed;

-- whatever the session sets, the id is the same
SELECT run_out();
SET search_path = pg_temp;
SET DateStyle = 'German';
SELECT id, attempts FROM service_policy.claim('noisy');
RESET search_path;
RESET DateStyle;
SELECT service_policy.confirm('noisy', '["e",50,"resolution",1,1,1]');

-- what makes no sense
SELECT * FROM service_policy.claim('nothing');
SELECT * FROM service_policy.claim(NULL);
SELECT * FROM service_policy.claim('noisy', 0);
SELECT * FROM service_policy.claim('noisy', 1, '0');
SELECT * FROM service_policy.claim('noisy', 1, '-1 hour');
SELECT * FROM service_policy.claim('noisy', 1, '1 month');
SELECT service_policy.confirm('noisy', NULL);
SELECT service_policy.confirm('noisy', 'e/50');
SELECT service_policy.confirm('noisy', '"e"');
SELECT service_policy.confirm('noisy', '{"e": 50}');
SELECT service_policy.confirm('noisy', '["e", 50, "resolution", 1, 1]');
SELECT service_policy.confirm('noisy', '["e", 50, "resolution", 1, 1, null]');
SELECT service_policy.confirm('noisy', '["e", "x", "resolution", 1, 1, 1]');
SELECT service_policy.confirm('noisy', '["e", 50, "resolution", 1, 1, 1.5]');
SELECT service_policy.confirm('noisy', '["e", 51, "resolution", 1, 1, 1]');
SELECT service_policy.fail('noisy', '["e", 51, "resolution", 1, 1, 1]', NULL);
SELECT service_policy.retry_failed('noisy', '["e", 51, "resolution", 1, 1, 1]');
SELECT service_policy.retry_failed('noisy');
UPDATE noisy.outbox SET notify = 'me';
BEGIN READ ONLY;
SELECT * FROM service_policy.claim('noisy');
ROLLBACK;

-- an id is whole in the view, however long the key is
SELECT open_tickets(repeat('"', 1000), 90, 90, '7 hours');
SELECT service_policy.tick();
SELECT count(*) FROM claimed WHERE length(subject) > 1000;
SELECT service_policy.confirm('noisy', notification_id), length(notification_id) FROM noisy.outbox WHERE id = 90;

DROP VIEW claimed, handled;
SELECT service_policy.detach('noisy', false);
DROP TABLE noisy_ticket;
DROP FUNCTION open_tickets, run_out, keep_failing, public.noisy_ignore;
ALTER TABLE service_policy.policy_version DISABLE TRIGGER guard;
DELETE FROM service_policy.policy_version WHERE policy = 'noisy';
ALTER TABLE service_policy.policy_version ENABLE TRIGGER guard;
DELETE FROM service_policy.policy WHERE name = 'noisy';
