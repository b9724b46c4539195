-- refund_check() says beforehand what the trigger does then: for generated refunds, by facts and by key.
BEGIN;
SELECT no_plan();
SET LOCAL client_min_messages = error;

CREATE SCHEMA crm;
CREATE TABLE crm.ticket (id bigint PRIMARY KEY, status text, created_at timestamptz, category text);
CREATE TABLE crm.refund (
    id bigint PRIMARY KEY, ticket_id bigint, order_id text, line_id text, amount numeric, currency text, paid numeric,
    line_paid numeric, paid_currency text, delivered_at timestamptz, asked_at timestamptz, category text, agent text,
    approved_by text, customer text);

INSERT INTO service_policy.calendar (name, time_zone) VALUES ('desk', 'Europe/Lisbon'), ('empty', 'UTC');
INSERT INTO service_policy.calendar_hours (calendar, weekday, opens, closes)
    SELECT c, weekday, '09:00', '17:00' FROM generate_series(1, 5) weekday, unnest('{desk,empty}'::text[]) c;
SELECT service_policy.load_policy($$
    {"policy": "desk", "refunds": [
     {"name": "standard", "mode": "observe", "max_amount": {"EUR": 90, "USD": 100}, "max_share": 0.8, "approval_above": 60,
      "restocking_fee": 0.1, "window": {"days": 30, "from": "delivered_at", "calendar": "desk", "if_missing": "refuse"}},
     {"name": "strict", "when": {"category": ["strict"]}, "max_amount": 80,
      "window": {"days": 30, "from": "delivered_at", "calendar": "desk"}},
     {"name": "people", "when": {"category": ["people"]}, "agent_is_not_customer": true, "four_eyes": true,
      "per_customer": {"count": 3, "amount": 150, "days": 30}, "duplicate_within": "24 hours"},
     {"name": "broken", "when": {"category": ["broken"]}, "mode": "flag",
      "window": {"days": 30, "from": "delivered_at", "calendar": "empty"}},
     {"name": "slow", "when": {"category": ["slow"]}, "mode": "flag", "issue_limit": {"days": 14, "from": "opened_at"}},
     {"name": "gift", "when": {"category": ["gift"]}, "final_sale": true}]}$$);
SELECT service_policy.publish_policy('desk', 1, '2020-01-01Z');
SELECT service_policy.attach('desk', 'crm.ticket', 'desk', '{id}', '{"opened_at": "created_at", "state": "status", "category": "category"}', '{"*": "open"}');
SELECT service_policy.attach_refunds('desk', 'crm.refund', '{id}', '{
    "ticket": ["ticket_id"], "order_id": "order_id", "line_id": "line_id", "amount": "amount", "currency": "currency",
    "paid_amount": "paid", "line_paid_amount": "line_paid", "paid_currency": "paid_currency", "delivered_at": "delivered_at",
    "requested_at": "asked_at", "category": "category", "agent": "agent", "approved_by": "approved_by", "customer": "customer"}');
DELETE FROM service_policy.calendar_hours WHERE calendar = 'empty';
INSERT INTO crm.ticket SELECT n, 'new', now() - n * interval '4 days', (ARRAY['strict', 'people', 'slow', NULL])[1 + n % 4] FROM generate_series(1, 8) n;

CREATE FUNCTION pg_temp.one_of(choices anyarray) RETURNS anyelement LANGUAGE sql VOLATILE AS
    'SELECT choices[1 + floor(random() * cardinality(choices))::int]';
CREATE FUNCTION pg_temp.generated(id bigint) RETURNS crm.refund LANGUAGE sql VOLATILE AS $$
    SELECT ROW(id, pg_temp.one_of('{1,2,3,4,5,6,7,8,99,NULL,NULL,NULL,NULL,NULL,NULL}'::bigint[]),
               pg_temp.one_of(ARRAY['A' || ceil(random() * 60), NULL]), pg_temp.one_of('{1,2,NULL,NULL}'::text[]),
               pg_temp.one_of('{0,5,10.005,19.99,25,40,60,60.01,85,120,-3,NaN,NULL}'::numeric[]),
               pg_temp.one_of('{EUR,EUR,EUR,EUR,EUR,EUR,USD,NULL}'::text[]), pg_temp.one_of('{50,100,150,NULL}'::numeric[]),
               pg_temp.one_of('{30,60,NULL,NULL}'::numeric[]), pg_temp.one_of('{EUR,NULL,NULL,NULL,NULL,NULL}'::text[]),
               pg_temp.one_of('{2026-03-01Z,2026-03-05 10:00Z,2026-04-01 12:00Z,2026-03-08Z,2026-03-09Z,infinity,NULL,2099-01-01Z}'::timestamptz[]),
               pg_temp.one_of('{2026-03-10Z,2026-03-31 22:59Z,2026-03-31 23:00Z,2026-04-20Z,2026-05-05Z,NULL}'::timestamptz[]),
               pg_temp.one_of('{strict,strict,people,people,broken,slow,gift,other,NULL,NULL}'::text[]),
               pg_temp.one_of('{ana,rui,eva,NULL}'::text[]), pg_temp.one_of('{ana,max,NULL}'::text[]),
               pg_temp.one_of('{ana,joe,kim,lea,meg,ned,oda,pia,NULL}'::text[]))::crm.refund $$;

-- What the policy says of a row that is not there yet; what cannot be given as a fact is left to the key.
CREATE FUNCTION pg_temp.asked(r crm.refund) RETURNS text LANGUAGE sql VOLATILE AS $$
    SELECT concat_ws('|', c.decision, c.reason, c.rule, c.version, c.cutoff_at, c.allowed_amount, c.fee)
      FROM service_policy.refund_check('desk', jsonb_strip_nulls(jsonb_build_object(
            'order_id', r.order_id, 'line_id', r.line_id, 'amount', r.amount, 'currency', r.currency,
            'paid_amount', r.paid, 'line_paid_amount', r.line_paid, 'paid_currency', r.paid_currency,
            'delivered_at', r.delivered_at, 'requested_at', r.asked_at, 'category', r.category, 'agent', r.agent,
            'approved_by', r.approved_by, 'customer', r.customer, 'ticket', r.ticket_id)), clock_timestamp()) c $$;
CREATE FUNCTION pg_temp.asked_by_key(id bigint) RETURNS text LANGUAGE sql VOLATILE AS $$
    SELECT concat_ws('|', c.decision, c.reason, c.rule, c.version, c.cutoff_at, c.allowed_amount, c.fee)
      FROM service_policy.refund_check('desk', jsonb_build_array(id), clock_timestamp()) c $$;
CREATE FUNCTION pg_temp.decided(of_id bigint) RETURNS text LANGUAGE sql VOLATILE AS $$
    SELECT concat_ws('|', decision, reason, rule, policy_version, cutoff_at, allowed_amount, fee)
      FROM desk_data.refund_decision WHERE id = of_id ORDER BY seq DESC LIMIT 1 $$;

-- Where the two differ, row by row; and how often each reason came up.
CREATE TEMP TABLE difference (id bigint, what text, asked text, decided text);
CREATE TEMP TABLE outcome (reason text, written boolean);
SELECT setseed(0.42);
DO $$
DECLARE
    r crm.refund; asked text; refusal text;
BEGIN
    FOR i IN 1..600 LOOP
        r := pg_temp.generated(i);
        asked := CASE WHEN r.amount <> 'NaN' AND isfinite(coalesce(r.delivered_at, now())) OR r.amount IS NULL AND isfinite(coalesce(r.delivered_at, now()))
                      THEN pg_temp.asked(r) END;
        BEGIN
            refusal := NULL;
            INSERT INTO crm.refund SELECT (r).*;
        EXCEPTION WHEN check_violation THEN
            GET STACKED DIAGNOSTICS refusal = CONSTRAINT_NAME;
        END;
        INSERT INTO outcome SELECT coalesce(refusal, (SELECT coalesce(d.reason, 'allowed') FROM desk_data.refund_decision d WHERE d.id = i)), refusal IS NULL;
        IF refusal IS NOT NULL THEN
            INSERT INTO difference SELECT i, 'refused', asked, refusal WHERE split_part(asked, '|', 2) <> refusal;
            CONTINUE;
        END IF;
        INSERT INTO difference SELECT i, 'by facts', asked, pg_temp.decided(i) WHERE asked <> pg_temp.decided(i);
        INSERT INTO difference SELECT i, 'by key', pg_temp.asked_by_key(i), pg_temp.decided(i)
                         WHERE pg_temp.asked_by_key(i) IS DISTINCT FROM pg_temp.decided(i);
    END LOOP;
END $$;
SELECT is_empty('TABLE difference', 'what refund_check() says is what the trigger decides');
SELECT set_has('SELECT reason FROM outcome',
    $$VALUES ('allowed'), ('refund_final_sale'), ('refund_cutoff'), ('refund_issue_limit'), ('refund_fact_unreadable'), ('refund_own'),
             ('refund_duplicate'), ('refund_currency'), ('refund_amount'), ('refund_customer_limit'), ('refund_calendar'),
             ('refund_fact_missing'), ('refund_four_eyes'), ('refund_needs_approval')$$,
    'each reason comes up among them');
SELECT cmp_ok((SELECT count(*) FROM outcome WHERE written), '>', 200::bigint, 'and many are written');

-- A blank is nobody: neither who refunds, nor who approved, nor a customer.
SELECT is(concat_ws(' ', c.decision, c.reason, c.about), expected, 'blank: ' || person)
  FROM (VALUES ('approved_by', 'needs_approval refund_four_eyes approved_by'), ('agent', 'needs_approval refund_fact_missing agent'),
               ('customer', 'needs_approval refund_fact_missing customer')) AS t (person, expected), unnest(ARRAY['', E' \t']) blank,
       service_policy.refund_check('desk', '{"amount": 5, "category": "people", "agent": "ana", "approved_by": "max", "customer": "zoe"}'
                                           || jsonb_build_object(person, blank)) c;

-- What is explained is what is decided, and until when one may ask is its cutoff where nothing else ends before.
SELECT is_empty($$
    SELECT r.id, c.decision, c.reason, story FROM crm.refund r,
           LATERAL service_policy.refund_check('desk', jsonb_build_array(r.id)) c,
           LATERAL (SELECT string_agg(line, E'\n') AS story FROM service_policy.explain_refund('desk', jsonb_build_array(r.id)) line) s
     WHERE position(E'\ndecision: ' || concat_ws(', ', c.decision, c.reason) IN story) = 0$$,
    'explain_refund() comes to the same decision');
SELECT is_empty($$
    SELECT r.id, c.rule, c.cutoff_at, until FROM crm.refund r,
           LATERAL service_policy.refund_check('desk', jsonb_build_array(r.id)) c,
           LATERAL service_policy.refundable_until('desk', jsonb_build_array(r.id)) until
     WHERE CASE WHEN c.rule IN ('standard', 'strict') THEN until IS DISTINCT FROM c.cutoff_at
                WHEN c.rule = 'slow' THEN until IS DISTINCT FROM coalesce(c.cutoff_at, 'infinity')
                WHEN c.rule = 'people' THEN until IS DISTINCT FROM 'infinity' ELSE until IS NOT NULL END$$,
    'refundable_until() gives the cutoff, infinity where none is, or asking starts it, and else nothing');
CREATE TEMP TABLE told AS
    SELECT count(*) AS lines, count(*) FILTER (WHERE line LIKE 'decision: refused%') AS refused
      FROM generate_series(1001, 1300) id, LATERAL (SELECT to_jsonb(pg_temp.generated(id)) AS r) g,
           service_policy.explain_refund('desk', jsonb_strip_nulls(jsonb_build_object(
               'order_id', r->'order_id', 'amount', nullif(r->'amount', '"NaN"'), 'currency', r->'currency', 'paid_amount', r->'paid',
               'delivered_at', nullif(r->'delivered_at', '"infinity"'), 'requested_at', r->'asked_at', 'category', r->'category',
               'agent', r->'agent', 'approved_by', r->'approved_by', 'customer', r->'customer'))) line;
SELECT ok(refused > 50 AND lines > 5000, 'those that would be refused are explained, too') FROM told;

-- Who may ask what
CREATE ROLE svp_test_clerk;
CREATE ROLE svp_test_anybody;
GRANT USAGE ON SCHEMA desk TO svp_test_clerk;
GRANT SELECT ON desk.refund_log, desk.ticket_status TO svp_test_clerk;
CREATE FUNCTION pg_temp.asks(who text, facts jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answers text := '';
    question text;
BEGIN
    EXECUTE format('SET LOCAL ROLE %I', who);
    FOREACH question IN ARRAY '{refund_check,refundable_until,explain_refund}'::text[] LOOP
        BEGIN
            EXECUTE format('SELECT count(*) FROM service_policy.%I(''desk'', $1)', question) USING facts;
            answers := answers || ' answer';
        EXCEPTION WHEN insufficient_privilege THEN
            answers := answers || ' ' || SQLERRM;
        END;
    END LOOP;
    RESET ROLE;
    RETURN answers;
END $$;
SELECT is(pg_temp.asks('svp_test_anybody', '{"amount": 5, "agent": "ana"}'),
          ' answer answer permission denied for view desk.refund_log', 'anybody may ask by facts, and have nothing explained');
SELECT is(pg_temp.asks('svp_test_anybody', facts), repeat(' permission denied for view desk.refund_log', 3), 'and name no refund, order or customer: ' || facts::text)
  FROM unnest(ARRAY['[1]', '{"order_id": "A"}', '{"line_id": "A"}', '{"customer": "joe"}']::jsonb[]) facts;
SELECT is(pg_temp.asks('svp_test_anybody', jsonb_object_agg(to_hex(i) || '_at', '2026-03-01T00:00:00Z') || '{"order_id": "A"}'),
          repeat(' permission denied for view desk.refund_log', 3), 'neither behind as many other facts as there is room for')
  FROM generate_series(1, 33000) i;
SELECT is(pg_temp.asks('svp_test_anybody', '{"ticket": [1]}'),
          repeat(' permission denied for view desk.ticket_status', 2) || ' permission denied for view desk.refund_log', 'nor a ticket');
SELECT is(pg_temp.asks('svp_test_clerk', facts), ' answer answer answer', 'who may read the views asks for all: ' || facts::text)
  FROM unnest(ARRAY['[1]', '[-1]', '{"order_id": "A"}', '{"customer": "joe"}', '{"ticket": [1]}', '{"amount": 5}']::jsonb[]) facts;

SELECT * FROM finish();
ROLLBACK;
