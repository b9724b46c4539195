-- What levels do besides telling people: by functions that do all sorts of things.  Waiting ends when the test says so.
SET client_min_messages = warning;
SET timezone = 'UTC';
\set SHOW_CONTEXT never
CREATE ROLE acted_owner;
CREATE ROLE acted_clerk;
CREATE SCHEMA acted_crm AUTHORIZATION acted_owner;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA service_policy TO acted_owner;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA service_policy TO acted_owner;
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO acted_owner', current_database()); END $$;
SET ROLE acted_owner;

CREATE TABLE acted_crm.team (name text PRIMARY KEY);
INSERT INTO acted_crm.team VALUES ('tier1'), ('tier2');
CREATE TABLE acted_crm.ticket (shop text, id int, status text NOT NULL, priority text, team text REFERENCES acted_crm.team DEFERRABLE INITIALLY DEFERRED,
                               created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL, PRIMARY KEY (shop, id));
CREATE TABLE acted_crm.diary (n int GENERATED ALWAYS AS IDENTITY, who text DEFAULT current_user, what text, escalation jsonb);
SELECT service_policy.load_policy('{"policy": "acted",
    "benchmarks": [{"name": "solve", "metric": "resolution", "target": "8 hours"},
                   {"name": "solve_urgent", "metric": "resolution", "target": "3 hours", "when": {"priority": ["urgent"]}}],
    "escalations": [{"metric": "resolution", "levels": [
        {"level": 1, "at": 0.5, "notify": "lead", "channel": "mail", "subject": "Ticket {ticket}", "assign": "tier1"},
        {"level": 2, "at": 1, "priority": "urgent", "assign": "tier2", "repeat": {"every": "1 hour", "times": 1}},
        {"level": 3, "after": "4 hours", "call": "crm.odd", "unless_acknowledged": true}]}],
    "notifications": {"per_minute": null}}');
SELECT service_policy.publish_policy('acted', 1, '2000-01-01');
SET client_min_messages = notice;
SELECT service_policy.attach('acted', 'acted_crm.ticket', 'acted', ARRAY['shop', 'id'],
    '{"opened_at": "created_at", "changed_at": "updated_at", "state": "status", "priority": "priority", "team": "team"}',
    '{"new": "open", "done": "resolved"}', distribution_column => 'id');
SET client_min_messages = warning;

CREATE FUNCTION acted_crm.open(shop text, first int, last int, age interval) RETURNS void LANGUAGE sql AS $$
    INSERT INTO acted_crm.ticket SELECT shop, i, 'new', 'low', NULL, now() - age, now() - age FROM generate_series(first, last) i $$;
CREATE FUNCTION acted_crm.make_due() RETURNS void LANGUAGE sql AS $$
    UPDATE acted_data.escalation_action SET attempt_at = '2000-01-01' WHERE state = 'pending' $$;
CREATE FUNCTION acted_crm.handled() RETURNS TABLE (shop text, id int, level int, "time" int, action text, argument text, handling text, attempts int, waits boolean,
                                                   is_done boolean, last_error text) LANGUAGE sql AS $$
    SELECT shop, id, escalation_level, occurrence, action, argument, handling, attempts, next_attempt_at IS NOT NULL, done_at IS NOT NULL, last_error
      FROM acted.escalation_actions $$;
CREATE FUNCTION acted_crm.assign(e jsonb) RETURNS int LANGUAGE sql AS $$
    INSERT INTO acted_crm.diary (what, escalation) VALUES ('assign ' || (e ->> 'ticket') || ' to ' || (e ->> 'assign'), e);
    UPDATE acted_crm.ticket SET team = e ->> 'assign' WHERE shop = e -> 'ticket' ->> 0 AND id = (e -> 'ticket' ->> 1)::int RETURNING id $$;
CREATE FUNCTION acted_crm.set_priority(e jsonb) RETURNS SETOF acted_crm.ticket LANGUAGE sql AS $$
    INSERT INTO acted_crm.diary (what, escalation) VALUES ('priority of ' || (e ->> 'ticket') || ': ' || (e ->> 'priority'), e);
    UPDATE acted_crm.ticket SET priority = e ->> 'priority' WHERE shop = e -> 'ticket' ->> 0 AND id = (e -> 'ticket' ->> 1)::int RETURNING * $$;

-- registering: by the owner of the evidence, a function that he may execute, of one jsonb
SELECT service_policy.register_action('acted', 'assign', 'acted_crm.assign');
SELECT service_policy.register_action('acted', 'priority', 'acted_crm.assign');
SELECT service_policy.register_action('acted', 'priority', 'ACTED_CRM."set_priority"');
SELECT * FROM service_policy.action WHERE attachment = 'acted' ORDER BY action;
SELECT service_policy.register_action('nothing', 'assign', 'acted_crm.assign');
SELECT service_policy.register_action('acted', 'close', 'acted_crm.assign');
SELECT service_policy.register_action('acted', 'assign', 'assign');
SELECT service_policy.register_action('acted', 'assign', 'acted_crm.nothing');
SELECT service_policy.register_action('acted', 'assign', 'acted_crm.assign(jsonb)');
SELECT service_policy.register_action('acted', 'assign', 'acted_crm.make_due');
SELECT service_policy.register_action('acted', 'assign', NULL);
CREATE PROCEDURE acted_crm.proceed(e jsonb) LANGUAGE sql AS 'SELECT 1';
SELECT service_policy.register_action('acted', 'assign', 'acted_crm.proceed');
SELECT service_policy.register_action('acted', 'assign', 'pg_catalog.jsonb_agg');
CREATE FUNCTION pg_temp.fleeting(e jsonb) RETURNS void LANGUAGE sql AS 'SELECT 1';
SELECT service_policy.register_action('acted', 'assign', 'pg_temp.fleeting');
SELECT service_policy.unregister_action('acted', 'crm.odd');

-- a version that is published later says what it lacks
SELECT service_policy.publish_policy('acted', service_policy.load_policy(document || '{"notifications": {"per_minute": 60}}'), now() + interval '10 years')
  FROM service_policy.policy_version WHERE policy = 'acted';

-- what has fired is done, in the order of levels, and once
SELECT acted_crm.open('a/b', 1, 1, '9 hours 30 minutes');
SELECT acted_crm.open('a/b', 2, 2, '5 hours');
SELECT service_policy.tick();
SELECT service_policy.tick();
SELECT * FROM acted_crm.handled() ORDER BY id, level, time, action;
SELECT n, who, what FROM acted_crm.diary ORDER BY n;
SELECT escalation - 'due_at' - 'fired_at' AS escalation, (escalation ->> 'due_at')::timestamptz < (escalation ->> 'fired_at')::timestamptz AS is_late
  FROM acted_crm.diary WHERE n = 1;
SELECT action_id, done_count, failed_count, waiting_count, benchmark, priority, team FROM acted.escalation_actions ORDER BY id, escalation_level, occurrence, action;
SELECT id, escalation_level, occurrence, handling, action_handling FROM acted.escalation_log ORDER BY 1, 2, 3;
-- the ticket is another one, and its clock with it
SELECT id, priority, team FROM acted_crm.ticket ORDER BY id;
SELECT id, benchmark, priority, team, escalation_level FROM acted.ticket_status ORDER BY id;
SELECT event, priority, team, recorded_by FROM acted_data.ledger WHERE id = 1 ORDER BY seq;

-- what fails waits, longer each time, and is given up; the others go on
CREATE FUNCTION acted_crm.fail(e jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM acted_crm.assign(e || '{"assign": "tier2"}');
    RAISE EXCEPTION 'no pager for %', e ->> 'ticket' USING ERRCODE = 'query_canceled';
END $$;
SELECT service_policy.register_action('acted', 'crm.odd', 'acted_crm.fail');
SELECT acted_crm.open('c', 3, 4, '13 hours');
DELETE FROM acted_crm.diary;
SELECT service_policy.tick();
SELECT id, what FROM acted_crm.diary, LATERAL (SELECT escalation -> 'ticket' ->> 1 AS id) t ORDER BY id, n;
SELECT * FROM acted_crm.handled() WHERE shop = 'c' AND level = 3 ORDER BY id;
SELECT service_policy.next_tick_at() > now() + interval '50 seconds' AS comes_later, service_policy.next_tick_at() < now() + interval '61 seconds' AS comes_soon;
SET client_min_messages = error;
CREATE FUNCTION acted_crm.keep_failing() RETURNS TABLE (attempts int, handling text, waits interval) LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1 .. 10 LOOP
        PERFORM acted_crm.make_due();
        PERFORM service_policy.tick();
        RETURN QUERY SELECT a.attempts, a.handling::text, date_trunc('second', a.next_attempt_at - clock_timestamp() + interval '0.9 seconds')
                       FROM acted.escalation_actions a WHERE a.id = 3 AND a.escalation_level = 3;
    END LOOP;
END $$;
SELECT * FROM acted_crm.keep_failing();
SET client_min_messages = warning;
SELECT id, escalation_level, action_handling FROM acted.escalation_log WHERE shop = 'c' ORDER BY 1, 2, occurrence;
SELECT count(*) FROM acted_crm.diary;

-- by hand: one, all; and with a function that works
SELECT service_policy.retry_action('acted', '["c", "3", "resolution", 1, 3, 1, "crm.odd"]');
SELECT service_policy.retry_action('acted', '["c", "3", "resolution", 1, 3, 1, "crm.odd"]');
SELECT service_policy.retry_action('acted', '["c", "3", "resolution", 1, 3, 1, "assign"]');
SELECT service_policy.next_tick_at() <= now() AS is_due;
SELECT service_policy.retry_action('acted');
SELECT service_policy.retry_action('acted', 'c/3');
SELECT service_policy.retry_action(NULL);
SELECT service_policy.retry_action('nothing');
SELECT service_policy.register_action('acted', 'crm.odd', 'acted_crm.set_priority');
SELECT service_policy.tick();
SELECT * FROM acted_crm.handled() WHERE shop = 'c' AND level = 3 ORDER BY id;

-- one action of one ticket, whose function is replaced
CREATE FUNCTION acted_crm.try(body text) RETURNS TABLE (handling text, last_error text) LANGUAGE plpgsql AS $$
DECLARE
    ticket constant int := (SELECT max(t.id) + 1 FROM acted_crm.ticket t);
BEGIN
    EXECUTE format('CREATE OR REPLACE FUNCTION acted_crm.odd(e jsonb) RETURNS void LANGUAGE plpgsql AS %L',
                   format('BEGIN %s END', body));
    PERFORM service_policy.register_action('acted', 'crm.odd', 'acted_crm.odd');
    PERFORM acted_crm.open('odd', ticket, ticket, '12 hours');
    PERFORM service_policy.tick();
    RETURN QUERY SELECT h.handling, regexp_replace(h.last_error, '\d{5,}', 'N') FROM acted_crm.handled() AS h WHERE h.id = ticket AND h.action = 'crm.odd';
    UPDATE acted_data.escalation_action SET state = 'failed', attempt_at = NULL WHERE state = 'pending';
END $$;
SET client_min_messages = error;
-- it works with what it was told of, or with what it likes
SELECT * FROM acted_crm.try($$ UPDATE acted_crm.ticket SET status = 'done', updated_at = now() WHERE id = (e -> 'ticket' ->> 1)::int; $$);
SELECT * FROM acted_crm.try($$ DELETE FROM acted_crm.ticket WHERE shop = e -> 'ticket' ->> 0; INSERT INTO acted_crm.ticket VALUES ('odd', 500, 'new', 'low', NULL, now(), now()); $$);
SELECT count(*) FROM acted_crm.ticket WHERE shop = 'odd';
SELECT * FROM acted_crm.try($$ UPDATE acted_crm.ticket SET id = id + 1000 WHERE id = (e -> 'ticket' ->> 1)::int; $$);
-- it has nothing but its owner's rights and the settings of tick()
SELECT * FROM acted_crm.try($$ SET TimeZone = 'Asia/Tokyo'; SET search_path = acted_crm; SET work_mem = '1MB'; INSERT INTO diary (what) VALUES (e ->> 'fired_at' ~ '00:00$'); $$);
SELECT who, what, current_setting('timezone'), current_setting('work_mem') <> '1MB' AS is_set_back, current_setting('search_path') FROM acted_crm.diary ORDER BY n DESC LIMIT 1;
SELECT * FROM acted_crm.try($$ INSERT INTO diary (what) VALUES ('not found'); $$);
SELECT * FROM acted_crm.try($$ SET ROLE NONE; $$);
SELECT * FROM acted_crm.try($$ SET SESSION AUTHORIZATION DEFAULT; $$);
SELECT * FROM acted_crm.try($$ CREATE TEMP TABLE left_over (); $$);
SELECT * FROM acted_crm.try($$ PREPARE left_over AS SELECT 1; $$);
SELECT * FROM acted_crm.try($$ LISTEN left_over; $$);
SELECT * FROM acted_crm.try($$ COMMIT; $$);
SELECT * FROM acted_crm.try($$ PERFORM pg_read_file('PG_VERSION'); $$);
-- constraints that are deferred are checked at once, and it cannot have them wait
SELECT * FROM acted_crm.try($$ UPDATE acted_crm.ticket SET team = 'tier9' WHERE id = (e -> 'ticket' ->> 1)::int; $$);
SELECT * FROM acted_crm.try($$ SET CONSTRAINTS ALL DEFERRED; UPDATE acted_crm.ticket SET team = 'tier9' WHERE id = (e -> 'ticket' ->> 1)::int; $$);
SELECT acted_crm.open('odd', 600, 600, '12 hours');
SELECT * FROM acted_crm.try($$ UPDATE acted_crm.ticket SET team = 'tier1' WHERE id = (e -> 'ticket' ->> 1)::int; SET CONSTRAINTS ALL DEFERRED; $$);
SELECT handling, last_error FROM acted_crm.handled() WHERE id = 600 AND level = 3;
-- it is not called by itself, loops, sleeps, has others wait
SELECT * FROM acted_crm.try($$ PERFORM service_policy.tick(); $$);
SELECT * FROM acted_crm.try($$ PERFORM acted_crm.assign(e); PERFORM pg_sleep(1000); $$);
SELECT * FROM acted_crm.try($$ LOOP PERFORM 1; END LOOP; $$);
SELECT * FROM acted_crm.try($$ BEGIN PERFORM pg_sleep(1000); EXCEPTION WHEN query_canceled THEN PERFORM 1; END; $$);
SELECT * FROM acted_crm.try($$ PERFORM 1 / 0; EXCEPTION WHEN division_by_zero THEN ASSERT false, 'asserted'; $$);
-- once it has shown to be slow the others of its kind wait for the next tick, and only they
SELECT acted_crm.open('odd', 700, 702, '12 hours');
SELECT * FROM acted_crm.try($$ PERFORM pg_sleep(1000); $$);
SELECT id, level, action, handling, attempts FROM acted_crm.handled() WHERE id BETWEEN 700 AND 702 AND (level = 3 OR action = 'priority') ORDER BY 2, 1;
-- it takes away what tick() is working on
SELECT * FROM acted_crm.try($$ PERFORM service_policy.detach('acted', false); $$);
SELECT * FROM acted_crm.try($$ DELETE FROM acted_data.escalation_action; $$);
SELECT * FROM acted_crm.try($$ DROP FUNCTION acted_crm.odd; $$);
SELECT * FROM acted_crm.try($$ PERFORM service_policy.unregister_action('acted', 'crm.odd'); $$);
SELECT * FROM acted_crm.try($$ UPDATE acted_data.escalation_action SET state = 'failed', attempts = 5 WHERE id = (e -> 'ticket' ->> 1)::int; $$);
-- nothing of what failed is there
SELECT what, escalation ->> 'ticket' FROM acted_crm.diary WHERE escalation ->> 'action' = 'crm.odd' AND escalation -> 'ticket' ->> 0 = 'odd';
SELECT shop, priority, team, status, count(*) FROM acted_crm.ticket WHERE shop = 'odd' GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4;
SET client_min_messages = warning;

-- the function is gone, its rights are, what is registered makes no sense
SELECT service_policy.retry_action('acted') > 0 AS again;
UPDATE acted_data.escalation_action SET state = 'done' WHERE state = 'pending' AND (shop, id) <> ('c', 3);
UPDATE acted_data.escalation_action SET state = 'pending', attempts = 0, attempt_at = '2000-01-01' WHERE (shop, id, action) = ('c', 3, 'crm.odd');
SELECT service_policy.register_action('acted', 'crm.odd', 'acted_crm.fail');
UPDATE service_policy.action SET function = 'acted_crm.gone' WHERE action = 'crm.odd';
SELECT service_policy.tick();
UPDATE service_policy.action SET function = 'acted_crm.odd(jsonb); DROP TABLE acted_crm.diary; --' WHERE action = 'crm.odd';
SELECT acted_crm.make_due();
SELECT service_policy.tick();
RESET ROLE;
CREATE FUNCTION public.others(e jsonb) RETURNS void LANGUAGE sql AS '';
REVOKE EXECUTE ON FUNCTION public.others FROM PUBLIC;
SET ROLE acted_owner;
SELECT service_policy.register_action('acted', 'crm.odd', 'public.others');
UPDATE service_policy.action SET function = 'public.others' WHERE action = 'crm.odd';
SELECT acted_crm.make_due();
SELECT service_policy.tick();
SELECT service_policy.unregister_action('acted', 'crm.odd');
SELECT acted_crm.make_due();
SELECT service_policy.tick();
SELECT * FROM acted_crm.handled() WHERE shop = 'c' AND id = 3 AND level = 3;
SELECT service_policy.register_action('acted', 'crm.odd', 'acted_crm.fail');

-- a ticket that is solved, deleted or moved before it comes to that; reopened, it climbs on from where it was
UPDATE acted_crm.ticket SET status = 'done', updated_at = now();
SELECT acted_crm.open('d', 2001, 2004, '12 hours');
SELECT service_policy.tick();
UPDATE acted_crm.ticket SET status = 'done', updated_at = now() WHERE id IN (2001, 2004);
DELETE FROM acted_crm.ticket WHERE id = 2002;
UPDATE acted_crm.ticket SET status = 'new', updated_at = now() WHERE id = 2004;
SELECT acted_crm.make_due();
SELECT service_policy.tick();
SELECT * FROM acted_crm.handled() WHERE shop = 'd' AND level = 3 ORDER BY id;
UPDATE acted_crm.ticket SET status = 'new', updated_at = now() WHERE id = 2001;
SELECT acted_crm.make_due();
SELECT service_policy.tick();
SELECT id, handling, attempts FROM acted_crm.handled() WHERE shop = 'd' AND level = 3 ORDER BY id;
-- a retry does not undo what a later level has done
UPDATE acted_crm.ticket SET status = 'done', updated_at = now();
UPDATE acted_data.escalation_action SET state = 'done' WHERE state = 'pending';
UPDATE service_policy.action SET function = 'acted_crm.fail' WHERE action IN ('assign', 'priority') AND attachment = 'acted';
SELECT acted_crm.open('e', 3001, 3001, '5 hours');
SELECT service_policy.tick();
UPDATE service_policy.action SET function = 'acted_crm.assign' WHERE action = 'assign' AND attachment = 'acted';
UPDATE acted_crm.ticket SET created_at = created_at - interval '4 hours 30 minutes', updated_at = now() WHERE id = 3001;
SELECT service_policy.tick();
SELECT acted_crm.make_due();
SELECT service_policy.tick();
SELECT * FROM acted_crm.handled() WHERE shop = 'e' ORDER BY level, time, action;
SELECT team FROM acted_crm.ticket WHERE id = 3001;
SELECT escalation_level, occurrence, action_handling FROM acted.escalation_log WHERE shop = 'e' ORDER BY 1, 2;

-- suspended: on record, and done afterwards
UPDATE acted_crm.ticket SET status = 'done', updated_at = now();
UPDATE acted_data.escalation_action SET state = 'done' WHERE state = 'pending';
SELECT service_policy.suspend_actions('acted');
SELECT acted_crm.open('f', 4001, 4001, '5 hours');
SELECT service_policy.tick();
SELECT * FROM acted_crm.handled() WHERE shop = 'f';
SELECT service_policy.next_tick_at() > now() AS has_time;
SELECT service_policy.resume_actions('acted');
SELECT service_policy.next_tick_at() <= now() AS is_due;
SELECT service_policy.tick();
SELECT * FROM acted_crm.handled() WHERE shop = 'f';

-- so many at a time, and in a minute
SELECT acted_crm.open('g', 5001, 5010, '5 hours');
SELECT service_policy.tick(4);
SELECT handling, count(*) FROM acted_crm.handled() WHERE shop = 'g' GROUP BY 1;
SELECT service_policy.tick(4);
SELECT handling, count(*) FROM acted_crm.handled() WHERE shop = 'g' GROUP BY 1;
SELECT service_policy.tick();
SELECT handling, count(*) FROM acted_crm.handled() WHERE shop = 'g' GROUP BY 1;

SELECT service_policy.retire_policy('acted', 2);
SELECT service_policy.publish_policy('acted', service_policy.load_policy(document || '{"notifications": {"per_minute": 3}}'))
  FROM service_policy.policy_version WHERE policy = 'acted' AND version = 1;
UPDATE acted_data.escalation_action SET done_at = done_at - interval '1 hour';
SELECT acted_crm.open('h', 6001, 6005, '5 hours');
SELECT service_policy.tick();
SELECT service_policy.tick();
SELECT handling, attempts, count(*) FROM acted_crm.handled() WHERE shop = 'h' GROUP BY 1, 2 ORDER BY 1;
SELECT service_policy.next_tick_at() - now() BETWEEN interval '50 seconds' AND interval '1 minute' AS in_a_minute;
UPDATE acted_data.escalation_action SET done_at = done_at - interval '50 seconds';
SELECT service_policy.next_tick_at() - now() BETWEEN interval '1 second' AND interval '10 seconds' AS in_ten_seconds;
UPDATE acted_data.escalation_action SET done_at = done_at - interval '10 seconds';
SELECT service_policy.next_tick_at() <= now() AS is_due;
SELECT service_policy.tick();
SELECT handling, attempts, count(*) FROM acted_crm.handled() WHERE shop = 'h' GROUP BY 1, 2 ORDER BY 1;
UPDATE acted_data.escalation_action SET done_at = done_at - interval '1 hour';

-- the ticket's explanation says how far each is
SELECT regexp_replace(line, '\d{4}-\S+ [\d:.]+', 'then', 'g') AS line FROM service_policy.explain_ticket('acted', '{g,5001}') AS line WHERE line ~ '^  escalation';

-- what waits for the end of the caller's transaction is checked while he is himself
UPDATE acted_data.escalation_action SET state = 'pending', attempts = 0, attempt_at = '2000-01-01' WHERE shop = 'g' AND id = 5001;
BEGIN;
UPDATE acted_crm.ticket SET team = 'tier9' WHERE id = 5002;
SELECT service_policy.tick();
ROLLBACK;

-- attached again: what was on record goes on, once it is said by what
UPDATE acted_data.escalation_action SET state = 'pending', attempts = 0, attempt_at = '2000-01-01' WHERE shop = 'g' AND id = 5001;
SELECT service_policy.detach('acted');
SELECT count(*) FROM service_policy.action;
SELECT service_policy.attach('acted', 'acted_crm.ticket', 'acted', ARRAY['shop', 'id'],
    '{"opened_at": "created_at", "changed_at": "updated_at", "state": "status", "priority": "priority", "team": "team"}',
    '{"new": "open", "done": "resolved"}', distribution_column => 'id');
SELECT service_policy.tick();
SELECT service_policy.register_action('acted', 'assign', 'acted_crm.assign');
SELECT acted_crm.make_due();
SELECT service_policy.tick();
SELECT id, handling, attempts FROM acted.escalation_actions WHERE shop = 'g' AND id = 5001;

RESET ROLE;
SELECT service_policy.detach('acted', false);
DROP FUNCTION public.others;
DROP SCHEMA acted_crm CASCADE;
ALTER TABLE service_policy.policy_version DISABLE TRIGGER guard;
DELETE FROM service_policy.policy_version WHERE policy = 'acted';
ALTER TABLE service_policy.policy_version ENABLE TRIGGER guard;
DELETE FROM service_policy.policy WHERE name = 'acted';
DROP OWNED BY acted_owner, acted_clerk;
DROP ROLE acted_owner, acted_clerk;
