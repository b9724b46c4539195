-- Attaching and detaching what cannot be: the code, the message and the remedy of each mistake, and nothing half done.
BEGIN;
SELECT no_plan();

CREATE SCHEMA crm;
CREATE TYPE crm.point AS (x int, y int);
CREATE TABLE crm.status (id int PRIMARY KEY, name text);
INSERT INTO crm.status VALUES (1, 'new'), (2, 'done');
CREATE TABLE crm.ticket (
    id bigint PRIMARY KEY, reference text UNIQUE, status text, number text, created_at timestamptz, local_at timestamp, day date, epoch bigint,
    place crm.point, flag boolean, tenant int, UNIQUE (tenant, id));
INSERT INTO crm.ticket (id, status, number, created_at) VALUES (1, 'new', 'not a number', '2024-01-08Z');
CREATE INDEX ON crm.ticket (status);
CREATE UNIQUE INDEX ON crm.ticket (number) WHERE flag;
CREATE UNIQUE INDEX ON crm.ticket (lower(number), local_at);
CREATE VIEW crm.ticket_view AS SELECT * FROM crm.ticket;
CREATE MATERIALIZED VIEW crm.ticket_matview AS SELECT * FROM crm.ticket;
CREATE TEMP TABLE temporary_ticket (id int PRIMARY KEY, status text, created_at timestamptz);
SELECT service_policy.load_policy('{"policy": "desk"}');

-- What attach() says, of arguments that are right but for those given.
CREATE FUNCTION pg_temp.attach(
    name text DEFAULT 'desk', ticket_table regclass DEFAULT 'crm.ticket', policy text DEFAULT 'desk', key text[] DEFAULT '{id}',
    facts jsonb DEFAULT '{}', states jsonb DEFAULT '{"new": "open", "done": "resolved"}', only_where text DEFAULT NULL, distribution_column text DEFAULT NULL)
    RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    code text; message text; detail text; hint text;
BEGIN
    PERFORM service_policy.attach(name, ticket_table, policy, key,
        CASE WHEN jsonb_typeof(facts) = 'object' THEN '{"opened_at": "created_at", "state": "status"}' || facts ELSE facts END,
        states, only_where, distribution_column);
    RETURN 'attached';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN concat_ws(E'\n', code || ' ' || message, nullif(detail, ''), nullif(hint, ''));
END $$;

-- Names
SELECT is(pg_temp.attach(name => wrong), format(E'42602 an attachment cannot be named "%s"\nIts name becomes that of a schema: up to 40 small letters, digits and underscores.', wrong), 'the name ' || coalesce(wrong, 'NULL'))
  FROM unnest(ARRAY['', 'Desk', 'my desk', '1st', 'desk;', 'désk', repeat('x', 51)]) wrong;
SELECT alike(pg_temp.attach(name => NULL), '42602 %', 'no name');
SELECT alike(pg_temp.attach(name => 'crm'), '42P06 schema "crm" already exists%', 'the name of a schema that there is');
SELECT alike(pg_temp.attach(name => 'pg_desk'), '42939 %', 'a name that the server reserves');
CREATE SCHEMA taken_data;
SELECT is(pg_temp.attach(name => 'taken'), E'42P06 schema "taken_data" exists and is not the evidence of these tickets\nRename or drop that schema, or attach under another name.', 'a data schema that is something else');

-- The policy and the table
SELECT is(pg_temp.attach(policy => 'none'), E'42704 policy "none" does not exist\nLoad it with service_policy.load_policy().', 'no such policy');
SELECT alike(pg_temp.attach(policy => NULL), '42704 %', 'no policy');
SELECT throws_ok($$SELECT service_policy.attach('desk', 'crm.no_ticket', 'desk', '{id}', '{}', '{}')$$, '42P01', 'relation "crm.no_ticket" does not exist', 'no such table');
SELECT alike(pg_temp.attach(ticket_table => NULL), '22004 there is no ticket table to attach%', 'no table');
SELECT alike(pg_temp.attach(ticket_table => 'crm.ticket_view'), '42809 crm.ticket_view is not a table that lasts%', 'a view');
SELECT alike(pg_temp.attach(ticket_table => 'crm.ticket_matview'), '42809 crm.ticket_matview is not a table that lasts%', 'a materialized view');
SELECT alike(pg_temp.attach(ticket_table => 'crm.ticket_pkey'), '42809 crm.ticket_pkey is not a table that lasts%', 'an index');
SELECT alike(pg_temp.attach(ticket_table => 'temporary_ticket'), '42809 temporary_ticket is not a table that lasts%', 'a temporary table');
SELECT alike(pg_temp.attach(ticket_table => 'pg_class', key => '{oid}', facts => '{"opened_at": "timestamptz ''2026-03-02 09:00Z''", "state": "relname"}'), '42501 %', 'a table of the server''s own');

-- The key
SELECT alike(pg_temp.attach(key => wrong), E'22023 the key of crm.ticket has no columns\nName the columns of its primary key.', 'the key ' || coalesce(wrong::text, 'NULL'))
  FROM (VALUES (NULL::text[]), ('{}'), ('{id,NULL}')) keys (wrong);
SELECT alike(pg_temp.attach(key => wrong), '22023 no unique index of crm.ticket covers the key (%)' || E'\n' || 'Name the columns of its primary key, or create a unique index: rows that share a key would share their clocks.',
            'a key that no index makes unique: ' || wrong::text)
  FROM unnest(ARRAY['status', 'number', 'tenant', 'nonsense', 'ID']) name, LATERAL (SELECT ARRAY[name]) w (wrong);
SELECT alike(pg_temp.attach(key => '{id,nonsense}'), E'42703 key column "nonsense" of the ticket table does not exist\nName the columns of the table\'s primary key.', 'a column that is not there beside one that is unique');
SELECT alike(pg_temp.attach(key => '{id,id}'), '42701 %', 'a column twice');
SELECT is(pg_temp.attach(key => '{id}', distribution_column => 'tenant'), E'22023 the distribution column "tenant" is not part of the key (id)\nA distributed table has its distribution column in its primary key.', 'a distribution column that is not in the key');

-- The status map
SELECT alike(pg_temp.attach(states => wrong), '22023 the status map must be a JSON object of the CRM''s states%For example%', 'the status map ' || coalesce(wrong::text, 'NULL'))
  FROM (VALUES (NULL::jsonb), ('[]'), ('"open"'), ('{}'), ('null')) maps (wrong);
SELECT is(pg_temp.attach(states => jsonb_build_object('new', wrong)),
          format(E'22023 the status map maps "new" onto %s\nA state is mapped onto open, pending, on_hold, resolved, closed or void.', wrong), 'onto ' || wrong::text)
  FROM unnest(ARRAY['"opened"', '"Open"', '""', 'null', '1', '["open"]']::jsonb[]) wrong;

-- The facts as a whole
SELECT alike(pg_temp.attach(facts => wrong), '22023 %facts%', 'the facts ' || coalesce(wrong::text, 'NULL')) FROM (VALUES (NULL::jsonb), ('[]'), ('"opened_at"'), ('null')) f (wrong);
SELECT throws_ok(format($$SELECT service_policy.attach('desk', 'crm.ticket', 'desk', '{id}', %L, '{"*": "open"}')$$, wrong), '22023', 'the facts opened_at and state are needed', wrong || ' alone')
  FROM unnest(ARRAY['{}', '{"opened_at": "created_at"}', '{"state": "status"}']) wrong;
SELECT is(pg_temp.attach(facts => '{"opened": "created_at"}'),
    E'22023 "opened" is not a fact of a ticket\nThe facts of a ticket are opened_at, changed_at, resolved_at, closed_at, first_response_at, state, agent, customer, priority, channel, category, product, customer_tier, region, team.', 'an unknown fact');
SELECT alike(pg_temp.attach(facts => jsonb_build_object('agent', wrong)), '22023 fact "agent" has no SQL expression%Give an SQL expression%', 'the expression ' || wrong::text)
  FROM unnest(ARRAY['""', '5', 'true', 'null', '[]', '["status"]', '{}', '{"as": "text"}']::jsonb[]) wrong;
SELECT alike(pg_temp.attach(facts => '{"agent": {"sql": "status", "type": "text"}}'), '22023 fact "agent": "type" is not known%object of "sql", "as", "zone" and "unset"%', 'an unknown member');
SELECT alike(pg_temp.attach(facts => '{"agent": {"sql": 5}}'), '22023 fact "agent": "sql" must be a string%', 'an expression that is no string');

-- Expressions
SELECT is(pg_temp.attach(facts => jsonb_build_object('priority', expression)), concat_ws(E'\n', problem, 'The expression is: ' || expression,
          'It sees the row as "ticket"; other tables and functions need their schema, since search_path is pg_catalog alone.' || hint), 'the expression: ' || expression)
  FROM (VALUES
    ('prioritee', '42703 fact "priority" cannot be computed: column "prioritee" does not exist', ''),
    ('ticket.stats', '42703 fact "priority" cannot be computed: column ticket.stats does not exist', ' Perhaps you meant to reference the column "ticket.status".'),
    ('t.status', '42P01 fact "priority" cannot be computed: missing FROM-clause entry for table "t"', ''),
    ('status +', '42601 fact "priority" cannot be computed: syntax error at or near ")"', ''),
    ('status)', '42601 fact "priority" cannot be computed: syntax error at or near ")"', ''),
    ('status), (number', '42601 fact "priority" cannot be computed: it is not one expression', ''),
    ('''1''); SELECT (status', '42601 fact "priority" cannot be computed: it is not one expression', ''),
    ('''1'') UNION SELECT (status', '42601 fact "priority" cannot be computed: it is not one expression', ''),
    ('(SELECT name FROM status WHERE id = 1)', '42P01 fact "priority" cannot be computed: relation "status" does not exist', ''),
    ('no_function(status)', '42883 fact "priority" cannot be computed: function no_function(text) does not exist', ' No function matches the given name and argument types. You might need to add explicit type casts.'),
    ('number::int', '22P02 fact "priority" cannot be computed: invalid input syntax for type integer: "not a number"', ''),
    ('1 / (id - 1)', '22012 fact "priority" cannot be computed: division by zero', ''),
    ('(SELECT name FROM crm.status)', '21000 fact "priority" cannot be computed: more than one row returned by a subquery used as an expression', ''),
    ('generate_series(1, 2)::text', '42803 fact "priority" cannot be computed: it is not one value of one row', ''),
    ('max(status)', '42803 fact "priority" cannot be computed: it is not one value of one row', ''),
    ('lag(status) OVER ()', '42803 fact "priority" cannot be computed: it is not one value of one row', ''))
    AS wrong (expression, problem, hint);
SELECT alike(pg_temp.attach(facts => jsonb_build_object('priority', wrong)), '_____ fact "priority" %', 'what is no expression of a row: ' || wrong)
  FROM unnest(ARRAY['1; DROP TABLE crm.status', 'status FROM crm.ticket; --', '$1']) wrong;
SELECT has_table('crm', 'status', 'a second statement in an expression is none');

-- Types and times
SELECT is(pg_temp.attach(facts => facts), problem, facts::text)
  FROM (VALUES
    ('{"opened_at": "local_at"}'::jsonb, E'42804 fact "opened_at" cannot be read as timestamptz: "local_at" is of type timestamp without time zone\nSay in which zone: {"sql": "...", "as": "timestamp", "zone": "UTC"}.'),
    ('{"opened_at": "day"}', E'42804 fact "opened_at" cannot be read as timestamptz: "day" is of type date\nSay in which zone: {"sql": "...", "as": "date", "zone": "UTC"}.'),
    ('{"opened_at": "epoch"}', E'42804 fact "opened_at" cannot be read as timestamptz: "epoch" is of type bigint\nSay {"sql": "...", "as": "epoch"} for seconds or "epoch_ms" for milliseconds since 1970.'),
    ('{"opened_at": "status"}', E'42804 fact "opened_at" cannot be read as timestamptz: "status" is of type text\nCast it in the expression, for example (...)::timestamptz.'),
    ('{"opened_at": {"sql": "created_at", "as": "epoch"}}', E'42804 fact "opened_at" cannot be read as epoch: "created_at" is of type timestamp with time zone\nLeave out "as" and "zone": a timestamptz needs neither.'),
    ('{"opened_at": {"sql": "local_at", "as": "timestamp"}}', E'22023 fact "opened_at" is a local time, of which zone?\nSay for example {"sql": "...", "as": "timestamp", "zone": "UTC"}.'),
    ('{"opened_at": {"sql": "local_at", "as": "timestamp", "zone": "Europe/Lissabon"}}', E'22023 fact "opened_at": time zone "Europe/Lissabon" is not known\nThe known zones are in the view pg_timezone_names.'),
    ('{"opened_at": {"sql": "local_at", "as": "timestamp", "zone": "UTC+2"}}', E'22023 fact "opened_at": time zone "UTC+2" is not known\nThe known zones are in the view pg_timezone_names.'),
    ('{"opened_at": {"sql": "created_at", "zone": "UTC"}}', '22023 fact "opened_at" has a zone, but is not read as timestamp or date'),
    ('{"opened_at": {"sql": "created_at", "as": "time"}}', E'22023 fact "opened_at": "as" cannot be "time"\nA time is read as timestamptz, timestamp, date, epoch or epoch_ms.'),
    ('{"priority": {"sql": "epoch", "as": "epoch"}}', '22023 fact "priority" is not a time, so it cannot be read as "epoch"'),
    ('{"opened_at": {"sql": "created_at", "unset": "1970-01-01"}}', '22023 fact "opened_at": "unset" must be a list of the values that mean "not set"'),
    ('{"opened_at": {"sql": "epoch", "as": "epoch", "unset": ["never"]}}', '22023 fact "opened_at": "never" in "unset" is not a number'))
    AS wrong (facts, problem);
SELECT alike(pg_temp.attach(facts => '{"opened_at": {"sql": "created_at", "unset": ["never"]}}'), '22023 fact "opened_at": "never" in "unset" is not a time%', 'a time that is none in "unset"');

-- The row filter
SELECT alike(pg_temp.attach(only_where => wrong), '_____ the row filter only_where cannot be computed: ' || problem || E'\nThe expression is: %', 'the row filter: ' || wrong)
  FROM (VALUES ('kind = ''incident''', 'column "kind" does not exist'), ('status', 'argument of IS TRUE must be type boolean, not type text'),
               ('', 'syntax error%'), ('number::int > 1', 'invalid input syntax for type integer: "not a number"')) filters (wrong, problem);

-- After all that, there is nothing; and what was right is attached, once.
SELECT is_empty($$SELECT name FROM service_policy.attachment UNION ALL SELECT attachment FROM service_policy.attachment_table$$, 'no configuration is left of it');
SELECT is_empty($$SELECT nspname FROM pg_namespace WHERE nspname ~ 'desk'$$, 'no schema');
SELECT is_empty($$SELECT tgname FROM pg_trigger WHERE tgrelid = 'crm.ticket'::regclass AND NOT tgisinternal$$, 'no trigger');
SELECT is(current_setting('search_path'), '"$user", public', 'no setting');
SELECT is(pg_temp.attach(), 'attached', 'what is right is attached');
SELECT is(pg_temp.attach(), E'42710 attachment "desk" exists already\nUse another name, or detach() it first: its evidence is kept.', 'once');
SELECT is((SELECT count(*)::int FROM pg_trigger WHERE tgrelid = 'crm.ticket'::regclass AND NOT tgisinternal), 1, 'with one trigger');
SELECT lives_ok($$UPDATE crm.ticket SET status = 'done'$$, 'and its rows are recorded');
SELECT isnt_empty('SELECT * FROM desk_data.ledger', '… in the ledger');

-- Detaching
SELECT throws_ok($$SELECT service_policy.detach('none')$$, '42704', 'attachment "none" does not exist', 'nothing to detach');
SELECT throws_ok($$SELECT service_policy.detach(NULL)$$, '42704', NULL, 'nor without a name');
CREATE VIEW crm.report AS SELECT * FROM desk.compliance;
SELECT throws_ok($$SELECT service_policy.detach('desk')$$, '2BP01', NULL, 'what was built upon its views is not dropped with them');
SELECT is((SELECT count(*)::int FROM pg_trigger WHERE tgrelid = 'crm.ticket'::regclass AND NOT tgisinternal), 1, '… and nothing is half done: the trigger is there');
SELECT has_view('desk', view, '… and ' || view) FROM unnest(ARRAY['ticket_status', 'compliance', 'compliance_daily', 'issues']) view;
DROP VIEW crm.report;
CREATE TABLE desk_data.mine AS SELECT 1;
SELECT throws_ok($$SELECT service_policy.detach('desk', false)$$, '2BP01', NULL, 'nor is what somebody put beside the evidence');
DROP TABLE desk_data.mine;
SELECT lives_ok($$SELECT service_policy.detach('desk')$$, 'detached');
SELECT throws_ok($$SELECT service_policy.detach('desk')$$, '42704', NULL, 'once');

-- Evidence that was kept is for tickets of the same key only.
SELECT alike(pg_temp.attach(key => '{reference}'), '42P06 schema "desk_data" exists and is not the evidence of these tickets%', 'another key');
SELECT alike(pg_temp.attach(key => '{tenant,id}'), '42P06 %', 'a longer key');
CREATE TABLE crm.other (id int PRIMARY KEY, status text, created_at timestamptz);
SELECT alike(pg_temp.attach(ticket_table => 'crm.other'), '42P06 %', 'the same name of another type');
SELECT is(pg_temp.attach(), 'attached', 'the same key again');
SELECT service_policy.detach('desk', false);
SELECT is(pg_temp.attach(key => '{tenant,id}'), 'attached', 'a longer key, now that the evidence is gone');
SELECT service_policy.detach('desk');
SELECT alike(pg_temp.attach(), '42P06 %', 'and then a shorter one is refused');

-- The trigger is not for other uses.
SELECT throws_ok('SELECT service_policy._ticket_changed()', '39P01', NULL, 'it is no function to call');
CREATE TABLE crm.wrong (id int);
CREATE TRIGGER wrong BEFORE INSERT ON crm.wrong FOR EACH ROW EXECUTE FUNCTION service_policy._ticket_changed('desk');
SELECT throws_ok('INSERT INTO crm.wrong VALUES (1)', '39P01', '_ticket_changed() can only be called as an AFTER trigger for each row', 'before');
DROP TRIGGER wrong ON crm.wrong;
CREATE TRIGGER wrong AFTER INSERT ON crm.wrong FOR EACH STATEMENT EXECUTE FUNCTION service_policy._ticket_changed('desk');
SELECT throws_ok('INSERT INTO crm.wrong VALUES (1)', '39P01', '_ticket_changed() can only be called as an AFTER trigger for each row', 'for each statement');
DROP TRIGGER wrong ON crm.wrong;
CREATE TRIGGER wrong AFTER INSERT ON crm.wrong FOR EACH ROW EXECUTE FUNCTION service_policy._ticket_changed();
SELECT throws_ok('INSERT INTO crm.wrong VALUES (1)', '39P01', 'trigger "wrong" needs one argument, the attachment''s name', 'without a name');

-- The blanks that fill up char(n) are no part of the word; those of text are.
CREATE TABLE crm.filled (id int PRIMARY KEY, status char(8), priority char(8), channel text, agent char(4), created_at timestamptz);
SELECT service_policy.attach('filled', 'crm.filled', 'desk', '{id}',
    '{"opened_at": "created_at", "state": "status", "priority": "priority", "channel": "channel", "agent": {"sql": "agent", "unset": [""]}}', '{"new": "open"}');
INSERT INTO crm.filled VALUES (1, 'new', 'low', 'mail ', '', '2024-01-08Z');
SELECT results_eq('SELECT event, state, priority, channel, agent FROM filled_data.ledger', $$VALUES ('opened', 'open', 'low', 'mail ', NULL::text)$$, 'char(n) is what it was written as');
SELECT is_empty('SELECT * FROM filled.issues', '… and its state is one of the map');

-- More decimals than "unset" says, and columns that SQL has another word for.
CREATE TABLE crm.typed (id int PRIMARY KEY, status text, created_at timestamptz, "user" text, local_at timestamp);
CREATE TABLE crm.payback (id int PRIMARY KEY, amount numeric(10,2), paid numeric(10,2));
SELECT service_policy.publish_policy('typed', service_policy.load_policy('{"policy": "typed", "refunds": [{"name": "any", "max_share": 1, "mode": "observe"}]}'), '2020-01-01Z');
SELECT is(pg_temp.attach(name => 'typed', ticket_table => 'crm.typed', policy => 'typed', facts => '{"agent": "ticket.user", "team": "user", "region": "\"user\""}'), 'attached', 'odd types');
SELECT service_policy.attach_refunds('typed', 'crm.payback', '{id}', '{"amount": "amount", "paid_amount": {"sql": "paid", "unset": [0, "NaN"]}}');
INSERT INTO crm.typed VALUES (1, 'done', '2024-01-08Z', 'ana');
INSERT INTO crm.payback VALUES (1, 10, 0), (2, 10, 'NaN'), (3, 10, 10);
SELECT is((SELECT concat_ws(' ', state, source_state || ',', agent, team, region) FROM typed_data.ledger ORDER BY seq DESC LIMIT 1),
    format('resolved done, ana %s ana', current_user), 'a word of SQL is no column, unless it is quoted or qualified');
SELECT results_eq($$SELECT id, facts ? 'paid_amount' FROM typed_data.refund_decision ORDER BY id$$, 'VALUES (1, false), (2, false), (3, true)', 'an amount that is not set, with its decimals');
SELECT throws_like($$SELECT service_policy._check_write_back('crm.typed', '{"local_at": {"value": "resolution.due_at", "zone": "UTC+2"}}')$$,
    'column "local_at" cannot be set: time zone "UTC+2" is not known', 'a zone to write in that is none');

-- A mapping that somebody edits: nothing of it takes the server down, and the CRM's statements go on.
CREATE TABLE crm.note (id int PRIMARY KEY, body text);
INSERT INTO crm.note VALUES (1);
SELECT service_policy.attach_messages('typed', 'crm.note', '{id}', '{"ticket": ["id"], "sent_at": "timestamptz ''2026-03-02 10:00Z''", "author": "''agent''"}');
SELECT service_policy.attach_child('typed', 'crm.ticket', '{"ticket": ["id"]}');
CREATE FUNCTION pg_temp.after_edit(of text, edited jsonb, filter text DEFAULT NULL) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    SET LOCAL client_min_messages = error;
    UPDATE service_policy.attachment_table SET facts = edited, only_where = filter WHERE attachment = 'typed' AND source = of;
    UPDATE crm.typed SET created_at = created_at + interval '1 second';
    UPDATE crm.note SET body = edited::text;
    UPDATE crm.ticket SET status = 'new';
END $$;
SELECT lives_ok(format('SELECT pg_temp.after_edit(%L, %L, %L)', source, facts, filter), concat_ws(' ', source, facts, filter))
  FROM (VALUES ('ticket', '{"opened_at": "created_at", "state": "''1''); SELECT (''2''"}', NULL), ('ticket', '{"opened_at": "created_at", "state": "''1'') UNION SELECT (''2''"}', NULL),
               ('ticket', '{"opened_at": "created_at", "state": "status"}', 'true) IS TRUE), ((false'), ('message', '{"ticket": ["id"]}', NULL),
               ('message', '{"ticket": []}', NULL), ('message', '{"sent_at": "timestamptz ''2026-03-02 10:00Z''"}', NULL), ('child', '{}', NULL), ('ticket', '{}', NULL))
    AS edits (source, facts, filter);

-- A key of a type that has an equality of its own.
SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'citext') AS has_citext \gset
\if :has_citext
CREATE SCHEMA "Text Types";
CREATE EXTENSION citext SCHEMA "Text Types";
CREATE TABLE crm.by_mail (mail "Text Types".citext PRIMARY KEY, status text, created_at timestamptz);
SELECT is(pg_temp.attach(name => 'by_mail', ticket_table => 'crm.by_mail', key => '{mail}'), 'attached', 'a key without case');
INSERT INTO crm.by_mail VALUES ('Ana@example.com', 'new', '2024-01-08Z');
UPDATE crm.by_mail SET mail = 'ana@EXAMPLE.com', status = 'done';
SELECT results_eq('SELECT mail::text, seq, event, state FROM by_mail_data.ledger ORDER BY seq',
    $$VALUES ('Ana@example.com', 1, 'opened', 'open'), ('ana@EXAMPLE.com', 2, 'changed', 'resolved')$$, '… is the same ticket however it is written');
\endif

SELECT * FROM finish();
ROLLBACK;
