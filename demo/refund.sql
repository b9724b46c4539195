-- Refunds, as the CRM writes them.  What the policy refuses is an error of the statement: the CRM shows it.
\set ON_ERROR_STOP off
\set VERBOSITY default
\set SHOW_CONTEXT never

\echo '-- Ana sends back a bike that was delivered 12 days ago:'
INSERT INTO crm.refunds (id, order_id, amount, agent) VALUES (1, 7001, 480.00, 'Luis');
\echo
\echo '-- Bruno a helmet, after 41 days.  That is too late, and the CRM is told so:'
INSERT INTO crm.refunds (id, order_id, amount, agent) VALUES (2, 7002, 89.00, 'Luis');
\echo
\echo '-- Carla a cargo bike, in time; but above 500 somebody has to approve:'
INSERT INTO crm.refunds (id, order_id, amount, agent) VALUES (3, 7003, 2950.00, 'Luis');
\echo
\echo '-- A manager may, within what the policy leaves to that role; then it is written, and on record:'
\connect - manager
SELECT service_policy.approve_refund('support', '{"refund": [3]}', 'the frame is cracked', 2950.00);
\connect - crm_app
INSERT INTO crm.refunds (id, order_id, amount, agent) VALUES (3, 7003, 2950.00, 'Luis');
\echo
\echo '-- Duarte a saddle that was sold as it is:'
INSERT INTO crm.refunds (id, order_id, amount, agent) VALUES (4, 7004, 25.00, 'Luis');
\echo
\echo '-- Before anything is promised, an agent may ask, in the language of the customer:'
\x on
SELECT item, answer.decision, answer.reason, answer.rule, answer.cutoff_at::date AS cutoff, answer.message
  FROM crm.orders, service_policy.refund_check('support',
           jsonb_build_object('delivered_at', delivered_at, 'amount', total, 'paid_amount', total),
           language => 'pt') AS answer
 WHERE id = 7002;
\x off

\echo '-- The application has no right on the schemas of the policy: it can neither read nor forge a clock.'
UPDATE support_data.clock SET state = 'met';
