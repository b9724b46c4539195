CREATE SEQUENCE @data@.refund_attempt_id_seq;

CREATE TABLE @data@.refund_attempt (
    attempt_id bigint PRIMARY KEY DEFAULT nextval('@data@.refund_attempt_id_seq'),
    attempted_at timestamptz NOT NULL,
    attempted_by text NOT NULL,
    session_role text,
    application_name text,
    process_id int,
    table_name text,
    refund_key text,
    @ticket_columns@,
    decision text NOT NULL,
    reason text,
    rule text,
    policy_version int,
    cutoff_at timestamptz,
    requested_at timestamptz,
    amount numeric,
    allowed_amount numeric,
    currency text,
    order_id text,
    line_id text,
    agent text,
    customer text,
    message text,
    facts jsonb
);

ALTER SEQUENCE @data@.refund_attempt_id_seq OWNED BY @data@.refund_attempt.attempt_id;

COMMENT ON SEQUENCE @data@.refund_attempt_id_seq IS 'Numbers of the attempts';
COMMENT ON TABLE @data@.refund_attempt IS
    'Refunds that were refused, as recorded by a background worker where the library is preloaded; elsewhere they are in the server log. Texts are cut where they are very long';
COMMENT ON COLUMN @data@.refund_attempt.attempt_id IS 'Number of the attempt';
COMMENT ON COLUMN @data@.refund_attempt.attempted_at IS 'When it was refused';
COMMENT ON COLUMN @data@.refund_attempt.attempted_by IS 'The role that would have written the refund';
COMMENT ON COLUMN @data@.refund_attempt.session_role IS 'The role that had logged in';
COMMENT ON COLUMN @data@.refund_attempt.application_name IS 'What the client called itself';
COMMENT ON COLUMN @data@.refund_attempt.process_id IS 'Number of the server process, as the server log may have it';
COMMENT ON COLUMN @data@.refund_attempt.table_name IS 'Table that would have been written to; of a partitioned one, the partition';
COMMENT ON COLUMN @data@.refund_attempt.refund_key IS 'Key of the refund, its parts joined with /; NULL where it had none';
COMMENT ON COLUMN @data@.refund_attempt.decision IS 'refused or needs_approval';
COMMENT ON COLUMN @data@.refund_attempt.reason IS 'Code of the reason, such as refund_cutoff';
COMMENT ON COLUMN @data@.refund_attempt.rule IS 'Name of the refund rule; NULL where it is not known which one applies';
COMMENT ON COLUMN @data@.refund_attempt.policy_version IS 'Version of the policy that judged';
COMMENT ON COLUMN @data@.refund_attempt.cutoff_at IS 'The first instant that is too late; NULL if there is none or it is not known';
COMMENT ON COLUMN @data@.refund_attempt.requested_at IS 'When the customer asked; NULL if it cannot be read';
COMMENT ON COLUMN @data@.refund_attempt.amount IS 'Amount of the refund, in its currency; NULL where not known';
COMMENT ON COLUMN @data@.refund_attempt.allowed_amount IS 'Amount that the rule would have allowed; NULL where nothing limits it and no amount is known';
COMMENT ON COLUMN @data@.refund_attempt.currency IS 'Currency of the amounts; NULL where not known';
COMMENT ON COLUMN @data@.refund_attempt.order_id IS 'Order that the refund is of; NULL where not known';
COMMENT ON COLUMN @data@.refund_attempt.line_id IS 'Line of the order; NULL where not known';
COMMENT ON COLUMN @data@.refund_attempt.agent IS 'Agent who tried; NULL where not known';
COMMENT ON COLUMN @data@.refund_attempt.customer IS 'Customer who was to be refunded; NULL where not known';
COMMENT ON COLUMN @data@.refund_attempt.message IS 'The error that the application got';
COMMENT ON COLUMN @data@.refund_attempt.facts IS 'All the facts of the refund, as they were read; NULL if they are too many';
