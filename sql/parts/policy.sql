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
    SELECT string_agg(section, ', ' ORDER BY n)
      FROM unnest(ARRAY['escalations', 'discretion', 'procedures', 'refunds.per_customer'])
           WITH ORDINALITY AS sections (section, n)
     WHERE CASE section
               WHEN 'refunds.per_customer' THEN jsonb_path_exists(document, '$.refunds[*].per_customer ? (@ != null)')
               ELSE coalesce(document -> section, 'null') NOT IN ('null', '[]')
           END
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

-- Reading documents
CREATE FUNCTION service_policy._text_in(content jsonb, language text) RETURNS text
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'svp_text_in_language';
COMMENT ON FUNCTION service_policy._text_in(jsonb, text) IS
    'A document''s text in a language, or in the nearest that it has; see docs/policy.md';

CREATE FUNCTION service_policy._entries(list jsonb, OUT item int, OUT entry jsonb) RETURNS SETOF record
    LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 10 SET search_path = pg_catalog, pg_temp
AS $$
    SELECT (n - 1)::int, e FROM jsonb_array_elements(nullif(list, 'null')) WITH ORDINALITY AS entries (e, n)
$$;
COMMENT ON FUNCTION service_policy._entries(jsonb) IS 'The entries of a document''s list, numbered from 0; none if there is no list';

CREATE FUNCTION service_policy._words(list jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT string_agg(word, ', ' ORDER BY n)
      FROM jsonb_array_elements_text(nullif(list, 'null')) WITH ORDINALITY AS words (word, n)
$$;
COMMENT ON FUNCTION service_policy._words(jsonb) IS 'The words of a document''s list, parted by commas; NULL if there are none';

CREATE FUNCTION service_policy._minutes(span text) RETURNS numeric
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT extract(epoch FROM span::interval)::numeric / 60
$$;
COMMENT ON FUNCTION service_policy._minutes(text) IS
    'The minutes of a document''s duration; immutable, since no setting changes what the durations of a document mean';

CREATE FUNCTION service_policy._scenario(conditions jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT coalesce(string_agg(dimension || ': ' || service_policy._words(conditions -> dimension), '; ' ORDER BY n), 'always')
      FROM unnest(ARRAY['priority', 'channel', 'category', 'product', 'customer_tier', 'region', 'team'])
           WITH ORDINALITY AS dimensions (dimension, n)
     WHERE service_policy._words(conditions -> dimension) IS NOT NULL
$$;
COMMENT ON FUNCTION service_policy._scenario(jsonb) IS 'The conditions of an entry, as people read them';

CREATE FUNCTION service_policy._languages(texts jsonb, OUT language text, OUT content text) RETURNS SETOF record
    LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 3 SET search_path = pg_catalog, pg_temp
AS $$
    SELECT key, value FROM jsonb_each_text(CASE WHEN jsonb_typeof(texts) = 'object' THEN texts END)
    UNION ALL
    SELECT NULL, texts #>> '{}' WHERE jsonb_typeof(texts) = 'string'
$$;
COMMENT ON FUNCTION service_policy._languages(jsonb) IS
    'A document''s text in each of its languages; the language is NULL where it names none';

CREATE FUNCTION service_policy._window(definition jsonb, OUT span numeric, OUT unit text, OUT fact text, OUT calendar text, OUT extends boolean)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT coalesce((definition ->> 'days')::numeric, (definition ->> 'working_days')::numeric,
                    (definition ->> 'months')::numeric, service_policy._minutes(definition ->> 'exactly')),
           CASE WHEN definition ->> 'days' IS NOT NULL THEN 'days'
                WHEN definition ->> 'working_days' IS NOT NULL THEN 'working_days'
                WHEN definition ->> 'months' IS NOT NULL THEN 'months'
                WHEN definition ->> 'exactly' IS NOT NULL THEN 'minutes' END,
           definition ->> 'from',
           definition ->> 'calendar',
           CASE WHEN definition <> 'null' THEN coalesce((definition ->> 'extend_to_working_day')::boolean, false) END
$$;
COMMENT ON FUNCTION service_policy._window(jsonb) IS 'A window of a refund rule as columns; all NULL if there is none';

-- The document as tables.  Drafts show too: filter by state.
CREATE VIEW service_policy.mission AS
    SELECT v.policy, v.version, v.state,
           service_policy._text_in(nullif(v.document -> 'mission', 'null'), v.document ->> 'language') AS mission,
           v.document ->> 'review_every' AS review_every,
           v.document ->> 'language' AS language
      FROM service_policy.policy_version v;
COMMENT ON VIEW service_policy.mission IS 'What each version of a policy says of its purpose, a row a version';
COMMENT ON COLUMN service_policy.mission.policy IS 'Name of the policy';
COMMENT ON COLUMN service_policy.mission.version IS 'Number of the version';
COMMENT ON COLUMN service_policy.mission.state IS 'State of the version: draft, pilot, published or retired';
COMMENT ON COLUMN service_policy.mission.mission IS 'The mission, in the document''s language; NULL if it has none';
COMMENT ON COLUMN service_policy.mission.review_every IS 'How often the policy is to be reviewed; NULL if it does not say';
COMMENT ON COLUMN service_policy.mission.language IS 'Language that the views show texts in; NULL if the document does not say';

CREATE VIEW service_policy.objective AS
    SELECT v.policy, v.version, v.state, o.item,
           o.entry ->> 'name' AS name,
           service_policy._text_in(o.entry -> 'statement', v.document ->> 'language') AS statement,
           o.entry ->> 'measured_by' AS measured_by
      FROM service_policy.policy_version v, service_policy._entries(v.document -> 'objectives') o;
COMMENT ON VIEW service_policy.objective IS 'What each version of a policy is to achieve, a row an objective';
COMMENT ON COLUMN service_policy.objective.policy IS 'Name of the policy';
COMMENT ON COLUMN service_policy.objective.version IS 'Number of the version';
COMMENT ON COLUMN service_policy.objective.state IS 'State of the version: draft, pilot, published or retired';
COMMENT ON COLUMN service_policy.objective.item IS 'Place in the document''s list, from 0';
COMMENT ON COLUMN service_policy.objective.name IS 'Name of the objective';
COMMENT ON COLUMN service_policy.objective.statement IS 'The objective, in the document''s language';
COMMENT ON COLUMN service_policy.objective.measured_by IS 'Metric that measures it; NULL if none does';

CREATE VIEW service_policy.promise AS
    SELECT v.policy, v.version, v.state, p.item,
           p.entry ->> 'name' AS name,
           service_policy._text_in(p.entry -> 'statement', v.document ->> 'language') AS statement,
           p.entry ->> 'benchmark' AS benchmark
      FROM service_policy.policy_version v, service_policy._entries(v.document -> 'promises') p;
COMMENT ON VIEW service_policy.promise IS 'What each version of a policy promises to customers, a row a promise';
COMMENT ON COLUMN service_policy.promise.policy IS 'Name of the policy';
COMMENT ON COLUMN service_policy.promise.version IS 'Number of the version';
COMMENT ON COLUMN service_policy.promise.state IS 'State of the version: draft, pilot, published or retired';
COMMENT ON COLUMN service_policy.promise.item IS 'Place in the document''s list, from 0';
COMMENT ON COLUMN service_policy.promise.name IS 'Name of the promise';
COMMENT ON COLUMN service_policy.promise.statement IS 'The promise, in the document''s language';
COMMENT ON COLUMN service_policy.promise.benchmark IS 'Benchmark by which it is kept or broken';

CREATE VIEW service_policy.benchmark AS
    SELECT v.policy, v.version, v.state, b.item,
           b.entry ->> 'name' AS name,
           b.entry ->> 'metric' AS metric,
           service_policy._scenario(b.entry -> 'when') AS scenario,
           coalesce(nullif(b.entry -> 'when', 'null'), '{}') AS conditions,
           service_policy._minutes(b.entry ->> 'target')::numeric(12,2) AS target_minutes,
           b.entry ->> 'calendar' AS calendar,
           coalesce(b.entry ->> 'at_risk', '0.75')::numeric(7,6) AS at_risk,
           (b.entry ->> 'objective')::numeric(7,6) AS objective,
           service_policy._minutes(b.entry ->> 'industry')::numeric(12,2) AS industry_minutes,
           service_policy._words(b.entry -> 'start_on') AS start_on,
           service_policy._words(b.entry -> 'stop_on') AS stop_on,
           service_policy._words(b.entry -> 'pause_on') AS pause_on,
           coalesce(b.entry ->> 'reopen', 'resume') AS reopen
      FROM service_policy.policy_version v, service_policy._entries(v.document -> 'benchmarks') b;
COMMENT ON VIEW service_policy.benchmark IS 'The targets of each version of a policy, a row a benchmark';
COMMENT ON COLUMN service_policy.benchmark.policy IS 'Name of the policy';
COMMENT ON COLUMN service_policy.benchmark.version IS 'Number of the version';
COMMENT ON COLUMN service_policy.benchmark.state IS 'State of the version: draft, pilot, published or retired';
COMMENT ON COLUMN service_policy.benchmark.item IS 'Place in the document''s list, from 0; of equally many conditions the earlier wins';
COMMENT ON COLUMN service_policy.benchmark.name IS 'Name of the benchmark';
COMMENT ON COLUMN service_policy.benchmark.metric IS 'What is measured: first_response, resolution, closure, or a metric of its own';
COMMENT ON COLUMN service_policy.benchmark.scenario IS 'When it applies, as people read it';
COMMENT ON COLUMN service_policy.benchmark.conditions IS 'When it applies, as the document says it; {} is always';
COMMENT ON COLUMN service_policy.benchmark.target_minutes IS 'Minutes that the measured time may take: business time if there is a calendar';
COMMENT ON COLUMN service_policy.benchmark.calendar IS 'Calendar whose opening hours count; NULL is around the clock';
COMMENT ON COLUMN service_policy.benchmark.at_risk IS 'Share of the target from which a clock is at risk';
COMMENT ON COLUMN service_policy.benchmark.objective IS 'Share of clocks that are to meet the target; NULL if none is stated';
COMMENT ON COLUMN service_policy.benchmark.industry_minutes IS 'Minutes that are usual in the industry; NULL if not stated';
COMMENT ON COLUMN service_policy.benchmark.start_on IS 'States in which the clock starts; NULL is the metric''s own start';
COMMENT ON COLUMN service_policy.benchmark.stop_on IS 'States in which the clock ends; NULL is the metric''s own end';
COMMENT ON COLUMN service_policy.benchmark.pause_on IS 'States whose time does not count; NULL if all counts';
COMMENT ON COLUMN service_policy.benchmark.reopen IS 'What a reopened ticket does: resume this clock, or start a new_cycle';

CREATE VIEW service_policy.escalation_level AS
    SELECT v.policy, v.version, v.state, e.item,
           e.entry ->> 'metric' AS metric,
           service_policy._scenario(e.entry -> 'when') AS scenario,
           coalesce(nullif(e.entry -> 'when', 'null'), '{}') AS conditions,
           (l.entry ->> 'level')::numeric::int AS escalation_level,
           (l.entry ->> 'at')::numeric(9,6) AS at_share,
           service_policy._minutes(l.entry ->> 'after')::numeric(12,2) AS after_minutes,
           l.entry ->> 'notify' AS notify,
           l.entry ->> 'assign' AS assign_to,
           l.entry ->> 'call' AS call_function
      FROM service_policy.policy_version v,
           service_policy._entries(v.document -> 'escalations') e,
           service_policy._entries(e.entry -> 'levels') l;
COMMENT ON VIEW service_policy.escalation_level IS 'The chains of escalation of each version of a policy, a row a level';
COMMENT ON COLUMN service_policy.escalation_level.policy IS 'Name of the policy';
COMMENT ON COLUMN service_policy.escalation_level.version IS 'Number of the version';
COMMENT ON COLUMN service_policy.escalation_level.state IS 'State of the version: draft, pilot, published or retired';
COMMENT ON COLUMN service_policy.escalation_level.item IS 'Place of its chain in the document''s list, from 0';
COMMENT ON COLUMN service_policy.escalation_level.metric IS 'Metric whose clocks escalate';
COMMENT ON COLUMN service_policy.escalation_level.scenario IS 'When the chain applies, as people read it';
COMMENT ON COLUMN service_policy.escalation_level.conditions IS 'When the chain applies, as the document says it; {} is always';
COMMENT ON COLUMN service_policy.escalation_level.escalation_level IS 'Number of the level, rising along the chain';
COMMENT ON COLUMN service_policy.escalation_level.at_share IS 'Share of the target at which it fires; NULL if it fires after the target';
COMMENT ON COLUMN service_policy.escalation_level.after_minutes IS 'Minutes after the target at which it fires; NULL if it fires at a share of it';
COMMENT ON COLUMN service_policy.escalation_level.notify IS 'Whom it tells; NULL if nobody';
COMMENT ON COLUMN service_policy.escalation_level.assign_to IS 'To whom it assigns the ticket; NULL if to nobody';
COMMENT ON COLUMN service_policy.escalation_level.call_function IS 'Function that it calls; NULL if none';

CREATE VIEW service_policy.refund_rule AS
    SELECT v.policy, v.version, v.state, r.item,
           r.entry ->> 'name' AS name,
           service_policy._scenario(r.entry -> 'when') AS scenario,
           coalesce(nullif(r.entry -> 'when', 'null'), '{}') AS conditions,
           coalesce((r.entry ->> 'final_sale')::boolean, false) AS final_sale,
           w.span::numeric(12,2) AS window_length, w.unit AS window_unit, w.fact AS window_from, w.calendar AS window_calendar,
           w.extends AS window_extends,
           i.span::numeric(12,2) AS issue_limit_length, i.unit AS issue_limit_unit, i.fact AS issue_limit_from,
           CASE WHEN i.unit <> 'minutes' THEN coalesce(i.calendar, w.calendar) END AS issue_limit_calendar,
           i.extends AS issue_limit_extends,
           (r.entry ->> 'max_amount')::numeric(18,6) AS max_amount,
           (r.entry ->> 'max_share')::numeric(7,6) AS max_share,
           coalesce(r.entry ->> 'restocking_fee', '0')::numeric(7,6) AS restocking_fee,
           (r.entry ->> 'approval_above')::numeric(18,6) AS approval_above,
           (r.entry #>> '{per_customer,count}')::numeric::int AS customer_count,
           (r.entry #>> '{per_customer,days}')::numeric::int AS customer_days,
           coalesce(r.entry ->> 'mode', 'enforce') AS mode,
           service_policy._text_in(nullif(r.entry -> 'message', 'null'), v.document ->> 'language') AS message
      FROM service_policy.policy_version v,
           service_policy._entries(v.document -> 'refunds') r,
           service_policy._window(r.entry -> 'window') w,
           service_policy._window(r.entry -> 'issue_limit') i;
COMMENT ON VIEW service_policy.refund_rule IS 'Which refunds each version of a policy allows, a row a rule';
COMMENT ON COLUMN service_policy.refund_rule.policy IS 'Name of the policy';
COMMENT ON COLUMN service_policy.refund_rule.version IS 'Number of the version';
COMMENT ON COLUMN service_policy.refund_rule.state IS 'State of the version: draft, pilot, published or retired';
COMMENT ON COLUMN service_policy.refund_rule.item IS 'Place in the document''s list, from 0; of equally many conditions the earlier wins';
COMMENT ON COLUMN service_policy.refund_rule.name IS 'Name of the rule';
COMMENT ON COLUMN service_policy.refund_rule.scenario IS 'When it applies, as people read it';
COMMENT ON COLUMN service_policy.refund_rule.conditions IS 'When it applies, as the document says it; {} is always';
COMMENT ON COLUMN service_policy.refund_rule.final_sale IS 'Whether nothing is refunded at all';
COMMENT ON COLUMN service_policy.refund_rule.window_length IS 'How long after window_from the customer may ask, in window_unit; NULL if for ever';
COMMENT ON COLUMN service_policy.refund_rule.window_unit IS 'days, working_days, months or minutes; NULL without a window';
COMMENT ON COLUMN service_policy.refund_rule.window_from IS 'Fact at which the window starts; NULL without a window';
COMMENT ON COLUMN service_policy.refund_rule.window_calendar IS 'Calendar of the window''s zone and working days; NULL is UTC';
COMMENT ON COLUMN service_policy.refund_rule.window_extends IS 'Whether a last day that is no working day extends to the next one; NULL without a window';
COMMENT ON COLUMN service_policy.refund_rule.issue_limit_length IS 'How long after issue_limit_from the refund may be issued, in issue_limit_unit; NULL if for ever';
COMMENT ON COLUMN service_policy.refund_rule.issue_limit_unit IS 'days, working_days, months or minutes; NULL without an issue limit';
COMMENT ON COLUMN service_policy.refund_rule.issue_limit_from IS 'Fact at which the issue limit starts; NULL without an issue limit';
COMMENT ON COLUMN service_policy.refund_rule.issue_limit_calendar IS 'Calendar of the issue limit''s zone and working days; NULL is UTC';
COMMENT ON COLUMN service_policy.refund_rule.issue_limit_extends IS 'Whether a last day that is no working day extends to the next one; NULL without an issue limit';
COMMENT ON COLUMN service_policy.refund_rule.max_amount IS 'Most that may be refunded, in the refund''s currency; NULL if there is no limit';
COMMENT ON COLUMN service_policy.refund_rule.max_share IS 'Most that may be refunded, as a share of what was paid; NULL if there is no limit';
COMMENT ON COLUMN service_policy.refund_rule.restocking_fee IS 'Share of the refund that is kept as a fee; 0 if none';
COMMENT ON COLUMN service_policy.refund_rule.approval_above IS 'Amount above which a refund needs approval; NULL if none does';
COMMENT ON COLUMN service_policy.refund_rule.customer_count IS 'Refunds that one customer may have within customer_days; NULL if there is no limit';
COMMENT ON COLUMN service_policy.refund_rule.customer_days IS 'Days that customer_count counts over; NULL if there is no limit';
COMMENT ON COLUMN service_policy.refund_rule.mode IS 'What happens to a refund that is not allowed: enforce refuses it, flag records and shows it, observe records it';
COMMENT ON COLUMN service_policy.refund_rule.message IS 'What the customer is told, in the document''s language; NULL if nothing of its own';

CREATE VIEW service_policy.discretion AS
    SELECT v.policy, v.version, v.state, d.item,
           d.entry ->> 'role' AS role,
           (d.entry ->> 'grace_days')::numeric::int AS grace_days,
           (d.entry ->> 'max_amount')::numeric(18,6) AS max_amount,
           (d.entry ->> 'per_month')::numeric::int AS per_month
      FROM service_policy.policy_version v, service_policy._entries(v.document -> 'discretion') d;
COMMENT ON VIEW service_policy.discretion IS 'What people may decide alone under each version of a policy, a row a role';
COMMENT ON COLUMN service_policy.discretion.policy IS 'Name of the policy';
COMMENT ON COLUMN service_policy.discretion.version IS 'Number of the version';
COMMENT ON COLUMN service_policy.discretion.state IS 'State of the version: draft, pilot, published or retired';
COMMENT ON COLUMN service_policy.discretion.item IS 'Place in the document''s list, from 0';
COMMENT ON COLUMN service_policy.discretion.role IS 'Role of the agent, in the company''s words';
COMMENT ON COLUMN service_policy.discretion.grace_days IS 'Days after a cutoff within which the role may still allow a refund; NULL if none';
COMMENT ON COLUMN service_policy.discretion.max_amount IS 'Most that the role may allow beyond the rules, in the refund''s currency; NULL if nothing';
COMMENT ON COLUMN service_policy.discretion.per_month IS 'How often a month one person may do so; NULL if there is no limit';

CREATE VIEW service_policy.procedure AS
    SELECT v.policy, v.version, v.state, p.item,
           p.entry ->> 'name' AS name,
           service_policy._scenario(p.entry -> 'when') AS scenario,
           coalesce(nullif(p.entry -> 'when', 'null'), '{}') AS conditions,
           p.entry ->> 'before' AS before_state,
           jsonb_array_length(p.entry -> 'steps') AS steps
      FROM service_policy.policy_version v, service_policy._entries(v.document -> 'procedures') p;
COMMENT ON VIEW service_policy.procedure IS 'What is to be done before a ticket gets into a state, a row a procedure of a version';
COMMENT ON COLUMN service_policy.procedure.policy IS 'Name of the policy';
COMMENT ON COLUMN service_policy.procedure.version IS 'Number of the version';
COMMENT ON COLUMN service_policy.procedure.state IS 'State of the version: draft, pilot, published or retired';
COMMENT ON COLUMN service_policy.procedure.item IS 'Place in the document''s list, from 0';
COMMENT ON COLUMN service_policy.procedure.name IS 'Name of the procedure';
COMMENT ON COLUMN service_policy.procedure.scenario IS 'When it applies, as people read it';
COMMENT ON COLUMN service_policy.procedure.conditions IS 'When it applies, as the document says it; {} is always';
COMMENT ON COLUMN service_policy.procedure.before_state IS 'State that a ticket gets into only after the steps';
COMMENT ON COLUMN service_policy.procedure.steps IS 'Number of its steps; see procedure_step';

CREATE VIEW service_policy.procedure_step AS
    SELECT v.policy, v.version, v.state, p.item,
           p.entry ->> 'name' AS procedure_name,
           s.item + 1 AS step_number,
           s.entry #>> '{}' AS step
      FROM service_policy.policy_version v,
           service_policy._entries(v.document -> 'procedures') p,
           service_policy._entries(p.entry -> 'steps') s;
COMMENT ON VIEW service_policy.procedure_step IS 'The steps of each procedure, in their order, a row a step';
COMMENT ON COLUMN service_policy.procedure_step.policy IS 'Name of the policy';
COMMENT ON COLUMN service_policy.procedure_step.version IS 'Number of the version';
COMMENT ON COLUMN service_policy.procedure_step.state IS 'State of the version: draft, pilot, published or retired';
COMMENT ON COLUMN service_policy.procedure_step.item IS 'Place of its procedure in the document''s list, from 0';
COMMENT ON COLUMN service_policy.procedure_step.procedure_name IS 'Name of the procedure';
COMMENT ON COLUMN service_policy.procedure_step.step_number IS 'Number of the step, from 1';
COMMENT ON COLUMN service_policy.procedure_step.step IS 'Name of the step';

CREATE VIEW service_policy.service_value AS
    SELECT v.policy, v.version, v.state, s.item,
           s.entry ->> 'name' AS name,
           service_policy._text_in(nullif(s.entry -> 'statement', 'null'), v.document ->> 'language') AS statement,
           s.entry ->> 'keep' AS keep,
           split_part(s.entry ->> 'keep', ' ', 1) AS measure,
           split_part(s.entry ->> 'keep', ' ', 2) AS comparison,
           split_part(s.entry ->> 'keep', ' ', 3)::numeric(15,6) AS threshold
      FROM service_policy.policy_version v, service_policy._entries(v.document -> 'values') s;
COMMENT ON VIEW service_policy.service_value IS 'What speed must not be bought with, a row a value of a version';
COMMENT ON COLUMN service_policy.service_value.policy IS 'Name of the policy';
COMMENT ON COLUMN service_policy.service_value.version IS 'Number of the version';
COMMENT ON COLUMN service_policy.service_value.state IS 'State of the version: draft, pilot, published or retired';
COMMENT ON COLUMN service_policy.service_value.item IS 'Place in the document''s list, from 0';
COMMENT ON COLUMN service_policy.service_value.name IS 'Name of the value';
COMMENT ON COLUMN service_policy.service_value.statement IS 'The value, in the document''s language; NULL if it is only named';
COMMENT ON COLUMN service_policy.service_value.keep IS 'What has to hold, as the document says it';
COMMENT ON COLUMN service_policy.service_value.measure IS 'What is measured';
COMMENT ON COLUMN service_policy.service_value.comparison IS 'How it compares with the threshold: <, <=, =, >= or >';
COMMENT ON COLUMN service_policy.service_value.threshold IS 'What the measure is compared with';

CREATE VIEW service_policy.policy_text AS
    SELECT v.policy, v.version, v.state, t.path,
           coalesce(l.language, v.document ->> 'language') AS language,
           l.content
      FROM service_policy.policy_version v,
           LATERAL (
               SELECT 'mission' AS path, v.document -> 'mission' AS texts
               UNION ALL
               SELECT format('objectives[%s].statement', item), entry -> 'statement'
                 FROM service_policy._entries(v.document -> 'objectives')
               UNION ALL
               SELECT format('promises[%s].statement', item), entry -> 'statement'
                 FROM service_policy._entries(v.document -> 'promises')
               UNION ALL
               SELECT format('refunds[%s].message', item), entry -> 'message'
                 FROM service_policy._entries(v.document -> 'refunds')
               UNION ALL
               SELECT format('values[%s].statement', item), entry -> 'statement'
                 FROM service_policy._entries(v.document -> 'values')
           ) t,
           service_policy._languages(t.texts) l;
COMMENT ON VIEW service_policy.policy_text IS 'Every text of each version of a policy in all of its languages, a row a text and language';
COMMENT ON COLUMN service_policy.policy_text.policy IS 'Name of the policy';
COMMENT ON COLUMN service_policy.policy_text.version IS 'Number of the version';
COMMENT ON COLUMN service_policy.policy_text.state IS 'State of the version: draft, pilot, published or retired';
COMMENT ON COLUMN service_policy.policy_text.path IS 'Where the document says it';
COMMENT ON COLUMN service_policy.policy_text.language IS 'Language of the text; NULL if the document does not say';
COMMENT ON COLUMN service_policy.policy_text.content IS 'The text';
