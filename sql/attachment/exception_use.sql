CREATE VIEW @views@.exception_use AS
SELECT exception_id,
       kind::varchar(20),
       CASE WHEN used_at IS NOT NULL THEN 'used'
            WHEN revoked_at IS NOT NULL THEN 'revoked'
            WHEN expires_at <= now() THEN 'expired'
            ELSE 'open' END::varchar(20) AS status,
       (used_at IS NOT NULL)::int AS used_count,
       (used_at IS NULL)::int AS unused_count,
       subject_kind::varchar(20),
       subject::varchar(400),
       reason::varchar(1000),
       role::varchar(63),
       granted_by::varchar(63),
       agent::varchar(255),
       granted_at,
       (granted_at AT TIME ZONE 'UTC')::date AS granted_on,
       granted_month,
       expires_at,
       grace_days,
       amount::numeric(20,4),
       currency::varchar(20),
       @ticket_key@,
       @key@,
       used_at,
       (used_at AT TIME ZONE 'UTC')::date AS used_on,
       used_by::varchar(63),
       used_by_agent::varchar(255),
       used_reason::varchar(50),
       used_amount::numeric(20,4),
       used_currency::varchar(20),
       revoked_at,
       revoked_by::varchar(63),
       counted_for::varchar(63)
  FROM @data@.exception;

COMMENT ON VIEW @views@.exception_use IS
    'Exceptions and approvals of refunds: one row for each that was granted, with who granted it and why, and the refund that used it';
COMMENT ON COLUMN @views@.exception_use.exception_id IS 'Unique: number of the exception or approval';
COMMENT ON COLUMN @views@.exception_use.kind IS 'exception: something beyond the rule; approval: what the rule leaves to somebody else';
COMMENT ON COLUMN @views@.exception_use.status IS 'used, revoked, expired, or open: can still be used, at this moment';
COMMENT ON COLUMN @views@.exception_use.used_count IS '1 if a refund used it, else 0: sum it over whatever is grouped';
COMMENT ON COLUMN @views@.exception_use.unused_count IS '1 if no refund has used it, else 0';
COMMENT ON COLUMN @views@.exception_use.subject_kind IS 'What it is for: refund, ticket, order_id or customer';
COMMENT ON COLUMN @views@.exception_use.subject IS 'For which one, as it was given; of a key of several columns the parts, with slashes between';
COMMENT ON COLUMN @views@.exception_use.reason IS 'Why it was granted';
COMMENT ON COLUMN @views@.exception_use.role IS 'The role of the policy''s discretion that it is within';
COMMENT ON COLUMN @views@.exception_use.granted_by IS 'The database role that granted it';
COMMENT ON COLUMN @views@.exception_use.agent IS 'The agent who granted it, as the application says; NULL where it does not';
COMMENT ON COLUMN @views@.exception_use.granted_at IS 'When it was granted';
COMMENT ON COLUMN @views@.exception_use.granted_on IS 'Date of granted_at in UTC';
COMMENT ON COLUMN @views@.exception_use.granted_month IS 'First day of the month in UTC, in which it counts against a limit per month';
COMMENT ON COLUMN @views@.exception_use.expires_at IS 'The first instant at which it can no longer be used';
COMMENT ON COLUMN @views@.exception_use.grace_days IS 'Days added to each cutoff''s last day';
COMMENT ON COLUMN @views@.exception_use.amount IS 'Amount beyond what the rule gives, or up to which it is approved; NULL = none';
COMMENT ON COLUMN @views@.exception_use.currency IS 'Currency of the amount; NULL = any';
COMMENT ON COLUMN @views@.exception_use.used_at IS 'When a refund used it; NULL if none did';
COMMENT ON COLUMN @views@.exception_use.used_on IS 'Date of used_at in UTC';
COMMENT ON COLUMN @views@.exception_use.used_by IS 'The database role that wrote that refund';
COMMENT ON COLUMN @views@.exception_use.used_by_agent IS 'The agent of that refund; NULL where not known';
COMMENT ON COLUMN @views@.exception_use.used_reason IS 'Reason for which that refund was not allowed without, such as refund_cutoff';
COMMENT ON COLUMN @views@.exception_use.used_amount IS 'Amount of that refund; NULL where not known';
COMMENT ON COLUMN @views@.exception_use.used_currency IS 'Currency of that refund; NULL where not known';
COMMENT ON COLUMN @views@.exception_use.revoked_at IS 'When it was revoked; NULL if it was not';
COMMENT ON COLUMN @views@.exception_use.revoked_by IS 'The database role that revoked it';
COMMENT ON COLUMN @views@.exception_use.counted_for IS 'The database role in whose month it counts: who was logged in, if that has the discretion without SET ROLE, else granted_by';
