CREATE VIEW @views@.refund_attempts AS
SELECT attempt_id,
       refund_key::varchar(255),
       @ticket_key@,
       attempted_at,
       (attempted_at AT TIME ZONE 'UTC')::date AS attempted_on,
       attempted_by::varchar(63),
       session_role::varchar(63),
       application_name::varchar(63),
       process_id,
       table_name::varchar(255),
       decision::varchar(20),
       reason::varchar(50),
       rule::varchar(255),
       policy_version,
       cutoff_at,
       requested_at,
       (requested_at AT TIME ZONE 'UTC')::date AS requested_on,
       amount::numeric(20,4),
       allowed_amount::numeric(20,4),
       currency::varchar(20),
       order_id::varchar(255),
       line_id::varchar(255),
       agent::varchar(255),
       customer::varchar(255),
       message::varchar(1000)
  FROM @data@.refund_attempt;

COMMENT ON VIEW @views@.refund_attempts IS
    'Refunds that were refused: one row an attempt, each repetition too. Recorded where the library is preloaded; elsewhere they are in the server log';
COMMENT ON COLUMN @views@.refund_attempts.attempt_id IS 'Unique: number of the attempt';
COMMENT ON COLUMN @views@.refund_attempts.refund_key IS 'Key of the refund, its parts joined with /; NULL where it had none';
COMMENT ON COLUMN @views@.refund_attempts.attempted_at IS 'When it was refused';
COMMENT ON COLUMN @views@.refund_attempts.attempted_on IS 'Date of attempted_at in UTC';
COMMENT ON COLUMN @views@.refund_attempts.attempted_by IS 'The role that would have written the refund';
COMMENT ON COLUMN @views@.refund_attempts.session_role IS 'The role that had logged in';
COMMENT ON COLUMN @views@.refund_attempts.application_name IS 'What the client called itself';
COMMENT ON COLUMN @views@.refund_attempts.process_id IS 'Number of the server process, as the server log may have it';
COMMENT ON COLUMN @views@.refund_attempts.table_name IS 'Table that would have been written to; of a partitioned one, the partition';
COMMENT ON COLUMN @views@.refund_attempts.decision IS 'refused or needs_approval';
COMMENT ON COLUMN @views@.refund_attempts.reason IS 'Code of the reason, such as refund_cutoff';
COMMENT ON COLUMN @views@.refund_attempts.rule IS 'Name of the refund rule; NULL where it is not known which one applies';
COMMENT ON COLUMN @views@.refund_attempts.policy_version IS 'Version of the policy that judged';
COMMENT ON COLUMN @views@.refund_attempts.cutoff_at IS 'The first instant that is too late; NULL if there is none or it is not known';
COMMENT ON COLUMN @views@.refund_attempts.requested_at IS 'When the customer asked; NULL if it cannot be read';
COMMENT ON COLUMN @views@.refund_attempts.requested_on IS 'Date of requested_at in UTC';
COMMENT ON COLUMN @views@.refund_attempts.amount IS 'Amount of the refund, in its currency; NULL where not known';
COMMENT ON COLUMN @views@.refund_attempts.allowed_amount IS 'Amount that the rule would have allowed; NULL where nothing limits it and no amount is known';
COMMENT ON COLUMN @views@.refund_attempts.currency IS 'Currency of the amounts; NULL where not known';
COMMENT ON COLUMN @views@.refund_attempts.order_id IS 'Order that the refund is of; NULL where not known';
COMMENT ON COLUMN @views@.refund_attempts.line_id IS 'Line of the order; NULL where not known';
COMMENT ON COLUMN @views@.refund_attempts.agent IS 'Agent who tried; NULL where not known';
COMMENT ON COLUMN @views@.refund_attempts.customer IS 'Customer who was to be refunded; NULL where not known';
COMMENT ON COLUMN @views@.refund_attempts.message IS 'The error that the application got';
