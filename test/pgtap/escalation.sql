-- Who may have clocks escalate, see it, and say that he takes care: whoever may change the ticket, and nobody in another's name.
BEGIN;
SELECT no_plan();
CREATE ROLE svp_test_crm;
CREATE ROLE svp_test_reader;
CREATE ROLE svp_test_anybody;
CREATE SCHEMA crm;
CREATE TABLE crm.ticket (id text, part int, status text, note text, team text, created_at timestamptz, PRIMARY KEY (part, id));
GRANT USAGE ON SCHEMA crm TO svp_test_crm, svp_test_reader;
GRANT SELECT, INSERT ON crm.ticket TO svp_test_crm;
GRANT UPDATE (note) ON crm.ticket TO svp_test_crm;
GRANT SELECT ON crm.ticket TO svp_test_reader;
ALTER TABLE crm.ticket ENABLE ROW LEVEL SECURITY;
CREATE POLICY reads ON crm.ticket FOR SELECT USING (true);
CREATE POLICY inserts ON crm.ticket FOR INSERT WITH CHECK (true);
CREATE POLICY updates ON crm.ticket FOR UPDATE USING (team = 'red');
SELECT service_policy.load_policy('{"policy": "desk", "benchmarks": [{"name": "solve", "metric": "resolution", "target": "1 hour"}],
    "escalations": [{"metric": "resolution", "levels": [{"level": 1, "at": 1, "notify": "lead"},
                                                        {"level": 2, "after": "1 hour", "notify": "boss", "unless_acknowledged": true}]}]}');
SELECT service_policy.publish_policy('desk', 1, '2000-01-01Z');
SELECT service_policy.attach('desk', 'crm.ticket', 'desk', '{part,id}', '{"opened_at": "created_at", "state": "status"}', '{"new": "open", "done": "resolved"}');

SET LOCAL ROLE svp_test_crm;
INSERT INTO crm.ticket VALUES ('a', 1, 'new', NULL, 'red', now() - interval '90 minutes'), ('b', 1, 'new', NULL, 'blue', now() - interval '90 minutes');
SELECT throws_ok('SELECT service_policy.tick()', '42501', NULL, 'the CRM does not tick');
RESET ROLE;
SELECT is(service_policy.tick(), 2, 'two are late');

SET LOCAL ROLE svp_test_crm;
SELECT throws_ok('SELECT * FROM desk.escalation_log', '42501', NULL, 'the CRM reads no log unless granted');
SELECT throws_ok('UPDATE desk_data.clock SET acknowledged_by = ''somebody''', '42501', NULL, '… and forges nothing');
SELECT throws_ok('INSERT INTO desk_data.escalation DEFAULT VALUES', '42501', NULL, '… at all');
SELECT ok(NOT service_policy.acknowledge_escalation('desk', '{1,b}', 'resolution'), 'a ticket that its row policies keep it from changing it does not acknowledge');
SELECT ok(service_policy.acknowledge_escalation('desk', '{1,a}', 'resolution'), 'one that it may change, it does');
SET LOCAL ROLE svp_test_reader;
SELECT throws_ok($$SELECT service_policy.acknowledge_escalation('desk', '{1,b}', 'resolution')$$, '42501', NULL, 'who may only read tickets acknowledges none');
SET LOCAL ROLE svp_test_anybody;
SELECT throws_ok($$SELECT service_policy.acknowledge_escalation('desk', '{1,b}', 'resolution')$$, '42501', NULL, 'nor does anybody else');
RESET ROLE;
SELECT results_eq('SELECT id, acknowledged_by, next_escalation_at IS NULL FROM desk_data.clock ORDER BY id',
                  $$VALUES ('a', 'svp_test_crm', true), ('b', NULL, false)$$, 'it is kept who did, and what is left out then');
SELECT results_eq($$SELECT id, escalation_level, acknowledged_by::text FROM desk.ticket_status ORDER BY id$$,
                  $$VALUES ('a', 1, 'svp_test_crm'), ('b', 1, NULL)$$, 'the view tells');

-- A type's own equality, which a role put in its path, is not asked.
CREATE FUNCTION crm.never(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT false';
CREATE OPERATOR crm.= (LEFTARG = text, RIGHTARG = text, FUNCTION = crm.never);
SET LOCAL search_path = crm, pg_catalog, public;
CREATE TEMP TABLE answer AS SELECT service_policy.acknowledge_escalation('desk', '{1,b}', 'resolution') AS yes;
RESET search_path;
SELECT ok(yes, 'whatever the caller''s search_path is') FROM answer;
SELECT is(service_policy.tick(), 0, 'acknowledged, nothing else fires');

SELECT * FROM finish();
ROLLBACK;
