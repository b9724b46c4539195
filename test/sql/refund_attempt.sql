-- Refused refunds on record: the table and the view.  Who fills them is tested in test/t/110_refund_attempt.pl.
SET TimeZone = 'UTC';
SET DateStyle = 'ISO';
\set SHOW_CONTEXT never
\pset null '-'

SELECT service_policy.load_policy('{"policy": "attempts", "refunds": [{"name": "standard", "window": {"days": 30, "from": "delivered_at"}}]}');
SELECT service_policy.publish_policy('attempts', 1, '2020-01-01 00:00+00');
CREATE SCHEMA crm;
CREATE TABLE crm.ticket (tenant int, "Case No" text, status text, created_at timestamptz, PRIMARY KEY (tenant, "Case No"));
CREATE TABLE crm.refund (shop int, attempt_id int, tenant int, "case" text, amount numeric, delivered_at timestamptz, asked_at timestamptz, PRIMARY KEY (shop, attempt_id));
SELECT service_policy.attach('attempts', 'crm.ticket', 'attempts', '{tenant,Case No}', '{"opened_at": "created_at", "state": "status"}', '{"*": "open"}');
SELECT service_policy.attach_refunds('attempts', 'crm.refund', '{shop,attempt_id}',
    '{"ticket": ["tenant", "\"case\""], "amount": "amount", "delivered_at": "delivered_at", "requested_at": "asked_at"}');
SELECT * FROM attempts.refund_attempts;
\d attempts_data.refund_attempt

-- The refusal itself is the same with and without the library preloaded.
INSERT INTO crm.refund VALUES (1, 1, 7, 'A/1', 50, '2024-01-01 12:00+00', '2024-03-01 09:00+00');
SELECT count(*) FROM crm.refund;

-- A record, as the server log has it.
INSERT INTO attempts_data.refund_attempt
SELECT attempt.*
  FROM jsonb_populate_record(NULL::attempts_data.refund_attempt,
       '{"database": "shop", "attachment": "attempts", "attempted_at": "2024-03-01T10:00:00+01:00", "attempted_by": "shop_app", "process_id": 4711,
         "refund_key": "1/1", "ticket_tenant": "7", "ticket_Case No": "A/1", "decision": "refused", "reason": "refund_cutoff", "rule": "standard",
         "policy_version": 1, "cutoff_at": "2024-02-01T00:00:00+00:00", "amount": 50.00, "facts": {"amount": 50.00}}'
       || jsonb_build_object('attempt_id', nextval('attempts_data.refund_attempt_id_seq'))) AS attempt;
\x
SELECT attempt_id IS NOT NULL AS numbered, refund_key, ticket_tenant, "ticket_Case No", attempted_at, attempted_on, attempted_by, process_id, decision, reason, rule,
       policy_version, cutoff_at, amount, agent FROM attempts.refund_attempts WHERE attempted_by = 'shop_app';
\x

-- Evidence is kept, and gone on with.
SELECT service_policy.detach('attempts');
SELECT service_policy.attach('attempts', 'crm.ticket', 'attempts', '{tenant,Case No}', '{"opened_at": "created_at", "state": "status"}', '{"*": "open"}');
SELECT service_policy.attach_refunds('attempts', 'crm.refund', '{shop,attempt_id}', '{"amount": "amount", "delivered_at": "delivered_at", "requested_at": "asked_at"}');
SELECT refund_key, reason FROM attempts.refund_attempts WHERE attempted_by = 'shop_app';

-- Or goes, with all that belongs to it.
SELECT service_policy.detach('attempts', keep_evidence => false);
SELECT relname FROM pg_class WHERE relname LIKE 'refund\_attempt%';
DROP SCHEMA crm CASCADE;
