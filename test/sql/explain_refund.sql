-- Refunds in words: why a decision is what it is, until when one may ask, and what the customer is told.
-- Whatever the session's time zone and date style are, rules have their own.
SET TimeZone = 'America/Lima';
SET DateStyle = 'SQL, DMY';
\set SHOW_CONTEXT never
\pset null '-'

INSERT INTO service_policy.calendar (name, time_zone) VALUES ('counter', 'Europe/Lisbon');
INSERT INTO service_policy.calendar_hours (calendar, weekday, opens, closes)
    SELECT 'counter', weekday, '09:00', '18:00' FROM generate_series(1, 5) AS weekday;

-- What a message cannot say.
SELECT * FROM service_policy.validate_policy('{"policy": "counter", "refunds": [{"name": "standard",
    "message": "{cutoff} {{brace} {nothing} {Cutoff} {",
    "messages": {"refund_own": {"en": "{delivered_at} {ticket} {payout}", "pt": "{approval_above}"}, "refund_mine": "{x}"}}]}');

SELECT service_policy.load_policy('{
    "policy": "counter", "language": "en",
    "refunds": [
        {"name": "standard",
         "window": {"days": 30, "calendar": "counter", "extend_to_working_day": true,
                    "from": ["delivered_at", {"fact": "fulfilled_at", "transit_days": 5}],
                    "duty": {"fact": "informed_at", "months": 12},
                    "campaigns": [{"fact": "purchased_at", "first": "11-01", "last": "12-31", "until": "01-31"}]},
         "max_amount": {"EUR": 500, "JPY": 60000}, "max_share": 0.9, "restocking_fee": 0.10, "shipping_fee": {"EUR": 4.90, "JPY": 600},
         "messages": {
             "refund_cutoff": {"en": "Until {last_day}, {customer}. {{sorry}", "pt": "Até {last_day}."},
             "refund_amount": {"en": "{allowed_amount} {currency} of {amount} for {order_id}: {refunded} of {paid_amount} before, {fee} kept, {payout} for you by {rule}, {days_left} days left, asked {requested_at}, {product} {line_id}."}},
         "message": {"en": "Please ask {agent}."}},
        {"name": "open", "when": {"category": ["open"]},
         "window": {"months": 1, "from": "contract_at", "if_missing": "open"}},
        {"name": "strict", "when": {"category": ["strict"]},
         "window": {"exactly": "72 hours", "from": "contract_at", "if_missing": "refuse"}},
        {"name": "issue", "when": {"category": ["issue"]},
         "issue_limit": {"working_days": 3, "from": "opened_at", "calendar": "counter"}},
        {"name": "guarded", "when": {"category": ["guarded"]}, "approval_above": 100,
         "per_customer": {"count": 2, "amount": 300, "days": 30}, "duplicate_within": "24 hours",
         "agent_is_not_customer": true, "four_eyes": true},
        {"name": "shares", "when": {"category": ["shares"], "region": ["north", "south"]}, "max_share": 0.5},
        {"name": "capped", "when": {"category": ["capped"]}, "max_amount": 50, "approval_above": 20,
         "issue_limit": {"exactly": "90 minutes", "from": "contract_at", "if_missing": "open"},
         "message": "We can give {limit}, {allowed_amount} of it at once."},
        {"name": "flagged", "when": {"category": ["flagged"]}, "max_amount": 10, "mode": "flag"},
        {"name": "download", "when": {"category": ["download"]}, "final_sale": true}],
    "discretion": [{"role": "pg_monitor", "grace_days": 7, "max_amount": {"EUR": 50}, "approve_up_to": 1000}]}');
SELECT service_policy.publish_policy('counter', 1, '2020-01-01 00:00+00');

CREATE SCHEMA crm;
CREATE TABLE crm.ticket (id bigint PRIMARY KEY, status text NOT NULL, created_at timestamptz NOT NULL, kind text);
CREATE TABLE crm.refund (
    id bigint PRIMARY KEY, ticket_id bigint, order_id text, line_id text, amount numeric, currency text, paid numeric,
    delivered_at timestamptz, asked_at timestamptz, kind text, agent text, customer text);
SELECT service_policy.attach('support', 'crm.ticket', 'counter', ARRAY['id'],
    '{"opened_at": "created_at", "state": "status", "category": "kind"}', '{"*": "open"}');

-- Without a refund table everything but the record is told.
\pset tuples_only on
\pset format unaligned
SELECT service_policy.explain_refund('support', '{"amount": 50, "currency": "EUR", "paid_amount": 80, "delivered_at": "2026-03-01T10:00:00Z"}', '2026-03-20 12:00+00');
-- Each step of a window: no start, one that lies ahead, transit, a duty, a campaign, the weekend.
SELECT line FROM service_policy.explain_refund('support', '{"amount": 50, "currency": "EUR", "paid_amount": 80}', '2026-03-20 12:00+00') line WHERE line !~ 'does not match';
SELECT line FROM service_policy.explain_refund('support', '{"amount": 50, "currency": "EUR", "paid_amount": 80, "delivered_at": "2026-03-21T10:00:00Z", "fulfilled_at": "2026-03-05T23:30:00Z", "informed_at": "2026-03-05T23:30:00Z"}', '2026-03-20 12:00+00') line WHERE line !~ 'does not match';
SELECT line FROM service_policy.explain_refund('support', '{"amount": 50, "currency": "EUR", "paid_amount": 80, "delivered_at": "2025-11-20T10:00:00Z", "informed_at": "2025-11-25T10:00:00Z", "purchased_at": "2025-11-14T10:00:00Z"}', '2026-02-20 12:00+00', 'pt-BR') line WHERE line !~ 'does not match';
SELECT line FROM service_policy.explain_refund('support', '{"amount": 5, "category": "open"}', '2026-03-20 12:00+00') line WHERE line !~ 'does not match';
SELECT line FROM service_policy.explain_refund('support', '{"amount": 5, "category": "strict"}', '2026-03-20 12:00+00') line WHERE line !~ 'does not match';
SELECT line FROM service_policy.explain_refund('support', '{"amount": 5, "category": "strict", "contract_at": "2026-03-18T13:00:00Z", "requested_at": "2026-03-18T14:00:00Z"}', '2026-03-21 12:00+00') line WHERE line !~ 'does not match';
SELECT line FROM service_policy.explain_refund('support', '{"amount": 5, "category": "issue", "opened_at": "2026-03-13T13:00:00Z"}', '2026-03-21 12:00+00') line WHERE line !~ 'does not match';
-- Amounts, currencies, people.
SELECT line FROM service_policy.explain_refund('support', '{"amount": 50000.4, "currency": "JPY", "paid_amount": 52000, "delivered_at": "2026-03-01T10:00:00Z", "order_id": "A-1", "informed_at": "2026-03-01T10:00:00Z"}', '2026-03-20 12:00+00') line WHERE line !~ 'does not match';
SELECT line FROM service_policy.explain_refund('support', '{"amount": 50, "currency": "USD", "paid_amount": 80, "delivered_at": "2026-03-01T10:00:00Z", "informed_at": "2026-03-01T10:00:00Z"}', '2026-03-20 12:00+00') line WHERE line !~ 'does not match';
SELECT line FROM service_policy.explain_refund('support', '{"amount": 150, "category": "guarded", "agent": "ana", "customer": "ana", "approved_by": "rui"}', '2026-03-20 12:00+00') line WHERE line !~ 'does not match';
SELECT line FROM service_policy.explain_refund('support', '{"amount": 50, "category": "download"}', '2026-03-20 12:00+00') line WHERE line !~ 'does not match';
SELECT line FROM service_policy.explain_refund('support', '{"amount": 50, "category": "shares", "region": "east"}', '2019-03-20 12:00+00') line WHERE line !~ 'does not match';

-- Until when one may ask: the earlier of both windows; asking starts some of them.
\pset tuples_only off
\pset format aligned
SELECT facts, service_policy.refundable_until('support', facts, '2026-03-20 12:00+00')
  FROM unnest(ARRAY['{"delivered_at": "2026-03-01T10:00:00Z", "informed_at": "2026-03-01T10:00:00Z"}',
                    '{"delivered_at": "2025-03-01T10:00:00Z", "informed_at": "2025-03-01T10:00:00Z"}',
                    '{"delivered_at": "2026-03-21T10:00:00Z"}', '{}',
                    '{"category": "open"}', '{"category": "open", "contract_at": "2026-01-31T00:00:00Z"}', '{"category": "strict"}',
                    '{"category": "issue"}', '{"category": "issue", "opened_at": "2026-03-13T13:00:00Z"}',
                    '{"category": "guarded"}', '{"category": "download"}']::jsonb[]) facts;
SELECT service_policy.refundable_until('support', '{}', '2019-03-20 12:00+00') AS no_version, service_policy.refundable_until('support', NULL) AS no_facts;
SELECT service_policy.refundable_until('support', '[1]');
SELECT service_policy.refundable_until('support', '{"delivered_at": "tomorrow"}');
SELECT service_policy.explain_refund('support', '[1]');
SELECT service_policy.explain_refund('nothing', '{}');
SELECT count(*) FROM service_policy.explain_refund(NULL, '{}');

-- With a refund table: what was decided, and whether it would be now.
SELECT service_policy.attach_refunds('support', 'crm.refund', ARRAY['id'],
    '{"ticket": ["ticket_id"], "order_id": "order_id", "line_id": "line_id", "amount": "amount", "currency": "currency", "paid_amount": "paid",
      "delivered_at": "delivered_at", "informed_at": "delivered_at", "requested_at": "asked_at", "category": "kind", "agent": "agent", "customer": "customer"}');
INSERT INTO crm.ticket VALUES (7, 'new', '2026-03-10 10:00+00', 'flagged');
INSERT INTO crm.refund VALUES (1, NULL, 'A', NULL, 40, 'EUR', 100, '2026-03-01 10:00+00', '2026-03-20 10:00+00', NULL, 'ana', 'joe'),
                              (2, NULL, 'A', NULL, 30, 'EUR', 100, '2026-03-01 10:00+00', '2026-03-20 10:00+00', NULL, 'ana', 'joe');
-- Objections have numbers, and say what they rest on.
INSERT INTO crm.refund VALUES (3, NULL, 'A', NULL, 30, 'EUR', 100, '2026-03-01 10:00+00', '2026-03-20 10:00+00', NULL, 'ana', 'joe');
INSERT INTO crm.refund VALUES (3, NULL, NULL, NULL, 30, 'USD', 100, '2026-03-01 10:00+00', '2026-03-20 10:00+00', NULL, 'ana', 'joe');
INSERT INTO crm.refund VALUES (3, NULL, 'A', NULL, 30, 'JPY', 100, '2026-03-01 10:00+00', '2026-03-20 10:00+00', NULL, 'ana', 'joe');
INSERT INTO crm.refund VALUES (3, NULL, 'A', NULL, 30, 'EUR', 100, '2099-03-01 10:00+00', '2026-03-20 10:00+00', NULL, 'ana', 'joe');
INSERT INTO crm.refund VALUES (3, NULL, 'C', NULL, 30, 'EUR', NULL, NULL, NULL, 'guarded', 'ana', 'eva');
-- No exception gives more than was paid.
INSERT INTO crm.refund VALUES (4, NULL, 'D', NULL, 30, 'EUR', 20, NULL, NULL, 'open', 'ana', 'eva');
INSERT INTO crm.refund VALUES (3, 7, NULL, NULL, 30, 'EUR', NULL, NULL, NULL, NULL, 'ana', 'joe');
UPDATE crm.refund SET amount = 35 WHERE id = 1;
\pset tuples_only on
\pset format unaligned
-- Its moment is that of the write, which is left out.
SELECT regexp_replace(line, '(^decision \d,|until) \S+ \S+ UTC(, written by \S+:)?', '\1 …') FROM service_policy.explain_refund('support', '[1]', '2026-03-25 10:00+00') line WHERE line !~ 'does not match';
SELECT regexp_replace(line, '(^decision \d,|until) \S+ \S+ UTC(, written by \S+:)?', '\1 …') FROM service_policy.explain_refund('support', '[3]', '2026-03-25 10:00+00') line WHERE line !~ 'does not match';
-- What was granted, and whether the decision rests on it.
SELECT service_policy.grant_exception('support', '{"order_id": "A"}', 'kept waiting', grace_days => 3, amount => 20, currency => 'EUR', agent => 'boss'),
       service_policy.approve_refund('support', '{"customer": "eva"}', 'seen the photos', 50, 'EUR', agent => 'boss');
SELECT regexp_replace(line, 'granted by \w+', 'granted by …')
  FROM unnest(ARRAY['{"order_id": "A", "paid_amount": 100, "delivered_at": "2026-03-01T10:00:00Z", "informed_at": "2026-03-01T10:00:00Z"}',
                    '{"category": "guarded", "customer": "eva", "order_id": "A"}']::jsonb[]) facts,
       service_policy.explain_refund('support', facts || '{"agent": "ana", "amount": 30, "currency": "EUR"}', '2026-04-03 10:00+00') line
 WHERE line ~ 'exception|approv|grace|late|in time|at most|decision';
SELECT message FROM service_policy.refund_check('support', '{"category": "guarded", "customer": "eva", "agent": "ana", "amount": 30, "currency": "EUR"}');
SELECT message FROM service_policy.refund_check('support', '{"category": "flagged", "order_id": "B", "amount": 30, "currency": "EUR"}');
-- What it was judged by is not what it would be judged by.
ALTER TABLE crm.refund DISABLE TRIGGER USER;
UPDATE crm.refund SET paid = 50, kind = 'shares', ticket_id = 99 WHERE id = 2;
ALTER TABLE crm.refund ENABLE TRIGGER USER;
SELECT line FROM service_policy.explain_refund('support', '[2]', '2026-03-25 10:00+00') line WHERE line ~ 'differ in|ticket|shares|max_share|paid_amount';
-- A fact a line, as they were read then.
INSERT INTO crm.refund (id, amount, kind, delivered_at, asked_at) VALUES (4, 5, 'flagged', 'infinity', '2026-03-20 10:00:00.5+00');
SELECT line FROM service_policy.explain_refund('support', '[4]', '2026-03-25 10:00+00') line WHERE line ~ '^  facts|^    ';
-- One that is gone, and one that never was.
DELETE FROM crm.refund WHERE id = 2;
SELECT regexp_replace(line, '(^decision \d,|until) \S+ \S+ UTC(, written by \S+:)?', '\1 …') FROM service_policy.explain_refund('support', '[2]') line WHERE line !~ '^  facts|^    ';
SELECT service_policy.explain_refund('support', '[99]');
SELECT service_policy.refundable_until('support', '[1]') IS NOT NULL AS here, service_policy.refundable_until('support', '[99]') IS NULL AS not_here;

-- One whose facts cannot be read, as it was imported.
CREATE TABLE crm.import (id bigint PRIMARY KEY, amount numeric, done timestamptz);
SELECT service_policy.attach('other', 'crm.ticket', 'counter', ARRAY['id'], '{"opened_at": "created_at", "state": "status"}', '{"*": "open"}');
SELECT service_policy.attach_refunds('other', 'crm.import', ARRAY['id'], '{"amount": "100 / amount", "delivered_at": "done"}');
ALTER TABLE crm.import DISABLE TRIGGER USER;
INSERT INTO crm.import VALUES (1, 0, '2026-03-01Z');
ALTER TABLE crm.import ENABLE TRIGGER USER;
SELECT service_policy.explain_refund('other', '[1]', '2026-03-02 10:00+00');
SELECT decision, reason, rule FROM service_policy.refund_check('other', '[1]', '2026-03-02 10:00+00');
SELECT service_policy.refundable_until('other', '[1]', '2026-03-02 10:00+00') IS NULL;

-- What a customer may be told of a bound is what could be given with approval, too; where there is no amount the bound stays.
SELECT decision, message FROM unnest(ARRAY['{"amount": 51}', '{"amount": 21}', '{"amount": -1}', '{}']::jsonb[]) facts,
    service_policy.refund_check('other', facts || '{"category": "capped"}');

SELECT line FROM service_policy.explain_refund('other', '{"amount": 1, "category": "capped", "contract_at": "2026-03-01T10:00Z"}', '2026-03-01 11:00+00') line WHERE line ~ ':30';

-- One that was there before the table was attached, and one that the row filter does not let through yet.
CREATE TABLE crm.claim (id bigint PRIMARY KEY, status text, amount numeric, ordered_at timestamptz, asked_at timestamptz);
INSERT INTO crm.claim VALUES (1, 'paid', 10, '2026-03-01Z', '2026-03-02Z'), (2, 'asked', 20, '2026-03-01Z', '2026-03-04Z');
SELECT service_policy.attach('claims', 'crm.ticket', 'counter', ARRAY['id'], '{"opened_at": "created_at", "state": "status"}', '{"*": "open"}');
SELECT service_policy.attach_refunds('claims', 'crm.claim', ARRAY['id'],
    '{"amount": "amount", "currency": "''EUR''", "contract_at": "ordered_at", "requested_at": "asked_at", "category": "''strict''"}', 'status = ''paid''');
SELECT regexp_replace(line, 'by \w+: counted', 'by …: counted') FROM service_policy.explain_refund('claims', '[1]', '2026-03-04 10:00+00') line WHERE line !~ 'does not match';
SELECT line FROM service_policy.explain_refund('claims', '[2]', '2026-03-04 10:00+00') line WHERE line !~ 'does not match';
SELECT decision, reason, cutoff_at FROM service_policy.refund_check('claims', '[2]', '2026-03-04 10:00+00');
SELECT service_policy.refundable_until('claims', '[2]', '2026-03-04 10:00+00');
SELECT service_policy.grant_exception('claims', '{"refund": 2}', 'was ill', grace_days => 2) > 0;
SELECT decision, reason, cutoff_at FROM service_policy.refund_check('claims', '[2]', '2026-03-04 10:00+00');
UPDATE crm.claim SET status = 'asked' WHERE id = 1;
SELECT regexp_replace(line, 'until \S+ \S+ UTC', 'until …') FROM service_policy.explain_refund('claims', '[1]', '2026-03-04 10:00+00') line WHERE line ~ 'until|filter';

-- A later version alters nothing for what an earlier one claims; and the version says why it is the one.
SELECT service_policy.load_policy('{"policy": "counter", "refunds": [
    {"name": "later", "version_at": "purchased_at", "window": {"days": 10, "from": "purchased_at"}}]}');
SELECT service_policy.publish_policy('counter', 2, '2100-01-01 00:00+00');
SELECT line FROM unnest(ARRAY['{"purchased_at": "2026-03-19T00:00Z", "requested_at": "2026-03-20T00:00Z"}',
                              '{"purchased_at": "2026-03-19T00:00Z", "requested_at": "2100-03-20T00:00Z"}',
                              '{"purchased_at": "2100-03-19T00:00Z", "requested_at": "2100-03-20T00:00Z"}',
                              '{"purchased_at": "2019-03-19T00:00Z", "requested_at": "2019-03-20T00:00Z"}']::jsonb[]) facts,
       service_policy.explain_refund('support', facts, '2100-03-20 12:00Z') line WHERE line ~ '^policy|^ rule .* counts';
\pset tuples_only off
\pset format aligned

SELECT service_policy.detach('support', keep_evidence => false);
SELECT service_policy.detach('other', keep_evidence => false);
SELECT service_policy.detach('claims', keep_evidence => false);
DROP SCHEMA crm CASCADE;
DELETE FROM service_policy.calendar WHERE name = 'counter';
