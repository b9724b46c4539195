-- Exceptions and approvals: each error's code, keys of every kind, and what a caller's own objects and settings cannot do.
BEGIN;
SELECT no_plan();

CREATE ROLE svp_test_senior;
CREATE ROLE svp_test_ana IN ROLE svp_test_senior;
CREATE ROLE svp_test_app;
SELECT service_policy.load_policy('{"policy": "move", "refunds": [{"name": "capped", "max_amount": 100, "approval_above": 50},
     {"name": "observed", "when": {"category": ["observed"]}, "max_amount": 10, "mode": "observe"}],
    "discretion": [{"role": "svp_test_senior", "grace_days": 7, "max_amount": 50, "approve_up_to": 200, "per_month": 1000}]}');
SELECT service_policy.publish_policy('move', 1, '2020-01-01Z');

-- A ticket of two columns; refunds of three, partitioned, and named as ours are.
CREATE SCHEMA crm;
CREATE TABLE crm.ticket (shop text, no uuid, status text, created_at timestamptz, PRIMARY KEY (shop, no));
CREATE TABLE crm.refund (
    exception_id date, used_by text COLLATE "C", granted_by numeric(8,2), shop text, ticket_no uuid, amount numeric, customer text, category text, note text,
    PRIMARY KEY (exception_id, used_by, granted_by)) PARTITION BY LIST (exception_id);
CREATE TABLE crm.refund_1 PARTITION OF crm.refund FOR VALUES IN ('2026-01-01');
CREATE TABLE crm.refund_2 PARTITION OF crm.refund FOR VALUES IN ('2026-02-01');
SELECT service_policy.attach('move', 'crm.ticket', 'move', '{shop,no}', '{"opened_at": "created_at", "state": "status"}', '{"*": "open"}');
SELECT service_policy.attach_refunds('move', 'crm.refund', '{exception_id,used_by,granted_by}',
    '{"ticket": ["shop", "ticket_no"], "amount": "amount", "customer": "customer", "category": "category"}');
GRANT USAGE ON SCHEMA crm TO svp_test_app, svp_test_ana;
GRANT SELECT, INSERT, UPDATE, DELETE ON crm.refund TO svp_test_app, svp_test_ana;
SELECT columns_are('move', 'exception_use', ARRAY['exception_id', 'kind', 'status', 'used_count', 'unused_count', 'subject_kind', 'subject', 'reason', 'role', 'granted_by',
    'agent', 'granted_at', 'granted_on', 'granted_month', 'expires_at', 'grace_days', 'amount', 'currency', 'ticket_shop', 'ticket_no', 'refund_exception_id', 'refund_used_by', 'refund_granted_by',
    'used_at', 'used_on', 'used_by', 'used_by_agent', 'used_reason', 'used_amount', 'used_currency', 'revoked_at', 'revoked_by', 'counted_for'],
    'the view has the refund''s key under names that are not its own');

CREATE FUNCTION pg_temp.code(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    code text; reason text;
BEGIN
    EXECUTE statement;
    RETURN 'done';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, reason = CONSTRAINT_NAME;
    RETURN rtrim(code || ' ' || reason);
END $$;
CREATE FUNCTION pg_temp.grant(subject jsonb DEFAULT '{"customer": "c1"}', reason text DEFAULT 'why', days int DEFAULT 1, amount numeric DEFAULT NULL,
                              currency text DEFAULT NULL, expires timestamptz DEFAULT '2100-01-01Z', name text DEFAULT 'move') RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.code(format('SELECT service_policy.grant_exception(%L, %L, %L, %L, %L, %L, %L)', name, subject, reason, days, amount, currency, expires)) $$;
CREATE FUNCTION pg_temp.approve(amount numeric, subject jsonb DEFAULT '{"customer": "c1"}') RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.code(format('SELECT service_policy.approve_refund(%L, %L, %L, %L, expires_at => %L)', 'move', subject, 'why', amount, '2100-01-01Z')) $$;
CREATE FUNCTION pg_temp.refund(month date, who text, no numeric, amount numeric, customer text DEFAULT NULL, ticket text DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.code(format('INSERT INTO crm.refund VALUES (%L, %L, %L, %L, %L, %L, %L)', month, who, no, 'a/b', ticket, amount, customer)) $$;

-- Codes
SELECT is(pg_temp.grant(name => 'none'), '42704', 'no attachment');
SELECT is(pg_temp.grant(name => NULL), '22004', 'no name');
SELECT is(pg_temp.grant(subject => NULL), '22004', 'no subject');
SELECT is(pg_temp.grant(reason => NULL), '22004', 'no reason');
SELECT is(pg_temp.grant(reason => ' '), '22023', 'a blank reason');
SELECT is(pg_temp.grant(days => 0), '22023', 'nothing granted');
SELECT is(pg_temp.grant(days => NULL), '22023', 'no days and no amount');
SELECT is(pg_temp.grant(days => NULL, amount => 5), 'done', 'an amount alone');
SELECT is(pg_temp.grant(days => -1), '22023', 'negative days');
SELECT is(pg_temp.grant(days => 2147483647), '42501', 'too many days');
SELECT is(pg_temp.grant(amount => wrong), '22023', 'amount ' || wrong) FROM unnest('{0,-1,NaN,1000000000000,1e30}'::numeric[]) wrong;
SELECT is(pg_temp.grant(amount => 0.0000001), '22023', 'an amount that rounds to nothing');
SELECT is(pg_temp.grant(amount => 50.000001), '42501', 'a millionth too much');
SELECT is(pg_temp.grant(currency => 'EUR'), '22023', 'a currency without an amount');
SELECT is(pg_temp.grant(amount => 1, currency => ''), '22023', 'a blank currency');
SELECT is(pg_temp.grant(expires => wrong), '22023', 'expires ' || wrong) FROM unnest('{infinity,-infinity,now}'::timestamptz[]) wrong;
SELECT is(pg_temp.grant(subject => wrong), '22023', 'subject ' || wrong::text)
  FROM unnest(ARRAY['{}', '[]', '7', 'null', '"c1"', '{"customer": "c1", "ticket": ["a/b", 1]}', '{"customer": {}}', '{"customer": []}', '{"customer": true}', '{"customer": null}',
                    '{"order_id": "A17"}', '{"agent": "x"}', '{"ticket": "a/b"}', '{"ticket": ["a/b"]}', '{"refund": ["2026-01-01", "x", 1, 2]}', '{"ticket": {"shop": "a/b"}}']::jsonb[]) wrong;
SELECT is(pg_temp.grant(subject => '{"ticket": ["a/b", "no uuid"]}'), '22P02', 'a part that cannot be read');
SELECT is(pg_temp.grant(subject => '{"refund": ["2026-13-01", "x", 1]}'), '22008', '… of a date');
SELECT is(pg_temp.approve(NULL), '22023', 'an approval of nothing');
SELECT is(pg_temp.approve(200.01), '42501', 'an approval of too much');
SELECT is(pg_temp.code('SELECT service_policy.revoke_exception(NULL, 1)'), '22004', 'revoke: no attachment');
SELECT is(pg_temp.code('SELECT service_policy.revoke_exception(''move'', NULL)'), '22004', 'revoke: no number');
SELECT is(pg_temp.code('SELECT service_policy.revoke_exception(''move'', 0)'), '42704', 'revoke: no exception');
SET LOCAL ROLE svp_test_app;
SELECT is(pg_temp.grant(), '42501', 'not by anybody');
SELECT is(pg_temp.approve(1), '42501', 'no approval by anybody');
SELECT is(pg_temp.code('SELECT service_policy.revoke_exception(''move'', 1)'), '42501', 'nor taken back by anybody');
RESET ROLE;
SELECT is(pg_temp.code('SELECT service_policy.revoke_exception(''move'', 1)'), 'done', 'but by a member');
SELECT is(pg_temp.code('SELECT service_policy.revoke_exception(''move'', 1)'), '55000', 'once');

-- Keys of several columns, whatever the session's settings are when one is granted or used.
SET LOCAL DateStyle = 'German';
SELECT is(pg_temp.grant('{"refund": ["2026-01-01", "x", "1.5"]}', amount => 50), 'done', 'for a refund');
SET LOCAL DateStyle = 'SQL, MDY';
SELECT is(pg_temp.grant('{"ticket": ["a/b", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11"]}', amount => 50), 'done', 'for a ticket');
SELECT is(pg_temp.code($$SELECT service_policy.approve_refund('move', '{"customer": 9}', 'why', 200, agent => 'x', expires_at => '2100-01-01Z') FROM generate_series(1, 9)$$), 'done', 'for a customer who is a number');
SET LOCAL ROLE svp_test_app;
SELECT is(pg_temp.refund('2026-01-01', 'y', 1.50, 150, '9'), '23514 refund_amount', 'of another key');
SELECT is(pg_temp.refund('2026-02-01', 'x', 1.50, 150, '9'), '23514 refund_amount', 'of another day');
SELECT is(pg_temp.refund('2026-01-01', 'x', 1.50, 150, '9'), 'done', 'of this one');
SELECT is(pg_temp.refund('2026-02-01', 'x', 2, 150, '9', 'b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'), '23514 refund_amount', 'of another ticket');
SELECT is(pg_temp.refund('2026-02-01', 'x', 2, 150, '9', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'), 'done', 'of the ticket');
RESET ROLE;
SELECT results_eq($$SELECT subject, refund_exception_id, refund_used_by, refund_granted_by, used_by, used_reason, used_amount FROM move.exception_use
                     WHERE status = 'used' AND kind = 'exception' ORDER BY exception_id$$,
    $$VALUES ('2026-01-01/x/1.5'::varchar(400), '2026-01-01'::date, 'x' COLLATE "C", 1.5::numeric(8,2), 'svp_test_app'::varchar(63), 'refund_amount'::varchar(50), 150::numeric(20,4)),
             ('a/b/A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', '2026-02-01', 'x', 2, 'svp_test_app', 'refund_amount', 150)$$, 'each was used by its own');
SELECT col_type_is('move_data', 'exception', 'refund_granted_by', 'numeric(8,2)', 'the key keeps its type');

-- A refund that is decided on anew still has what it used; a partition is no other refund.
SET LOCAL ROLE svp_test_app;
SELECT is(pg_temp.code($$UPDATE crm.refund SET amount = 140 WHERE granted_by = 2$$), 'done', 'less of it');
SELECT is(pg_temp.code($$UPDATE crm.refund SET amount = 151 WHERE granted_by = 2$$), '23514 refund_amount', 'not more');
SELECT is(pg_temp.code($$UPDATE crm.refund SET ticket_no = NULL WHERE granted_by = 2$$), 'done', 'its ticket may go');
SELECT is(pg_temp.code($$UPDATE crm.refund SET amount = 120 WHERE granted_by = 2$$), '23514 refund_amount', 'but then it is of that ticket no more');
SELECT is(pg_temp.code($$UPDATE crm.refund SET granted_by = 3 WHERE granted_by = 1.5$$), 'done', 'another key');
SELECT is(pg_temp.refund('2026-01-01', 'x', 1.50, 150, '9'), '23514 refund_amount', 'which takes the exception along: it is used once');
SELECT is(pg_temp.code($$UPDATE crm.refund SET amount = 145 WHERE granted_by = 3$$), 'done', '… and still its own');
RESET ROLE;
SELECT is((SELECT count(*) FROM move.exception_use WHERE status = 'used' AND kind = 'exception'), 2::bigint, 'none was used meanwhile');
SELECT is((SELECT used_amount FROM move.exception_use WHERE refund_granted_by = 2 AND kind = 'exception'), 140.00, 'what is on record is the refund as it is');

-- What nothing was granted for is decided without a look at what was.
ALTER TABLE move_data.exception RENAME TO hidden;
SELECT is(pg_temp.refund('2026-01-01', 'z', 1, 50, '9'), 'done', 'allowed without a look');
SELECT is(pg_temp.refund('2026-01-01', 'z', 2, 51, '9'), '42P01', 'what is not allowed cannot be told');
ALTER TABLE move_data.hidden RENAME TO exception;
SELECT is(pg_temp.refund('2026-01-01', 'z', 2, 101), '23514 refund_amount', 'and then it can');

-- Observed refunds use them, too.
SELECT is(pg_temp.code($$INSERT INTO crm.refund VALUES ('2026-01-01', 'o', 1, NULL, NULL, 500, '9', 'observed')$$), 'done', 'observed');
SELECT is((SELECT concat_ws(' ', decision, exception_id, approval_id) FROM move_data.refund_decision WHERE refund_used_by = 'o'), 'refused', 'what does not help is not used');

-- Objects and settings of a caller's own make no difference.
CREATE SCHEMA svp_test_evil;
CREATE FUNCTION svp_test_evil.yes(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE FUNCTION svp_test_evil.yes(text[], text[]) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE FUNCTION svp_test_evil.yes(bigint, bigint) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE FUNCTION svp_test_evil.yes(date, date) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE FUNCTION svp_test_evil.yes(timestamptz, timestamptz) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE FUNCTION svp_test_evil.min(int) RETURNS int LANGUAGE sql AS 'SELECT -1000';
DO $$
DECLARE
    type text;
BEGIN
    FOREACH type IN ARRAY '{text,text[],bigint,date,timestamptz}'::text[] LOOP
        EXECUTE format('CREATE OPERATOR svp_test_evil.= (FUNCTION = svp_test_evil.yes, LEFTARG = %1$s, RIGHTARG = %1$s)', type);
        EXECUTE format('CREATE OPERATOR svp_test_evil.> (FUNCTION = svp_test_evil.yes, LEFTARG = %1$s, RIGHTARG = %1$s)', type);
    END LOOP;
END $$;
CREATE TABLE svp_test_evil.exception (LIKE move_data.exception INCLUDING ALL);
GRANT USAGE ON SCHEMA svp_test_evil TO PUBLIC;
SELECT is(pg_temp.grant('{"customer": "c7"}', amount => 50, expires => now() + '1 year'), 'done', 'one of somebody else''s');
CREATE TEMP TABLE got (what text, code text);
GRANT INSERT ON got TO PUBLIC;
SET LOCAL search_path = svp_test_evil, pg_catalog;
SET LOCAL ROLE svp_test_app;
INSERT INTO got VALUES ('refund', pg_temp.refund('2026-01-01', 'e', 1, 120, 'c8')), ('grant', pg_temp.grant('{"customer": "c8"}'));
SET LOCAL ROLE svp_test_ana;
INSERT INTO got VALUES ('grant as ana', pg_temp.grant('{"customer": "c8"}', amount => 50)), ('revoke', pg_temp.code('SELECT service_policy.revoke_exception(''move'', 3)'));
RESET ROLE;
RESET search_path;
SELECT results_eq('SELECT * FROM got', $$VALUES ('refund', '23514 refund_amount'), ('grant', '42501'), ('grant as ana', 'done'), ('revoke', '55000')$$,
    'no operator, function or table of a caller''s own is used: not another customer''s exception, not another''s discretion');
SELECT is((SELECT count(*) FROM svp_test_evil.exception), 0::bigint, 'nothing was written elsewhere');
SELECT is((SELECT grant_number FROM move_data.exception WHERE granted_by = 'svp_test_ana'), 1, 'and it is the first of its month');

-- For a name that no B-tree has room for, and for no other.
CREATE FUNCTION pg_temp.long(letter text) RETURNS text LANGUAGE sql AS
    $$ SELECT string_agg(md5(n::text), '') || letter FROM generate_series(1, 200) n $$;
SELECT is(pg_temp.grant(jsonb_build_object('customer', pg_temp.long('a')), amount => 50), 'done', 'an exception for a very long name');
SELECT is(pg_temp.refund('2026-01-01', 'long', 1, 120, pg_temp.long('b')), '23514 refund_amount', '… is not for one that differs in the last letter');
SELECT is(pg_temp.approve(200, jsonb_build_object('customer', pg_temp.long('a'))), 'done', 'an approval');
SET LOCAL ROLE svp_test_app;
SELECT is(pg_temp.refund('2026-01-01', 'long', 2, 120, pg_temp.long('a')), 'done', '… and both are used');
RESET ROLE;

-- A definer's function acts as its owner, whose discretion counts and who is on record.
CREATE FUNCTION crm.be_kind() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS
    $$ SELECT service_policy.grant_exception('move', '{"customer": "c9"}', 'kind', 1, expires_at => '2100-01-01Z') $$;
ALTER FUNCTION crm.be_kind() OWNER TO svp_test_ana;
GRANT EXECUTE ON FUNCTION crm.be_kind() TO svp_test_app;
SET LOCAL ROLE svp_test_app;
SELECT is(pg_temp.code('SELECT crm.be_kind()'), 'done', 'granted by the function');
RESET ROLE;
SELECT is((SELECT granted_by FROM move.exception_use WHERE subject = 'c9'), 'svp_test_ana', 'in its owner''s name');

-- A role that is gone has no members.
ALTER ROLE svp_test_senior RENAME TO svp_test_former;
SELECT is(pg_temp.grant(), '42501', 'not even superusers are');

SELECT * FROM finish();
ROLLBACK;
