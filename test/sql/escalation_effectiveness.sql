-- Did a level help?  Tickets are opened so many hours ago; levels count as fired when they were due, so that all times are whole minutes.
SET client_min_messages = warning;
SET timezone = 'UTC';

CREATE TABLE help_now AS SELECT date_trunc('minute', now()) AS t;
CREATE FUNCTION ago(hours numeric) RETURNS timestamptz LANGUAGE sql STABLE
    AS $$ SELECT t - make_interval(mins => (hours * 60)::int) FROM help_now $$;
CREATE TABLE help_ticket (tenant text, id int, status text, priority text, created_at timestamptz, updated_at timestamptz, PRIMARY KEY (tenant, id));
CREATE TABLE help_message (id int PRIMARY KEY, tenant text, ticket int, author text, sent_at timestamptz);
SELECT service_policy.load_policy('{"policy": "help",
    "benchmarks": [{"name": "solve", "metric": "resolution", "target": "8 hours", "pause_on": ["pending"]},
                   {"name": "solve_anew", "metric": "resolution", "target": "2 hours", "when": {"priority": ["high"]}, "reopen": "new_cycle"}],
    "escalations": [
        {"metric": "resolution", "levels": [
            {"level": 1, "at": 0.5, "notify": "lead", "channel": "mail", "repeat": {"every": "1 hour", "times": 2}},
            {"level": 2, "at": 1, "notify": "boss", "assign": "tier2"}]},
        {"metric": "resolution", "when": {"priority": ["high"]}, "levels": [{"level": 1, "at": 0.5, "notify": "duty", "call": "crm.page"}]}]}');
SELECT service_policy.publish_policy('help', 1, '2000-01-01');
SELECT service_policy.attach('help', 'help_ticket', 'help', ARRAY['tenant', 'id'],
    '{"opened_at": "created_at", "changed_at": "updated_at", "state": "status", "priority": "priority"}',
    '{"new": "open", "waiting": "pending", "done": "resolved", "spam": "void"}', distribution_column => 'id');
SELECT service_policy.attach_messages('help', 'help_message', ARRAY['id'], '{"ticket": ["tenant", "ticket"], "sent_at": "sent_at", "author": "author"}');

CREATE VIEW effect AS
SELECT priority, escalation_level AS level, notify, escalation_count AS fired, repeat_count AS again, ticket_count AS tickets, acknowledged_count AS cared,
       next_event_count AS next, next_event_minutes AS minutes, median_next_event_minutes AS median, early_count AS early, met_count AS met, missed_count AS missed,
       cancelled_count AS void, open_count AS open, met_percent, stopped_count AS stopped, stop_minutes, median_stop_minutes AS median_stop
  FROM help.escalation_effectiveness ORDER BY priority, level, notify;
CREATE PROCEDURE fire() LANGUAGE sql AS $$
    SELECT service_policy.tick();
    UPDATE help_data.escalation SET fired_at = due_at WHERE fired_at <> due_at;
$$;
SELECT * FROM effect;

-- levels 1, 1 again and 1 again fire after 4, 5 and 6 hours, level 2 after 8; nothing has happened since
INSERT INTO help_ticket VALUES ('a', 1, 'new', 'answered', ago(6.5), ago(6.5)), ('b', 1, 'new', 'quiet', ago(6.5), ago(6.5));
CALL fire();
SELECT * FROM effect;
-- the customer writes, which changes the ticket too; then an agent replies, ninety minutes after the first and half an hour after the second
BEGIN;
INSERT INTO help_message VALUES (1, 'a', 1, 'customer', ago(2.4));
UPDATE help_ticket SET status = 'waiting', updated_at = ago(2.4) WHERE tenant = 'a';
COMMIT;
SELECT * FROM effect WHERE priority = 'answered';
INSERT INTO help_message VALUES (2, 'a', 1, 'agent', ago(1));
SELECT * FROM effect;
-- who takes care of it, and solves it in time
SELECT service_policy.acknowledge_escalation('help', '{a,1}', 'resolution');
UPDATE help_ticket SET status = 'done', updated_at = ago(0.25) WHERE tenant = 'a';
SELECT * FROM effect;
-- reopened, it is open again, and no one takes care; then it is missed
UPDATE help_ticket SET status = 'new', updated_at = ago(0.2) WHERE tenant = 'a';
SELECT * FROM effect WHERE priority = 'answered';
UPDATE help_ticket SET status = 'done', updated_at = ago(-24) WHERE tenant = 'a';
SELECT * FROM effect WHERE priority = 'answered';

-- what comes after the deadline is not early; what was solved before it fired, as is known later, had nothing to help
INSERT INTO help_ticket VALUES ('a', 2, 'new', 'late', ago(9), ago(9)), ('a', 3, 'new', 'solved', ago(4.5), ago(4.5));
CALL fire();
UPDATE help_ticket SET status = 'done', updated_at = ago(0.5) WHERE id = 2;
UPDATE help_ticket SET status = 'done', updated_at = ago(1) WHERE id = 3;
SELECT * FROM effect WHERE priority IN ('late', 'solved');
-- paused, void, deleted
INSERT INTO help_ticket SELECT 'a', 10 + i, 'new', 'left', ago(4.5), ago(4.5) FROM generate_series(1, 3) AS i;
CALL fire();
UPDATE help_ticket SET status = 'waiting', updated_at = ago(0.25) WHERE id = 11;
UPDATE help_ticket SET status = 'spam', updated_at = ago(0.25) WHERE id = 12;
DELETE FROM help_ticket WHERE id = 13;
SELECT next, early, met, missed, void, open, met_percent, stopped, stop_minutes FROM effect WHERE priority = 'left';

-- another chain; two cycles of one ticket
INSERT INTO help_ticket VALUES ('a', 20, 'new', 'high', ago(9), ago(9));
CALL fire();
UPDATE help_ticket SET status = 'done', updated_at = ago(7.25) WHERE id = 20;
UPDATE help_ticket SET status = 'new', updated_at = ago(5) WHERE id = 20;
CALL fire();
UPDATE help_ticket SET status = 'done', updated_at = ago(1) WHERE id = 20;
SELECT * FROM effect WHERE priority = 'high';
SELECT effectiveness_id, policy_version, benchmark, metric, notify_channel, assign_to, set_priority, call_function, acknowledged_percent, average_next_event_minutes,
       average_stop_minutes FROM help.escalation_effectiveness WHERE priority IN ('high', 'late') ORDER BY effectiveness_id;

-- what the level itself changes does not count
CREATE FUNCTION act() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN UPDATE public.help_ticket SET status = ''new'', priority = ''acted'', updated_at = now() + interval ''1 hour'' WHERE id = NEW.id; RETURN NULL; END';
CREATE TRIGGER act AFTER INSERT ON help_data.escalation FOR EACH ROW EXECUTE FUNCTION act();
INSERT INTO help_ticket VALUES ('a', 30, 'new', 'own', ago(4.5), ago(4.5));
SELECT service_policy.tick();
DROP TRIGGER act ON help_data.escalation;
SELECT count(*) FROM help_data.ledger WHERE id = 30 AND event = 'changed' AND at > now();
SELECT fired, next FROM effect WHERE priority = 'own';
UPDATE help_ticket SET status = 'done', updated_at = now() + interval '2 hours' WHERE id = 30;
SELECT fired, next, round(minutes) FROM effect WHERE priority = 'own';

-- … nor does what an action of another level changes later, at first there being none to call
CREATE FUNCTION assign(jsonb) RETURNS void LANGUAGE sql AS
    $$ UPDATE public.help_ticket SET priority = 'assigned', updated_at = now() + interval '1 hour' WHERE id = ($1 -> 'ticket' ->> 1)::int $$;
INSERT INTO help_ticket VALUES ('a', 40, 'new', 'act', ago(9), ago(9));
SELECT service_policy.tick();
SELECT service_policy.register_action('help', 'assign', 'public.assign');
UPDATE help_data.escalation_action SET attempt_at = now() WHERE id = 40;
SELECT service_policy.tick();
SELECT state FROM help_data.escalation_action WHERE id = 40;
SELECT l.recorded_at > e.fired_at AND l.at > e.fired_at AS changed_later FROM help_data.ledger l JOIN help_data.escalation e USING (tenant, id) WHERE id = 40 AND l.seq = 2 AND escalation_level = 2;
SELECT level, fired, next FROM effect WHERE priority = 'act';
UPDATE help_ticket SET status = 'done', updated_at = now() + interval '2 hours' WHERE id = 40;
SELECT level, fired, next FROM effect WHERE priority = 'act';

-- two thousand escalations of any kind, against a query of another making
TRUNCATE help_data.clock, help_data.ledger, help_data.message, help_data.escalation, help_data.escalation_action;
CREATE FUNCTION any_of(n int, VARIADIC what anyarray) RETURNS int LANGUAGE sql AS $$ SELECT abs(hashint8(hashtext(what::text))::bigint % n)::int $$;
INSERT INTO help_data.clock (tenant, id, metric, cycle, benchmark, policy_version, state, started_at, started_on, due_at, target_us, elapsed_us, paused_us, stopped_at, acknowledged_at)
SELECT tenant, id, 'resolution', cycle, 'b', 1, state, opened, '2026-01-01', CASE any_of(5, id, cycle, 1) WHEN 0 THEN NULL ELSE opened + any_of(900, id, cycle, 2) * interval '1 minute' END,
       1, 1, 0, CASE WHEN state !~ '^[rp]' THEN opened + any_of(1200, id, cycle, 3) * interval '1 minute' END,
       CASE any_of(3, id, cycle, 4) WHEN 0 THEN opened + any_of(900, id, cycle, 5) * interval '1 minute' END
  FROM unnest(ARRAY['a', 'b']) AS tenant, generate_series(1, 200) AS id, generate_series(1, 2) AS cycle,
       LATERAL (SELECT '2026-01-01'::timestamptz AS opened, (ARRAY['running', 'paused', 'met', 'missed', 'cancelled'])[1 + any_of(5, id, ascii(tenant), cycle)] AS state) AS s
 WHERE any_of(20, id, cycle) > 0;
INSERT INTO help_data.ledger (tenant, id, seq, at, recorded_at, recorded_by, event)
SELECT tenant, id, n, t, t + (any_of(4, id, n, ascii(tenant)) - 1) * interval '7 minutes', 'somebody', (ARRAY['opened', 'changed', 'changed', 'responded', 'left', 'expected'])[1 + any_of(6, id, n)]
  FROM unnest(ARRAY['a', 'b']) AS tenant, generate_series(1, 200) AS id, generate_series(1, 8) AS n,
       LATERAL (SELECT '2026-01-01'::timestamptz + any_of(900, id, n, ascii(tenant)) * interval '1 minute' AS t) AS s;
INSERT INTO help_data.message (tenant, id, sent_at, message, author, recorded_at, recorded_by)
SELECT tenant, id, at, seq, (ARRAY['agent', 'customer', 'customer'])[1 + any_of(3, id, seq)], recorded_at, 'somebody' FROM help_data.ledger WHERE any_of(2, id, seq, 1) = 0;
INSERT INTO help_data.escalation (tenant, id, metric, cycle, escalation_level, occurrence, due_at, fired_at, policy_version, benchmark, notify, state, attempts, priority, team)
SELECT tenant, id, 'resolution', cycle, level, time, t, t, 1 + any_of(2, id), 'b', CASE any_of(3, id, level) WHEN 0 THEN NULL ELSE 'lead' END, 'done', 1,
       CASE any_of(3, id) WHEN 0 THEN NULL ELSE 'p' || any_of(2, id) END, 't' || any_of(2, ascii(tenant))
  FROM unnest(ARRAY['a', 'b']) AS tenant, generate_series(1, 200) AS id, generate_series(1, 2) AS cycle, generate_series(1, 2) AS level, generate_series(1, 2) AS time,
       LATERAL (SELECT '2026-01-01'::timestamptz + any_of(900, id, cycle, level, time, ascii(tenant)) * interval '1 minute' AS t) AS s
 WHERE any_of(3, id, cycle, level, time) > 0;

INSERT INTO help_data.escalation_action (tenant, id, metric, cycle, escalation_level, occurrence, action, state, attempts, done_at)
SELECT tenant, id, 'resolution', 1, 1, seq, 'assign', 'done', 1, recorded_at FROM help_data.ledger WHERE any_of(9, id, seq) = 0;

CREATE VIEW happening AS
SELECT * FROM (
SELECT tenant, id, at, recorded_at FROM help_data.ledger
 WHERE event NOT IN ('opened', 'expected')
   AND (tenant, id, recorded_at) NOT IN (SELECT tenant, id, recorded_at FROM help_data.message WHERE author = 'customer')
UNION ALL
SELECT tenant, id, sent_at, recorded_at FROM help_data.message WHERE author <> 'customer') AS h
 WHERE (tenant, id, recorded_at) NOT IN (SELECT tenant, id, done_at FROM help_data.escalation_action);
CREATE VIEW each_one AS
SELECT DISTINCT ON (e.tenant, e.id, e.cycle, e.escalation_level, e.occurrence)
       e.policy_version, e.escalation_level, coalesce(e.notify, '') AS notify, coalesce(e.priority, '') AS priority, e.team, e.tenant || e.id AS ticket, e.occurrence,
       extract(epoch FROM h.at - e.fired_at)::int / 60 AS next, c.state, c.due_at > e.fired_at IS NOT FALSE AS is_early, c.acknowledged_at >= e.fired_at AS is_acknowledged,
       extract(epoch FROM c.stopped_at - e.fired_at)::int / 60 AS stop
  FROM help_data.escalation e
  LEFT JOIN help_data.clock c USING (tenant, id, metric, cycle)
  LEFT JOIN happening h ON h.tenant = e.tenant AND h.id = e.id AND least(h.at, h.recorded_at) > e.fired_at
 ORDER BY e.tenant, e.id, e.cycle, e.escalation_level, e.occurrence, h.at;
CREATE VIEW expected AS
SELECT policy_version, escalation_level, notify, priority, team, count(*), count(*) - sum((occurrence = 1)::int) AS again, count(DISTINCT ticket) AS tickets,
       sum(is_acknowledged::int) AS cared, sum((next IS NOT NULL)::int) AS nexts, sum(next) AS minutes,
       (array_agg(next ORDER BY next))[(count(next) + 1) / 2] + (array_agg(next ORDER BY next))[(count(next) + 2) / 2] AS two_medians,
       sum((is_early AND state = 'met' AND stop >= 0)::int) AS met, sum((is_early AND state = 'missed' AND stop >= 0)::int) AS missed,
       sum((is_early AND state = 'cancelled' AND stop >= 0)::int) AS void, sum((is_early AND state IN ('running', 'paused'))::int) AS open,
       sum((stop >= 0 AND state <> 'cancelled')::int) AS stopped, sum(stop) FILTER (WHERE stop >= 0 AND state <> 'cancelled') AS stop_minutes
  FROM each_one GROUP BY 1, 2, 3, 4, 5;
CREATE VIEW found AS
SELECT policy_version, escalation_level, coalesce(notify, '') AS notify, coalesce(priority, '') AS priority, team, escalation_count AS count, repeat_count AS again,
       ticket_count AS tickets, acknowledged_count AS cared, next_event_count AS nexts, next_event_minutes AS minutes, 2 * median_next_event_minutes AS two_medians, met_count AS met,
       missed_count AS missed, cancelled_count AS void, open_count AS open, stopped_count AS stopped, stop_minutes
  FROM help.escalation_effectiveness;
SELECT count(*) > 10 AS many_groups, sum(count) > 1500 AS many, bool_and(nexts > 0 AND nexts < count) AS some_with_next, sum(met) > 50 AND sum(missed) > 50 AS judged,
       sum(void) > 50 AND sum(open) > 50 AS others FROM expected;
SELECT count(*) AS different
  FROM expected FULL JOIN found USING (policy_version, escalation_level, notify, priority, team, count, again, tickets, cared, nexts, met, missed, void, open, stopped)
 WHERE (expected.minutes, expected.two_medians, expected.stop_minutes) IS DISTINCT FROM (found.minutes, found.two_medians, found.stop_minutes);
SELECT count(*) - count(DISTINCT effectiveness_id) AS alike, bool_and(early_count = met_count + missed_count + cancelled_count + open_count) AS adds_up,
       bool_and(acknowledged_percent = round(100.0 * acknowledged_count / escalation_count, 2)) AND
       bool_and(met_percent IS NOT DISTINCT FROM round(100.0 * met_count / nullif(met_count + missed_count, 0), 2)) AND
       bool_and(average_next_event_minutes = round(next_event_minutes / next_event_count, 2)) AND
       bool_and(average_stop_minutes IS NOT DISTINCT FROM round(stop_minutes / nullif(stopped_count, 0), 2)) AS shares_are_right FROM help.escalation_effectiveness;

DROP VIEW found, expected, each_one, happening, effect;
DROP PROCEDURE fire();
DROP FUNCTION act(), assign(jsonb), any_of(int, anyarray), ago(numeric);
SELECT service_policy.detach('help', false);
DROP TABLE help_ticket, help_message, help_now;
ALTER TABLE service_policy.policy_version DISABLE TRIGGER guard;
DELETE FROM service_policy.policy_version WHERE policy = 'help';
ALTER TABLE service_policy.policy_version ENABLE TRIGGER guard;
DELETE FROM service_policy.policy WHERE name = 'help';
