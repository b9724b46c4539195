-- What is late escalates: which level fires when, once, and what is next.  Tickets are opened so long ago, by whole minutes.
SET client_min_messages = warning;
SET timezone = 'UTC';

CREATE FUNCTION ago(hours numeric) RETURNS timestamptz LANGUAGE sql STABLE
    AS $$ SELECT date_trunc('minute', now()) - make_interval(mins => (hours * 60)::int) $$;
CREATE TABLE late_ticket (id int PRIMARY KEY, status text NOT NULL, priority text, team text, agent text, created_at timestamptz NOT NULL,
                          updated_at timestamptz NOT NULL);
CREATE TABLE late_message (id int PRIMARY KEY, ticket int, author text, sent_at timestamptz);

-- what a chain cannot say
SELECT * FROM service_policy.validate_policy('{"policy": "late", "benchmarks": [{"name": "solve", "metric": "resolution", "target": "8 hours"}],
    "escalations": [{"metric": "resolution", "levels": [{"level": 1, "at": 1, "notify": "lead", "subject": "{whoever} {ticket}", "message": "{"}]}]}');

SELECT service_policy.load_policy('{"policy": "late", "language": "en",
    "benchmarks": [{"name": "solve", "metric": "resolution", "target": "8 hours", "pause_on": ["pending"]},
                   {"name": "own", "metric": "ownership", "target": "1 hour"},
                   {"name": "reply", "metric": "next_response", "target": "100 hours"}],
    "escalations": [
        {"metric": "resolution", "levels": [
            {"level": 1, "at": 0.75, "notify": "team_lead", "channel": "mail",
             "subject": {"en": "Ticket {ticket} is late soon", "de": "Ticket {ticket} ist bald zu spät"},
             "message": "{{{priority}} of {team}: level {level} of {metric} by {benchmark}, {target}, for {notify}, agent {agent}, customer {customer}"},
            {"level": 2, "at": 1, "notify": "manager", "assign": "tier2", "repeat": {"every": "1 hour", "times": 2}},
            {"level": 3, "after": "4 hours", "priority": "urgent", "call": "crm.page_director", "unless_acknowledged": true}]},
        {"metric": "resolution", "when": {"priority": ["low"]}, "levels": [{"level": 7, "at": 2, "notify": "nobody_in_a_hurry"}]},
        {"metric": "resolution", "when": {"priority": ["again"]}, "levels": [{"level": 4, "on_reopened": 2, "notify": "quality"}]},
        {"metric": "next_response", "levels": [{"level": 5, "on_unanswered": 3, "notify": "duty", "repeat": {"every": "1 hour", "times": 1}}]}]}');
SELECT service_policy.publish_policy('late', 1, '2000-01-01');

-- tickets that were there before: what was due before they were taken over never fires, what comes after does
INSERT INTO late_ticket VALUES (90, 'new', 'high', 'red', NULL, ago(9), ago(9)), (91, 'new', 'high', 'red', NULL, ago(100), ago(100));
SELECT service_policy.attach('late', 'late_ticket', 'late', ARRAY['id'],
    '{"opened_at": "created_at", "changed_at": "updated_at", "state": "status", "priority": "priority", "team": "team", "agent": "agent"}',
    '{"new": "open", "waiting": "pending", "done": "resolved", "spam": "void"}');
SELECT service_policy.attach_messages('late', 'late_message', ARRAY['id'], '{"ticket": ["ticket"], "sent_at": "sent_at", "author": "author"}');
CALL service_policy.backfill('late');
SELECT service_policy.tick();
SELECT id, metric, escalation_level, next_escalation_at - started_at AS next_after FROM late.ticket_status WHERE metric = 'resolution' ORDER BY id;
DELETE FROM late_ticket;
SELECT id, state, next_escalation_at FROM late_data.clock WHERE metric = 'resolution' ORDER BY id;

-- a ticket that is written with all that is late about it
CREATE VIEW fired AS
SELECT l.id, l.escalation_level AS level, occurrence AS time, l.due_at - c.started_at AS due_after, fired_at >= l.due_at AS in_time, notify, assign_to,
       set_priority, call_function, handling
  FROM late.escalation_log l JOIN late_data.clock c USING (id, metric, cycle);
CREATE VIEW next AS
SELECT id, metric, escalation_level AS level, CASE WHEN next_escalation_at <= clock_timestamp() THEN 'now' ELSE (next_escalation_at - started_at)::text END AS next_after
  FROM late.ticket_status WHERE metric <> 'ownership';
INSERT INTO late_ticket VALUES (1, 'new', 'high', 'red', 'ann', ago(9.5), ago(9.5)), (2, 'new', 'high', 'red', NULL, ago(1), ago(1)),
                               (3, 'new', 'low', 'red', NULL, ago(13), ago(13)), (4, 'new', 'high', NULL, NULL, ago(13), ago(13));
SELECT * FROM next ORDER BY id;
SELECT service_policy.tick();
SELECT service_policy.tick();
SELECT * FROM fired ORDER BY id, level, time;
SELECT subject, message, notify_channel FROM late.escalation_log WHERE escalation_level = 1 ORDER BY id;
SELECT * FROM next ORDER BY id;

-- what is recorded late, and due before all that ticks have been through, fires with the next
INSERT INTO late_ticket VALUES (5, 'new', 'low', 'blue', NULL, ago(50), ago(50));
SELECT service_policy.tick();
SELECT * FROM fired WHERE id = 5;

-- a tick that is undone has not fired, and one that follows does
INSERT INTO late_ticket VALUES (6, 'new', 'high', 'blue', NULL, ago(6.5), ago(6.5));
BEGIN;
SELECT service_policy.tick();
SAVEPOINT one;
SELECT service_policy.tick();
ROLLBACK TO one;
SELECT service_policy.tick();
ROLLBACK;
SELECT * FROM fired WHERE id = 6 ORDER BY level, time;
SELECT service_policy.tick();
SELECT level, time, due_after FROM fired WHERE id = 6 ORDER BY level, time;

-- a clock that no longer knows how far it came, as a dump of another moment may have it: never twice
UPDATE late_data.clock SET escalation_level = NULL, escalation_occurrence = NULL, next_escalation_at = clock_timestamp() WHERE id = 6 AND metric = 'resolution';
SELECT service_policy.tick();
SELECT level, time, due_after FROM fired WHERE id = 6 ORDER BY level, time;
SELECT * FROM next WHERE id = 6;

-- so many clocks at a time, those due first
INSERT INTO late_ticket SELECT id, 'new', 'low', 'green', NULL, ago(16 + id), ago(16 + id) FROM generate_series(11, 15) AS id;
SELECT service_policy.tick(2), service_policy.tick(2), service_policy.tick(2), service_policy.tick(2);

-- acknowledged: what is unless_acknowledged is left out; what is not, is not
SELECT service_policy.acknowledge_escalation('late', '{2}', 'resolution') AS yes, service_policy.acknowledge_escalation('late', '{2}', 'resolution') AS again,
       service_policy.acknowledge_escalation('late', '{2}', 'ownership') AS no_chain, service_policy.acknowledge_escalation('late', '{2}', 'closure') AS no_metric,
       service_policy.acknowledge_escalation('late', '{99}', 'resolution') AS no_ticket;
UPDATE late_data.clock SET escalation_level = 2, escalation_occurrence = 3 WHERE id = 2 AND metric = 'resolution';
UPDATE late_ticket SET team = 'yellow', updated_at = now() WHERE id = 2;
SELECT * FROM next WHERE id = 2;
SELECT acknowledged_by = current_user AS by_me, acknowledged_at IS NOT NULL AS known FROM late_data.clock WHERE id = 2 AND metric = 'resolution';
SELECT * FROM service_policy.explain_ticket('late', '{2}') AS line WHERE line ~ 'acknowledged|escalat' AND line !~ ' at ';
-- solving ends it: who reopens the ticket wants somebody to care again
UPDATE late_ticket SET status = 'done', updated_at = now() WHERE id = 2;
SELECT service_policy.acknowledge_escalation('late', '{2}', 'resolution') AS is_over;
UPDATE late_ticket SET status = 'new', updated_at = now() WHERE id = 2;
SELECT acknowledged_at FROM late_data.clock WHERE id = 2 AND metric = 'resolution';
SELECT service_policy.acknowledge_escalation('nowhere', '{2}', 'resolution');
SELECT service_policy.acknowledge_escalation('late', '{2,3}', 'resolution');

-- paused, solved, reopened: it climbs on from where it was
INSERT INTO late_ticket VALUES (21, 'new', 'high', 'red', NULL, ago(7), ago(7));
UPDATE late_ticket SET status = 'waiting', updated_at = ago(6.5) WHERE id = 21;
SELECT * FROM next WHERE id = 21;
SELECT service_policy.tick();
UPDATE late_ticket SET status = 'new', updated_at = ago(6) WHERE id = 21;
SELECT service_policy.tick();
SELECT * FROM next WHERE id = 21;
UPDATE late_ticket SET status = 'new', created_at = ago(7.5) WHERE id = 21;
SELECT service_policy.tick();
UPDATE late_ticket SET status = 'done', updated_at = ago(0.25) WHERE id = 21;
SELECT state, escalation_level, next_escalation_at FROM late_data.clock WHERE id = 21 AND metric = 'resolution';
UPDATE late_ticket SET status = 'new', updated_at = now() WHERE id = 21;
SELECT id, metric, level, next_after::interval > '8 hours' AND next_after::interval < '9 hours' AS after_the_pauses FROM next WHERE id = 21;
UPDATE late_ticket SET status = 'spam', updated_at = now() WHERE id = 21;
SELECT state, escalation_level, next_escalation_at FROM late_data.clock WHERE id = 21 AND metric = 'resolution';

-- another scenario, another chain
INSERT INTO late_ticket VALUES (22, 'new', 'low', 'red', NULL, ago(7), ago(7));
SELECT * FROM next WHERE id = 22;
UPDATE late_ticket SET priority = 'high', updated_at = now() WHERE id = 22;
SELECT * FROM next WHERE id = 22;

-- reopened twice; the customer has written three times
INSERT INTO late_ticket VALUES (31, 'new', 'again', NULL, NULL, ago(5), ago(5));
UPDATE late_ticket SET status = 'done', updated_at = ago(4) WHERE id = 31;
UPDATE late_ticket SET status = 'new', updated_at = ago(3) WHERE id = 31;
SELECT * FROM next WHERE id = 31;
UPDATE late_ticket SET status = 'done', updated_at = ago(2) WHERE id = 31;
UPDATE late_ticket SET status = 'new', updated_at = ago(1) WHERE id = 31;
SELECT service_policy.tick();
SELECT level, time, due_after, notify FROM fired WHERE id = 31 ORDER BY level, time;
INSERT INTO late_message VALUES (1, 31, 'customer', ago(4.75)), (2, 31, 'agent', ago(4.5)), (3, 31, 'customer', ago(0.75)), (4, 31, 'customer', ago(0.5));
SELECT * FROM next WHERE id = 31 ORDER BY metric;
INSERT INTO late_message VALUES (5, 31, 'customer', ago(0.25));
SELECT metric, level, next_after = 'now' AS is_due FROM next WHERE id = 31 ORDER BY metric;
SELECT service_policy.tick();
SELECT level, time, due_after, notify FROM fired WHERE id = 31 ORDER BY level, time;
SELECT service_policy.tick();
INSERT INTO late_message VALUES (6, 31, 'agent', ago(0.1));
SELECT * FROM next WHERE id = 31 ORDER BY metric;

-- into the ticket's own row
ALTER TABLE late_ticket ADD sla_level int;
SELECT service_policy.write_back('late', '{"sla_level": "resolution.escalation_level"}');
UPDATE late_ticket SET team = 'black', updated_at = now() WHERE id IN (1, 22);
SELECT id, sla_level FROM late_ticket WHERE id IN (1, 22) ORDER BY id;
SELECT service_policy.write_back('late', NULL);

-- one that cannot be recorded does not hold up the others
TRUNCATE late_ticket;
DROP VIEW fired, next;
SELECT service_policy.detach('late', false);
SELECT service_policy.attach('late', 'late_ticket', 'late', ARRAY['id'], '{"opened_at": "created_at", "changed_at": "updated_at", "state": "status", "priority": "priority"}', '{"new": "open", "*": "pending"}');
INSERT INTO late_ticket SELECT id, 'new', 'low', NULL, NULL, ago(20), ago(20) FROM generate_series(1, 3) AS id;
ALTER TABLE late_data.escalation ADD CONSTRAINT not_two CHECK (id <> 2);
SELECT service_policy.tick();
SELECT id, escalation_level FROM late.escalation_log ORDER BY id, 2;
ALTER TABLE late_data.escalation DROP CONSTRAINT not_two;
SELECT service_policy.tick();
ALTER TABLE late_data.escalation RENAME TO gone;
SELECT service_policy.tick();
ALTER TABLE late_data.gone RENAME TO escalation;
SELECT service_policy.detach('late', false);
DROP TABLE late_ticket, late_message;

-- by a calendar: it may change after the deadline, and may go
INSERT INTO service_policy.calendar (name, time_zone) VALUES ('late', 'UTC');
INSERT INTO service_policy.calendar_hours (calendar, weekday, opens, closes) SELECT 'late', d, '00:00', '24:00' FROM generate_series(1, 7) AS d;
SELECT service_policy.load_policy('{"policy": "later", "benchmarks": [{"name": "solve", "metric": "resolution", "target": "1 hour", "calendar": "late"}],
    "escalations": [{"metric": "resolution", "levels": [{"level": 1, "after": "240 hours", "notify": "manager"}]}]}');
SELECT service_policy.publish_policy('later', 1, '2000-01-01');
CREATE TABLE later_ticket (id int PRIMARY KEY, status text NOT NULL, created_at timestamptz NOT NULL);
SELECT service_policy.attach('later', 'later_ticket', 'later', ARRAY['id'], '{"opened_at": "created_at", "state": "status"}', '{"new": "open", "done": "resolved"}');
INSERT INTO later_ticket VALUES (1, 'new', ago(2)), (2, 'new', ago(300));
SELECT service_policy.tick();
SELECT id, escalation_level AS level, next_escalation_at - started_at AS next_after FROM later.ticket_status ORDER BY id;
INSERT INTO service_policy.calendar_date (calendar, on_date) SELECT 'late', (now() AT TIME ZONE 'UTC')::date + 5;
SELECT service_policy.tick();
SELECT id, escalation_level AS level, next_escalation_at - started_at AS next_after FROM later.ticket_status ORDER BY id;
SELECT count(*) AS moves FROM later.deadline_moves;
INSERT INTO later_ticket VALUES (3, 'new', ago(300));
DELETE FROM service_policy.calendar WHERE name = 'late';
SELECT service_policy.tick();
SELECT id, problem, detail FROM later.issues;
SELECT id, next_escalation_at FROM later_data.clock WHERE id = 3;
INSERT INTO service_policy.calendar (name, time_zone) VALUES ('late', 'UTC');
INSERT INTO service_policy.calendar_hours (calendar, weekday, opens, closes) SELECT 'late', d, '00:00', '24:00' FROM generate_series(1, 7) AS d;
SELECT ticket FROM service_policy.restate('later', '{3}');
SELECT service_policy.tick();
SELECT id, escalation_level FROM later.escalation_log ORDER BY id;
SELECT service_policy.tick(0);

SELECT service_policy.detach('later', false);
DROP TABLE later_ticket;
DROP FUNCTION ago(numeric);
ALTER TABLE service_policy.policy_version DISABLE TRIGGER guard;
DELETE FROM service_policy.policy_version WHERE policy IN ('late', 'later');
ALTER TABLE service_policy.policy_version ENABLE TRIGGER guard;
DELETE FROM service_policy.policy WHERE name IN ('late', 'later');
DELETE FROM service_policy.calendar WHERE name = 'late';
