-- The extension's answers beside those of refund.py.
SELECT service_policy.publish_policy('shop', 1, '1900-01-01 00:00+00');
CREATE TABLE ticket (id int PRIMARY KEY, status text, created_at timestamptz);
SELECT service_policy.attach('shop', 'ticket', 'shop', ARRAY['id'], '{"opened_at": "created_at", "state": "status"}', '{"*": "open"}');
CREATE TABLE answer AS
SELECT q.*, got.decision AS got_decision, got.reason AS got_reason, got.cutoff_at AS got_cutoff_at,
       got.allowed_amount AS got_allowed_amount, got.fee AS got_fee
  FROM question q, service_policy.refund_check('shop', facts, as_of) got;
