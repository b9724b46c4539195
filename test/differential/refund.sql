-- The extension's cutoffs beside those of refund.py, and what is decided an instant before and at each of them.
SELECT service_policy.publish_policy('shop', 1, '1900-01-01 00:00+00');
CREATE TABLE ticket (id int PRIMARY KEY, status text, created_at timestamptz);
SELECT service_policy.attach('shop', 'ticket', 'shop', ARRAY['id'], '{"opened_at": "created_at", "state": "status"}', '{"*": "open"}');
CREATE TABLE given_and_got AS
SELECT q.*, extract(epoch FROM before.cutoff_at)::bigint AS got, before.decision AS before, late.decision AS late
  FROM question q,
       LATERAL (SELECT jsonb_build_object('product', product, 'amount', 1, 'purchased_at', to_timestamp(start)) AS facts) f,
       service_policy.refund_check('shop', facts, to_timestamp(expected) - interval '1 microsecond') before,
       service_policy.refund_check('shop', facts, to_timestamp(expected)) late;
