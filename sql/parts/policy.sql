-- Policies and their versions: one document a version, immutable once published.
CREATE TABLE service_policy.policy (
    name text PRIMARY KEY CHECK (octet_length(name) BETWEEN 1 AND 63),
    description text,
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by text NOT NULL DEFAULT current_user
);
COMMENT ON TABLE service_policy.policy IS 'A customer-service policy: a name that its versions share';
COMMENT ON COLUMN service_policy.policy.name IS 'Name of the policy, at most 63 bytes';
COMMENT ON COLUMN service_policy.policy.description IS 'A note of your own; nothing reads it';
COMMENT ON COLUMN service_policy.policy.created_at IS 'When its first version was loaded';
COMMENT ON COLUMN service_policy.policy.created_by IS 'Role that loaded its first version';

-- A range over names lets an exclusion constraint compare them without btree_gist.
CREATE TYPE service_policy._name_range AS RANGE (subtype = text, collation = pg_catalog."C");
COMMENT ON TYPE service_policy._name_range IS 'Range of names, for the constraint policy_version_overlap';

CREATE TABLE service_policy.policy_version (
    policy text NOT NULL REFERENCES service_policy.policy,
    version int NOT NULL CHECK (version > 0),
    state text NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'pilot', 'published', 'retired')),
    document jsonb NOT NULL CONSTRAINT policy_version_document_is_of_the_policy CHECK (document ->> 'policy' = policy),
    effective_from timestamptz CHECK (isfinite(effective_from)),
    effective_to timestamptz CHECK (isfinite(effective_to)),
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by text NOT NULL DEFAULT current_user,
    published_at timestamptz,
    published_by text,
    PRIMARY KEY (policy, version),
    CONSTRAINT policy_version_range CHECK (
        CASE state
            WHEN 'published' THEN effective_from IS NOT NULL AND effective_to IS NULL
            WHEN 'retired' THEN effective_from IS NOT NULL AND effective_to IS NOT NULL AND effective_from <= effective_to
            ELSE effective_from IS NULL AND effective_to IS NULL
        END),
    CONSTRAINT policy_version_overlap EXCLUDE USING gist (
        service_policy._name_range(policy, policy, '[]') WITH &&,
        tstzrange(effective_from, effective_to) WITH &&
    ) WHERE (state IN ('published', 'retired'))
);
COMMENT ON TABLE service_policy.policy_version IS
    'The versions of each policy; a published one never changes, but for its end, and its effective range overlaps no other''s';
COMMENT ON COLUMN service_policy.policy_version.policy IS 'Name of the policy';
COMMENT ON COLUMN service_policy.policy_version.version IS 'Number of the version, from 1, in the order of loading';
COMMENT ON COLUMN service_policy.policy_version.state IS
    'draft (may change), pilot (being tried out), published (in force from effective_from on, without an end), retired (its end is set)';
COMMENT ON COLUMN service_policy.policy_version.document IS 'The policy document';
COMMENT ON COLUMN service_policy.policy_version.effective_from IS
    'From when on it judges what is opened; NULL until published';
COMMENT ON COLUMN service_policy.policy_version.effective_to IS
    'First moment at which it no longer judges what is opened; equal to effective_from if it was withdrawn before; NULL while it has no end';
COMMENT ON COLUMN service_policy.policy_version.created_at IS 'When it was loaded';
COMMENT ON COLUMN service_policy.policy_version.created_by IS 'Role that loaded it';
COMMENT ON COLUMN service_policy.policy_version.published_at IS 'When it was published; NULL until then';
COMMENT ON COLUMN service_policy.policy_version.published_by IS 'Role that published it; NULL until then';

SELECT pg_catalog.pg_extension_config_dump('service_policy.policy', '');
SELECT pg_catalog.pg_extension_config_dump('service_policy.policy_version', '');

CREATE TRIGGER config_changed AFTER INSERT OR UPDATE OR DELETE ON service_policy.policy
    FOR EACH ROW EXECUTE FUNCTION service_policy._config_changed();
CREATE TRIGGER config_truncated AFTER TRUNCATE ON service_policy.policy
    FOR EACH STATEMENT EXECUTE FUNCTION service_policy._config_changed();
ALTER TABLE service_policy.policy ENABLE ALWAYS TRIGGER config_changed, ENABLE ALWAYS TRIGGER config_truncated;

CREATE TRIGGER config_changed AFTER INSERT OR UPDATE OR DELETE ON service_policy.policy_version
    FOR EACH ROW EXECUTE FUNCTION service_policy._config_changed();
CREATE TRIGGER config_truncated AFTER TRUNCATE ON service_policy.policy_version
    FOR EACH STATEMENT EXECUTE FUNCTION service_policy._config_changed();
ALTER TABLE service_policy.policy_version ENABLE ALWAYS TRIGGER config_changed, ENABLE ALWAYS TRIGGER config_truncated;

-- Validation
CREATE FUNCTION service_policy._document_problems(document jsonb, OUT path text, OUT problem text) RETURNS SETOF record
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 10
    AS 'MODULE_PATHNAME', 'svp_document_problems';
COMMENT ON FUNCTION service_policy._document_problems(jsonb) IS
    'What is wrong with a policy document by itself, whatever calendars there are';

CREATE FUNCTION service_policy.validate_policy(document jsonb, OUT path text, OUT problem text) RETURNS SETOF record
    LANGUAGE c STABLE STRICT PARALLEL SAFE COST 1000 ROWS 10
    AS 'MODULE_PATHNAME', 'svp_validate_policy';
COMMENT ON FUNCTION service_policy.validate_policy(jsonb) IS
    'All that is wrong with a policy document, a row a problem with its path; no row when load_policy would accept it';

CREATE FUNCTION service_policy._refuse_problems(problems text[]) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    shown constant int := 50;
    n constant int := cardinality(problems);
BEGIN
    IF n = 0 THEN
        RETURN;
    END IF;
    RAISE EXCEPTION USING
        ERRCODE = 'invalid_parameter_value',
        MESSAGE = format('policy document has %s problem%s', n, CASE WHEN n > 1 THEN 's' ELSE '' END),
        DETAIL = array_to_string(problems[:shown], E'\n') || CASE WHEN n > shown THEN format(E'\nand %s more', n - shown) ELSE '' END,
        HINT = 'service_policy.validate_policy(document) lists them as rows.';
END
$$;
COMMENT ON FUNCTION service_policy._refuse_problems(text[]) IS 'Raises an error that tells all of the problems, if there are any';

-- What load_policy checks is checked of every other writer too.  Calendars are looked for only when a version
-- becomes published, since a restore may bring versions before calendars.
CREATE FUNCTION service_policy._guard_policy_version() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    was_published constant boolean := TG_OP <> 'INSERT' AND OLD.state IN ('published', 'retired');
    -- What was published in this transaction has judged nobody yet.
    had_force constant boolean := was_published AND coalesce(OLD.published_at < now(), true);
    other service_policy.policy_version;
BEGIN
    IF was_published AND (TG_OP = 'DELETE'
        OR (NEW.policy, NEW.version, NEW.document, NEW.effective_from, NEW.created_at, NEW.created_by, NEW.published_at, NEW.published_by)
           IS DISTINCT FROM
           (OLD.policy, OLD.version, OLD.document, OLD.effective_from, OLD.created_at, OLD.created_by, OLD.published_at, OLD.published_by)
        OR NEW.state NOT IN (OLD.state, 'retired'))
    THEN
        RAISE EXCEPTION USING
            ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('version %s of policy "%s" is %s and can no longer change', OLD.version, OLD.policy, OLD.state),
            DETAIL = 'Tickets and refunds are judged by it.',
            HINT = 'Load the changed document as a new version and publish that; to end this version, use service_policy.retire_policy.';
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;

    IF had_force AND NEW.effective_to IS DISTINCT FROM OLD.effective_to
        AND least(NEW.effective_to, OLD.effective_to) < now()
    THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('cannot change until when version %s of policy "%s" was in force in the past', OLD.version, OLD.policy),
            DETAIL = 'Tickets opened meanwhile are judged by it.',
            HINT = 'Set effective_to to now() or later.';
    END IF;

    -- The constraint sees what this cannot, others' uncommitted versions; but it explains less.
    SELECT v.* INTO other
      FROM service_policy.policy_version v
     WHERE v.policy = NEW.policy AND v.version <> NEW.version
       AND NEW.state IN ('published', 'retired') AND v.state IN ('published', 'retired')
       AND NEW.effective_from < coalesce(v.effective_to, 'infinity')
       AND v.effective_from < coalesce(NEW.effective_to, 'infinity')
       AND v.effective_from < coalesce(v.effective_to, 'infinity')
       AND NEW.effective_from < coalesce(NEW.effective_to, 'infinity')
     ORDER BY v.version
     LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'exclusion_violation',
            CONSTRAINT = 'policy_version_overlap',
            MESSAGE = format('versions %s and %s of policy "%s" would be in force at the same time', other.version, NEW.version, NEW.policy),
            DETAIL = format('Version %s is in force from %s %s.', other.version, other.effective_from, coalesce('to ' || other.effective_to, 'on')),
            HINT = 'Let one end (effective_to) no later than the other takes effect (effective_from).';
    END IF;

    IF TG_OP = 'UPDATE' AND NEW.state = 'published' AND NOT was_published THEN
        PERFORM service_policy._refuse_problems(
            ARRAY(SELECT path || ': ' || problem FROM service_policy.validate_policy(NEW.document)));
    ELSIF TG_OP = 'INSERT' OR NEW.document <> OLD.document THEN
        PERFORM service_policy._refuse_problems(
            ARRAY(SELECT path || ': ' || problem FROM service_policy._document_problems(NEW.document)));
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION service_policy._guard_policy_version() IS
    'Trigger of policy_version: keeps published versions as they are, and documents with problems out';

CREATE FUNCTION service_policy._guard_policy_truncate() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF EXISTS (SELECT FROM service_policy.policy_version WHERE state IN ('published', 'retired')) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = 'policy_version holds published versions and cannot be truncated',
            DETAIL = 'Tickets and refunds are judged by them.',
            HINT = 'Delete the drafts, and retire what is published with service_policy.retire_policy.';
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION service_policy._guard_policy_truncate() IS 'Trigger of policy_version: refuses TRUNCATE while versions are published';

CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE ON service_policy.policy_version
    FOR EACH ROW EXECUTE FUNCTION service_policy._guard_policy_version();
CREATE TRIGGER guard_truncate BEFORE TRUNCATE ON service_policy.policy_version
    FOR EACH STATEMENT EXECUTE FUNCTION service_policy._guard_policy_truncate();

-- Loading, publishing, retiring
CREATE FUNCTION service_policy.load_policy(document jsonb) RETURNS int
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    policy_name constant text := document ->> 'policy';
    loaded int;
BEGIN
    IF document IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'null_value_not_allowed',
            MESSAGE = 'policy document is null';
    END IF;
    PERFORM service_policy._refuse_problems(
        ARRAY(SELECT path || ': ' || problem FROM service_policy.validate_policy(document)));

    INSERT INTO service_policy.policy (name) VALUES (policy_name) ON CONFLICT DO NOTHING;
    PERFORM FROM service_policy.policy p WHERE p.name = policy_name FOR UPDATE;
    INSERT INTO service_policy.policy_version (policy, version, document)
        SELECT policy_name, coalesce(max(v.version), 0) + 1, load_policy.document
          FROM service_policy.policy_version v
         WHERE v.policy = policy_name
        RETURNING version INTO loaded;
    RETURN loaded;
END
$$;
COMMENT ON FUNCTION service_policy.load_policy(jsonb) IS
    'Loads a policy document as a new draft and returns its version number; an error tells all of the document''s problems';

-- Lets one session at a time publish or retire versions of a policy, and finds the one asked for.
CREATE FUNCTION service_policy._lock_policy_version(policy text, version int) RETURNS service_policy.policy_version
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found_version service_policy.policy_version;
BEGIN
    PERFORM FROM service_policy.policy p WHERE p.name = _lock_policy_version.policy FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'undefined_object',
            MESSAGE = format('policy "%s" does not exist', policy),
            HINT = 'Load its document with service_policy.load_policy; service_policy.policy lists those that there are.';
    END IF;

    SELECT v.* INTO found_version
      FROM service_policy.policy_version v
     WHERE v.policy = _lock_policy_version.policy AND v.version = _lock_policy_version.version;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'undefined_object',
            MESSAGE = format('policy "%s" has no version %s', policy, version),
            HINT = 'service_policy.policy_version lists those that there are.';
    END IF;
    RETURN found_version;
END
$$;
COMMENT ON FUNCTION service_policy._lock_policy_version(text, int) IS
    'Locks a policy until the transaction ends, and returns one of its versions';

CREATE FUNCTION service_policy._sections_not_acted_on(document jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT 'procedures' WHERE coalesce(document -> 'procedures', 'null') NOT IN ('null', '[]')
$$;
COMMENT ON FUNCTION service_policy._sections_not_acted_on(jsonb) IS
    'The sections of a document that this release checks and shows, but does not act on';

-- Gives time to a new version: none that a version has had force in already, and all that follows.
CREATE FUNCTION service_policy._make_way(policy text, effective_from timestamptz) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    other service_policy.policy_version;
BEGIN
    FOR other IN
        SELECT v.*
          FROM service_policy.policy_version v
         WHERE v.policy = _make_way.policy
           AND v.state IN ('published', 'retired')
           AND v.effective_from < coalesce(v.effective_to, 'infinity')
           AND _make_way.effective_from < coalesce(v.effective_to, 'infinity')
         ORDER BY v.effective_from DESC
    LOOP
        IF other.effective_from >= _make_way.effective_from THEN
            RAISE EXCEPTION USING
                ERRCODE = 'exclusion_violation',
                MESSAGE = format('version %s of policy "%s" takes effect at %s already', other.version, policy, other.effective_from),
                HINT = CASE WHEN other.effective_from > now()
                    THEN format('Withdraw it first with service_policy.retire_policy(%L, %s), or choose a later effective_from.', policy, other.version)
                    ELSE 'Choose a later effective_from.' END;
        ELSIF _make_way.effective_from < now() AND coalesce(other.published_at < now(), true) THEN
            RAISE EXCEPTION USING
                ERRCODE = 'invalid_parameter_value',
                MESSAGE = format('cannot take the time from %s on away from version %s of policy "%s"', _make_way.effective_from, other.version, policy),
                DETAIL = 'Tickets opened since then are judged by it.',
                HINT = 'Choose an effective_from of now() or later.';
        END IF;
        UPDATE service_policy.policy_version v
           SET state = 'retired', effective_to = _make_way.effective_from
         WHERE v.policy = other.policy AND v.version = other.version;
    END LOOP;
END
$$;
COMMENT ON FUNCTION service_policy._make_way(text, timestamptz) IS
    'Ends the version that is in force when a new one takes effect';

CREATE FUNCTION service_policy.publish_policy(policy text, version int, effective_from timestamptz DEFAULT now()) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    draft constant service_policy.policy_version := service_policy._lock_policy_version(policy, version);
    idle_sections constant text := service_policy._sections_not_acted_on(draft.document);
BEGIN
    IF draft.state NOT IN ('draft', 'pilot') THEN
        RAISE EXCEPTION USING
            ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('version %s of policy "%s" is %s already', version, policy, draft.state),
            HINT = 'To put its document into force again, load it as a new version and publish that.';
    END IF;
    IF effective_from IS NULL OR NOT isfinite(effective_from) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'effective_from must be a moment, neither null nor infinite';
    END IF;

    PERFORM service_policy._make_way(policy, effective_from);
    UPDATE service_policy.policy_version v
       SET state = 'published', effective_from = publish_policy.effective_from,
           published_at = now(), published_by = current_user
     WHERE v.policy = publish_policy.policy AND v.version = publish_policy.version;

    IF idle_sections IS NOT NULL THEN
        RAISE WARNING USING
            MESSAGE = format('version %s of policy "%s" has sections that this release shows but does not act on yet: %s',
                             version, policy, idle_sections);
    END IF;
    PERFORM service_policy._warn_of_actions(policy, draft.document, NULL);
END
$$;
COMMENT ON FUNCTION service_policy.publish_policy(text, int, timestamptz) IS
    'Puts a draft into force from a moment on, and ends the version that was in force then';

CREATE FUNCTION service_policy.retire_policy(policy text, version int, effective_to timestamptz DEFAULT now()) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    current constant service_policy.policy_version := service_policy._lock_policy_version(policy, version);
BEGIN
    IF current.state NOT IN ('published', 'retired') THEN
        RAISE EXCEPTION USING
            ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('version %s of policy "%s" is a %s and was never in force', version, policy, current.state),
            HINT = 'Delete it from service_policy.policy_version if it is not wanted.';
    END IF;
    IF effective_to IS NULL OR NOT isfinite(effective_to) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'effective_to must be a moment, neither null nor infinite';
    END IF;
    IF current.state = 'retired' AND current.effective_to <= effective_to THEN
        RAISE EXCEPTION USING
            ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('version %s of policy "%s" is retired already, as of %s', version, policy, current.effective_to);
    END IF;

    -- One that would end before it takes effect is withdrawn: its range is empty.
    UPDATE service_policy.policy_version v
       SET state = 'retired',
           effective_to = CASE WHEN v.effective_from > now() THEN greatest(v.effective_from, retire_policy.effective_to)
                               ELSE retire_policy.effective_to END
     WHERE v.policy = current.policy AND v.version = current.version;
END
$$;
COMMENT ON FUNCTION service_policy.retire_policy(text, int, timestamptz) IS
    'Ends a published version at a moment; one that is not in force yet is withdrawn';

CREATE FUNCTION service_policy.policy_in_force(policy text, at timestamptz DEFAULT now()) RETURNS int
    LANGUAGE c STABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'svp_policy_in_force';
COMMENT ON FUNCTION service_policy.policy_in_force(text, timestamptz) IS
    'The version of a policy that judges what is opened at a moment; NULL if none does';
