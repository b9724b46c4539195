-- Refunds, decided at the write: each reason, each mode, each way to write a row; and what must not be decided again.
BEGIN;
SELECT no_plan();

CREATE SCHEMA crm;
CREATE TABLE crm.ticket (id bigint PRIMARY KEY, status text, created_at timestamptz, category text);
CREATE TABLE crm.refund (
    id bigint PRIMARY KEY, ticket_id text, amount numeric, paid numeric, delivered_at timestamptz, asked_at timestamptz,
    category text, state text DEFAULT 'approved', agent text, note text);

INSERT INTO service_policy.calendar (name, time_zone) VALUES ('desk', 'Europe/Lisbon'), ('empty', 'UTC');
INSERT INTO service_policy.calendar_hours (calendar, weekday, opens, closes)
    SELECT c, weekday, '09:00', '17:00' FROM generate_series(1, 5) weekday, unnest('{desk,empty}'::text[]) c;
SELECT service_policy.load_policy($$
    {"policy": "desk", "language": "en", "refunds": [
     {"name": "standard", "window": {"days": 30, "from": "delivered_at", "calendar": "desk"},
      "message": {"en": "Until {cutoff}, {allowed_amount} of {amount}.", "pt": "Até {cutoff}."}},
     {"name": "gift", "when": {"category": ["gift"]}, "final_sale": true},
     {"name": "slow", "when": {"category": ["slow"]}, "issue_limit": {"days": 14, "from": "opened_at"}},
     {"name": "capped", "when": {"category": ["capped"]}, "max_amount": 100, "approval_above": 50, "restocking_fee": 0.1},
     {"name": "half", "when": {"category": ["half"]}, "max_share": 0.5},
     {"name": "broken", "when": {"category": ["broken"]}, "window": {"days": 30, "from": "delivered_at", "calendar": "empty"}},
     {"name": "flagged", "when": {"category": ["flagged"]}, "max_amount": 10, "mode": "flag"},
     {"name": "observed", "when": {"category": ["observed"]}, "max_amount": 10, "mode": "observe"}]}$$);
SELECT service_policy.publish_policy('desk', 1, '2020-01-01Z');
SELECT service_policy.attach('desk', 'crm.ticket', 'desk', '{id}', '{"opened_at": "created_at", "state": "status", "category": "category"}', '{"*": "open"}');
INSERT INTO crm.ticket VALUES (1, 'new', '2024-01-20 10:00Z', NULL), (2, 'new', '2024-03-01 10:00Z', NULL), (3, 'new', '2024-01-20 10:00Z', 'gift');

-- What a statement comes to: written, or the error's code and what it is about.
CREATE FUNCTION pg_temp.outcome(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    code text; reason text; schema_name text; table_name text; message text; hint text;
BEGIN
    EXECUTE statement;
    RETURN 'written';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, reason = CONSTRAINT_NAME, schema_name = SCHEMA_NAME, table_name = TABLE_NAME,
                            message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
    RETURN CASE WHEN code = '23514' THEN concat_ws(' ', code, reason, schema_name || '.' || table_name)
                ELSE concat_ws(' ', code, message, hint) END;
END $$;
CREATE FUNCTION pg_temp.refused(reason text, refund_table text DEFAULT 'crm.refund') RETURNS text LANGUAGE sql AS $$
    SELECT '23514 ' || reason || ' ' || refund_table $$;

-- Attaching what cannot be
CREATE FUNCTION pg_temp.attach(
    name text DEFAULT 'desk', refund_table regclass DEFAULT 'crm.refund', key text[] DEFAULT '{id}', facts jsonb DEFAULT '{}', only_where text DEFAULT NULL)
    RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.outcome(format('SELECT service_policy.attach_refunds(%L, %L, %L, %L, %L)', name, refund_table, key,
                                  CASE WHEN jsonb_typeof(facts) = 'object' THEN '{"amount": "amount"}' || facts ELSE facts END, only_where)) $$;
SELECT alike(pg_temp.attach(name => 'none'), '42704 attachment "none" does not exist Attach the ticket table first%', 'no ticket table');
SELECT alike(pg_temp.attach(name => NULL), '42704 %', 'no name');
SELECT alike(pg_temp.attach(refund_table => NULL), '22004 %', 'no table');
SELECT alike(pg_temp.attach(refund_table => 'pg_class', key => '{oid}', facts => '{"amount": "relpages"}'), '42501 %', 'a table of the server''s own');
SELECT alike(pg_temp.attach(key => wrong), '22023 %', 'the key ' || coalesce(wrong::text, 'NULL')) FROM (VALUES (NULL::text[]), ('{}'), ('{note}'), ('{nothing}')) k (wrong);
SELECT alike(pg_temp.attach(facts => 'null'), '22023 the fact amount is needed%', 'no facts');
SELECT alike(pg_temp.outcome($$SELECT service_policy.attach_refunds('desk', 'crm.refund', '{id}', '{"ticket": ["ticket_id"]}')$$), '22023 the fact amount is needed%', 'no amount');
SELECT alike(pg_temp.attach(facts => '{"line_id": "note"}'), '22023 the fact line_id needs the fact order_id%', 'a line of no order');
SELECT alike(pg_temp.attach(facts => '{"colour": "note"}'), '22023 "colour" is not a fact of a refund %', 'an unknown fact');
SELECT alike(pg_temp.attach(facts => '{"amount": "note"}'), '42804 %amount%', 'an amount that is no number');
SELECT alike(pg_temp.attach(facts => '{"delivered_at": "note"}'), '42804 %delivered_at%', 'a time that is none');
SELECT alike(pg_temp.attach(facts => '{"amount": "amount +"}'), '42601 %amount%', 'what is no expression');
SELECT alike(pg_temp.attach(facts => '{"ticket": "ticket_id"}'), '%fact "ticket" must be a list of the parts of the ticket''s key%', 'a ticket''s key that is no list');
SELECT alike(pg_temp.attach(facts => '{"ticket": ["ticket_id", "id"]}'), '22023 the fact ticket has 2 parts, the ticket''s key has 1: (id)%', 'too many parts');
SELECT alike(pg_temp.attach(facts => '{"ticket": []}'), '22023 %', 'no parts');
SELECT alike(pg_temp.attach(only_where => 'note'), '42804 %', 'a row filter that is no condition');
CREATE ROLE svp_test_other;
GRANT USAGE ON SCHEMA crm TO svp_test_other;
GRANT ALL ON crm.refund TO svp_test_other;
GRANT ALL ON service_policy.attachment, service_policy.attachment_table TO svp_test_other;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA service_policy TO svp_test_other;
SET LOCAL ROLE svp_test_other;
SELECT alike(pg_temp.attach(), '42501 schema "desk_data" belongs to %', 'somebody else''s attachment');
RESET ROLE;
SELECT is_empty($$SELECT FROM service_policy.attachment_table WHERE source = 'refund'
                   UNION ALL SELECT FROM pg_trigger WHERE tgrelid = 'crm.refund'::regclass
                   UNION ALL SELECT FROM pg_class WHERE relname IN ('refund_decision', 'refund_log')$$, 'and nothing is half done');

CREATE TEMP TABLE mapping AS SELECT jsonb '{"ticket": ["ticket_id"], "amount": "amount", "paid_amount": "paid", "delivered_at": "delivered_at",
    "requested_at": "asked_at", "category": "category", "state": "state", "agent": "agent"}' AS facts;
SELECT lives_ok($$SELECT service_policy.attach_refunds('desk', 'crm.refund', '{id}', facts) FROM mapping$$, 'attached');
SELECT alike(pg_temp.attach(), '42710 attachment "desk" has a refund table already%', 'attached twice');
SELECT triggers_are('crm', 'refund', '{_service_policy_desk_refund}', 'with one trigger');

-- The reasons.  Ticket 1 is of 20 January, within 30 days of 1 January in Lisbon; ticket 2 is late.
CREATE FUNCTION pg_temp.refund(
    id bigint, ticket text DEFAULT '1', amount text DEFAULT '20', paid text DEFAULT '40', delivered text DEFAULT '2024-01-01 10:00Z', category text DEFAULT NULL,
    asked text DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.outcome(format('INSERT INTO crm.refund VALUES (%L, %L, %L, %L, %L, %L, %L)', id, ticket, amount, paid, delivered, asked, category)) $$;
SELECT is(pg_temp.refund(1), 'written', 'in time');
SELECT is(pg_temp.refund(2, ticket => '2'), pg_temp.refused('refund_cutoff'), 'late');
SELECT is(pg_temp.refund(2, ticket => NULL, asked => '2024-01-31 23:59:59.999999Z'), 'written', 'the last moment of the last day');
SELECT is(pg_temp.refund(3, ticket => NULL, asked => '2024-02-01 00:00Z'), pg_temp.refused('refund_cutoff'), 'and the next');
SELECT is(pg_temp.refund(3, ticket => NULL), pg_temp.refused('refund_cutoff'), 'without a ticket the customer asks now');
SELECT is(pg_temp.refund(3, category => 'gift'), pg_temp.refused('refund_final_sale'), 'a final sale');
SELECT is(pg_temp.refund(3, ticket => '3'), pg_temp.refused('refund_final_sale'), 'a final sale as the ticket has it');
SELECT is(pg_temp.refund(3, category => 'slow'), pg_temp.refused('refund_issue_limit'), 'a ticket too old');
SELECT is(pg_temp.refund(3, category => 'capped', amount => '50.000001'), pg_temp.refused('refund_amount'), 'more than was paid');
SELECT is(pg_temp.refund(3, category => 'capped', amount => '50', paid => NULL), 'written', 'as much as needs no approval');
SELECT is(pg_temp.refund(4, category => 'capped', amount => '50.000001', paid => NULL), pg_temp.refused('refund_needs_approval'), 'a millionth more');
SELECT is(pg_temp.refund(4, category => 'capped', amount => '100.01', paid => NULL), pg_temp.refused('refund_amount'), 'more than the rule gives');
SELECT is(pg_temp.refund(4, category => 'half', amount => '20.000001'), pg_temp.refused('refund_amount'), 'more than the share');
SELECT is(pg_temp.refund(4, category => 'half', paid => NULL), pg_temp.refused('refund_fact_missing'), 'a share of nobody knows what');
SELECT is(pg_temp.refund(4, delivered => NULL), pg_temp.refused('refund_fact_missing'), 'no start of the window');
SELECT is(pg_temp.refund(4, amount => NULL), 'written', 'no amount, where nothing depends on it');
SELECT is(pg_temp.refund(5, category => 'capped', amount => NULL), pg_temp.refused('refund_fact_missing'), 'no amount, where a limit does');
SELECT is(pg_temp.refund(5, amount => wrong), pg_temp.refused('refund_fact_unreadable'), 'the amount ' || wrong) FROM unnest('{NaN,-0.01,9223372036855,1e30,-1e30}'::text[]) wrong;
SELECT is(pg_temp.refund(5, paid => wrong), pg_temp.refused('refund_fact_unreadable'), 'the amount paid ' || wrong) FROM unnest('{NaN,-1,1e30}'::text[]) wrong;
SELECT is(pg_temp.refund(5, delivered => wrong), pg_temp.refused('refund_fact_unreadable'), 'delivered at ' || wrong) FROM unnest('{infinity,-infinity,4713-01-01 BC,200000-01-01}'::text[]) wrong;
SELECT is(pg_temp.refund(5, asked => wrong), pg_temp.refused('refund_fact_unreadable'), 'asked at ' || wrong) FROM unnest('{infinity,-infinity}'::text[]) wrong;
SELECT is(pg_temp.refund(5, amount => '0'), 'written', 'nothing at all');
SELECT is(pg_temp.refund(6, ticket => wrong, asked => '2024-01-20Z'), 'written', 'a ticket that is none: ' || wrong) FROM unnest('{99}'::text[]) wrong;
SELECT is(pg_temp.refund(7, ticket => wrong, category => 'slow'), pg_temp.refused('refund_fact_missing'), 'but its opening is not known: ' || wrong) FROM unnest('{99,abc,"",99999999999999999999}'::text[]) wrong;
SELECT results_eq('SELECT id, ticket_id FROM desk_data.refund_decision WHERE id IN (1, 2, 6) ORDER BY id', 'VALUES (1::bigint, 1::bigint), (2, NULL), (6, 99)', 'the ticket is recorded');
DELETE FROM service_policy.calendar_hours WHERE calendar = 'empty';
SELECT is(pg_temp.refund(7, category => 'broken'), pg_temp.refused('refund_calendar'), 'a calendar without hours');

-- Modes
SET LOCAL client_min_messages = error;
SELECT is(pg_temp.refund(8, category => 'flagged'), 'written', 'flagged');
RESET client_min_messages;
SELECT is(pg_temp.refund(9, category => 'observed'), 'written', 'observed');
SELECT is(pg_temp.refund(10, ticket => NULL, asked => '2019-01-01Z', amount => '1000000', paid => NULL), 'written', 'before there was a policy: the version in force now judges');
SELECT results_eq('SELECT id, decision::text, reason::text, rule::text, mode::text, policy_version, allowed_amount, fee FROM desk.refund_log WHERE id IN (1, 3, 8, 9, 10) ORDER BY id',
    $$VALUES (1::bigint, 'allowed', NULL, 'standard', 'enforce', 1, 20.00, 0.00), (3, 'allowed', NULL, 'capped', 'enforce', 1, 50.00, 5.00),
             (8, 'refused', 'refund_amount', 'flagged', 'flag', 1, 10.00, 0.00), (9, 'refused', 'refund_amount', 'observed', 'observe', 1, 10.00, 0.00),
             (10, 'allowed', NULL, 'standard', 'enforce', 1, 1000000.00, 0.00)$$, 'the log has each');
SELECT is((SELECT string_agg(id::text, ' ' ORDER BY id) FROM crm.refund), (SELECT string_agg(id::text, ' ' ORDER BY id) FROM desk_data.refund_decision), 'one decision for each refund, none for those refused');

SELECT ok(bool_and(decided_at > now()), 'a transaction that is held open gains no time') FROM desk_data.refund_decision;

-- Changes
CREATE FUNCTION pg_temp.change(statement text) RETURNS text LANGUAGE sql AS $$ SELECT pg_temp.outcome('UPDATE crm.refund SET ' || statement) $$;
SELECT is(pg_temp.change('amount = 40 WHERE id = 1'), 'written', 'an amount within what was paid');
SELECT is(pg_temp.change('amount = 41 WHERE id = 1'), pg_temp.refused('refund_amount'), 'an amount beyond');
SELECT is(pg_temp.change('ticket_id = 2 WHERE id = 1'), pg_temp.refused('refund_cutoff'), 'another ticket');
SELECT is(pg_temp.change('category = ''gift'' WHERE id = 1'), pg_temp.refused('refund_final_sale'), 'another scenario');
SELECT is(pg_temp.change('delivered_at = NULL WHERE id = 1'), pg_temp.refused('refund_fact_missing'), 'a fact taken away');
SELECT is((SELECT max(seq) FROM desk_data.refund_decision WHERE id = 1), 2, 'what was written is recorded, what was refused is not');

-- A later version, by which all would be refused: new tickets only.
SELECT service_policy.load_policy('{"policy": "desk", "refunds": [{"name": "never", "final_sale": true}]}');
SELECT service_policy.publish_policy('desk', 2, '2024-02-01Z');
SELECT is(pg_temp.refund(20), 'written', 'the version in force when the ticket was opened');
SELECT is(pg_temp.refund(21, ticket => '2', delivered => '2024-02-28Z'), pg_temp.refused('refund_final_sale'), '… and a ticket opened under the later');
SELECT is(pg_temp.refund(21, ticket => NULL, delivered => '2024-02-28Z', asked => '2024-03-01Z'), pg_temp.refused('refund_final_sale'), '… and without a ticket, when the customer asked');

-- What was decided stays so while nothing changes that decides.
CREATE FUNCTION pg_temp.unrelated() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    change text;
BEGIN
    FOREACH change IN ARRAY ARRAY['note = ''x''', 'state = ''paid''', 'agent = ''bo''', 'amount = amount', 'id = id', 'amount = 20.0'] LOOP
        RETURN NEXT is(pg_temp.change(change || ' WHERE id = 30'), 'written', 'not judged again: ' || change);
    END LOOP;
    RETURN NEXT is((SELECT count(*)::int FROM desk.refund_log WHERE id = 30), 0, 'nor recorded again');
END $$;
-- Refund 30 was written before there was an attachment, and is late.
SELECT service_policy.detach('desk');
SELECT triggers_are('crm', 'refund', '{}', 'detach removes both triggers');
SELECT is(pg_temp.refund(30, ticket => '2'), 'written', 'nothing is refused without an attachment');
SELECT service_policy.attach('desk', 'crm.ticket', 'desk', '{id}', '{"opened_at": "created_at", "state": "status", "category": "category"}', '{"*": "open"}');
SELECT lives_ok($$SELECT service_policy.attach_refunds('desk', 'crm.refund', '{id}', facts) FROM mapping$$, 'attached anew, with the evidence that was kept');
SELECT cmp_ok((SELECT count(*)::int FROM desk.refund_log), '>', 5, 'which the log shows');
SELECT pg_temp.unrelated();
SELECT is(pg_temp.change('amount = 21 WHERE id = 30'), pg_temp.refused('refund_final_sale'), 'but judged when it is changed');
SELECT service_policy.detach('desk');
SELECT service_policy.attach('desk', 'crm.ticket', 'desk', '{id}', '{"opened_at": "created_at", "state": "status", "category": "category"}', '{"*": "open"}');
SELECT lives_ok($$SELECT service_policy.attach_refunds('desk', 'crm.refund', '{id}', facts ||
    '{"amount": "refund.amount * 1", "state": "lower(state)", "agent": "upper(refund.agent)", "delivered_at": "delivered_at + interval ''0''"}', 'state IN (''approved'', ''paid'')') FROM mapping$$,
    'the same with expressions and a row filter');
SELECT pg_temp.unrelated();

-- The ticket goes, and its refunds' foreign keys with it.
INSERT INTO crm.ticket VALUES (7, 'new', '2024-01-20Z', NULL);
SELECT is(pg_temp.refund(32, ticket => '7'), 'written', 'a refund of a ticket that will go');
SELECT is(pg_temp.change('ticket_id = NULL WHERE id = 32'), 'written', 'is not judged again by that');
SELECT is(pg_temp.change('amount = 21 WHERE id = 32'), pg_temp.refused('refund_final_sale'), '… but by more money');

-- The row filter: it is a refund once it is approved.
SELECT is(pg_temp.outcome($$INSERT INTO crm.refund VALUES (40, '2', 20, 40, '2024-01-01Z', NULL, NULL, 'draft')$$), 'written', 'a draft is no refund');
SELECT is(pg_temp.change('amount = 30, note = ''still a draft'' WHERE id = 40'), 'written', 'nor a changed one');
SELECT is(pg_temp.change('state = ''approved'' WHERE id = 40'), pg_temp.refused('refund_final_sale'), 'until it is approved');
SELECT is(pg_temp.change('state = NULL WHERE id = 1'), 'written', 'a refund that ceases to be one');
SELECT is(pg_temp.change('state = ''approved'' WHERE id = 1'), 'written', 'and is one again, within its terms');
SELECT is((SELECT max(seq) FROM desk_data.refund_decision WHERE id = 1), 3, 'is decided again');

-- An expression that fails: nobody knows what it would have said, so the strictest rule counts.
CREATE FUNCTION crm.inverse(numeric) RETURNS numeric LANGUAGE sql AS 'SELECT 1 / $1';
SELECT service_policy.detach('desk');
SELECT service_policy.attach('desk', 'crm.ticket', 'desk', '{id}', '{"opened_at": "created_at", "state": "status", "category": "category"}', '{"*": "open"}');
SELECT service_policy.attach_refunds('desk', 'crm.refund', '{id}', facts || '{"paid_amount": "40 + 0 / (paid - 13)"}') FROM mapping;
SELECT is(pg_temp.refund(50, paid => '13'), pg_temp.refused('refund_fact_unreadable'), 'an expression that fails');
SELECT is(pg_temp.refund(50, paid => '13', category => 'flagged', amount => '1'), pg_temp.refused('refund_fact_unreadable'), 'also where a lenient rule seems to apply');
SELECT is(pg_temp.refund(50, paid => '14'), 'written', 'one that does not');

-- Ways to write
SELECT service_policy.detach('desk');
SELECT service_policy.attach('desk', 'crm.ticket', 'desk', '{id}', '{"opened_at": "created_at", "state": "status", "category": "category"}', '{"*": "open"}');
SELECT service_policy.attach_refunds('desk', 'crm.refund', '{id}', facts) FROM mapping;
SELECT is(pg_temp.outcome($$INSERT INTO crm.refund SELECT id, CASE id WHEN 63 THEN '2' ELSE '1' END, 1, 40, '2024-01-01Z' FROM generate_series(60, 65) id$$), pg_temp.refused('refund_final_sale'), 'one of several');
SELECT is((SELECT count(*)::int FROM crm.refund WHERE id BETWEEN 60 AND 65) + (SELECT count(*)::int FROM desk_data.refund_decision WHERE id BETWEEN 60 AND 65), 0, 'refuses all, and leaves no trace');
SELECT is(pg_temp.outcome($$INSERT INTO crm.refund SELECT id, '1', 1, 40, '2024-01-01Z' FROM generate_series(60, 65) id$$), 'written', 'several');
SELECT is((SELECT count(*)::int FROM desk_data.refund_decision WHERE id BETWEEN 60 AND 65), 6, 'have a decision each');
COPY crm.refund (id, ticket_id, amount, paid, delivered_at) FROM stdin;
70	1	1	40	2024-01-01Z
71	1	2	40	2024-01-01Z
\.
SELECT is((SELECT count(*)::int FROM desk_data.refund_decision WHERE id IN (70, 71)), 2, 'COPY');
-- Refund 30 is there and late.
SELECT is(pg_temp.outcome($$INSERT INTO crm.refund VALUES (30, '2', 20, 40, '2024-01-01Z') ON CONFLICT DO NOTHING$$), 'written', 'ON CONFLICT DO NOTHING of a late one that is there');
SELECT is(pg_temp.outcome($$INSERT INTO crm.refund VALUES (30, '2', 20, 40, '2024-01-01Z') ON CONFLICT (id) DO UPDATE SET note = 'synchronized'$$), 'written', 'ON CONFLICT DO UPDATE of what does not decide');
SELECT is(pg_temp.outcome($$INSERT INTO crm.refund VALUES (30, '2', 22, 40, '2024-01-01Z') ON CONFLICT (id) DO UPDATE SET amount = excluded.amount$$), pg_temp.refused('refund_final_sale'), '… and of what does');
SELECT is(pg_temp.outcome($$INSERT INTO crm.refund VALUES (31, '2', 22, 40, '2024-01-01Z') ON CONFLICT DO NOTHING$$), pg_temp.refused('refund_final_sale'), '… and of a new one');
SELECT alike(pg_temp.outcome($$INSERT INTO crm.refund VALUES (30, '2', 22, 40, '2024-01-01Z')$$), '23505 %', 'a late one that is there is there');
SELECT is(CASE WHEN current_setting('server_version_num')::int < 150000 THEN 'written' ELSE pg_temp.outcome($$
    MERGE INTO crm.refund r USING (VALUES (30, '2'), (80, '1')) s (id, ticket) ON r.id = s.id
     WHEN MATCHED THEN UPDATE SET note = 'merged' WHEN NOT MATCHED THEN INSERT (id, ticket_id, amount, paid, delivered_at) VALUES (s.id, s.ticket, 1, 2, '2024-01-01Z')$$) END, 'written', 'MERGE');
SELECT is(CASE WHEN current_setting('server_version_num')::int < 150000 THEN pg_temp.refused('refund_final_sale') ELSE pg_temp.outcome($$
    MERGE INTO crm.refund r USING (VALUES (81, '2')) s (id, ticket) ON r.id = s.id
     WHEN NOT MATCHED THEN INSERT (id, ticket_id, amount, paid, delivered_at) VALUES (s.id, s.ticket, 1, 2, '2024-01-01Z')$$) END, pg_temp.refused('refund_final_sale'), 'MERGE of a late one');
SELECT is(pg_temp.outcome($$WITH t AS (INSERT INTO crm.ticket VALUES (90, 'new', '2024-01-20Z', 'other') RETURNING id)
    INSERT INTO crm.refund SELECT 90, id, 1, 40, '2024-01-01Z' FROM t$$), 'written', 'with its ticket, in one statement');
SELECT is(pg_temp.outcome($$WITH t AS (INSERT INTO crm.ticket VALUES (91, 'new', '2024-01-20Z', 'gift') RETURNING id)
    INSERT INTO crm.refund SELECT 91, id, 1, 40, '2024-01-01Z' FROM t$$), pg_temp.refused('refund_final_sale'), '… whose scenario counts');

-- Asking
CREATE FUNCTION pg_temp.answer(facts jsonb, language text DEFAULT NULL, name text DEFAULT 'desk') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    code text; error text;
BEGIN
    RETURN (SELECT concat_ws(' ', decision, reason, rule, version, to_char(cutoff_at AT TIME ZONE 'UTC', 'MM-DD HH24:MI'), allowed_amount, fee)
              FROM service_policy.refund_check(name, facts, '2024-06-01Z', language));
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, error = MESSAGE_TEXT;
    RETURN code || ' ' || error;
END $$;
SELECT is(pg_temp.answer(facts), answer, facts::text) FROM (VALUES
    ('{"requested_at": "2024-01-20 00:00Z", "delivered_at": "2024-01-01 00:00Z", "amount": 20}'::jsonb, 'allowed standard 1 02-01 00:00 20.00 0.00'),
    ('{"requested_at": "2024-01-20 00:00Z", "delivered_at": "2024-01-01 00:00Z", "amount": "20.5"}', 'allowed standard 1 02-01 00:00 20.50 0.00'),
    ('{"requested_at": "2024-01-20T00:00:00+00", "delivered_at": "2023-12-01 01:00+02", "amount": 20}', 'refused refund_cutoff standard 1 12-31 00:00 0.00 0.00'),
    ('{"requested_at": "2024-01-20 00:00Z", "delivered_at": null, "amount": 20}', 'needs_approval refund_fact_missing standard 1 0.00 0.00'),
    ('{"requested_at": null, "amount": null}', 'refused refund_final_sale never 2 0.00 0.00'),
    ('{}', 'refused refund_final_sale never 2 0.00 0.00'),
    ('{"ticket": [1], "delivered_at": "2024-01-01 00:00Z"}', 'allowed standard 1 02-01 00:00 0.00'),
    ('{"ticket": "1", "delivered_at": "2024-01-01 00:00Z"}', 'allowed standard 1 02-01 00:00 0.00'),
    ('{"ticket": ["abc"], "category": "slow", "requested_at": "2024-01-20 00:00Z"}', 'needs_approval refund_fact_missing slow 1 0.00 0.00'),
    ('{"ticket": null, "category": "capped", "requested_at": "2024-01-20 00:00Z"}', 'needs_approval refund_fact_missing capped 1 0.00 0.00'),
    ('{"ticket": [1, 2]}', '22023 the key of a ticket of attachment "desk" has 1 part, not 2'),
    ('{"ticket": []}', '22023 the key of a ticket of attachment "desk" has 1 part, not 0'),
    ('{"requested_at": "2024-01-20"}', '22023 the value of fact "requested_at" is not a time with an offset from UTC, such as 2026-03-01T10:00:00Z: "2024-01-20"'),
    ('{"requested_at": "infinity"}', '22023 the value of fact "requested_at" is not a time with an offset from UTC, such as 2026-03-01T10:00:00Z: "infinity"'),
    ('{"amount": "NaN"}', '22023 the value of fact "amount" is not a number such as 19.90, and below 9,223,372,036,854: "NaN"'),
    ('{"paid_amount": "12,50"}', '22023 the value of fact "paid_amount" is not a number such as 19.90, and below 9,223,372,036,854: "12,50"'),
    ('{"requested_at": "2024-01-32T10:00Z"}', '22023 the value of fact "requested_at" is not a time with an offset from UTC, such as 2026-03-01T10:00:00Z: "2024-01-32T10:00Z"'),
    ('{"delivered_at": "tomorrow at 10:00Z"}', '22023 the value of fact "delivered_at" is not a time with an offset from UTC, such as 2026-03-01T10:00:00Z: "tomorrow at 10:00Z"'),
    ('{"delivered_at": "294277-01-01T00:00:00Z"}', '22023 the value of fact "delivered_at" is not a time with an offset from UTC, such as 2026-03-01T10:00:00Z: "294277-01-01T00:00:00Z"'),
    ('{"delivered_at": "01/02/2024 10:00+00"}', '22023 the value of fact "delivered_at" is not a time with an offset from UTC, such as 2026-03-01T10:00:00Z: "01/02/2024 10:00+00"'),
    ('{"amount": [1]}', '22023 the value of fact "amount" must be a string, a number or null'),
    ('{"colour": "red"}', '22023 "colour" is not a fact of a refund'),
    ('"amount"', '22023 the facts of a refund must be a JSON object'),
    ('[1]', 'allowed standard 1 02-01 00:00 40.00 0.00'),
    ('["1"]', 'allowed standard 1 02-01 00:00 40.00 0.00'),
    ('[30]', 'refused refund_final_sale never 2 0.00 0.00'),
    ('[999]', ''), 
    ('[1, 2]', '22023 the key of a refund of attachment "desk" has 1 part, not 2'),
    ('[null]', '22023 part 1 of a refund''s key must be a string or a number'),
    ('["abc"]', '22P02 part "id" of a refund''s key cannot be read: invalid input syntax for type bigint: "abc"')) q (facts, answer);
SELECT is((SELECT about FROM service_policy.refund_check('desk', facts, '2024-01-20Z')), about, facts::text || ' is about ' || coalesce(about, 'nothing'))
  FROM (VALUES
    ('{"requested_at": "2024-01-20 00:00Z", "delivered_at": "2024-01-01 00:00Z", "amount": 20}'::jsonb, NULL),
    ('{"requested_at": "2024-01-20 00:00Z", "delivered_at": null, "amount": 20}', 'delivered_at'),
    ('{"requested_at": "2024-01-20 00:00Z", "category": "slow", "amount": 20}', 'opened_at'),
    ('{"requested_at": "2024-01-20 00:00Z", "delivered_at": "2023-12-01 00:00Z", "amount": 20}', 'delivered_at'),
    ('{"category": "gift"}', NULL)) q (facts, about);
SELECT is(pg_temp.answer('{}', name => 'none'), '42704 attachment "none" does not exist', 'no such attachment');
SELECT is(pg_temp.answer(NULL), '', 'no facts');
SELECT throws_ok($$SELECT service_policy.refund_check('desk', '{}', 'infinity')$$, '22008', NULL, 'as of no time');
SELECT is(decision || ' ' || coalesce(cutoff_at::text, '-'), 'allowed 2024-02-04 00:00:00+00', 'an issue limit, as of a moment before it')
  FROM service_policy.refund_check('desk', '{"ticket": [1], "category": "slow"}', '2024-02-03 23:59:59Z');
SELECT is((SELECT decision FROM service_policy.refund_check('desk', '{"ticket": [1], "category": "slow"}', '2024-02-04Z')), 'refused', '… and of that moment');
SELECT is((SELECT message FROM service_policy.refund_check('desk', '{"requested_at": "2024-01-31 00:00Z", "delivered_at": "2023-12-02 00:00Z", "amount": 20}', '2024-06-01Z', language)),
          message, 'the message in ' || coalesce(language, 'no language'))
  FROM (VALUES (NULL, 'Until 2024-01-02 00:00 Europe/Lisbon, 0.00 of 20.00.'), ('en', 'Until 2024-01-02 00:00 Europe/Lisbon, 0.00 of 20.00.'), ('pt', 'Até 2024-01-02 00:00 Europe/Lisbon.'),
               ('pt-BR', 'Até 2024-01-02 00:00 Europe/Lisbon.'), ('xx', 'Until 2024-01-02 00:00 Europe/Lisbon, 0.00 of 20.00.'), ('', 'Until 2024-01-02 00:00 Europe/Lisbon, 0.00 of 20.00.')) l (language, message);
CREATE ROLE svp_test_anybody;
SET LOCAL ROLE svp_test_anybody;
SELECT is(pg_temp.answer('{"requested_at": "2024-01-20 00:00Z", "delivered_at": "2024-01-01 00:00Z", "amount": 20}'), 'allowed standard 1 02-01 00:00 20.00 0.00', 'anybody may ask by facts');
SELECT is(pg_temp.answer('{"ticket": [1]}'), '42501 permission denied for view desk.ticket_status', '… not of a ticket');
SELECT is(pg_temp.answer('{"ticket": [99]}'), '42501 permission denied for view desk.ticket_status', '… whether there is one or not');
SELECT is(pg_temp.answer('[1]'), '42501 permission denied for view desk.refund_log', '… nor of a refund');
SELECT is(current_user::text, 'svp_test_anybody', '… and is who they were');
RESET ROLE;
GRANT SELECT ON desk.ticket_status TO svp_test_anybody;
SET LOCAL ROLE svp_test_anybody;
SELECT is(pg_temp.answer('{"ticket": [1], "delivered_at": "2024-01-01 00:00Z"}'), 'allowed standard 1 02-01 00:00 0.00', 'a reader of tickets');
SELECT alike(pg_temp.answer('[1]'), '42501 %', '… is no reader of refunds');
RESET ROLE;
GRANT SELECT ON desk.refund_log TO svp_test_anybody;
SET LOCAL ROLE svp_test_anybody;
SELECT is(pg_temp.answer('[1]'), 'allowed standard 1 02-01 00:00 40.00 0.00', 'a reader of refunds');
RESET ROLE;

-- Other triggers, before and after ours
CREATE FUNCTION crm.raise() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.amount := NEW.amount * 100; RETURN NEW; END $$;
CREATE FUNCTION crm.clear() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.ticket_id := '1'; RETURN NEW; END $$;
CREATE TRIGGER aa BEFORE INSERT OR UPDATE ON crm.refund FOR EACH ROW EXECUTE FUNCTION crm.raise();
SELECT is(pg_temp.refund(100, amount => '1'), pg_temp.refused('refund_amount'), 'an amount that a trigger before ours has raised');
DROP TRIGGER aa ON crm.refund;
CREATE TRIGGER zzz BEFORE INSERT OR UPDATE ON crm.refund FOR EACH ROW EXECUTE FUNCTION crm.raise();
SELECT is(pg_temp.refund(100, amount => '1'), pg_temp.refused('refund_amount'), 'that a trigger after ours has raised');
SELECT is(pg_temp.change('note = ''y'' WHERE id = 60'), pg_temp.refused('refund_amount'), '… in an update of something else');
DROP TRIGGER zzz ON crm.refund;
CREATE TRIGGER aa BEFORE INSERT ON crm.refund FOR EACH ROW EXECUTE FUNCTION crm.clear();
SELECT is(pg_temp.refund(101, ticket => '2'), 'written', 'a ticket that a trigger has put right');
DROP TRIGGER aa ON crm.refund;

-- The type of the key changes under the attachment: refused, and nothing of another type is taken for the key.
ALTER TABLE crm.refund ALTER id TYPE text;
SELECT alike(pg_temp.refund(110), '55000 refunds of attachment "desk" cannot be decided on: key column "id" is of type text, but was of type bigint%', 'a key of another type');
SELECT service_policy.detach('desk');
SELECT service_policy.attach('desk', 'crm.ticket', 'desk', '{id}', '{"opened_at": "created_at", "state": "status", "category": "category"}', '{"*": "open"}');
SELECT alike(pg_temp.attach(), '42P07 desk_data.refund_decision exists and is not of these refunds Its key has other columns or types%', 'evidence of another key is not adopted');
SELECT is((SELECT count(*)::int FROM service_policy.attachment_table WHERE source = 'refund'), 0, '… and nothing is half done');
SELECT lives_ok($$SELECT service_policy.detach('desk', false)$$, 'detach removes also the evidence of a refund table that is no longer attached');
SELECT hasnt_schema('desk_data', '… all of it');

-- Composite and quoted keys, names of ours, a column called refund, partitions, generated columns
CREATE TABLE crm."Case" (tenant int, "Case No" text, status text, created_at timestamptz, PRIMARY KEY (tenant, "Case No"));
CREATE TABLE crm."Pay back" (
    seq int, ticket_no text, "a""b, c" uuid, tenant int, "case" text, gross numeric, amount numeric GENERATED ALWAYS AS (gross * 2) STORED, delivered_at timestamptz,
    month date, refund int, note text, unused int, PRIMARY KEY (seq, ticket_no, "a""b, c", month)) PARTITION BY LIST (month);
ALTER TABLE crm."Pay back" DROP unused;
CREATE TABLE crm.january PARTITION OF crm."Pay back" FOR VALUES IN ('2024-01-01');
CREATE TABLE crm.february (refund int, note text, seq int NOT NULL, ticket_no text NOT NULL, "a""b, c" uuid NOT NULL, tenant int, gone int, "case" text, gross numeric,
    amount numeric GENERATED ALWAYS AS (gross * 2) STORED, delivered_at timestamptz, month date NOT NULL);
ALTER TABLE crm.february DROP gone;
ALTER TABLE crm."Pay back" ATTACH PARTITION crm.february FOR VALUES IN ('2024-02-01');
SELECT service_policy.attach('desk', 'crm."Case"', 'desk', '{tenant,"Case No"}', '{"opened_at": "created_at", "state": "status"}', '{"*": "open"}');
SELECT alike(pg_temp.outcome($$SELECT service_policy.attach_refunds('desk', 'crm."Pay back"', '{seq,ticket_no,"a\"b, c"}', '{"ticket": ["tenant"], "amount": "amount"}')$$),
    '22023 the fact ticket has 1 parts, the ticket''s key has 2%', 'one part of a key of two');
SELECT lives_ok($$SELECT service_policy.attach_refunds('desk', 'crm."Pay back"', '{seq,ticket_no,"a\"b, c"}',
    '{"ticket": ["tenant", "\"case\""], "amount": "amount", "paid_amount": "100", "delivered_at": "delivered_at", "product": "refund.refund"}')$$, 'a table with all that is odd');
SELECT columns_are('desk_data', 'refund_decision', ARRAY['refund_seq', 'refund_ticket_no', 'a"b, c', 'seq', 'ticket_tenant', 'ticket_Case No', 'decided_at', 'recorded_by', 'decision', 'reason', 'rule',
    'policy_version', 'mode', 'cutoff_at', 'requested_at', 'amount', 'allowed_amount', 'fee', 'currency', 'order_id', 'line_id', 'agent', 'customer', 'exception_id', 'approval_id', 'facts', 'withdrawn_at'], 'keys that do not meet our names');
SELECT is_empty($$SELECT attname FROM pg_attribute WHERE attrelid = 'desk.refund_log'::regclass AND col_description(attrelid, attnum) IS NULL$$, 'each column of the log has its comment');
INSERT INTO crm."Case" VALUES (1, 'A/1', 'new', '2024-01-20Z'), (1, 'A/2', 'new', '2024-03-20Z');
PREPARE pay AS INSERT INTO crm."Pay back" (seq, ticket_no, "a""b, c", tenant, "case", gross, delivered_at, month, refund)
    VALUES ($1, 'T', '00000000-0000-0000-0000-000000000001', 1, $2, $3, '2024-01-01Z', $4, 7);
SELECT is(pg_temp.outcome($$EXECUTE pay(1, 'A/1', 50, '2024-01-01')$$), 'written', 'in time');
SELECT is(pg_temp.outcome($$EXECUTE pay(2, 'A/2', 50, '2024-01-01')$$), pg_temp.refused('refund_final_sale', 'crm.january'), 'late: the error names the partition');
SELECT is(pg_temp.outcome($$EXECUTE pay(2, 'A/1', 50.5, '2024-02-01')$$), pg_temp.refused('refund_amount', 'crm.february'), 'a generated amount that is too high');
SELECT is(pg_temp.outcome($$UPDATE crm."Pay back" SET gross = 51$$), pg_temp.refused('refund_amount', 'crm.january'), '… in an update');
SELECT results_eq('SELECT refund_seq, seq, ticket_tenant, "ticket_Case No", amount FROM desk.refund_log', $$VALUES (1, 1, 1, 'A/1', 100.00)$$, 'the log');
-- Move it to another partition, when a refund would no longer be allowed.
SELECT is((SELECT decision || ' ' || allowed_amount FROM service_policy.refund_check('desk', '[1, "T", "00000000-0000-0000-0000-000000000001"]')), 'allowed 100.00', 'a row of a partition is asked about by its key');
DELETE FROM service_policy.calendar_hours;
SELECT is(pg_temp.outcome($$UPDATE crm."Pay back" SET month = '2024-02-01', note = 'moved'$$), 'written', 'a row that moves');
SELECT is((SELECT count(*)::int FROM desk.refund_log), 1, 'is not decided on again');
SELECT is(pg_temp.outcome($$UPDATE crm."Pay back" SET month = '2024-01-01', gross = 51$$), pg_temp.refused('refund_amount', 'crm.january'), 'one that moves and changes is');
-- A row with the same key and facts beside it has not moved: it is another refund.
SELECT is(pg_temp.outcome($$INSERT INTO crm."Pay back" (seq, ticket_no, "a""b, c", tenant, "case", gross, delivered_at, month, refund)
    SELECT seq, ticket_no, "a""b, c", tenant, "case", gross, delivered_at, '2024-01-01', refund FROM crm.february$$), pg_temp.refused('refund_calendar', 'crm.january'), 'a second row of one key');
INSERT INTO service_policy.calendar_hours (calendar, weekday, opens, closes) VALUES ('desk', 1, '09:00', '17:00');

-- One table for tickets and refunds
CREATE TABLE crm.claim (id int PRIMARY KEY, status text, created_at timestamptz, amount numeric, delivered_at timestamptz);
SELECT service_policy.attach('zebra', 'crm.claim', 'desk', '{id}', '{"opened_at": "created_at", "state": "status"}', '{"*": "open"}');
SELECT service_policy.attach_refunds('zebra', 'crm.claim', '{id}', '{"ticket": ["id"], "amount": "amount", "delivered_at": "delivered_at"}', 'amount IS NOT NULL');
SELECT is(pg_temp.outcome($$INSERT INTO crm.claim VALUES (1, 'new', '2024-01-20Z', 5, '2024-01-01Z')$$), 'written', 'a ticket that is a refund');
SELECT is(pg_temp.outcome($$INSERT INTO crm.claim VALUES (2, 'new', '2024-02-10Z', 5, '2024-01-01Z')$$), pg_temp.refused('refund_final_sale', 'crm.claim'), '… and a late one');
SELECT is(pg_temp.outcome($$INSERT INTO crm.claim VALUES (2, 'new', '2024-02-10Z')$$), 'written', '… and one that is none');
SELECT is(pg_temp.outcome($$UPDATE crm.claim SET amount = 1, delivered_at = '2024-02-10Z' WHERE id = 2$$), pg_temp.refused('refund_final_sale', 'crm.claim'), '… and becomes one');

-- A row filter that reads another table: the refund becomes one there, and is decided on when its own row is written next.
CREATE TABLE crm.payout (id int PRIMARY KEY, amount numeric, note text);
CREATE TABLE crm.paid (payout int);
SELECT service_policy.attach('yak', 'crm.claim', 'desk', '{id}', '{"opened_at": "created_at", "state": "status"}', '{"*": "open"}');
SELECT service_policy.attach_refunds('yak', 'crm.payout', '{id}', '{"amount": "amount", "category": "''capped''", "requested_at": "timestamptz ''2024-01-20Z''"}', 'EXISTS (SELECT FROM crm.paid p WHERE p.payout = refund.id)');
INSERT INTO crm.payout VALUES (1, 1000), (2, 5);
SELECT is((SELECT count(*)::int FROM yak.refund_log), 0, 'none is one yet');
INSERT INTO crm.paid VALUES (1), (2);
SELECT is(pg_temp.outcome($$UPDATE crm.payout SET note = 'x' WHERE id = 1$$), pg_temp.refused('refund_amount', 'crm.payout'), 'it was to become one');
SELECT is(pg_temp.outcome($$UPDATE crm.payout SET note = 'x' WHERE id = 2$$), 'written', 'it has');
SELECT is(pg_temp.outcome($$UPDATE crm.payout SET note = 'y' WHERE id = 2$$), 'written', '… and goes on');
SELECT is((SELECT count(*)::int FROM yak.refund_log), 1, '… by one decision');

-- A row that moves to another partition before it was told that it came about, by a function of its statement or another trigger.
CREATE TABLE crm.moving (id int, part int, amount numeric, agent text, PRIMARY KEY (id, part)) PARTITION BY LIST (part);
CREATE TABLE crm.moving_1 PARTITION OF crm.moving FOR VALUES IN (1);
CREATE TABLE crm.moving_2 PARTITION OF crm.moving FOR VALUES IN (2);
SELECT service_policy.attach('ibex', 'crm.claim', 'desk', '{id}', '{"opened_at": "created_at", "state": "status"}', '{"*": "open"}');
SELECT service_policy.attach_refunds('ibex', 'crm.moving', '{id}', '{"amount": "amount", "category": "''capped''", "requested_at": "timestamptz ''2024-01-20Z''"}');
CREATE FUNCTION crm.move(id int) RETURNS void LANGUAGE sql AS 'UPDATE crm.moving m SET part = 3 - part WHERE m.id = move.id';
CREATE FUNCTION crm.move_on() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF pg_trigger_depth() = 1 THEN PERFORM crm.move(NEW.id); END IF; RETURN NULL; END';
CREATE FUNCTION pg_temp.moved() RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(concat_ws(' ', m.id, part, m.amount, (SELECT array_agg(d.amount) FROM ibex_data.refund_decision d WHERE d.id = m.id AND withdrawn_at IS NULL)), ', ' ORDER BY m.id) FROM crm.moving m $$;
SELECT is(pg_temp.outcome('INSERT INTO crm.moving VALUES (1, 1, 1000) RETURNING crm.move(1)'), pg_temp.refused('refund_amount', 'crm.moving_2'), 'as it is inserted');
SELECT is(pg_temp.outcome('INSERT INTO crm.moving VALUES (1, 1, 10) RETURNING crm.move(1)'), 'written', '… which is allowed');
SELECT is(pg_temp.outcome('UPDATE crm.moving SET amount = 1000 RETURNING crm.move(1)'), pg_temp.refused('refund_amount', 'crm.moving_1'), 'as it is updated');
SELECT is(pg_temp.outcome('UPDATE crm.moving SET amount = 20 RETURNING crm.move(1)'), 'written', '… which is allowed');
CREATE TRIGGER "A_move" AFTER INSERT OR UPDATE ON crm.moving FOR EACH ROW EXECUTE FUNCTION crm.move_on();
SELECT is(pg_temp.outcome('INSERT INTO crm.moving VALUES (2, 1, 1000)'), pg_temp.refused('refund_amount', 'crm.moving_2'), 'by a trigger');
SELECT is(pg_temp.outcome('INSERT INTO crm.moving VALUES (2, 1, 30)'), 'written', '… which is allowed');
SELECT is(pg_temp.outcome('UPDATE crm.moving SET amount = 40 WHERE id = 2'), 'written', '… and another amount');
SELECT is(pg_temp.moved(), '1 1 20 {20.00}, 2 1 40 {40.00}', 'each counts as what it is');

SELECT * FROM finish();
ROLLBACK;
