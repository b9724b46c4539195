-- Policies: labels, error codes, privileges, and what holds whatever the session's settings.
BEGIN;
SELECT no_plan();

-- Labels
SELECT is(
    (SELECT concat(provolatile, proparallel, prosecdef::text) FROM pg_proc WHERE oid = function::regprocedure),
    label, function || ' has its labels')
FROM (VALUES
    ('service_policy.load_policy(jsonb)', 'vufalse'),
    ('service_policy.publish_policy(text,int,timestamptz)', 'vufalse'),
    ('service_policy.retire_policy(text,int,timestamptz)', 'vufalse'),
    ('service_policy.validate_policy(jsonb)', 'ssfalse'),
    ('service_policy.policy_in_force(text,timestamptz)', 'ssfalse'),
    ('service_policy._document_problems(jsonb)', 'isfalse'),
    ('service_policy._text_in(jsonb,text)', 'isfalse')) AS labels (function, label);

SELECT set_eq(
    $$SELECT c.relname::text, t.tgname::text, t.tgenabled::text
        FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid
       WHERE NOT tgisinternal AND relnamespace = 'service_policy'::regnamespace AND relname IN ('policy', 'policy_version')$$,
    $$VALUES ('policy', 'config_changed', 'A'), ('policy', 'config_truncated', 'A'),
             ('policy_version', 'config_changed', 'A'), ('policy_version', 'config_truncated', 'A'),
             ('policy_version', 'guard', 'O'), ('policy_version', 'guard_truncate', 'O'),
             ('policy_version', 'reference_policy', 'O')$$,
    'invalidation fires under replication too, the guards for those who write here');
SELECT is_empty(
    $$SELECT c.oid::regclass FROM pg_class c
       WHERE c.oid IN ('service_policy.policy'::regclass, 'service_policy.policy_version'::regclass)
         AND c.oid NOT IN (SELECT unnest(extconfig) FROM pg_extension WHERE extname = 'service_policy')$$,
    'both tables are dumped');
SELECT is_empty(
    $$SELECT c.relname, a.attname
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND attnum > 0
       WHERE relnamespace = 'service_policy'::regnamespace AND relkind = 'v'
         AND (relname <> quote_ident(relname) OR attname <> quote_ident(attname))$$,
    'no view or column needs quotes');
SELECT is_empty(
    $$SELECT c.relname, array_agg(a.attname ORDER BY attnum)
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND attnum <= 3 AND attnum > 0
       WHERE relnamespace = 'service_policy'::regnamespace AND relkind = 'v'
         AND relname IN ('mission', 'objective', 'promise', 'benchmark', 'escalation_level', 'notification_limit', 'refund_rule', 'discretion',
                         'procedure', 'procedure_step', 'service_value', 'policy_text')
       GROUP BY c.relname
      HAVING array_agg(a.attname ORDER BY attnum) <> '{policy,version,state}'$$,
    'policy, version and state are the first columns of each view over documents');

-- Error codes
PREPARE invalid AS SELECT service_policy.load_policy('{"policy": "p", "nonsense": 1}');
SELECT throws_ok('invalid', '22023', 'policy document has 1 problem', 'a document with problems');
SELECT throws_ok('SELECT service_policy.load_policy(NULL)', '22004', 'policy document is null', 'no document');
SELECT throws_ok($$SELECT service_policy.publish_policy('none', 1)$$, '42704', 'policy "none" does not exist', 'no such policy');
SELECT throws_ok($$SELECT service_policy.retire_policy('none', 1)$$, '42704', 'policy "none" does not exist', 'no such policy to retire');
SELECT is(service_policy.load_policy('{"policy": "p"}'), 1, 'the first version is 1');
SELECT is(service_policy.load_policy('{"policy": "p"}'), 2, 'the next version is 2');
SELECT throws_ok($$SELECT service_policy.publish_policy('p', 3)$$, '42704', 'policy "p" has no version 3', 'no such version');
SELECT throws_ok($$SELECT service_policy.retire_policy('p', 1)$$, '55000', 'version 1 of policy "p" is a draft and was never in force', 'a draft cannot retire');
SELECT throws_ok($$SELECT service_policy.publish_policy('p', 1, '-infinity')$$, '22023', NULL, 'publishing from -infinity on');
SELECT lives_ok($$SELECT service_policy.publish_policy('p', 1)$$, 'publish from now on');
SELECT throws_ok($$SELECT service_policy.publish_policy('p', 1)$$, '55000', 'version 1 of policy "p" is published already', 'publishing twice');
SELECT throws_ok($$SELECT service_policy.publish_policy('p', 2, now())$$, '23P01', NULL, 'two versions from the same moment on');
SELECT throws_ok($$UPDATE service_policy.policy_version SET document = document || '{"mission": "x"}' WHERE policy = 'p' AND version = 1$$,
                 '55000', 'version 1 of policy "p" is published and can no longer change', 'a published document');
SELECT throws_ok(format('UPDATE service_policy.policy_version SET %s WHERE policy = %L AND version = 1', change, 'p'),
                 '55000', NULL, 'a published version does not change: ' || change)
  FROM unnest(ARRAY[$$policy = 'q'$$, 'version = 7', $$state = 'pilot'$$, $$effective_from = '2001-01-01'$$, $$created_by = 'me'$$,
                    $$published_at = '2001-01-01'$$, 'published_by = NULL', $$created_at = '2001-01-01'$$]) change;
SELECT throws_ok($$DELETE FROM service_policy.policy_version WHERE policy = 'p' AND version = 1$$, '55000', NULL, 'a published version cannot be deleted');
SELECT throws_ok('TRUNCATE service_policy.policy_version', '55000', NULL, 'published versions cannot be truncated');
SELECT throws_ok($$DELETE FROM service_policy.policy WHERE name = 'p'$$, '23503', NULL, 'nor their policy deleted');
SELECT throws_ok($$INSERT INTO service_policy.policy_version (policy, version, document) VALUES ('p', 9, '{"policy": "p", "nonsense": 1}')$$,
                 '22023', NULL, 'a document with problems that is inserted');
SELECT throws_ok($$INSERT INTO service_policy.policy_version (policy, version, document) VALUES ('p', 9, '{"policy": "q"}')$$,
                 '23514', NULL, 'a document of another policy');
SELECT throws_ok($$INSERT INTO service_policy.policy_version (policy, version, document) VALUES ('q', 1, '{"policy": "q"}')$$,
                 '23503', 'policy "q" does not exist', 'a version of no policy');
SELECT throws_ok($$INSERT INTO service_policy.policy_version (policy, version, document, state, effective_from)
                   VALUES ('p', 9, '{"policy": "p"}', 'published', now() + interval '1 year')$$,
                 '23P01', NULL, 'a range that overlaps');
SELECT lives_ok($$DELETE FROM service_policy.policy_version WHERE policy = 'p' AND version = 2$$, 'a draft can be deleted');

-- A version that has had force keeps the time that it had.
INSERT INTO service_policy.policy (name) VALUES ('old');
INSERT INTO service_policy.policy_version (policy, version, document, state, effective_from, effective_to, published_at) VALUES
    ('old', 1, '{"policy": "old"}', 'published', '2020-01-01Z', NULL, '2020-01-01Z'),
    ('old', 2, '{"policy": "old"}', 'draft', NULL, NULL, NULL),
    ('old', 3, '{"policy": "old"}', 'draft', NULL, NULL, NULL);
SELECT throws_ok($$SELECT service_policy.publish_policy('old', 2, now() - interval '1 microsecond')$$, '22023', NULL, 'a back-dated successor');
SELECT throws_ok($$SELECT service_policy.retire_policy('old', 1, now() - interval '1 microsecond')$$, '22023', NULL, 'a back-dated end');
SELECT throws_ok($$UPDATE service_policy.policy_version SET state = 'retired', effective_to = '2021-01-01Z' WHERE policy = 'old' AND version = 1$$,
                 '22023', NULL, 'a back-dated end, written to the table');
SELECT lives_ok($$SELECT service_policy.publish_policy('old', 2)$$, 'a successor from now on');
SELECT results_eq($$SELECT version, state, effective_to = now() FROM service_policy.policy_version WHERE policy = 'old' ORDER BY version$$,
                  $$VALUES (1, 'retired', true), (2, 'published', NULL), (3, 'draft', NULL)$$, 'the predecessor ends then');
SELECT is(service_policy.policy_in_force('old', now() - interval '1 microsecond'), 1, 'the moment before');
SELECT is(service_policy.policy_in_force('old'), 2, 'the moment itself');
INSERT INTO service_policy.policy_version (policy, version, document, state, effective_from, effective_to, published_at) VALUES
    ('old', 4, '{"policy": "old"}', 'retired', '2001-01-01Z', '2002-01-01Z', '2001-01-01Z');
SELECT throws_ok($$UPDATE service_policy.policy_version SET effective_to = effective_to + interval '1 day' WHERE policy = 'old' AND version = 4$$,
                 '22023', NULL, 'what is over cannot be made longer');

-- The cache follows, in this transaction too.
SELECT is(service_policy.policy_in_force('cached'), NULL, 'a policy that is not there yet');
SELECT service_policy.load_policy('{"policy": "cached"}'), service_policy.publish_policy('cached', 1);
SELECT is(service_policy.policy_in_force('cached'), 1, 'is found once published');
SAVEPOINT before_retiring;
SELECT service_policy.retire_policy('cached', 1);
SELECT is(service_policy.policy_in_force('cached'), NULL, 'is gone once retired');
ROLLBACK TO before_retiring;
SELECT is(service_policy.policy_in_force('cached'), 1, 'is back after a rollback');

-- Settings of the session mean nothing.
SELECT service_policy.load_policy('{"policy": "settings", "benchmarks": [
    {"name": "a", "metric": "resolution", "target": "1 day 02:03:04"}, {"name": "b", "metric": "resolution", "target": "P1DT2H"}]}');
CREATE FUNCTION pg_temp.targets() RETURNS numeric[] LANGUAGE sql
    AS $$SELECT array_agg(target_minutes ORDER BY item) FROM service_policy.benchmark WHERE policy = 'settings'$$;
SELECT is(pg_temp.targets(), '{1563.07,1560.00}', 'targets in minutes');
SET LOCAL IntervalStyle = 'sql_standard';
SET LOCAL TimeZone = 'Pacific/Apia';
SET LOCAL DateStyle = 'German';
SELECT is(pg_temp.targets(), '{1563.07,1560.00}', 'targets in minutes, whatever the settings');
SELECT is_empty($$SELECT * FROM service_policy.validate_policy('{"policy": "p", "review_every": "1 year 2 mons",
    "benchmarks": [{"name": "a", "metric": "resolution", "target": "1 day 02:03:04"}]}')$$, 'validation, whatever the settings');

-- Privileges
CREATE ROLE svp_test_anybody;
CREATE ROLE svp_test_reader;
CREATE ROLE svp_test_policy_maker;
GRANT SELECT ON service_policy.benchmark, service_policy.refund_rule, service_policy.mission, service_policy.policy_text TO svp_test_reader;
GRANT SELECT, INSERT, UPDATE ON service_policy.policy, service_policy.policy_version TO svp_test_policy_maker;
GRANT EXECUTE ON FUNCTION service_policy.load_policy(jsonb), service_policy.publish_policy(text, int, timestamptz),
    service_policy.retire_policy(text, int, timestamptz) TO svp_test_policy_maker;

SET LOCAL ROLE svp_test_anybody;
SELECT throws_ok($$SELECT service_policy.load_policy('{"policy": "p"}')$$, '42501', NULL, 'anybody may not load');
SELECT throws_ok($$SELECT service_policy.publish_policy('p', 1)$$, '42501', NULL, 'anybody may not publish');
SELECT throws_ok($$SELECT service_policy.retire_policy('p', 1)$$, '42501', NULL, 'anybody may not retire');
SELECT throws_ok('SELECT * FROM service_policy.policy_version', '42501', NULL, 'anybody may not read documents');
SELECT throws_ok('SELECT * FROM service_policy.benchmark', '42501', NULL, 'nor the views over them');
SELECT throws_ok($$SELECT service_policy._make_way('p', now())$$, '42501', NULL, 'nor end a version by a helper');
SELECT throws_ok($$SELECT service_policy._lock_policy_version('p', 1)$$, '42501', NULL, 'nor lock one');
SELECT is((SELECT count(*)::int FROM service_policy.validate_policy('{}')), 1, 'anybody may validate');
SELECT is((SELECT count(*)::int FROM service_policy.validate_policy((SELECT jsonb_object_agg('key' || i, i) FROM generate_series(1, 5000) i))), 1000, '… and is told a thousand problems, not as many as there is memory for');
SELECT is(service_policy.policy_in_force('old'), 2, 'and ask which version is in force');
RESET ROLE;

SET LOCAL ROLE svp_test_reader;
SELECT lives_ok('SELECT * FROM service_policy.benchmark, service_policy.refund_rule, service_policy.mission, service_policy.policy_text',
                'who may read a view needs nothing else');
RESET ROLE;

SET LOCAL ROLE svp_test_policy_maker;
SELECT is(service_policy.load_policy('{"policy": "made"}'), 1, 'a policy maker loads');
SELECT lives_ok($$SELECT service_policy.publish_policy('made', 1)$$, 'and publishes');
SELECT throws_ok($$DELETE FROM service_policy.policy_version WHERE policy = 'made'$$, '42501', NULL, 'and deletes nothing');
RESET ROLE;
SELECT is((SELECT published_by FROM service_policy.policy_version WHERE policy = 'made'), 'svp_test_policy_maker', 'who published is kept');

SELECT * FROM finish();
ROLLBACK;
