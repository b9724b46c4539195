-- What levels of escalation do besides telling people: functions that are registered for it (src/action*.c).

CREATE TABLE service_policy.action (
    attachment text NOT NULL REFERENCES service_policy.attachment (name) ON UPDATE CASCADE ON DELETE CASCADE,
    action     text NOT NULL,
    function   text NOT NULL,
    PRIMARY KEY (attachment, action)
);
COMMENT ON TABLE service_policy.action IS
    'Functions that carry out what levels of escalation do: written by register_action() and unregister_action(), and removed by detach()';
COMMENT ON COLUMN service_policy.action.attachment IS 'The attachment';
COMMENT ON COLUMN service_policy.action.action IS 'What a level says: assign, priority, or the word that follows call';
COMMENT ON COLUMN service_policy.action.function IS
    'The function, with its schema, quoted where needed; it takes one jsonb and runs as the owner of <name>_data';

CREATE TRIGGER config_changed AFTER INSERT OR UPDATE OR DELETE ON service_policy.action
    FOR EACH ROW EXECUTE FUNCTION service_policy._config_changed();
CREATE TRIGGER config_truncated AFTER TRUNCATE ON service_policy.action
    FOR EACH STATEMENT EXECUTE FUNCTION service_policy._config_changed();
ALTER TABLE service_policy.action ENABLE ALWAYS TRIGGER config_changed, ENABLE ALWAYS TRIGGER config_truncated;

SELECT pg_catalog.pg_extension_config_dump('service_policy.action', '');

CREATE FUNCTION service_policy._action_owner(name text) RETURNS regrole
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    owner oid := (SELECT nspowner FROM pg_namespace WHERE nspname = name || '_data');
BEGIN
    IF owner IS NULL OR NOT EXISTS (SELECT FROM service_policy.attachment a WHERE a.name = _action_owner.name) THEN
        RAISE EXCEPTION 'attachment "%" does not exist', name
            USING ERRCODE = 'undefined_object', HINT = 'The attachments are in service_policy.attachment; attach() makes one.';
    ELSIF NOT pg_has_role(owner, 'USAGE') THEN
        RAISE EXCEPTION 'must be owner of schema "%_data"', name
            USING ERRCODE = 'insufficient_privilege',
                  HINT = format('Actions run as %s; call as that role or as a member of it.', owner::regrole);
    END IF;
    RETURN owner;
END
$$;
COMMENT ON FUNCTION service_policy._action_owner(text) IS
    'The role as which actions of an attachment run; complains unless the caller may act as that role';

CREATE FUNCTION service_policy._check_action(action text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF action IN ('assign', 'priority') OR cardinality(parse_ident(action)) = 2 THEN
        RETURN;
    END IF;
    RAISE EXCEPTION 'there is no action "%"', action
        USING ERRCODE = 'invalid_parameter_value',
              HINT = 'An action is assign, priority, or what a level of the policy names with call, such as "crm.page_director".';
END
$$;
COMMENT ON FUNCTION service_policy._check_action(text) IS 'Complains unless a level of a policy can name this action';

CREATE FUNCTION service_policy._action_function(function text, owner regrole) RETURNS text
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    parts text[] := parse_ident(function);
    target record;
    missing text;
BEGIN
    SELECT p.oid, p.prokind, p.pronamespace, n.nspname, format('%I.%I', n.nspname, p.proname) AS name INTO target
      FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
     WHERE cardinality(parts) = 2 AND n.nspname = parts[1] AND p.proname = parts[2]
       AND p.pronargs = 1 AND p.proargtypes[0] = 'jsonb'::regtype;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'function %(jsonb) does not exist', function
            USING ERRCODE = 'undefined_function',
                  HINT = 'Name it with its schema and without arguments; it takes one jsonb, which tells of the escalation.';
    ELSIF target.prokind <> 'f' OR target.nspname LIKE 'pg\_temp%' THEN
        RAISE EXCEPTION '%(jsonb) is not a function that lasts', function
            USING ERRCODE = 'wrong_object_type',
                  HINT = 'Procedures, aggregates, window functions and what is in a temporary schema cannot be registered.';
    END IF;
    missing := CASE WHEN NOT has_schema_privilege(owner, target.pronamespace, 'USAGE') THEN format('USAGE ON SCHEMA %I', target.nspname)
                    WHEN NOT has_function_privilege(owner, target.oid, 'EXECUTE') THEN format('EXECUTE ON FUNCTION %s(jsonb)', target.name) END;
    IF missing IS NOT NULL THEN
        RAISE EXCEPTION 'role %, as which actions run, may not execute %(jsonb)', owner, target.name
            USING ERRCODE = 'insufficient_privilege',
                  HINT = format('Have somebody run GRANT %s TO %s.', missing, owner);
    END IF;
    RETURN target.name;
END
$$;
COMMENT ON FUNCTION service_policy._action_function(text, regrole) IS
    'The quoted name of a function that can be registered; complains unless it exists, takes one jsonb and that role may execute it';

CREATE FUNCTION service_policy.register_action(name text, action text, function text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    owner regrole;
BEGIN
    IF name IS NULL OR action IS NULL OR function IS NULL THEN
        RAISE EXCEPTION 'name, action and function must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    owner := service_policy._action_owner(name);
    PERFORM service_policy._check_action(action);
    INSERT INTO service_policy.action AS a (attachment, action, function)
         VALUES (name, action, service_policy._action_function(function, owner))
    ON CONFLICT ON CONSTRAINT action_pkey DO UPDATE SET function = excluded.function;
END
$$;
COMMENT ON FUNCTION service_policy.register_action(text, text, text) IS
    'Has a function carry out an action of levels of escalation: assign, priority, or what they name with call. It takes one jsonb and runs as the owner of <name>_data. Replaces the one that was registered before. For that owner';

CREATE FUNCTION service_policy.unregister_action(name text, action text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    PERFORM service_policy._action_owner(name);
    DELETE FROM service_policy.action a WHERE a.attachment = name AND a.action = unregister_action.action;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'attachment "%" has no function for the action "%"', name, action
            USING ERRCODE = 'undefined_object', HINT = 'Those that there are are in service_policy.action.';
    END IF;
END
$$;
COMMENT ON FUNCTION service_policy.unregister_action(text, text) IS
    'Has an action carried out no more: it fails until a function is registered again. For the owner of <name>_data';

CREATE FUNCTION service_policy.retry_action(name text, id text DEFAULT NULL) RETURNS int
    LANGUAGE c AS 'MODULE_PATHNAME', 'svp_retry_action';
COMMENT ON FUNCTION service_policy.retry_action(text, text) IS
    'Has actions that failed, whether they were given up or wait to be tried again, tried anew by the next tick(): one or all. Returns how many. For roles with UPDATE on the view escalation_actions of the attachment';

CREATE FUNCTION service_policy._warn_of_actions(policy text, document jsonb, attachment text) RETURNS void
    LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'svp_warn_of_actions';
COMMENT ON FUNCTION service_policy._warn_of_actions(text, jsonb, text) IS
    'Warns of actions for which an attachment of this policy, or each of them if NULL, has no function: those of a document, or of all versions that are or will be in force if NULL';
