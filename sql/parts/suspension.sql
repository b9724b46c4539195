-- Keeping quiet for a while: nothing is handed out, and no action runs (src/suspension.c).

CREATE TABLE service_policy.suspension (
    attachment text REFERENCES service_policy.attachment (name) ON UPDATE CASCADE ON DELETE CASCADE,
    starts_at  timestamptz NOT NULL DEFAULT now()
               CONSTRAINT starts_at_is_finite CHECK (isfinite(starts_at)),
    ends_at    timestamptz
               CONSTRAINT ends_at_is_finite_or_null CHECK (isfinite(ends_at)),
    reason     text,
    set_by     text NOT NULL DEFAULT session_user,
    set_at     timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT ends_at_is_not_before_starts_at CHECK (ends_at >= starts_at)
);
COMMENT ON TABLE service_policy.suspension IS
    'When escalations are recorded only: nothing is handed out, and no action runs, from starts_at until ends_at. Written by suspend_actions() and resume_actions(), and by whoever plans maintenance';
COMMENT ON COLUMN service_policy.suspension.attachment IS 'The attachment; NULL: every one of this database';
COMMENT ON COLUMN service_policy.suspension.starts_at IS 'From when on';
COMMENT ON COLUMN service_policy.suspension.ends_at IS 'The first moment at which things go out again; NULL: when resume_actions() is called; the same as starts_at: it was withdrawn';
COMMENT ON COLUMN service_policy.suspension.reason IS 'Why, for people';
COMMENT ON COLUMN service_policy.suspension.set_by IS 'The role that said so';
COMMENT ON COLUMN service_policy.suspension.set_at IS 'When it did';

-- No key, as of calendar_date: nothing is wrong with a window that is there twice.
ALTER TABLE service_policy.suspension REPLICA IDENTITY FULL;
CREATE INDEX suspension_attachment ON service_policy.suspension (attachment);

CREATE TRIGGER config_changed AFTER INSERT OR UPDATE OR DELETE ON service_policy.suspension
    FOR EACH ROW EXECUTE FUNCTION service_policy._config_changed();
CREATE TRIGGER config_truncated AFTER TRUNCATE ON service_policy.suspension
    FOR EACH STATEMENT EXECUTE FUNCTION service_policy._config_changed();
ALTER TABLE service_policy.suspension ENABLE ALWAYS TRIGGER config_changed, ENABLE ALWAYS TRIGGER config_truncated;

SELECT pg_catalog.pg_extension_config_dump('service_policy.suspension', '');

CREATE FUNCTION service_policy._suspended_until(name text) RETURNS timestamptz
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'svp_sql_suspended_until';
COMMENT ON FUNCTION service_policy._suspended_until(text) IS
    'Until when an attachment is suspended, at the time of the statement: infinity if somebody has to resume it, NULL if it is not';

CREATE FUNCTION service_policy._suspended_count() RETURNS int
    LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'svp_sql_suspended_count';
COMMENT ON FUNCTION service_policy._suspended_count() IS
    'How many attachments of this database are suspended, at the time of the statement';

CREATE FUNCTION service_policy._check_suspender(name text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    schema_name constant text := coalesce(name || '_data', 'service_policy');
    owner oid := (SELECT nspowner FROM pg_namespace WHERE nspname = schema_name);
BEGIN
    IF name IS NOT NULL AND NOT EXISTS (SELECT FROM service_policy.attachment a WHERE a.name = _check_suspender.name) THEN
        RAISE EXCEPTION 'attachment "%" does not exist', name
            USING ERRCODE = 'undefined_object',
                  HINT = 'The attachments are in service_policy.attachment; NULL stands for all of this database.';
    ELSIF NOT pg_has_role(owner, 'USAGE') THEN
        RAISE EXCEPTION 'must be owner of schema "%"', schema_name
            USING ERRCODE = 'insufficient_privilege',
                  HINT = format('Call as %s or as a member of that role.', owner::regrole);
    END IF;
END
$$;
COMMENT ON FUNCTION service_policy._check_suspender(text) IS
    'Complains unless the attachment exists and its evidence belongs to the caller; without a name, the extension''s schema';

CREATE FUNCTION service_policy.suspend_actions(name text, until timestamptz DEFAULT NULL, reason text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM service_policy._check_suspender(name);
    IF until <= statement_timestamp() OR NOT isfinite(until) THEN
        RAISE EXCEPTION 'a suspension that begins now cannot end at %', until
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Say a moment to come, or NULL: when resume_actions() is called.';
    END IF;
    INSERT INTO service_policy.suspension (attachment, ends_at, reason) VALUES (name, until, reason);
END
$$;
COMMENT ON FUNCTION service_policy.suspend_actions(text, timestamptz, text) IS
    'Has escalations of an attachment recorded only, from now until then, or until resume_actions(): nothing is handed out, and no action runs. NULL for all attachments. For the owner of <name>_data, and of the extension''s schema';

CREATE FUNCTION service_policy.resume_actions(name text) RETURNS boolean
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    resumed boolean;
BEGIN
    PERFORM service_policy._check_suspender(name);
    -- not the transaction's time: it may have begun before what it ends
    UPDATE service_policy.suspension s SET ends_at = statement_timestamp()
     WHERE s.attachment IS NOT DISTINCT FROM name AND s.starts_at <= statement_timestamp()
       AND (s.ends_at IS NULL OR s.ends_at > statement_timestamp());
    resumed := FOUND;
    IF resumed THEN
        PERFORM pg_notify('service_policy_outbox', a.name) FROM service_policy.attachment a WHERE resume_actions.name IS NULL OR a.name = resume_actions.name;
    END IF;
    IF service_policy._suspended_until(name) IS NOT NULL THEN
        RAISE WARNING 'attachment "%" stays suspended, as all of this database is', name
            USING HINT = 'SELECT service_policy.resume_actions(NULL) ends that.';
    END IF;
    RETURN resumed;
END
$$;
COMMENT ON FUNCTION service_policy.resume_actions(text) IS
    'Ends what suspends an attachment now, the switch and windows alike; NULL ends what suspends all of the database. False if there was nothing to end. For the owner of <name>_data, and of the extension''s schema';
