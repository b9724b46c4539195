-- Who may do what, function by function and table by table; and the administration by a role that is no superuser.
BEGIN;
SELECT no_plan();

CREATE TEMP VIEW our_function AS
    SELECT p.*, p.oid::regprocedure::text AS signature FROM pg_proc p WHERE pronamespace = 'service_policy'::regnamespace;
CREATE TEMP VIEW our_table AS
    SELECT c.* FROM pg_class c WHERE relnamespace = 'service_policy'::regnamespace AND relkind IN ('r', 'p', 'v', 'S');

-- PUBLIC
SELECT set_eq(
    $$SELECT proname::text FROM our_function WHERE has_function_privilege('public', oid, 'EXECUTE')$$,
    ARRAY[
        -- asking
        'business_elapsed', 'business_seconds', 'business_deadline', 'business_days_deadline', 'is_business_time',
        'next_opening', 'next_closing', 'business_windows', 'calendar_revision', 'validate_policy', 'policy_in_force',
        'explain_ticket', '_explain_ticket', 'refund_check', 'refundable_until', 'explain_refund', '_explain_refund',
        -- granting, as far as the policy lets the caller
        'grant_exception', 'approve_refund', 'revoke_exception',
        -- as far as the rights on the ticket's row go
        'acknowledge_escalation',
        -- sending notifications, with UPDATE on the attachment's view of them
        'claim', 'confirm', 'fail', 'retry_failed',
        -- having actions tried anew, likewise
        'retry_action',
        -- in views
        '_clock_microseconds', '_clock_moved', '_text_in', '_entries', '_words', '_minutes', '_working_days', '_scenario', '_languages',
        '_starts', '_campaigns', '_window', '_money', '_worker_status', '_suspended_until', '_suspended_count',
        -- with the rights of who calls
        '_document_problems', '_refuse_problems', '_sections_not_acted_on', '_lock_policy_version', '_make_way', '_name_range', '_warn_of_actions'],
    'everybody may call these functions and no others');
SELECT set_eq(
    $$SELECT c.relname::text, a.privilege_type
        FROM our_table c, aclexplode(c.relacl) a WHERE a.grantee <> c.relowner$$,
    $$VALUES ('calendar', 'SELECT'), ('calendar_hours', 'SELECT'), ('calendar_date', 'SELECT'), ('worker_status', 'SELECT')$$,
    'of the tables and views everybody may read the calendars and how the workers fare, and nobody else anything');
SELECT is_empty(
    $$SELECT attrelid::regclass, attname FROM pg_attribute WHERE attrelid IN (SELECT oid FROM our_table) AND attacl IS NOT NULL$$,
    'no column has rights of its own');
SELECT results_eq(
    $$SELECT a.grantee, a.privilege_type FROM pg_namespace n, aclexplode(n.nspacl) a
       WHERE n.nspname = 'service_policy' AND a.grantee <> n.nspowner$$,
    $$VALUES (0::oid, 'USAGE')$$, 'in the schema everybody may look, and nobody create');
SELECT is_empty(
    $$SELECT signature FROM our_function p WHERE proacl IS NULL
          OR EXISTS (SELECT FROM aclexplode(proacl) a WHERE a.grantee NOT IN (0, p.proowner) OR a.is_grantable AND a.grantee <> p.proowner)$$,
    'each function''s rights are stated');

-- Nothing borrows its owner's rights, but for the check of references, which stands in for that of a foreign key:
-- triggers switch to the owner of the data in C, where the caller has no say.
SELECT set_eq('SELECT signature FROM our_function WHERE prosecdef', ARRAY['service_policy._check_reference()'],
              'no other function is SECURITY DEFINER');
SELECT is_empty(
    $$SELECT signature FROM our_function JOIN pg_language l ON l.oid = prolang
       WHERE lanname NOT IN ('c', 'internal') AND proconfig IS DISTINCT FROM '{"search_path=pg_catalog, pg_temp"}'$$,
    'each function not in C fixes its search_path, and sets nothing else');
SELECT is_empty(
    $$SELECT signature FROM our_function WHERE prorettype = 'trigger'::regtype AND has_function_privilege('public', oid, 'EXECUTE')$$,
    'nobody makes triggers of ours');
SELECT is_empty(
    $$SELECT t.tgname, t.tgrelid::regclass FROM pg_trigger t JOIN our_function p ON p.oid = t.tgfoid
       WHERE NOT t.tgisinternal AND p.proname = '_config_changed' AND t.tgenabled <> 'A'$$,
    'the caches hear of configuration that replication brings');
SELECT set_eq(
    $$SELECT c.oid::regclass::text FROM our_table c WHERE relkind = 'r'
       EXCEPT
      SELECT t.tgrelid::regclass::text FROM pg_trigger t JOIN our_function p ON p.oid = t.tgfoid
       WHERE p.proname = '_config_changed' GROUP BY t.tgrelid HAVING count(*) = 2$$,
    ARRAY[]::text[], 'each configuration table has both triggers that tell of changes');

-- Labels
SELECT set_eq(
    $$SELECT proname::text, provolatile::text || proparallel::text FROM our_function
       WHERE proname !~ '^_' OR prolang = (SELECT oid FROM pg_language WHERE lanname = 'c')$$,
    $$VALUES ('business_elapsed', 'ss'), ('business_seconds', 'ss'), ('business_deadline', 'ss'), ('business_days_deadline', 'ss'),
             ('is_business_time', 'ss'), ('next_opening', 'ss'), ('next_closing', 'ss'), ('business_windows', 'ss'), ('calendar_revision', 'ss'),
             ('_clock_microseconds', 'ss'), ('_clock_moved', 'ss'), ('recompute', 'vu'), ('restate', 'vu'), ('tick', 'vu'), ('acknowledge_escalation', 'vu'), ('register_action', 'vu'), ('unregister_action', 'vu'), ('retry_action', 'vu'), ('_warn_of_actions', 'su'), ('_equality', 'su'), ('next_tick_at', 'su'), ('_worker_status', 'vu'), ('_suspended_count', 'su'), ('suspend_actions', 'vu'), ('resume_actions', 'vu'), ('_suspended_until', 'ss'), ('validate_policy', 'ss'), ('policy_in_force', 'ss'),
             ('_document_problems', 'is'), ('_text_in', 'is'),
             ('explain_ticket', 'su'), ('_explain_ticket', 'su'), ('refund_check', 'su'), ('refundable_until', 'su'), ('explain_refund', 'su'), ('_explain_refund', 'su'), ('grant_exception', 'vu'), ('approve_refund', 'vu'), ('revoke_exception', 'vu'), ('claim', 'vu'), ('confirm', 'vu'), ('fail', 'vu'), ('retry_failed', 'vu'),
             ('load_policy', 'vu'), ('publish_policy', 'vu'), ('retire_policy', 'vu'),
             ('attach', 'vu'), ('attach_refunds', 'vu'), ('attach_messages', 'vu'), ('attach_child', 'vu'), ('attach_history', 'vu'), ('backfill', 'vu'), ('detach', 'vu'), ('_check_mapping', 'vu'),
             ('_config_changed', 'vu'), ('_calendar_check', 'vu'), ('_ticket_changed', 'vu'), ('_message_changed', 'vu'), ('_child_changed', 'vu'), ('_ticket_written', 'vu'), ('write_back', 'vu'), ('_check_write_back', 'vu'),
             ('_refund_decided', 'vu'), ('recount_refunds', 'vu'), ('_recount_refunds', 'vu'), ('_subject_hash', 'is')$$,
    'volatility and parallel safety are as proved: what reads configuration is stable, what writes is volatile');

-- A CRM, and people with less and less to say.
CREATE ROLE svp_test_crm;
CREATE ROLE svp_test_admin;
CREATE ROLE svp_test_analyst;
CREATE ROLE svp_test_anybody;
CREATE SCHEMA crm AUTHORIZATION svp_test_crm;
SET LOCAL ROLE svp_test_crm;
CREATE TABLE crm.ticket (id bigint PRIMARY KEY, status text, created_at timestamptz);
RESET ROLE;

-- The error of each right that is missing says which.
CREATE FUNCTION pg_temp.refusal() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    message text;
    hint text;
BEGIN
    PERFORM service_policy.attach('desk', 'crm.ticket', 'desk', '{id}', '{"opened_at": "created_at", "state": "status"}', '{"*": "open"}');
    RETURN 'attached';
EXCEPTION WHEN insufficient_privilege THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
    RETURN message || ': ' || regexp_replace(hint, '(DATABASE) \S+', '\1 …');
END $$;
SELECT service_policy.load_policy('{"policy": "desk"}');
GRANT SELECT, INSERT ON service_policy.attachment, service_policy.policy, service_policy.attachment_table TO svp_test_admin;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA service_policy TO svp_test_admin;
GRANT USAGE ON SCHEMA crm TO svp_test_admin;
CREATE FUNCTION pg_temp.admin_refusal() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    SET LOCAL ROLE svp_test_admin;
    result := pg_temp.refusal();
    RESET ROLE;
    RETURN result;
END $$;
SELECT is(pg_temp.admin_refusal(), 'role svp_test_admin may not attach crm.ticket: Have somebody run GRANT SELECT ON crm.ticket TO svp_test_admin.', 'SELECT is missing');
GRANT SELECT ON crm.ticket TO svp_test_admin;
SELECT is(pg_temp.admin_refusal(), 'role svp_test_admin may not attach crm.ticket: Have somebody run GRANT TRIGGER ON crm.ticket TO svp_test_admin.', 'TRIGGER is missing');
GRANT TRIGGER ON crm.ticket TO svp_test_admin;
SELECT is(pg_temp.admin_refusal(), 'role svp_test_admin may not attach crm.ticket: Have somebody run GRANT CREATE ON DATABASE … TO svp_test_admin.', 'CREATE on the database is missing');

-- Exactly the grants of docs/privileges.md.
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO svp_test_admin', current_database()); END $$;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA service_policy TO svp_test_admin;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA service_policy TO svp_test_admin;
GRANT USAGE ON SCHEMA crm TO svp_test_admin;
GRANT SELECT, TRIGGER ON crm.ticket TO svp_test_admin;

SET LOCAL ROLE svp_test_admin;
SELECT lives_ok($$
    INSERT INTO service_policy.calendar (name, time_zone) VALUES ('desk', 'Europe/Lisbon');
    INSERT INTO service_policy.calendar_hours (calendar, weekday, opens, closes) VALUES ('desk', 1, '09:00', '17:00');
    INSERT INTO service_policy.calendar_date (calendar, on_date) VALUES ('desk', '2024-01-01');
    UPDATE service_policy.calendar SET description = 'the desk';
    DELETE FROM service_policy.calendar_date;
$$, 'an administrator keeps calendars');
SELECT is(service_policy.load_policy('{"policy": "desk", "benchmarks": [
    {"name": "solve", "metric": "resolution", "target": "8 hours", "calendar": "desk"}]}'), 2, '… loads policies');
SELECT lives_ok($$SELECT service_policy.publish_policy('desk', 2, '2020-01-01Z')$$, '… publishes them');
SELECT lives_ok($$SELECT service_policy.attach('desk', 'crm.ticket', 'desk', '{id}',
    '{"opened_at": "created_at", "state": "status"}', '{"new": "open", "done": "resolved"}')$$, '… attaches tables');
RESET ROLE;
SELECT schema_owner_is(schema, 'svp_test_admin', '… owns the schema ' || schema) FROM unnest(ARRAY['desk', 'desk_data']) schema;
SELECT is_empty(
    $$SELECT oid::regclass FROM pg_class WHERE relnamespace IN ('desk'::regnamespace, 'desk_data'::regnamespace)
         AND relkind IN ('r', 'v', 'S') AND (relowner <> 'svp_test_admin'::regrole OR relacl IS NOT NULL)$$,
    '… and all that is in them, of which nobody else has any right');
SELECT is((SELECT attached_by FROM service_policy.attachment WHERE name = 'desk'), session_user::text, 'who attached is kept');

SET LOCAL ROLE svp_test_crm;
SELECT lives_ok($$INSERT INTO crm.ticket VALUES (1, 'new', '2024-01-08 09:00Z')$$, 'the CRM writes tickets');
SELECT throws_ok('SELECT * FROM desk.ticket_status', '42501', NULL, 'and reads no clock');
SELECT throws_ok($$SELECT service_policy.explain_ticket('desk', '{1}')$$, '42501', NULL, 'and has none explained');
RESET ROLE;
SELECT results_eq('SELECT id, recorded_by FROM desk_data.ledger', $$VALUES (1::bigint, 'svp_test_crm')$$, 'and is recorded as who wrote');

SET LOCAL ROLE svp_test_admin;
GRANT USAGE ON SCHEMA desk TO svp_test_analyst;
GRANT SELECT ON ALL TABLES IN SCHEMA desk TO svp_test_analyst;
RESET ROLE;
SET LOCAL ROLE svp_test_analyst;
SELECT is((SELECT count(*)::int FROM desk.ticket_status), 1, 'who may read the views needs nothing else');
SELECT lives_ok('SELECT * FROM desk.compliance, desk.compliance_daily, desk.issues', '… for any of them');
SELECT isnt_empty($$SELECT service_policy.explain_ticket('desk', '{1}')$$, '… and may ask for explanations');
SELECT throws_ok('SELECT * FROM desk_data.clock', '42501', NULL, '… and does not see the evidence');
SELECT throws_ok('DELETE FROM desk.issues', '42501', NULL, '… nor writes through a view');
RESET ROLE;

SET LOCAL ROLE svp_test_anybody;
SELECT lives_ok('SELECT * FROM service_policy.calendar, service_policy.calendar_hours, service_policy.calendar_date', 'anybody reads calendars');
SELECT ok(service_policy.is_business_time('desk', '2024-01-08 09:00Z'), 'and asks for opening hours');
SELECT throws_ok(statement, '42501', NULL, 'but may not: ' || statement) FROM unnest(ARRAY[
    $$UPDATE service_policy.calendar SET description = 'mine'$$,
    $$INSERT INTO service_policy.calendar_hours VALUES ('desk', 1, '00:00', '24:00')$$,
    $$DELETE FROM service_policy.calendar_date$$,
    $$TRUNCATE service_policy.calendar CASCADE$$,
    $$SELECT * FROM service_policy.attachment$$,
    $$SELECT * FROM service_policy.attachment_table$$,
    $$UPDATE service_policy.attachment SET states = '{"*": "void"}'$$,
    $$SELECT service_policy.attach('mine', 'crm.ticket', 'desk', '{id}', '{"opened_at": "created_at", "state": "status"}', '{"*": "open"}')$$,
    $$SELECT service_policy.detach('desk')$$,
    $$SELECT service_policy._drop_parts('desk', false)$$,
    $$SELECT service_policy._create_part('ledger', 'mine', 'ticket', 'pg_class', '{oid}', '{oid}')$$,
    $$SELECT service_policy._check_mapping('ticket', 'pg_class', '{oid}', '{}', NULL)$$,
    $$CREATE FUNCTION service_policy.business_elapsed(text) RETURNS int LANGUAGE sql AS 'SELECT 1'$$,
    $$CREATE TABLE service_policy.mine ()$$]) statement;
CREATE TEMP TABLE forgery (id bigint PRIMARY KEY, status text, created_at timestamptz);
SELECT throws_ok(format('CREATE TRIGGER forge AFTER INSERT ON forgery FOR EACH ROW EXECUTE FUNCTION service_policy.%s', call),
                 '42501', NULL, 'nor put this trigger on a table of their own: ' || call)
  FROM unnest(ARRAY[$$_ticket_changed('desk')$$, '_config_changed()', '_calendar_check()', '_guard_policy_version()']) call;
RESET ROLE;

-- The end.  A trigger is dropped by its table's owner.
SET LOCAL ROLE svp_test_admin;
SELECT throws_ok($$SELECT service_policy.detach('desk')$$, '42501', 'only the owner of crm.ticket may drop its trigger', 'an administrator who may not drop the trigger cannot detach');
RESET ROLE;
SELECT is((SELECT count(*)::int FROM service_policy.attachment), 1, '… and nothing is half done');
SET LOCAL ROLE svp_test_crm;
DROP TRIGGER service_policy_desk ON crm.ticket;
RESET ROLE;
SET LOCAL ROLE svp_test_admin;
SELECT lives_ok($$SELECT service_policy.detach('desk', false)$$, 'once its owner has dropped it, detach does the rest');
RESET ROLE;
SELECT hasnt_schema('desk', 'the views are gone');
SELECT hasnt_schema('desk_data', 'the evidence is gone, as asked for');

SELECT * FROM finish();
ROLLBACK;
