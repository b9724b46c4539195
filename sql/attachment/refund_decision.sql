CREATE TABLE @data@.refund_decision (
    @key_columns@,
    seq int NOT NULL,
    decided_at timestamptz NOT NULL,
    recorded_by text NOT NULL,
    decision text NOT NULL,
    reason text,
    rule text,
    policy_version int,
    mode text,
    cutoff_at timestamptz,
    requested_at timestamptz,
    amount numeric,
    allowed_amount numeric,
    fee numeric,
    currency text,
    order_id text,
    line_id text,
    agent text,
    customer text,
    exception_id bigint,
    approval_id bigint,
    facts jsonb NOT NULL,
    withdrawn_at timestamptz,
    @ticket_columns@,
    PRIMARY KEY (@key@, seq)
);

COMMENT ON TABLE @data@.refund_decision IS
    'The decision on each refund that was written, with what it was based on. Written by the trigger, and never changed but for its withdrawal';
COMMENT ON COLUMN @data@.refund_decision.seq IS 'Number of the decision on this refund, from 1: it is decided anew when its facts change';
COMMENT ON COLUMN @data@.refund_decision.decided_at IS 'When it was decided, as the refund was written';
COMMENT ON COLUMN @data@.refund_decision.recorded_by IS 'The role that wrote the refund';
COMMENT ON COLUMN @data@.refund_decision.decision IS 'allowed, needs_approval or refused; the last two were written only where the rule does not enforce';
COMMENT ON COLUMN @data@.refund_decision.reason IS 'Code of the reason, such as refund_cutoff; no_rule if no rule applies; NULL if allowed by a rule';
COMMENT ON COLUMN @data@.refund_decision.rule IS 'Name of the refund rule; NULL if none applies';
COMMENT ON COLUMN @data@.refund_decision.policy_version IS 'Version of the policy that judged; NULL if none was in force';
COMMENT ON COLUMN @data@.refund_decision.mode IS 'Mode of the rule: enforce, flag or observe; NULL if none applies';
COMMENT ON COLUMN @data@.refund_decision.cutoff_at IS 'The first instant that is too late; NULL if there is none or it is not known';
COMMENT ON COLUMN @data@.refund_decision.requested_at IS 'When the customer asked; NULL if it cannot be read';
COMMENT ON COLUMN @data@.refund_decision.amount IS 'Amount of the refund, in its currency; NULL where not known';
COMMENT ON COLUMN @data@.refund_decision.allowed_amount IS 'Amount that the rule allows without approval; NULL where nothing limits it and no amount is known';
COMMENT ON COLUMN @data@.refund_decision.fee IS 'Restocking fee on the allowed amount';
COMMENT ON COLUMN @data@.refund_decision.currency IS 'Currency of the amounts; NULL where not known';
COMMENT ON COLUMN @data@.refund_decision.order_id IS 'Order that the refund is of; NULL where not known';
COMMENT ON COLUMN @data@.refund_decision.line_id IS 'Line of the order; NULL where not known';
COMMENT ON COLUMN @data@.refund_decision.agent IS 'Agent who refunds; NULL where not known';
COMMENT ON COLUMN @data@.refund_decision.customer IS 'Customer who is refunded; NULL where not known';
COMMENT ON COLUMN @data@.refund_decision.exception_id IS 'Exception that allowed it; NULL if it needed none';
COMMENT ON COLUMN @data@.refund_decision.approval_id IS 'Approval that allowed it; NULL if it needed none';
COMMENT ON COLUMN @data@.refund_decision.facts IS 'All the facts of the refund, as they were read';
COMMENT ON COLUMN @data@.refund_decision.withdrawn_at IS 'When the refund was deleted, changed so that it was decided anew, or ceased to be one; NULL while the decision stands';
