-- What of the clocks goes into columns of the ticket's own row (src/write_back.c).

CREATE FUNCTION service_policy._ticket_written() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'svp_ticket_written';
COMMENT ON FUNCTION service_policy._ticket_written() IS
    'BEFORE trigger of an attached ticket table that sets the columns of write_back(); its argument names the attachment';

CREATE FUNCTION service_policy._check_write_back(row_table regclass, columns jsonb) RETURNS void
    LANGUAGE c STRICT SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'svp_check_write_back';
COMMENT ON FUNCTION service_policy._check_write_back(regclass, jsonb) IS
    'Complains unless each column of the table can take what write_back() is to put into it';

CREATE FUNCTION service_policy._check_write_metrics(policy text, columns jsonb) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    wrong record;
BEGIN
    SELECT c.key, regexp_replace(coalesce(c.value ->> 'value', c.value #>> '{}'), '\.[^.]*$', '') AS metric
      INTO wrong
      FROM jsonb_each(columns) c
     WHERE NOT EXISTS (SELECT FROM service_policy.benchmark b
                        WHERE b.policy = _check_write_metrics.policy
                          AND b.metric = regexp_replace(coalesce(c.value ->> 'value', c.value #>> '{}'), '\.[^.]*$', ''))
     LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'column "%" cannot be set: no version of policy "%" measures "%"', wrong.key, policy, wrong.metric
            USING ERRCODE = 'undefined_object', HINT = 'The metrics are in service_policy.benchmark.';
    END IF;
END
$$;
COMMENT ON FUNCTION service_policy._check_write_metrics(text, jsonb) IS
    'Complains if write_back() names a metric that the policy does not have';

CREATE FUNCTION service_policy.write_back(name text, columns jsonb) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    row_table regclass := (SELECT to_regclass(t.table_name) FROM service_policy.attachment_table t
                            WHERE t.attachment = write_back.name AND t.source = 'ticket');
    trigger_name text := 'zz_service_policy_' || name || '_write';
BEGIN
    IF row_table IS NULL THEN
        RAISE EXCEPTION 'attachment "%" does not exist, or its ticket table does not', name
            USING ERRCODE = 'undefined_object', HINT = 'Attach the ticket table first, with service_policy.attach().';
    END IF;
    PERFORM service_policy._check_owner(name);
    PERFORM service_policy._check_rights(row_table);
    IF columns IS NOT NULL THEN
        PERFORM service_policy._check_write_back(row_table, columns);
        PERFORM service_policy._check_write_metrics((SELECT a.policy FROM service_policy.attachment a WHERE a.name = write_back.name),
                                                    columns);
    END IF;
    UPDATE service_policy.attachment a SET write_back = columns WHERE a.name = write_back.name;
    EXECUTE format('DROP TRIGGER IF EXISTS %I ON %s', trigger_name, row_table);
    IF columns IS NOT NULL THEN
        EXECUTE format('CREATE TRIGGER %I BEFORE INSERT OR UPDATE ON %s '
                       'FOR EACH ROW EXECUTE FUNCTION service_policy._ticket_written(%L)', trigger_name, row_table, name);
    END IF;
END
$$;
COMMENT ON FUNCTION service_policy.write_back(text, jsonb) IS
    'Has columns of the ticket''s own row set to what its clocks say, as {"column": "metric.field"} with the field due_at, at_risk_at, status or escalation_level; only in the statements that write the row anyway. NULL ends it';
