CREATE SEQUENCE @data@.exception_id_seq;

CREATE TABLE @data@.exception (
    exception_id bigint NOT NULL DEFAULT nextval('@data@.exception_id_seq') PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('exception', 'approval')),
    subject_kind text NOT NULL CHECK (subject_kind IN ('refund', 'ticket', 'order_id', 'customer')),
    subject text NOT NULL,
    grace_days int NOT NULL,
    amount numeric,
    currency text,
    reason text NOT NULL,
    role text NOT NULL,
    granted_by text NOT NULL,
    counted_for text NOT NULL,
    agent text,
    granted_at timestamptz NOT NULL,
    granted_month date NOT NULL,
    grant_number int,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    revoked_by text,
    used_at timestamptz,
    used_by text,
    used_by_agent text,
    used_amount numeric,
    used_currency text,
    used_reason text,
    @refund_columns@,
    @ticket_columns@,
    UNIQUE (counted_for, role, granted_month, grant_number),
    CHECK (used_at IS NULL OR revoked_at IS NULL)
);
CREATE INDEX exception_refund_idx ON @data@.exception (@key@);
CREATE INDEX exception_ticket_idx ON @data@.exception (@ticket_key@);
CREATE INDEX exception_subject_idx ON @data@.exception USING hash (subject);

ALTER SEQUENCE @data@.exception_id_seq OWNED BY @data@.exception.exception_id;

COMMENT ON SEQUENCE @data@.exception_id_seq IS 'Numbers of the exceptions and approvals';
COMMENT ON TABLE @data@.exception IS
    'What was granted beyond the rules, and the approvals that they ask for. Written by grant_exception(), approve_refund() and revoke_exception(), and by the trigger when a refund uses one';
COMMENT ON COLUMN @data@.exception.exception_id IS 'Number of the exception or approval';
COMMENT ON COLUMN @data@.exception.kind IS 'exception: something beyond the rule; approval: what the rule leaves to somebody else';
COMMENT ON COLUMN @data@.exception.subject_kind IS 'What it is for: refund, ticket, order_id or customer';
COMMENT ON COLUMN @data@.exception.subject IS 'For which one, as it was given; of a key of several columns the parts, with slashes between';
COMMENT ON COLUMN @data@.exception.grace_days IS 'Days added to each cutoff''s last day';
COMMENT ON COLUMN @data@.exception.amount IS 'Amount beyond what the rule gives, or up to which it is approved; NULL = none';
COMMENT ON COLUMN @data@.exception.currency IS 'Currency of the amount; NULL = any';
COMMENT ON COLUMN @data@.exception.reason IS 'Why it was granted';
COMMENT ON COLUMN @data@.exception.role IS 'The role of the policy''s discretion that it is within';
COMMENT ON COLUMN @data@.exception.granted_by IS 'The database role that granted it';
COMMENT ON COLUMN @data@.exception.counted_for IS 'The database role in whose month it counts: who was logged in, if that has the discretion without SET ROLE, else granted_by';
COMMENT ON COLUMN @data@.exception.agent IS 'The agent who granted it, as the application says; NULL where it does not';
COMMENT ON COLUMN @data@.exception.granted_at IS 'When it was granted';
COMMENT ON COLUMN @data@.exception.granted_month IS 'First day of that month in UTC';
COMMENT ON COLUMN @data@.exception.grant_number IS 'Which one of that month this is, of those that count for counted_for as this role; NULL once it is revoked';
COMMENT ON COLUMN @data@.exception.expires_at IS 'The first instant at which it can no longer be used';
COMMENT ON COLUMN @data@.exception.revoked_at IS 'When it was revoked; NULL if it was not';
COMMENT ON COLUMN @data@.exception.revoked_by IS 'The database role that revoked it';
COMMENT ON COLUMN @data@.exception.used_at IS 'When a refund used it; NULL if none did';
COMMENT ON COLUMN @data@.exception.used_by IS 'The database role that wrote that refund';
COMMENT ON COLUMN @data@.exception.used_by_agent IS 'The agent of that refund; NULL where not known';
COMMENT ON COLUMN @data@.exception.used_amount IS 'Amount of that refund; NULL where not known';
COMMENT ON COLUMN @data@.exception.used_currency IS 'Currency of that refund; NULL where not known';
COMMENT ON COLUMN @data@.exception.used_reason IS 'Reason for which that refund was not allowed without, such as refund_cutoff';
