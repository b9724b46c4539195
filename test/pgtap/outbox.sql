-- Who may send notifications: who was granted UPDATE on the attachment's view of them, and of that attachment only.
BEGIN;
SELECT no_plan();
CREATE ROLE bell_owner;
CREATE ROLE bell_mailer;
CREATE ROLE bell_reader;
CREATE ROLE bell_other;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA service_policy TO bell_owner;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA service_policy TO bell_owner;
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO bell_owner', current_database()); END $$;
CREATE SCHEMA bells AUTHORIZATION bell_owner;

SET ROLE bell_owner;
CREATE TABLE bells.one (id int PRIMARY KEY, status text, at timestamptz);
CREATE TABLE bells.two (id int PRIMARY KEY, status text, at timestamptz);
SELECT service_policy.load_policy('{"policy": "bells", "benchmarks": [{"name": "solve", "metric": "resolution", "target": "1 hour"}],
    "escalations": [{"metric": "resolution", "levels": [{"level": 1, "at": 1, "notify": "lead"}]}]}');
SELECT service_policy.publish_policy('bells', 1, '2020-01-01');
SELECT service_policy.attach(name, ('bells.' || name)::regclass, 'bells', '{id}', '{"opened_at": "at", "state": "status"}', '{"new": "open"}')
  FROM unnest('{one,two}'::text[]) name;
INSERT INTO bells.one SELECT i, 'new', now() - interval '2 hours' FROM generate_series(1, 3) i;
INSERT INTO bells.two SELECT i, 'new', now() - interval '2 hours' FROM generate_series(1, 3) i;
SELECT is(service_policy.tick(), 6, 'both escalate');
GRANT USAGE ON SCHEMA one, two TO bell_mailer, bell_reader, bell_other;
GRANT SELECT ON one.outbox TO bell_mailer, bell_reader;
GRANT UPDATE ON one.outbox TO bell_mailer;
GRANT SELECT, UPDATE ON two.outbox TO bell_other;
GRANT SELECT, UPDATE ON two.ticket_status TO bell_mailer;
RESET ROLE;

CREATE FUNCTION may_not(who text, name text, code text, why text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('SET LOCAL ROLE %I', who);
    RETURN NEXT throws_ok(format('SELECT service_policy.claim(%L)', name), code, NULL, format('%s may not claim of %s: %s', who, name, why));
    RETURN NEXT throws_ok(format($s$SELECT service_policy.confirm(%L, '["1", "resolution", 1, 1, 1]')$s$, name), code, NULL, '… nor confirm');
    RETURN NEXT throws_ok(format($s$SELECT service_policy.fail(%L, '["1", "resolution", 1, 1, 1]', 'x')$s$, name), code, NULL, '… nor fail');
    RETURN NEXT throws_ok(format('SELECT service_policy.retry_failed(%L)', name), code, NULL, '… nor have anything tried anew');
    RESET ROLE;
END $$;
SELECT may_not('bell_reader', 'one', '42501', 'reading is not enough');
SELECT may_not('bell_reader', 'two', '42501', 'nothing was granted');
SELECT may_not('bell_mailer', 'two', '42501', 'that is another attachment');
SELECT may_not('bell_other', 'one', '42501', 'that is another attachment');
SELECT may_not('bell_mailer', 'three', '42704', 'there is none');

SET ROLE bell_reader;
SELECT throws_ok($$SELECT service_policy.claim('one')$$, '42501',
    'role "bell_reader" may read the notifications of attachment "one", but not take them', 'the error says what is missing');
SELECT is((SELECT count(*) FROM one.outbox), 3::bigint, 'who reads the view sees them');
SET ROLE bell_mailer;
SELECT is((SELECT count(*) FROM service_policy.claim('one', 2)), 2::bigint, 'who was granted may claim');
SELECT ok(service_policy.confirm('one', '["1", "resolution", 1, 1, 1]'), '… and confirm');
SELECT ok(service_policy.fail('one', '["2", "resolution", 1, 1, 1]', 'x'), '… and fail');
SELECT ok(NOT service_policy.confirm('one', '["3", "resolution", 1, 1, 1]'), 'but nobody confirms what was not claimed');
SELECT is(service_policy.retry_failed('one'), 1, '… and have tried anew what failed, before its time has come');
SELECT is((SELECT string_agg(DISTINCT claimed_by, ' ') FROM one.outbox), 'bell_mailer', 'it is told who claimed');

-- The view is a sign of that right, and no way to write.
SELECT throws_ok($$UPDATE one.outbox SET notify = 'bell_mailer'$$, '55000', NULL, 'the view is not updated');
SELECT throws_ok($$UPDATE one.outbox SET handling = 'done'$$, '55000', NULL, '… in no column');
SELECT throws_ok($$INSERT INTO one.outbox (id) VALUES (9)$$, NULL, NULL, 'nothing is inserted');
SELECT throws_ok($$DELETE FROM one.outbox$$, NULL, NULL, 'nothing is deleted');
SELECT throws_ok($$SELECT FROM one_data.escalation$$, '42501', NULL, 'the table is not read');
SELECT throws_ok($$INSERT INTO one_data.escalation DEFAULT VALUES$$, '42501', NULL, '… nor written');
SELECT throws_ok($$SELECT FROM two.outbox$$, '42501', NULL, 'the other attachment''s are not read');
RESET ROLE;
GRANT ALL ON one.outbox TO bell_mailer;
SET ROLE bell_mailer;
SELECT throws_ok($$INSERT INTO one.outbox (id) VALUES (9)$$, '55000', NULL, 'not even by who was granted everything');
SELECT throws_ok($$DELETE FROM one.outbox$$, '55000', NULL, '… deleted');
RESET ROLE;
SELECT is((SELECT string_agg(handling || attempts, ' ' ORDER BY id) FROM two.escalation_log), 'pending0 pending0 pending0', 'the other''s are as they were');

-- A key may have names that the statements use themselves.
SET client_min_messages = warning;
CREATE TABLE odd (is_on text, is_open text, next_state text, escalations text, tickets text, levels text, metrics text, summarised_at text, told text, at timestamptz,
    PRIMARY KEY (is_on, is_open, next_state, escalations, tickets, levels, metrics, summarised_at, told));
CREATE FUNCTION public.odd_action(jsonb) RETURNS void LANGUAGE sql AS '';
INSERT INTO service_policy.calendar (name, time_zone) VALUES ('odd', 'UTC');
INSERT INTO service_policy.calendar_hours (calendar, weekday, opens, closes) SELECT 'odd', weekday, '00:00', '24:00' FROM generate_series(1, 7) AS weekday;
SELECT service_policy.load_policy('{"policy": "odd", "benchmarks": [{"name": "solve", "metric": "resolution", "target": "1 hour", "calendar": "odd"}], "notifications": {"per_minute": 1},
    "escalations": [{"metric": "resolution", "levels": [{"level": 1, "at": 1, "notify": "lead", "assign": "tier2"}]}]}');
SELECT service_policy.publish_policy('odd', 1, '2020-01-01');
SELECT service_policy.attach('odd', 'odd', 'odd', '{is_on,is_open,next_state,escalations,tickets,levels,metrics,summarised_at,told}', '{"opened_at": "at", "state": "told"}', '{"*": "open"}');
SELECT service_policy.register_action('odd', 'assign', 'public.odd_action');
INSERT INTO odd SELECT i, i, i, i, i, i, i, i, i, now() - interval '2 hours' FROM generate_series(1, 3) i;
SELECT is(service_policy.tick(), 3, 'whatever the key''s names are, levels fire');
SELECT is((SELECT count(*) FROM odd.escalation_actions WHERE handling = 'done'), 1::bigint, '… actions are done');
SELECT is((SELECT count(service_policy.confirm('odd', id)) FROM service_policy.claim('odd')), 2::bigint, '… one is told by itself, the others are summed up');

-- Whatever its owner makes of the evidence: an error at the worst.
SAVEPOINT broken;
UPDATE odd_data.escalation_summary SET state = 'pending', attempt_at = now();
DROP VIEW odd.escalation_summaries, odd.outbox;
CREATE VIEW odd.outbox AS SELECT 1 AS one;
ALTER TABLE odd_data.escalation_summary ALTER subject TYPE int USING 7;
SELECT is((SELECT subject FROM service_policy.claim('odd')), '7', 'a number for a subject');
ROLLBACK TO broken;
CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.state = NULL; RETURN NEW; END';
CREATE TRIGGER forget BEFORE UPDATE ON odd_data.escalation FOR EACH ROW EXECUTE FUNCTION forget();
INSERT INTO odd SELECT i, i, i, i, i, i, i, i, i, now() - interval '2 hours' FROM generate_series(4, 4) i;
SELECT is(service_policy.tick(), 1, 'a trigger of the owner''s');
SELECT service_policy.publish_policy('odd', service_policy.load_policy((SELECT document || '{"notifications": {"per_minute": null}}' FROM service_policy.policy_version WHERE policy = 'odd')));
SELECT is_empty($$SELECT FROM service_policy.claim('odd')$$, '… forgets the state of what is claimed');
ROLLBACK TO broken;
ALTER TABLE odd_data.calendar_state DROP CONSTRAINT IF EXISTS calendar_state_pkey, ALTER calendar DROP NOT NULL;
INSERT INTO odd_data.calendar_state (calendar, recomputed_at) VALUES (NULL, now());
SELECT lives_ok('SELECT service_policy.next_tick_at()', 'a calendar without a name');
ALTER TABLE odd_data.calendar_state ALTER calendar TYPE int USING 7;
SELECT lives_ok('SELECT service_policy.next_tick_at()', '… or with a number for it');
SET client_min_messages = error;
SELECT lives_ok('SELECT service_policy.tick()', '… which tick() warns of');
ROLLBACK TO broken;

-- What each session sees of the caller's settings: nothing.
SET ROLE bell_mailer;
CREATE TEMP TABLE escalation (id int);
SET search_path = pg_temp, public, pg_catalog;
SELECT is((SELECT count(*) FROM service_policy.claim('one')), 2::bigint, 'whatever the session has on its path');
SELECT * FROM finish();
ROLLBACK;
