-- Taking over the tickets that were there before (src/backfill.c).

CREATE FUNCTION service_policy.attach_history(name text, history_table regclass, key text[], facts jsonb,
                                              only_where text DEFAULT NULL)
    RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    ticket_key text[] := (SELECT t.key FROM service_policy.attachment_table t
                           WHERE t.attachment = attach_history.name AND t.source = 'ticket');
BEGIN
    IF ticket_key IS NULL THEN
        RAISE EXCEPTION 'attachment "%" does not exist', name
            USING ERRCODE = 'undefined_object', HINT = 'Attach the ticket table first, with service_policy.attach().';
    ELSIF history_table IS NULL THEN
        RAISE EXCEPTION 'there is no history table to attach' USING ERRCODE = 'null_value_not_allowed';
    ELSIF EXISTS (SELECT FROM service_policy.attachment_table t
                   WHERE t.attachment = attach_history.name AND t.source = 'history' AND t.table_name = history_table::text) THEN
        RAISE EXCEPTION '% is a history of attachment "%" already', history_table, name
            USING ERRCODE = 'duplicate_object', HINT = 'To change its mapping, delete its row of service_policy.attachment_table first.';
    ELSIF facts IS NULL OR NOT facts ?& ARRAY['ticket', 'changed_at'] OR jsonb_typeof(facts -> 'ticket') <> 'array' THEN
        RAISE EXCEPTION 'the facts ticket and changed_at are needed'
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'For example {"ticket": ["ticket_id"], "changed_at": "created_at", "state": "new_status", "old_state": "old_status"}.';
    ELSIF jsonb_array_length(facts -> 'ticket') <> cardinality(ticket_key) THEN
        RAISE EXCEPTION 'the fact ticket has % parts, the ticket''s key has %: (%)',
                        jsonb_array_length(facts -> 'ticket'), cardinality(ticket_key), array_to_string(ticket_key, ', ')
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Give an expression for each part of the key, in its order.';
    ELSIF NOT has_table_privilege(history_table, 'SELECT') THEN
        RAISE EXCEPTION 'role % may not read %', quote_ident(current_user), history_table
            USING ERRCODE = 'insufficient_privilege',
                  HINT = format('Have somebody run GRANT SELECT ON %s TO %I.', history_table, current_user);
    END IF;
    PERFORM service_policy._check_owner(name);
    PERFORM service_policy._check_key(history_table, key);
    PERFORM service_policy._check_mapping('history', history_table, key, facts, only_where);
    INSERT INTO service_policy.attachment_table (attachment, source, table_name, key, data_key, facts, only_where)
         VALUES (name, 'history', history_table::text, key, key, facts, only_where);
END
$$;
COMMENT ON FUNCTION service_policy.attach_history(text, regclass, text[], jsonb, text) IS
    'Names a table whose rows tell earlier changes of tickets: backfill() reads it; no trigger is put on it';

CREATE PROCEDURE service_policy.backfill(name text, batch int DEFAULT 10000, sleep interval DEFAULT '0', resume boolean DEFAULT true)
    LANGUAGE c AS 'MODULE_PATHNAME', 'svp_backfill';
COMMENT ON PROCEDURE service_policy.backfill(text, int, interval, boolean) IS
    'Takes over the tickets that were there before their table was attached: in batches that commit, with a pause of "sleep" after each. Called again, it goes on where a run was stopped (unless resume is false), else over all tickets anew, and records nothing twice';
