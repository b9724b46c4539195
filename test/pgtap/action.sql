-- Who may say by which functions actions are carried out, and have them tried anew; and as whom they run.
BEGIN;
SELECT no_plan();
CREATE ROLE deed_owner;
CREATE ROLE deed_member;
CREATE ROLE deed_other;
CREATE ROLE deed_clerk;
CREATE ROLE deed_reader;
CREATE ROLE deed_ticker;
GRANT deed_owner TO deed_member;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA service_policy TO deed_owner, deed_other;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA service_policy TO deed_owner, deed_other;
GRANT EXECUTE ON FUNCTION service_policy.tick TO deed_ticker;
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO deed_owner', current_database()); END $$;
CREATE SCHEMA deeds AUTHORIZATION deed_owner;
CREATE SCHEMA others AUTHORIZATION deed_other;

SET client_min_messages = error;
SET ROLE deed_owner;
CREATE TABLE deeds.ticket (id int PRIMARY KEY, status text, priority text, at timestamptz);
CREATE TABLE deeds.diary (who text DEFAULT current_user, session text DEFAULT session_user, id int);
SELECT service_policy.load_policy('{"policy": "deeds", "benchmarks": [{"name": "solve", "metric": "resolution", "target": "1 hour"},
        {"name": "answer", "metric": "next_response", "target": "1 hour"}],
    "escalations": [{"metric": "resolution", "levels": [{"level": 1, "at": 1, "assign": "tier2", "call": "deeds.page"}]}]}');
SELECT service_policy.publish_policy('deeds', 1, '2020-01-01');
SELECT service_policy.attach('deed', 'deeds.ticket', 'deeds', '{id}', '{"opened_at": "at", "state": "status", "priority": "priority"}', '{"new": "open"}');
CREATE FUNCTION deeds.write(e jsonb) RETURNS void LANGUAGE sql AS 'INSERT INTO deeds.diary (id) VALUES ((e -> ''ticket'' ->> 0)::int)';
CREATE PROCEDURE deeds.proceed(e jsonb) LANGUAGE sql AS '';
CREATE AGGREGATE deeds.add_up (jsonb) (SFUNC = jsonb_concat, STYPE = jsonb);
CREATE FUNCTION deeds.changed() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
SET ROLE deed_other;
CREATE FUNCTION others.write(e jsonb) RETURNS void LANGUAGE sql AS '';
RESET ROLE;

-- Registering
SET ROLE deed_owner;
SELECT lives_ok($$SELECT service_policy.register_action('deed', 'assign', 'deeds.write')$$, 'the owner of the evidence registers');
SELECT throws_ok($$SELECT service_policy.register_action('deed', 'assign', 'deeds.nothing')$$, '42883', 'function deeds.nothing(jsonb) does not exist', 'a function that exists');
SELECT throws_ok($$SELECT service_policy.register_action('deed', 'assign', 'deeds.changed')$$, '42883', NULL, '… and takes one jsonb');
SELECT throws_ok($$SELECT service_policy.register_action('deed', 'assign', 'write')$$, '42883', NULL, '… named with its schema');
SELECT throws_ok($$SELECT service_policy.register_action('deed', 'assign', 'deeds.write(jsonb)')$$, '22023', NULL, '… and nothing else');
SELECT throws_ok($$SELECT service_policy.register_action('deed', 'assign', 'deeds.proceed')$$, '42809', NULL, 'no procedure');
SELECT throws_ok($$SELECT service_policy.register_action('deed', 'assign', 'deeds.add_up')$$, '42809', NULL, 'no aggregate');
SELECT throws_ok($$SELECT service_policy.register_action('deed', 'assign', 'others.write')$$, '42501',
    'role deed_owner, as which actions run, may not execute others.write(jsonb)', 'nothing in a schema that the owner may not use');
SELECT throws_ok($$SELECT service_policy.register_action('deed', 'solve', 'deeds.write')$$, '22023', NULL, 'for an action that a level can name');
SELECT throws_ok($$SELECT service_policy.register_action('deed', 'a.b.c', 'deeds.write')$$, '22023', NULL, '… by the word that follows call');
SELECT throws_ok($$SELECT service_policy.register_action('dood', 'assign', 'deeds.write')$$, '42704', NULL, 'of an attachment that exists');
SELECT throws_ok($$SELECT service_policy.register_action(NULL, 'assign', 'deeds.write')$$, '22004', NULL, '… and is named');
SELECT throws_ok($$SELECT service_policy.unregister_action('deed', 'priority')$$, '42704', NULL, 'what is not registered is not taken away');
SET ROLE deed_other;
GRANT USAGE ON SCHEMA others TO deed_owner;
REVOKE EXECUTE ON FUNCTION others.write FROM PUBLIC;
SET ROLE deed_owner;
SELECT throws_ok($$SELECT service_policy.register_action('deed', 'assign', 'others.write')$$, '42501', NULL, 'nothing that the owner may not execute');
RESET ROLE;
SELECT throws_ok($$SELECT service_policy.register_action('deed', 'assign', 'others.write')$$, '42501', NULL, '… not even by a superuser');
SET ROLE deed_other;
SELECT throws_ok($$SELECT service_policy.register_action('deed', 'assign', 'others.write')$$, '42501', 'must be owner of schema "deed_data"', 'somebody else does not register');
SELECT throws_ok($$SELECT service_policy.unregister_action('deed', 'assign')$$, '42501', 'must be owner of schema "deed_data"', '… nor take it away');
SET ROLE deed_member;
SELECT lives_ok($$SELECT service_policy.register_action('deed', 'deeds.page', 'deeds.write')$$, 'who may act as the owner does');
SELECT lives_ok($$SELECT service_policy.unregister_action('deed', 'deeds.page')$$, '… and takes it away');
SET ROLE deed_clerk;
SELECT throws_ok($$SELECT service_policy.register_action('deed', 'assign', 'deeds.write')$$, '42501', NULL, 'nobody may who was not granted');
SELECT throws_ok($$INSERT INTO service_policy.action VALUES ('deed', 'priority', 'deeds.write')$$, '42501', NULL, '… nor write the table');
SELECT throws_ok($$TABLE service_policy.action$$, '42501', NULL, '… nor read it');
RESET ROLE;
SELECT throws_ok($$INSERT INTO service_policy.action VALUES ('dood', 'priority', 'deeds.write')$$, '23503', NULL, 'what is registered is of an attachment');

-- Who publishes a policy needs no right on attachments to be told what they lack.
CREATE ROLE deed_maker;
GRANT SELECT, INSERT, UPDATE ON service_policy.policy, service_policy.policy_version TO deed_maker;
GRANT EXECUTE ON FUNCTION service_policy.load_policy, service_policy.publish_policy TO deed_maker;
SET ROLE deed_maker;
SELECT lives_ok($$SELECT service_policy.publish_policy('deeds', service_policy.load_policy('{"policy": "deeds", "benchmarks": [{"name": "solve", "metric": "resolution", "target": "1 hour"}],
    "escalations": [{"metric": "resolution", "levels": [{"level": 1, "at": 1, "call": "deeds.page"}]}]}'), '2999-01-01Z')$$, 'a maker of policies publishes');
RESET ROLE;

-- Running
INSERT INTO deeds.ticket VALUES (1, 'new', 'low', '2026-03-02 09:00Z');
SET ROLE deed_ticker;
SELECT is(service_policy.tick(), 1, 'whoever calls tick()');
RESET ROLE;
SELECT results_eq($$SELECT who, session = session_user, id FROM deeds.diary$$, $$VALUES ('deed_owner', true, 1)$$, '… an action runs as the owner of the evidence');
SELECT is((SELECT string_agg(action || ' ' || handling, ', ' ORDER BY action) FROM deed.escalation_actions), 'assign done, deeds.page pending', '… and what has no function waits');

-- Trying anew
UPDATE deed_data.escalation_action SET state = 'failed', attempt_at = NULL;
SET ROLE deed_owner;
GRANT USAGE ON SCHEMA deed TO deed_clerk, deed_reader;
GRANT SELECT ON deed.escalation_actions TO deed_clerk, deed_reader;
GRANT UPDATE ON deed.escalation_actions TO deed_clerk;
SET ROLE deed_other;
SELECT throws_ok($$SELECT service_policy.retry_action('deed')$$, '42501', NULL, 'who may not even read does not have it tried anew');
SET ROLE deed_reader;
SELECT throws_ok($$SELECT service_policy.retry_action('deed')$$, '42501',
    'role "deed_reader" may read the actions of attachment "deed", but not have them tried anew', 'reading is not enough');
SELECT is((SELECT count(*) FROM deed.escalation_actions), 2::bigint, 'who reads the view sees them');
SELECT throws_ok($$SELECT FROM deed_data.escalation_action$$, '42501', NULL, '… and not the table');
SET ROLE deed_clerk;
SELECT is(service_policy.retry_action('deed', '["1", "resolution", 1, 1, 1, "assign"]'), 1, 'who was granted has one tried anew');
SELECT is(service_policy.retry_action('deed'), 1, '… and all');
RESET ROLE;
UPDATE deed_data.escalation_action SET attempts = 3, attempt_at = '2999-01-01Z' WHERE action = 'assign';
SET ROLE deed_clerk;
SELECT is(service_policy.retry_action('deed'), 1, '… and what waits to be tried again');
SELECT is(service_policy.retry_action('deed'), 0, '… which does not wait any more');
SELECT throws_ok($$SELECT service_policy.retry_action('dood')$$, '42704', NULL, 'of an attachment that exists');
SELECT throws_ok($$SELECT service_policy.retry_action('deed', 'assign')$$, '22P02', NULL, 'by an id');
SELECT throws_ok($$SELECT service_policy.retry_action(NULL)$$, '22004', NULL, 'which is named');
SELECT throws_ok($$UPDATE deed.escalation_actions SET handling = 'done'$$, '55000', NULL, 'the view is not updated');
SELECT throws_ok($$DELETE FROM deed.escalation_actions$$, NULL, NULL, '… nor deleted from');
RESET ROLE;
SELECT throws_ok($$UPDATE deed.escalation_actions SET handling = 'done'$$, '55000', NULL, '… by nobody');

-- What is gone
SELECT lives_ok('DROP FUNCTION deeds.write', 'a function that is registered can be dropped');
SET ROLE deed_ticker;
SELECT lives_ok('SELECT service_policy.tick()', '… and the tick goes on');
RESET ROLE;
SELECT is((SELECT last_error FROM deed_data.escalation_action WHERE action = 'assign'), 'function deeds.write(jsonb) does not exist', '… and says so');

-- Nothing of the owner's is left for whoever commits: he may be a superuser.
SET ROLE deed_owner;
CREATE TABLE deeds.message (id serial PRIMARY KEY, ticket_id int, at timestamptz);
SELECT service_policy.attach_messages('deed', 'deeds.message', '{id}', '{"ticket": ["ticket_id"], "sent_at": "at", "author": "''customer''", "public": "true"}');
CREATE FUNCTION deeds.write(e jsonb) RETURNS void LANGUAGE sql AS 'INSERT INTO deeds.message (ticket_id, at) VALUES ((e -> ''ticket'' ->> 0)::int, ''2026-03-02 10:00Z'')';
INSERT INTO deeds.ticket VALUES (2, 'new', 'low', '2026-03-02 09:00Z');
RESET ROLE;
SELECT is(service_policy.tick(), 1, 'a level fires');
SELECT is((SELECT count(*) FROM deed_data.clock WHERE metric = 'next_response'), 1::bigint, 'a message that an action writes moves clocks at once');
SET ROLE deed_owner;
CREATE TABLE deeds.later (id int);
CREATE FUNCTION deeds.be_late() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO deeds.diary (id) VALUES (3); RETURN NULL; END';
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON deeds.later DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION deeds.be_late();
CREATE FUNCTION deeds.defer() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN SET CONSTRAINTS ALL DEFERRED; INSERT INTO deeds.later VALUES (1); RETURN NEW; END';
CREATE TRIGGER defer BEFORE UPDATE ON deed_data.clock FOR EACH ROW WHEN (NEW.escalation_level = 1) EXECUTE FUNCTION deeds.defer();
INSERT INTO deeds.ticket VALUES (3, 'new', 'low', '2026-03-02 09:00Z');
RESET ROLE;
SELECT is(service_policy.tick(), 0, 'a trigger that puts off what it does stops its own clock');
SET CONSTRAINTS ALL IMMEDIATE;
SELECT is_empty('SELECT FROM deeds.diary WHERE who = session_user', '… and nothing runs as who called');

-- What it says of itself is not kept at any length.
SET ROLE deed_owner;
DROP TRIGGER defer ON deed_data.clock;
CREATE OR REPLACE FUNCTION deeds.write(e jsonb) RETURNS void LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''%'', repeat(''é'', 100000); END';
RESET ROLE;
SELECT is(service_policy.tick(), 1, 'without it the level fires');
SELECT ok((SELECT octet_length(last_error) BETWEEN 1000 AND 2000 FROM deed_data.escalation_action WHERE id = 3 AND action = 'assign'), 'of a long error the beginning is kept');
SET ROLE deed_owner;
SELECT service_policy.detach('deed');
SELECT is_empty('TABLE service_policy.action', 'with the attachment goes what was registered');
SELECT * FROM finish();
ROLLBACK;
