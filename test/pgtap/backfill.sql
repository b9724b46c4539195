-- Taking over older tickets: what is refused by which SQLSTATE, and that views and tables are as all others.
BEGIN;
SELECT plan(12);
SELECT lives_ok($$
    SELECT service_policy.load_policy('{"policy": "p", "benchmarks": [{"name": "solve", "metric": "resolution", "target": "1 hour"}]}');
    SELECT service_policy.publish_policy('p', 1, '2020-01-01Z');
    CREATE TABLE ticket (id int PRIMARY KEY, status text, opened timestamptz);
    CREATE TABLE change (id int PRIMARY KEY, ticket_id int, at timestamptz, status text);
    SELECT service_policy.attach('support', 'ticket', 'p', '{id}', '{"opened_at": "opened", "state": "status"}', '{"new": "open"}')
$$, 'a table is attached');
SELECT lives_ok($$SELECT service_policy.attach_history('support', 'change', '{id}', '{"ticket": ["ticket_id"], "changed_at": "at", "state": "status"}')$$,
    'and its history');
SELECT throws_ok($$SELECT service_policy.attach_history('support', 'change', '{id}', '{"ticket": ["ticket_id"], "changed_at": "at", "state": "status"}')$$,
    '42710', NULL, 'not twice');
SELECT throws_ok($$SELECT service_policy.attach_history('other', 'change', '{id}', '{"ticket": ["ticket_id"], "changed_at": "at"}')$$,
    '42704', NULL, 'of an attachment that is there');
SELECT throws_ok($$SELECT service_policy.attach_history('support', 'change', '{id}', '{"ticket": ["ticket_id"], "changed_at": "status"}')$$,
    '42710', NULL, 'a table that is known is said to be known first');
SELECT throws_ok($$SELECT service_policy.attach_history('support', 'ticket', '{id}', '{"ticket": ["id"], "changed_at": "status"}')$$,
    '42804', NULL, 'a time is a time');
SELECT throws_ok($$SELECT service_policy.attach_history('support', 'ticket', '{id}', '{"ticket": ["id"], "changed_at": "opened", "old_changed_at": "opened"}')$$,
    '22023', NULL, 'a time has no time before');
SELECT throws_ok($$CALL service_policy.backfill('support')$$, '25001', NULL, 'a transaction block cannot be committed by it');
SELECT is((SELECT prokind FROM pg_proc WHERE oid = 'service_policy.backfill(text, int, interval, boolean)'::regprocedure), 'p', 'it is a procedure');
SELECT is_empty($$
    SELECT c.oid::regclass, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
     WHERE c.oid IN ('support_data.backfill'::regclass, 'support.backfill_progress'::regclass) AND col_description(c.oid, a.attnum) IS NULL
$$, 'each column has a comment');
SELECT is_empty($$
    SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
     WHERE attrelid = 'support.backfill_progress'::regclass AND attnum > 0
       AND (atttypid NOT IN ('int'::regtype, 'varchar'::regtype, 'numeric'::regtype, 'timestamptz'::regtype, 'date'::regtype)
            OR atttypid IN ('varchar'::regtype, 'numeric'::regtype) AND atttypmod = -1)
$$, 'the view has types that clients know, with their lengths');
SELECT is_empty($$SELECT * FROM support.backfill_progress$$, 'before the first run there is none');
SELECT * FROM finish();
ROLLBACK;
