-- Habits that every object of the extension keeps, read from the catalogs.
BEGIN;
SELECT plan(8);

CREATE TEMP VIEW member AS
SELECT classid, objid FROM pg_depend
WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
  AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'service_policy');

SELECT is_empty($$
    SELECT p.oid::regprocedure
    FROM member JOIN pg_proc p ON p.oid = objid AND classid = 'pg_proc'::regclass
    WHERE obj_description(p.oid, 'pg_proc') IS NULL
      AND p.prolang <> (SELECT oid FROM pg_language WHERE lanname = 'internal')
$$, 'each function has a comment, but for the constructors of our range types');

SELECT is_empty($$
    SELECT c.oid::regclass
    FROM member JOIN pg_class c ON c.oid = objid AND classid = 'pg_class'::regclass
    WHERE c.relkind IN ('r', 'p', 'v', 'S') AND obj_description(c.oid, 'pg_class') IS NULL
$$, 'each table, view and sequence has a comment');

SELECT is_empty($$
    SELECT c.oid::regclass, a.attname
    FROM member JOIN pg_class c ON c.oid = objid AND classid = 'pg_class'::regclass
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relkind IN ('r', 'p', 'v') AND col_description(c.oid, a.attnum) IS NULL
$$, 'each column has a comment');

SELECT is_empty($$
    SELECT p.oid::regprocedure
    FROM member JOIN pg_proc p ON p.oid = objid AND classid = 'pg_proc'::regclass
    JOIN pg_language l ON l.oid = p.prolang
    WHERE l.lanname NOT IN ('c', 'internal') AND NOT coalesce(p.proconfig, '{}') @> '{"search_path=pg_catalog, pg_temp"}'
$$, 'each function not in C fixes its search_path');

SELECT is_empty($$
    SELECT p.oid::regprocedure
    FROM member JOIN pg_proc p ON p.oid = objid AND classid = 'pg_proc'::regclass
    WHERE p.proleakproof
$$, 'no function claims to be leakproof: each can raise');

SELECT is_empty($$
    SELECT p.oid::regprocedure
    FROM member JOIN pg_proc p ON p.oid = objid AND classid = 'pg_proc'::regclass
    WHERE p.provolatile = 'v' AND p.proname !~ '^_' AND has_function_privilege('public', p.oid, 'EXECUTE')
      AND p.proname NOT IN ('grant_exception', 'approve_refund', 'revoke_exception', 'acknowledge_escalation',
                            'claim', 'confirm', 'fail', 'retry_failed', 'retry_action')
$$, 'nobody may call what changes anything unless granted, but for what asks the policy or the rights on the CRM''s or our own relations; helpers run with their caller''s rights');

SELECT is_empty($$
    SELECT p.oid::regprocedure
    FROM member JOIN pg_proc p ON p.oid = objid AND classid = 'pg_proc'::regclass
    WHERE p.prosecdef AND NOT coalesce(p.proconfig, '{}') @> '{"search_path=pg_catalog, pg_temp"}'
$$, 'each SECURITY DEFINER function, in C too, fixes its search_path');

SELECT is_empty($$
    SELECT c.oid::regclass, privilege
    FROM member JOIN pg_class c ON c.oid = objid AND classid = 'pg_class'::regclass,
         unnest('{INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'::text[]) AS privilege
    WHERE c.relkind IN ('r', 'p', 'v') AND has_table_privilege('public', c.oid, privilege)
$$, 'nobody may write configuration unless granted');

SELECT * FROM finish();
ROLLBACK;
