-- Messages and other tables whose rows tell of a ticket (src/message_trigger.c, src/child_trigger.c).

CREATE FUNCTION service_policy._message_changed() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'svp_message_changed';
COMMENT ON FUNCTION service_policy._message_changed() IS
    'Trigger of an attached message table; its argument names the attachment';

CREATE FUNCTION service_policy._child_changed() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'svp_child_changed';
COMMENT ON FUNCTION service_policy._child_changed() IS
    'Trigger of an attached child table; its arguments name the attachment and the table';

CREATE FUNCTION service_policy.attach_messages(name text, message_table regclass, key text[], facts jsonb,
                                               only_where text DEFAULT NULL)
    RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    IF EXISTS (SELECT FROM service_policy.attachment_table t
                WHERE t.attachment = attach_messages.name AND t.source = 'message') THEN
        RAISE EXCEPTION 'attachment "%" has a message table already', name
            USING ERRCODE = 'duplicate_object', HINT = 'An attachment has one; detach() it and attach both anew to change it.';
    ELSIF facts IS NULL OR NOT facts ?& ARRAY['ticket', 'sent_at', 'author'] THEN
        RAISE EXCEPTION 'the facts ticket, sent_at and author are needed'
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'For example {"ticket": ["ticket_id"], "sent_at": "created_at", "author": "CASE WHEN from_customer THEN ''customer'' ELSE ''agent'' END"}.';
    END IF;
    PERFORM service_policy._check_row_table(name, 'message', message_table, facts);
    PERFORM service_policy._check_key(message_table, key);
    PERFORM service_policy._check_mapping('message', message_table, key, facts, only_where);

    INSERT INTO service_policy.attachment_table (attachment, source, table_name, key, data_key, facts, only_where)
         VALUES (name, 'message', message_table::text, key, key, facts, only_where);
    EXECUTE format('CREATE TRIGGER %I AFTER INSERT OR UPDATE OR DELETE ON %s '
                   'FOR EACH ROW EXECUTE FUNCTION service_policy._message_changed(%L)',
                   'service_policy_' || name || '_message', message_table, name);
END
$$;
COMMENT ON FUNCTION service_policy.attach_messages(text, regclass, text[], jsonb, text) IS
    'Puts the table of an attachment''s messages under its policy: when customers ask and agents reply starts and stops the clocks of their tickets';

CREATE FUNCTION service_policy.attach_child(name text, child_table regclass, facts jsonb, only_where text DEFAULT NULL)
    RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    IF EXISTS (SELECT FROM service_policy.attachment_table t
                WHERE t.attachment = attach_child.name AND t.source = 'child' AND t.table_name = child_table::text) THEN
        RAISE EXCEPTION '% is a child table of attachment "%" already', child_table, name
            USING ERRCODE = 'duplicate_object', HINT = 'To change its facts, detach() the attachment and attach all anew.';
    ELSIF facts IS NULL OR NOT facts ? 'ticket' THEN
        RAISE EXCEPTION 'the fact ticket is needed'
            USING ERRCODE = 'invalid_parameter_value', HINT = 'For example {"ticket": ["ticket_id"]}.';
    END IF;
    PERFORM service_policy._check_row_table(name, 'child', child_table, facts);
    PERFORM service_policy._check_mapping('child', child_table, '{}', facts, only_where);

    INSERT INTO service_policy.attachment_table (attachment, source, table_name, key, data_key, facts, only_where)
         VALUES (name, 'child', child_table::text, '{}', '{}', facts, only_where);
    EXECUTE format('CREATE TRIGGER %I AFTER INSERT OR UPDATE OR DELETE ON %s '
                   'FOR EACH ROW EXECUTE FUNCTION service_policy._child_changed(%L, %L)',
                   'service_policy_' || name || '_child', child_table, name, child_table::text);
END
$$;
COMMENT ON FUNCTION service_policy.attach_child(text, regclass, jsonb, text) IS
    'Says that the facts of an attachment''s tickets, or of their messages, depend on the rows of another table: when one of them changes, its ticket is looked at anew';
