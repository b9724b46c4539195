-- What refunds of an order, a line and a customer add up to, however they are written, changed and taken away; which
-- version judges; and that counting anew comes to the same.
BEGIN;
SELECT no_plan();
SET LOCAL client_min_messages = error;

CREATE SCHEMA crm;
CREATE TABLE crm.ticket (id bigint, ticket_id text, status text, created_at timestamptz, PRIMARY KEY (id, ticket_id));
CREATE TABLE crm.refund (
    id bigint PRIMARY KEY, ticket bigint, order_id text, line_id text, customer text, amount numeric, currency text DEFAULT 'EUR',
    paid numeric DEFAULT 100, line_paid numeric, bought_at timestamptz, state text DEFAULT 'paid', agent text, kind text, note text);
SELECT service_policy.load_policy($$
    {"policy": "sums", "refunds": [
     {"name": "standard"},
     {"name": "customer", "when": {"category": ["customer"]}, "per_customer": {"count": 3, "amount": 50, "days": 30}},
     {"name": "twice", "when": {"category": ["twice"]}, "duplicate_within": "1 hour"},
     {"name": "own", "when": {"category": ["own"]}, "agent_is_not_customer": true},
     {"name": "flagged", "when": {"category": ["flagged"]}, "mode": "flag", "max_amount": 10},
     {"name": "bought", "when": {"category": ["bought"]}, "version_at": "bought_at", "max_amount": 10}]}$$);
SELECT service_policy.publish_policy('sums', 1, '2020-01-01Z');
SELECT service_policy.load_policy(jsonb_set(document, '{refunds}', (SELECT jsonb_agg(r || '{"max_amount": 1}') FROM jsonb_array_elements(document -> 'refunds') r)))
  FROM service_policy.policy_version WHERE policy = 'sums';
SELECT service_policy.attach('desk', 'crm.ticket', 'sums', '{id,ticket_id}', '{"opened_at": "created_at", "state": "status"}', '{"*": "open"}');

CREATE FUNCTION pg_temp.outcome(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    code text; reason text; message text;
BEGIN
    EXECUTE statement;
    RETURN 'written';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, reason = CONSTRAINT_NAME, message = MESSAGE_TEXT;
    RETURN CASE WHEN code = '23514' THEN reason ELSE code || ' ' || message END;
END $$;
CREATE FUNCTION pg_temp.refund(id bigint, ord text, amount numeric, customer text DEFAULT NULL, line text DEFAULT NULL, line_paid numeric DEFAULT NULL,
                               currency text DEFAULT 'EUR', kind text DEFAULT NULL, agent text DEFAULT NULL, bought timestamptz DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.outcome(format('INSERT INTO crm.refund (id, order_id, amount, customer, line_id, line_paid, currency, kind, agent, bought_at) VALUES (%L, %L, %L, %L, %L, %L, %L, %L, %L, %L)',
                                  id, ord, amount, customer, line, line_paid, currency, kind, agent, bought)) $$;
-- What is there already is counted, and not judged: it may be more than was paid.
INSERT INTO crm.refund (id, order_id, amount, customer, line_id) VALUES (1, 'A', 70, 'eve', '1'), (2, 'A', 20, 'eve', '2'), (3, 'old', 500, NULL, NULL),
    (4, NULL, 5, NULL, NULL), (5, 'B', -7, 'bob', NULL), (6, 'B', NULL, NULL, NULL), (7, 'left', 9, NULL, NULL);
UPDATE crm.refund SET state = 'draft' WHERE id = 7;
SELECT lives_ok($$SELECT service_policy.attach_refunds('desk', 'crm.refund', '{id}', '{"ticket": ["ticket", "ticket::text"], "order_id": "order_id", "line_id": "line_id",
    "customer": "customer", "amount": "amount", "currency": "currency", "paid_amount": "paid", "line_paid_amount": "line_paid", "bought_at": "bought_at",
    "state": "state", "agent": "agent", "category": "kind"}', 'refund.state = ''paid''')$$, 'a table that has refunds, of tickets with both id and ticket_id');
-- What counts of a subject: amount and refunds of its last row in a currency, and in any.
CREATE FUNCTION pg_temp.sum(scope text, subject text, currency text DEFAULT 'EUR') RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws('/', trim_scale(total_amount), total_refunds, all_refunds) FROM desk_data.refund_tally t
     WHERE (t.scope, t.subject) = ($1, $2) AND t.currency IS NOT DISTINCT FROM $3 ORDER BY seq DESC LIMIT 1 $$;
CREATE FUNCTION pg_temp.all_sums() RETURNS SETOF text LANGUAGE sql AS $$
    SELECT concat_ws('|', scope, subject, upper(currency), sum(amount)::numeric(20,2), sum(refunds)) FROM desk_data.refund_tally
     GROUP BY scope, subject, upper(currency) HAVING sum(refunds) <> 0 ORDER BY 1 $$;
SELECT columns_are('desk_data', 'refund_decision', ARRAY(SELECT attname FROM pg_attribute WHERE attrelid = 'desk_data.refund_decision'::regclass AND attnum > 0 AND attname NOT LIKE 'ticket%') || '{ticket_id,ticket_ticket_id}'::name[], 'both have a column');
SELECT is(pg_temp.sum('order', 'A'), '90/2/2', 'an order');
SELECT is(pg_temp.sum('line', 'A/1'), '70/1/1', 'a line');
SELECT is(pg_temp.sum('customer', 'eve'), '90/2/2', 'a customer');
SELECT is(pg_temp.sum('order', 'B'), '0/2/2', 'amounts below zero and unknown count as nothing');
SELECT is(pg_temp.sum('order', 'left'), NULL, 'what the row filter leaves out does not count');
SELECT is((SELECT string_agg(DISTINCT decision, ' ') FROM desk_data.refund_decision), 'counted', 'none was judged');
SELECT is((SELECT count(*)::int FROM desk.refund_log), 0, '… nor is in the log');

-- An order and its lines
SELECT is(pg_temp.refund(10, 'A', 10.01), 'refund_amount', 'a cent more than was paid, in three');
SELECT is(pg_temp.refund(10, 'A', 10), 'written', 'all that was paid');
SELECT is(pg_temp.refund(11, 'A', 0.01), 'refund_amount', 'a cent more');
SELECT is(pg_temp.refund(11, 'A', 0), 'written', 'nothing more');
SELECT is(pg_temp.refund(12, 'old', 1), 'refund_amount', 'too much before it was attached');
SELECT is(pg_temp.refund(12, 'L', 20, line => '1', line_paid => 30), 'written', 'a part of a line');
SELECT is(pg_temp.refund(13, 'L', 10.01, line => '1', line_paid => 30), 'refund_amount', 'more than the line');
SELECT is(pg_temp.refund(13, 'L', 30, line => '2', line_paid => 30), 'written', 'another line of the order');
SELECT is(pg_temp.refund(14, 'L/2', 1), 'written', 'an order that is called like a line');
SELECT is(pg_temp.sum('line', 'L/2'), '30/1/1', '… is not one');
SELECT is(pg_temp.refund(15, 'L/2', 1, line => '3', line_paid => 5), 'written', 'a line of that');
SELECT is(pg_temp.sum('line', 'L\/2/3'), '1/1/1', '… is told apart');

-- Another order with the same hash: its rows lie among those of this one
INSERT INTO desk_data.refund_tally (subject_hash, seq, subject, scope, counted_at, currency, amount, refunds, total_amount, total_refunds, all_refunds)
SELECT subject_hash, max(seq) + 1, 'not L', 'order', now(), 'USD', 99, 1, 99, 1, 7 FROM desk_data.refund_tally WHERE (scope, subject) = ('order', 'L') GROUP BY 1;
SELECT is(pg_temp.refund(19, 'L', 50.01), 'refund_amount', 'sums are told apart where the hash is the same');
SELECT is(pg_temp.refund(19, 'L', 1), 'written', '… and are added up');
SELECT is(pg_temp.sum('order', 'L'), '51/3/3', '… as they are');
SELECT is(pg_temp.outcome('DELETE FROM crm.refund WHERE id = 19'), 'written', '… and taken back');
SELECT is(pg_temp.sum('order', 'L'), '50/2/2', '… from what they were');
SELECT is((SELECT array_agg(seq ORDER BY seq) FROM desk_data.refund_tally WHERE subject IN ('L', 'not L')), '{1,2,3,4,5}', '… in one sequence of rows');
DELETE FROM desk_data.refund_tally WHERE subject = 'not L';

-- Currencies are not added
SELECT is(pg_temp.refund(16, 'L', 1, currency => 'USD'), 'refund_currency', 'another currency in an order');
SELECT is(pg_temp.refund(16, 'L', 1, currency => NULL), 'refund_currency', 'none');
SELECT is(pg_temp.refund(16, 'L', 1, currency => 'eur'), 'written', 'the same in small letters');
SELECT is(pg_temp.sum('order', 'L', 'eur'), '51/3/3', '… is added');
SELECT is(pg_temp.refund(17, 'N', 60, currency => NULL), 'written', 'an order without a currency');
SELECT is(pg_temp.refund(18, 'N', 41, currency => NULL), 'refund_amount', '… has sums, too');

-- Each of ISO 4217 has its digits in the views, too.
SELECT is(pg_temp.refund(2000, 'dinars', 1.235, currency => 'KWD'), 'written', 'three digits');
SELECT is((SELECT amount FROM desk.refund_log WHERE id = 2000), 1.235, '… are not rounded to two');
DELETE FROM crm.refund WHERE id = 2000;

-- Several in one statement, in COPY, and in subtransactions
SELECT is(pg_temp.outcome($$INSERT INTO crm.refund (id, order_id, amount) VALUES (20, 'M', 60), (21, 'M', 60)$$), 'refund_amount', 'two of one order in one statement');
SELECT is(pg_temp.outcome($$INSERT INTO crm.refund (id, order_id, amount) SELECT n, 'M', 1 FROM generate_series(20, 119) n$$), 'written', 'a hundred that fit');
SELECT is(pg_temp.sum('order', 'M'), '100/100/100', '… are added up');
SELECT is(pg_temp.refund(120, 'M', 0.01), 'refund_amount', '… and no more');
SAVEPOINT s;
SELECT is(pg_temp.refund(121, 'S', 60), 'written', 'in a subtransaction');
ROLLBACK TO s;
SELECT is(pg_temp.refund(121, 'S', 60), 'written', '… that is rolled back');
SELECT is(pg_temp.sum('order', 'S'), '60/1/1', '… nothing is left of it');

-- Changes
SELECT is(pg_temp.outcome('UPDATE crm.refund SET amount = 100 WHERE id = 121'), 'written', 'its own amount is not in its way');
SELECT is(pg_temp.sum('order', 'S'), '100/1/1', 'changed');
SELECT is(pg_temp.outcome('UPDATE crm.refund SET amount = 100.01 WHERE id = 121'), 'refund_amount', 'too much');
SELECT is(pg_temp.outcome($$UPDATE crm.refund SET order_id = 'A' WHERE id = 121$$), 'refund_amount', 'moved to an order that has all');
SELECT is(pg_temp.outcome($$UPDATE crm.refund SET order_id = 'T' WHERE id = 121$$), 'written', 'moved to another');
SELECT is(pg_temp.sum('order', 'S') || ' ' || pg_temp.sum('order', 'T'), '0/0/0 100/1/1', '… with its amount');
SELECT is(pg_temp.outcome($$UPDATE crm.refund SET note = 'x' WHERE id = 121$$), 'written', 'something else');
SELECT is(pg_temp.outcome('UPDATE crm.refund SET id = 122 WHERE id = 121'), 'written', 'another key');
SELECT is(pg_temp.sum('order', 'T'), '100/1/1', '… counts as before');
SELECT results_eq('SELECT id, seq, amount, order_id::text, standing_count, withdrawn_at IS NULL FROM desk.refund_log WHERE id IN (121, 122) ORDER BY id, seq',
    $$VALUES (121::bigint, 1, 60::numeric, 'S', 0, false), (121, 2, 100, 'S', 0, false), (121, 3, 100, 'T', 0, false), (122, 1, 100, 'T', 1, true)$$, 'the decision went along');
SELECT is(pg_temp.outcome('UPDATE crm.refund SET id = 123, amount = 101 WHERE id = 122'), 'refund_amount', 'another key and too much');
SELECT is(pg_temp.outcome('UPDATE crm.refund SET id = 123, amount = 90 WHERE id = 122'), 'written', '… and less');
SELECT is(pg_temp.sum('order', 'T'), '90/1/1', '… is counted anew');
SELECT is(pg_temp.outcome($$UPDATE crm.refund SET state = 'draft' WHERE id = 123$$), 'written', 'no refund any more');
SELECT is(pg_temp.sum('order', 'T'), '0/0/0', '… does not count');
SELECT is(pg_temp.refund(124, 'T', 20), 'written', 'another in its place');
SELECT is(pg_temp.outcome($$UPDATE crm.refund SET state = 'paid' WHERE id = 123$$), 'refund_amount', '… so it cannot come back');
SELECT is(pg_temp.outcome('DELETE FROM crm.refund WHERE id = 124'), 'written', 'deleted');
SELECT is(pg_temp.outcome($$UPDATE crm.refund SET state = 'paid' WHERE id = 123$$), 'written', '… it can');
SELECT is(pg_temp.outcome('DELETE FROM crm.refund WHERE id = 1'), 'written', 'one that was there before');
SELECT is(pg_temp.sum('order', 'A') || ' ' || pg_temp.sum('line', 'A/1'), '30/3/3 0/0/0', '… is taken back');
SELECT is(pg_temp.outcome('DELETE FROM crm.refund WHERE id = 7'), 'written', 'one that never counted');
SELECT is(pg_temp.sum('order', 'left'), NULL, '… is not');
SELECT is(pg_temp.outcome($$INSERT INTO crm.refund (id, order_id, amount) VALUES (10, 'A', 1) ON CONFLICT (id) DO UPDATE SET amount = 80$$), 'written', 'an upsert changes');
SELECT is(pg_temp.sum('order', 'A'), '100/3/3', '… what there is');
SELECT is(pg_temp.outcome('UPDATE crm.refund SET amount = -1 WHERE id = 10'), 'refund_fact_unreadable', 'no sum gets smaller by an amount below zero');
SELECT is(pg_temp.refund(130, 'F', -50, kind => 'flagged') || ' ' || pg_temp.sum('order', 'F'), 'written 0/1/1', '… nor where that is only flagged');
SELECT is((SELECT decision FROM service_policy.refund_check('desk', '[10]')), 'allowed', 'a refund is not in its own way when it is asked about');
SELECT is((SELECT reason FROM service_policy.refund_check('desk', '{"order_id": "A", "amount": 0.01, "paid_amount": 100, "currency": "EUR"}')), 'refund_amount', '… but in that of others');

-- A customer
SELECT is(pg_temp.refund(200, 'c1', 10, 'joe', kind => 'customer'), 'written', 'one');
SELECT is(pg_temp.refund(201, 'c2', 10, 'joe', kind => 'customer'), 'written', 'two');
SELECT is(pg_temp.refund(202, 'c3', 30.01, 'joe', kind => 'customer'), 'refund_customer_limit', 'too much');
SELECT is(pg_temp.refund(202, 'c3', 30, 'joe', kind => 'customer'), 'written', 'three');
SELECT is(pg_temp.refund(203, 'c4', 0, 'joe', kind => 'customer'), 'refund_customer_limit', 'four');
SELECT is(pg_temp.outcome('UPDATE crm.refund SET amount = 20 WHERE id = 202'), 'written', 'one of three changes');
SELECT is(pg_temp.outcome('DELETE FROM crm.refund WHERE id = 200'), 'written', 'one goes');
SELECT is(pg_temp.refund(203, 'c4', 20, 'joe', kind => 'customer'), 'written', 'and another comes');
UPDATE desk_data.refund_tally SET counted_at = CASE WHEN seq <= 2 THEN counted_at - interval '30 days' ELSE counted_at END, reverses_at = CASE amount WHEN -10 THEN reverses_at - interval '30 days' ELSE reverses_at END
 WHERE subject = 'joe';
SELECT is(pg_temp.refund(204, 'c5', 10, 'joe', kind => 'customer'), 'written', 'what is long ago does not count');
SELECT is(pg_temp.refund(205, 'c5', 1, 'joe', kind => 'customer'), 'refund_customer_limit', '… the rest does');
SELECT is(pg_temp.refund(205, 'c5', 1, NULL, kind => 'customer'), 'refund_fact_missing', 'nobody knows whose');

-- Duplicates
SELECT is(pg_temp.refund(300, 'd', 5, 'dan', kind => 'twice'), 'written', 'first');
SELECT is(pg_temp.refund(301, 'd', 5, 'dan', kind => 'twice'), 'refund_duplicate', 'again');
SELECT is(pg_temp.refund(301, 'd', 6, 'dan', kind => 'twice'), 'written', 'another amount');
SELECT is(pg_temp.refund(302, 'e', 5, 'dan', kind => 'twice'), 'written', 'another order');
SELECT is(pg_temp.refund(303, NULL, 5, 'dan', kind => 'twice'), 'refund_duplicate', 'no order, the same customer');
SELECT is(pg_temp.outcome('DELETE FROM crm.refund WHERE id IN (300, 302)'), 'written', 'taken back');
SELECT is(pg_temp.refund(300, 'd', 5, 'dan', kind => 'twice'), 'written', '… it is none');
SELECT is(pg_temp.outcome($$UPDATE crm.refund SET bought_at = now() WHERE id = 300$$), 'written', 'nor is it one of itself');

-- Who refunds decides where the rule looks at it
SELECT is(pg_temp.refund(400, 'o', 5, 'ann', kind => 'own', agent => 'bob'), 'written', 'another agent');
SELECT is(pg_temp.outcome($$UPDATE crm.refund SET agent = 'ann' WHERE id = 400$$), 'refund_own', 'herself');
SELECT is(pg_temp.outcome($$UPDATE crm.refund SET agent = 'ann' WHERE id = 204$$), 'written', 'by a rule that does not look');
SELECT is((SELECT count(*)::int FROM desk_data.refund_decision WHERE id = 204), 1, '… that is no new decision');

-- Triggers of others, before ours ("A…") and after
CREATE FUNCTION crm.change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.note = 'note' THEN UPDATE crm.refund SET note = 'noted' WHERE id = NEW.id;
    ELSIF NEW.note = 'amount' THEN UPDATE crm.refund SET amount = amount * 2, note = 'doubled' WHERE id = NEW.id;
    ELSIF NEW.note = 'key' THEN UPDATE crm.refund SET id = id + 1000, note = 'moved' WHERE id = NEW.id;
    ELSIF NEW.note = 'gone' THEN DELETE FROM crm.refund WHERE id = NEW.id; END IF;
    RETURN NULL; END $$;
CREATE FUNCTION pg_temp.noted(id bigint, amount numeric, note text) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.outcome(format('INSERT INTO crm.refund (id, order_id, amount, note) VALUES (%L, ''n'' || %L, %L, %L)', id, id, amount, note)) || ' ' ||
           coalesce(pg_temp.sum('order', 'n' || id), '-') $$;
CREATE FUNCTION pg_temp.nested(place text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN NEXT is(pg_temp.noted(500, 60, 'note'), 'written 60/1/1', place || ': the row changes, not what decides');
    RETURN NEXT is(pg_temp.noted(501, 60, 'amount'), 'refund_amount -', place || ': the amount becomes too much');
    RETURN NEXT is(pg_temp.noted(502, 40, 'amount'), 'written 80/1/1', place || ': the amount changes');
    RETURN NEXT is(pg_temp.noted(503, 40, 'key'), 'written 40/1/1', place || ': the key changes');
    RETURN NEXT ok(coalesce(pg_temp.noted(504, 40, 'gone'), '') IN ('written -', 'written 0/0/0'), place || ': the row goes');
    RETURN NEXT is(pg_temp.outcome($x$UPDATE crm.refund SET amount = 30, note = 'amount' WHERE id = 500$x$) || pg_temp.sum('order', 'n500'), 'written60/1/1', place || ': an update is changed again');
    RETURN NEXT is(pg_temp.outcome($x$UPDATE crm.refund SET amount = 31, note = 'note' WHERE id = 500$x$) || pg_temp.sum('order', 'n500'), 'written31/1/1', place || ': … or only its note');
    RETURN NEXT is(pg_temp.outcome($x$UPDATE crm.refund SET amount = 101, note = 'note' WHERE id = 500$x$), 'refund_amount', place || ': … of one that is too much');
    RETURN NEXT is((SELECT string_agg(concat_ws(' ', id, amount), ', ' ORDER BY id) FROM desk_data.refund_decision WHERE id >= 500 AND withdrawn_at IS NULL),
                   '500 31.00, 502 80.00, 1503 40.00', place || ': the decisions that stand');
    RETURN NEXT is(pg_temp.outcome(format('UPDATE crm.refund SET agent = %L, note = ''note'' WHERE id = 400', place)), 'written', place || ': another agent, by a rule that looks at him');
    DELETE FROM crm.refund WHERE id >= 500;
END $$;
CREATE TRIGGER "Before" AFTER INSERT OR UPDATE ON crm.refund FOR EACH ROW EXECUTE FUNCTION crm.change();
SELECT pg_temp.nested('before');
DROP TRIGGER "Before" ON crm.refund;
DELETE FROM desk_data.refund_tally WHERE subject ~ '^n5';
CREATE TRIGGER later AFTER INSERT OR UPDATE ON crm.refund FOR EACH ROW EXECUTE FUNCTION crm.change();
SELECT pg_temp.nested('after');
DROP TRIGGER later ON crm.refund;

-- Counting anew comes to the same, and puts right what was not told
CREATE TEMP TABLE before AS SELECT pg_temp.all_sums() AS sum;
SELECT is(service_policy.recount_refunds('desk'), (SELECT count(*) FROM crm.refund WHERE state = 'paid'), 'recount_refunds() says how many');
SELECT bag_eq('SELECT pg_temp.all_sums()', 'SELECT sum FROM before', '… and comes to the same');
SELECT is((SELECT count(*)::int FROM desk_data.refund_decision WHERE decision = 'counted' AND withdrawn_at IS NULL), 5, '… without a decision that was not there');
ALTER TABLE crm.refund DISABLE TRIGGER USER;
DELETE FROM crm.refund WHERE order_id = 'M';
INSERT INTO crm.refund (id, order_id, amount) VALUES (600, 'A', 44);
UPDATE crm.refund SET order_id = 'U' WHERE id = 123;
UPDATE crm.refund SET state = 'draft' WHERE order_id = 'L';
ALTER TABLE crm.refund ENABLE TRIGGER USER;
SELECT ok(service_policy.recount_refunds('desk') > 0, 'after changes that no trigger saw');
SELECT is(concat_ws(' ', pg_temp.sum('order', 'M'), pg_temp.sum('order', 'A'), pg_temp.sum('order', 'U'), pg_temp.sum('order', 'T'), pg_temp.sum('order', 'L')),
    '144/4/4 90/1/1', '… the sums are those of the table');
TRUNCATE crm.refund;
SELECT is(service_policy.recount_refunds('desk'), 0::bigint, 'after TRUNCATE');
SELECT is_empty('SELECT pg_temp.all_sums()', '… nothing counts');
SELECT is(pg_temp.refund(10, 'A', 100) || pg_temp.sum('order', 'A'), 'written100/1/1', '… and a key comes back');
TRUNCATE crm.refund;
SELECT is(pg_temp.refund(10, 'A', 100), 'refund_amount', 'without counting anew the old ones count');
SELECT is(pg_temp.refund(10, 'V', 100) || pg_temp.sum('order', 'A'), 'written0/0/0', '… until their keys come back');
SELECT is(pg_temp.outcome($$SELECT service_policy.recount_refunds('none')$$), '42704 attachment "none" has no refund table', 'no such attachment');

-- Names that no B-tree has room for: with an end of their own, that compression makes no shorter.
CREATE FUNCTION pg_temp.long(letter text) RETURNS text LANGUAGE sql AS
    $$ SELECT string_agg(md5(n::text), '') || letter FROM generate_series(1, 200) n $$;
SELECT is(pg_temp.refund(800, pg_temp.long('a'), 60, pg_temp.long('c')), 'written', 'an order and a customer with very long names');
SELECT is(pg_temp.refund(801, pg_temp.long('a'), 60), 'refund_amount', '… whose refunds add up');
SELECT is(pg_temp.refund(801, pg_temp.long('b'), 60), 'written', '… and not with those of one that differs in the last letter');
SELECT is(pg_temp.refund(802, 'long', 30, line => pg_temp.long('a'), line_paid => 50), 'written', 'a line');
SELECT is(pg_temp.refund(803, 'long', 30, line => pg_temp.long('a'), line_paid => 50), 'refund_amount', '… whose refunds add up');
SELECT is(pg_temp.refund(804, 'k', 1, pg_temp.long('c'), kind => 'customer'), 'refund_customer_limit', 'a customer''s limit');
SELECT is(pg_temp.outcome('UPDATE crm.refund SET amount = 70 WHERE id = 800'), 'written', 'a change');
SELECT is(pg_temp.outcome('DELETE FROM crm.refund WHERE id = 800'), 'written', 'a deletion');
SELECT is(pg_temp.refund(805, pg_temp.long('a'), 100), 'written', '… after which all may be refunded');
SELECT is(pg_temp.outcome('SELECT service_policy.recount_refunds(''desk'')'), 'written', 'counted anew');
SELECT is(pg_temp.refund(806, pg_temp.long('a'), 1), 'refund_amount', '… it is the same');
SELECT is((SELECT allowed_amount FROM service_policy.refund_check('desk', jsonb_build_object('amount', 60, 'currency', 'EUR', 'paid_amount', 100, 'order_id', pg_temp.long('b')))), 40.00, 'and for whoever asks');

-- Two orders that are refunded in full exchange their refunds: not at once, since rows are taken one by one.
SELECT is(pg_temp.refund(900, 'full a', 100), 'written', 'one in full');
SELECT is(pg_temp.refund(901, 'full b', 100), 'written', 'another');
SELECT is(pg_temp.outcome($$UPDATE crm.refund SET order_id = CASE id WHEN 900 THEN 'full b' ELSE 'full a' END WHERE id IN (900, 901)$$), 'refund_amount', 'both at once');
SELECT is(pg_temp.outcome('UPDATE crm.refund SET order_id = NULL WHERE id = 900'), 'written', 'one is taken out');
SELECT is(pg_temp.outcome($$UPDATE crm.refund SET order_id = 'full a' WHERE id = 901$$), 'written', '… the other takes its place');
SELECT is(pg_temp.outcome($$UPDATE crm.refund SET order_id = 'full b' WHERE id = 900$$), 'written', '… and it the other''s');

-- Which version: what is claimed by a time stays so
SELECT is(pg_temp.refund(700, 'w', 10, kind => 'bought', bought => now() - interval '1 day'), 'written', 'by the version of when it was bought');
SELECT service_policy.publish_policy('sums', 2);
SELECT pg_sleep(0.001);
SELECT is(pg_temp.refund(701, 'x', 10, kind => 'bought', bought => now() - interval '1 day'), 'written', '… which a later one does not alter');
SELECT is(pg_temp.refund(702, 'y', 10, kind => 'bought', bought => clock_timestamp()), 'refund_amount', '… and the later one when it is bought later');
SELECT is(pg_temp.refund(703, 'z', 10, kind => 'bought', bought => now() + interval '1 day'), 'refund_amount', 'in the future: by the version now');
SELECT is(pg_temp.refund(704, 'z', 10, kind => 'bought'), 'refund_amount', 'not said: by the version now');
SELECT is(pg_temp.refund(705, 'z', 10), 'refund_amount', 'a rule that judges as of the opening, without a ticket: when the customer asks');
SELECT is((SELECT string_agg(concat_ws(' ', id, policy_version), ', ' ORDER BY id) FROM desk_data.refund_decision WHERE id BETWEEN 700 AND 702), '700 1, 701 1', 'the versions');

SELECT * FROM finish();
ROLLBACK;
