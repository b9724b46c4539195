CREATE VIEW @views@.refund_log AS
SELECT ROW(@key_text@, seq)::text::varchar(4000) AS decision_id,
       @key@,
       seq,
       @ticket_key@,
       decision::varchar(20),
       reason::varchar(50),
       rule::varchar(255),
       policy_version,
       (decision = 'allowed')::int AS allowed_count,
       (decision <> 'allowed')::int AS objected_count,
       cutoff_at,
       requested_at,
       (requested_at AT TIME ZONE 'UTC')::date AS requested_on,
       decided_at,
       (decided_at AT TIME ZONE 'UTC')::date AS decided_on,
       amount::numeric(20,4),
       allowed_amount::numeric(20,4),
       fee::numeric(20,4),
       currency::varchar(20),
       order_id::varchar(255),
       line_id::varchar(255),
       agent::varchar(255),
       customer::varchar(255),
       mode::varchar(20),
       exception_id,
       approval_id,
       withdrawn_at,
       (withdrawn_at IS NULL)::int AS standing_count
  FROM @data@.refund_decision
 WHERE decision <> 'counted';

COMMENT ON VIEW @views@.refund_log IS
    'Decisions on the refunds that were written: one row a decision. What was refused under enforcement was not written and is not here';
COMMENT ON COLUMN @views@.refund_log.decision_id IS 'Unique: the refund''s key and the number of the decision';
COMMENT ON COLUMN @views@.refund_log.seq IS 'Number of the decision on this refund, from 1: it is decided anew when its facts change';
COMMENT ON COLUMN @views@.refund_log.decision IS 'allowed, needs_approval or refused; the last two are here only where the rule does not enforce';
COMMENT ON COLUMN @views@.refund_log.reason IS 'Code of the reason, such as refund_cutoff; no_rule if no rule applies; NULL if allowed by a rule';
COMMENT ON COLUMN @views@.refund_log.rule IS 'Name of the refund rule; NULL if none applies';
COMMENT ON COLUMN @views@.refund_log.policy_version IS 'Version of the policy that judged; NULL if none was in force';
COMMENT ON COLUMN @views@.refund_log.allowed_count IS '1 if allowed, else 0: sum it over whatever is grouped';
COMMENT ON COLUMN @views@.refund_log.objected_count IS '1 if the policy objected (needs_approval or refused), else 0';
COMMENT ON COLUMN @views@.refund_log.cutoff_at IS 'The first instant that is too late; NULL if there is none or it is not known';
COMMENT ON COLUMN @views@.refund_log.requested_at IS 'When the customer asked; NULL if it cannot be read';
COMMENT ON COLUMN @views@.refund_log.requested_on IS 'Date of requested_at in UTC';
COMMENT ON COLUMN @views@.refund_log.decided_at IS 'When it was decided, as the refund was written';
COMMENT ON COLUMN @views@.refund_log.decided_on IS 'Date of decided_at in UTC';
COMMENT ON COLUMN @views@.refund_log.amount IS 'Amount of the refund, in its currency; NULL where not known';
COMMENT ON COLUMN @views@.refund_log.allowed_amount IS 'Amount that the rule allows without approval; NULL where nothing limits it and no amount is known';
COMMENT ON COLUMN @views@.refund_log.fee IS 'What the company keeps of the allowed amount: restocking and shipping fee';
COMMENT ON COLUMN @views@.refund_log.currency IS 'Currency of the amounts; NULL where not known';
COMMENT ON COLUMN @views@.refund_log.order_id IS 'Order that the refund is of; NULL where not known';
COMMENT ON COLUMN @views@.refund_log.line_id IS 'Line of the order; NULL where not known';
COMMENT ON COLUMN @views@.refund_log.agent IS 'Agent who refunds; NULL where not known';
COMMENT ON COLUMN @views@.refund_log.customer IS 'Customer who is refunded; NULL where not known';
COMMENT ON COLUMN @views@.refund_log.mode IS 'Mode of the rule: enforce, flag or observe; NULL if none applies';
COMMENT ON COLUMN @views@.refund_log.exception_id IS 'Number of the exception that it rests on, as in exception_use; NULL if it rests on none';
COMMENT ON COLUMN @views@.refund_log.approval_id IS 'Number of the approval that it rests on, as in exception_use; NULL if it rests on none';
COMMENT ON COLUMN @views@.refund_log.withdrawn_at IS 'When the decision ceased to count, since the refund was decided anew, deleted or left out by the row filter; NULL while it counts';
COMMENT ON COLUMN @views@.refund_log.standing_count IS '1 if the decision counts still, else 0: only with these is a refund counted, and its amount summed, once';
