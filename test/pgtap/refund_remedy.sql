-- The call that a refusal's hint has to paste: it is what helps, no less and no more, by each kind of window, limit and key.
BEGIN;
SELECT no_plan();
SET LOCAL client_min_messages = error;
SET LOCAL TimeZone = 'America/Lima';
SET LOCAL DateStyle = 'SQL, DMY';

CREATE ROLE svp_test_senior;
CREATE ROLE svp_test_lead;
CREATE ROLE svp_test_ana IN ROLE svp_test_senior;
CREATE ROLE svp_test_leo IN ROLE svp_test_lead, svp_test_senior;
CREATE ROLE svp_test_app;
INSERT INTO service_policy.calendar (name, time_zone) VALUES ('desk', 'Europe/Lisbon');
INSERT INTO service_policy.calendar_hours (calendar, weekday, opens, closes)
    SELECT 'desk', weekday, '09:00', '17:00' FROM generate_series(1, 5) weekday;
SELECT service_policy.load_policy($$
    {"policy": "desk", "refunds": [
     {"name": "days", "window": {"days": 30, "from": "delivered_at", "calendar": "desk", "extend_to_working_day": true},
      "max_amount": {"EUR": 100, "JPY": 1000}, "approval_above": {"EUR": 90, "JPY": 900}},
     {"name": "working", "when": {"category": ["working"]}, "window": {"working_days": 5, "from": "delivered_at", "calendar": "desk"}},
     {"name": "months", "when": {"category": ["months"]}, "window": {"months": 1, "from": "delivered_at"}},
     {"name": "hours", "when": {"category": ["hours"]}, "window": {"exactly": "72 hours", "from": "delivered_at"}},
     {"name": "issue", "when": {"category": ["issue"]}, "issue_limit": {"days": 14, "from": "delivered_at"}},
     {"name": "share", "when": {"category": ["share"]}, "max_share": 0.5, "max_amount": 60},
     {"name": "eyes", "when": {"category": ["eyes"]}, "max_amount": 10, "four_eyes": true},
     {"name": "gift", "when": {"category": ["gift"]}, "final_sale": true}],
    "discretion": [{"role": "svp_test_senior", "grace_days": 40, "max_amount": {"EUR": 50, "JPY": 500}},
                   {"role": "svp_test_lead", "grace_days": 4000, "max_amount": 80, "approve_up_to": 200}]}$$);
SELECT service_policy.publish_policy('desk', 1, '2020-01-01Z');

CREATE SCHEMA crm;
CREATE TABLE crm.ticket (shop text, no int, status text, created_at timestamptz, PRIMARY KEY (shop, no));
CREATE TABLE crm.refund (id bigint PRIMARY KEY, shop text, ticket_no int, order_id text, customer text, amount numeric, currency text, paid numeric,
                         delivered_at timestamptz, asked_at timestamptz, category text);
SELECT service_policy.attach('desk', 'crm.ticket', 'desk', '{shop,no}', '{"opened_at": "created_at", "state": "status"}', '{"*": "open"}');
CREATE FUNCTION pg_temp.attach() RETURNS void LANGUAGE sql AS $$
    SELECT service_policy.attach_refunds('desk', 'crm.refund', '{id}', '{"ticket": ["shop", "ticket_no"], "order_id": "order_id", "customer": "customer",
        "amount": "amount", "currency": "currency", "paid_amount": "paid", "delivered_at": "delivered_at", "requested_at": "asked_at", "category": "category"}') $$;
SELECT pg_temp.attach();
GRANT USAGE ON SCHEMA crm TO PUBLIC;
GRANT ALL ON crm.refund TO PUBLIC;

-- What the last line of the hint says of an insertion; nothing if it is written.
CREATE FUNCTION pg_temp.hint(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    hint text;
BEGIN
    EXECUTE statement;
    RETURN '';
EXCEPTION WHEN check_violation OR insufficient_privilege THEN
    GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
    RETURN regexp_replace(hint, '^To tell the customer: [^\n]*\n?', '');
END $$;
CREATE FUNCTION pg_temp.insertion(id text, of text) RETURNS text LANGUAGE sql AS $$
    SELECT format('INSERT INTO crm.refund (%s category, amount, currency, paid, delivered_at, asked_at, order_id, customer, shop, ticket_no) VALUES (%s %s)',
                  CASE WHEN id <> '' THEN 'id,' END, id || CASE WHEN id <> '' THEN ',' END, of) $$;

-- The call is what helps: after it the refund is written.
CREATE FUNCTION pg_temp.heal(id text, of text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    said text := pg_temp.hint(pg_temp.insertion(id, of)); calls text := '';
BEGIN
    WHILE said ~ 'SELECT' LOOP
        calls := concat_ws(' | ', nullif(calls, ''), substring(said FROM 'SELECT service_policy\.(.*);$'));
        SET LOCAL ROLE svp_test_leo;
        EXECUTE substring(said FROM 'SELECT .*;$');
        RESET ROLE;
        said := pg_temp.hint(pg_temp.insertion(id, of));
    END LOOP;
    RETURN calls || said;
END $$;
SELECT is(pg_temp.heal(id, format('%s, NULL, NULL, NULL, NULL', of)),
          replace(calls, '(…', format('(''desk'', ''{"refund": [%s]}'', ''<reason>''', id)), of)
  FROM (VALUES
    ('1', $$NULL, 10, 'EUR', NULL, '2026-03-01 10:00Z', '2026-03-31 22:59:59Z'$$, ''),
    ('2', $$NULL, 10, 'EUR', NULL, '2026-03-01 10:00Z', '2026-03-31 23:00Z'$$, 'grant_exception(…, grace_days => 1)'),
    ('3', $$NULL, 10, 'EUR', NULL, '2026-03-01 10:00Z', '2026-04-01 22:59:59Z'$$, 'grant_exception(…, grace_days => 1)'),
    ('4', $$NULL, 10, 'EUR', NULL, '2026-03-01 10:00Z', '2026-04-01 23:00Z'$$, 'grant_exception(…, grace_days => 2)'),
    -- the last day is a Saturday, extended to Monday; the grace is counted from there
    ('5', $$NULL, 10, 'EUR', NULL, '2026-03-05 10:00Z', '2026-04-06 23:00Z'$$, 'grant_exception(…, grace_days => 1)'),
    ('6', $$NULL, 10, 'EUR', NULL, '2020-03-01 10:00Z', '2026-04-06 23:00Z'$$, 'grant_exception(…, grace_days => 2198)'),
    ('7', $$'working', 10, 'EUR', NULL, '2026-03-02 10:00Z', '2026-03-13 10:00Z'$$, 'grant_exception(…, grace_days => 4)'),
    ('8', $$'months', 10, 'EUR', NULL, '2026-01-31 10:00Z', '2026-03-01 00:00Z'$$, 'grant_exception(…, grace_days => 1)'),
    ('9', $$'hours', 10, 'EUR', NULL, '2026-03-01 10:00Z', '2026-03-04 10:00Z'$$, 'grant_exception(…, grace_days => 1)'),
    ('10', $$'hours', 10, 'EUR', NULL, '2026-03-01 10:00Z', '2026-03-05 09:59:59.999999Z'$$, 'grant_exception(…, grace_days => 1)'),
    ('11', $$'hours', 10, 'EUR', NULL, '2026-03-01 10:00Z', '2026-03-05 10:00Z'$$, 'grant_exception(…, grace_days => 2)'),
    ('12', $$NULL, 95, 'EUR', NULL, '2026-03-01 10:00Z', '2026-03-02Z'$$, 'approve_refund(…, amount => 95.00, currency => ''EUR'')'),
    ('13', $$NULL, 100.005, 'EUR', NULL, '2026-03-01 10:00Z', '2026-03-02Z'$$,
     'grant_exception(…, amount => 0.005, currency => ''EUR'') | approve_refund(…, amount => 100.005, currency => ''EUR'')'),
    ('14', $$NULL, 1200, 'JPY', NULL, '2026-03-01 10:00Z', '2026-04-02Z'$$,
     'grant_exception(…, grace_days => 2, amount => 200, currency => ''JPY'')No role may approve it, by the discretion that the policy gives.'),
    ('15', $$'share', 75.5, 'EUR', 100, '2026-03-01 10:00Z', '2026-03-02Z'$$, 'grant_exception(…, amount => 25.50, currency => ''EUR'')'),
    ('16', $$'share', 75.5, NULL, 200, '2026-03-01 10:00Z', '2026-03-02Z'$$, 'grant_exception(…, amount => 15.50)'),
    ('17', $$'share', 100.01, 'EUR', 100, '2026-03-01 10:00Z', '2026-03-02Z'$$, ''),
    ('18', $$'gift', 1, 'EUR', 100, '2026-03-01 10:00Z', '2026-03-02Z'$$, ''),
    ('19', $$NULL, 500, 'EUR', NULL, '2026-03-01 10:00Z', '2026-03-02Z'$$, ''),
    ('20', $$NULL, 10, 'EUR', NULL, '2006-03-01 10:00Z', '2026-04-06 23:00Z'$$, ''),
    ('21', $$NULL, 10, 'EUR', NULL, NULL, '2026-04-06 23:00Z'$$, 'approve_refund(…, amount => 10.00, currency => ''EUR'')'),
    ('22', $$NULL, 0, 'EUR', NULL, NULL, '2026-04-06 23:00Z'$$, 'approve_refund(…, amount => 1.00, currency => ''EUR'')'),
    ('23', $$NULL, NULL, 'EUR', NULL, NULL, '2026-04-06 23:00Z'$$, ''))
    AS cases (id, of, calls);
SELECT is((SELECT count(*) FROM crm.refund WHERE id IN (14, 17, 18, 19, 20, 23)), 0::bigint, 'what nobody may give is not written');
SELECT ok(pg_temp.heal('30', format($$'issue', 1, 'EUR', NULL, %L, NULL, NULL, NULL, NULL, NULL$$, now() - interval '20 days')) ~ 'grace_days => [67]\)$', 'an issue limit is held against now');

-- Of an order the whole sum counts.
SELECT is(pg_temp.heal('31', $$'share', 50, 'EUR', 200, NULL, NULL, 'A17', NULL, NULL, NULL$$), '', 'the first of an order');
SELECT is(pg_temp.heal('32', $$'share', 80, 'EUR', 200, NULL, NULL, 'A17', NULL, NULL, NULL$$),
          $$grant_exception('desk', '{"refund": [32]}', '<reason>', amount => 70.00, currency => 'EUR')$$, 'the second of an order');
SELECT is(pg_temp.hint('UPDATE crm.refund SET amount = 58 WHERE id = 31'),
          $$It is within your discretion to depart from the rule: SELECT service_policy.grant_exception('desk', '{"refund": [31]}', '<reason>', amount => 78.00, currency => 'EUR');$$, 'a change');

-- Who
SET LOCAL ROLE svp_test_ana;
SELECT is(pg_temp.hint(pg_temp.insertion('40', of || ', NULL, NULL, NULL, NULL')), said, of)
  FROM (VALUES
    ($$NULL, 10, 'EUR', NULL, '2026-03-01 10:00Z', '2026-04-01 23:00Z'$$,
     $$It is within your discretion to depart from the rule: SELECT service_policy.grant_exception('desk', '{"refund": [40]}', '<reason>', grace_days => 2);$$),
    ($$NULL, 10, 'EUR', NULL, '2026-01-01 10:00Z', '2026-04-01 23:00Z'$$,
     $$A role with discretion may depart from the rule: SELECT service_policy.grant_exception('desk', '{"refund": [40]}', '<reason>', grace_days => 59);$$),
    ($$'eyes', 11, 'EUR', NULL, NULL, NULL$$,
     $$A role with discretion may depart from the rule: SELECT service_policy.grant_exception('desk', '{"refund": [40]}', '<reason>', amount => 1.00, currency => 'EUR');$$))
    AS cases (of, said);
SELECT is(pg_temp.hint($$SELECT service_policy.grant_exception('desk', '{"order_id": "A"}', 'why', 1$$ || more || ')'), said, 'who may' || more)
  FROM (VALUES (', 60, ''EUR''', 'Members of one of these roles may: "svp_test_lead".'),
               (', 80.5', 'No role may: an entry in the discretion of the policy would have to give at least "grace_days": 1, "max_amount": 80.50.')) AS cases (more, said);
SELECT is(pg_temp.hint($$SELECT service_policy.approve_refund('desk', '{"order_id": "A"}', 'why', $$ || more || ')'), said, 'who may approve ' || more)
  FROM (VALUES ('200', 'Members of one of these roles may: "svp_test_lead".'),
               ('201, ''EUR''', 'No role may: an entry in the discretion of the policy would have to give at least "approve_up_to": {"EUR": 201.00}.')) AS cases (more, said);
SET LOCAL ROLE svp_test_app;
SELECT is(pg_temp.hint($$SELECT service_policy.grant_exception('desk', '{"order_id": "A"}', 'why', $$ || days || ')'), said, 'an outsider, ' || days || ' days')
  FROM (VALUES (1, 'That is for members of the roles which the discretion of the policy names.'),
               (4001, 'No role may: an entry in the discretion of the policy would have to give at least "grace_days": 4001.')) AS cases (days, said);
RESET ROLE;

-- A key that the database makes is another the next time: then it is for the ticket, the order or the customer.
CREATE SEQUENCE crm.refund_id START 1000;
GRANT USAGE ON SEQUENCE crm.refund_id TO PUBLIC;
ALTER TABLE crm.refund ALTER id SET DEFAULT nextval('crm.refund_id');
SELECT is(pg_temp.heal('', $$NULL, 10, 'EUR', NULL, '2026-03-01 10:00Z', '2026-04-01 23:00Z', $$ || of),
          format($$grant_exception('desk', %s, '<reason>', grace_days => 2)$$, subject), subject)
  FROM (VALUES
    ($$'B-1', 'c1', 'it''s "A"', 7$$, $$E'{"ticket": ["it''s \\"A\\"", 7]}'$$),
    ($$'B''2\', 'c1', NULL, NULL$$, $$E'{"order_id": "B''2\\\\"}'$$),
    ($$NULL, 'ann@example.org', NULL, NULL$$, $$'{"customer": "ann@example.org"}'$$)) AS cases (of, subject);
SELECT is(pg_temp.hint(pg_temp.insertion('', $$NULL, 10, 'EUR', NULL, '2026-03-01 10:00Z', '2026-04-01 23:00Z', NULL, NULL, NULL, NULL$$)),
          'It is within your discretion to depart from the rule with service_policy.grant_exception().', 'nothing to find it by');
SELECT is(pg_temp.hint('UPDATE crm.refund SET asked_at = asked_at + interval ''1 day'' WHERE order_id = ''B-1'''),
          format('It is within your discretion to depart from the rule: SELECT service_policy.grant_exception(''desk'', ''{"refund": [%s]}'', ''<reason>'', grace_days => 3);', id), 'a change keeps the key')
  FROM crm.refund WHERE order_id = 'B-1';

-- Where the policy has no discretion nobody can help, and nothing is said of it.
SELECT service_policy.load_policy('{"policy": "desk", "refunds": [{"name": "days", "max_amount": 1}]}');
SELECT service_policy.publish_policy('desk', 2);
SELECT is(pg_temp.hint(pg_temp.insertion('50', $$NULL, 10, 'EUR', NULL, NULL, NULL, NULL, NULL, NULL, NULL$$)), '', 'no discretion');

SELECT * FROM finish();
ROLLBACK;
