-- Attachments: ticket tables under policy (src/attachment.c, src/ticket.c).

CREATE TABLE service_policy.attachment (
    name                text PRIMARY KEY
                        CONSTRAINT name_is_a_plain_identifier_of_up_to_40_letters
                        CHECK (name ~ '^[a-z_][a-z0-9_]{0,39}$'),
    policy              text NOT NULL REFERENCES service_policy.policy (name) ON UPDATE CASCADE,
    states              jsonb NOT NULL,
    distribution_column text NOT NULL,
    write_back          jsonb,
    attached_at         timestamptz NOT NULL DEFAULT now(),
    attached_by         text NOT NULL DEFAULT session_user
);
COMMENT ON TABLE service_policy.attachment IS
    'Ticket tables under policy: written by attach(), removed by detach()';
COMMENT ON COLUMN service_policy.attachment.name IS
    'Name of the attachment: its views are in the schema of that name, its tables in <name>_data';
COMMENT ON COLUMN service_policy.attachment.policy IS 'The policy that its tickets are judged by';
COMMENT ON COLUMN service_policy.attachment.states IS
    'The status map: the CRM''s states onto open, pending, on_hold, resolved, closed and void; "*" stands for all others';
COMMENT ON COLUMN service_policy.attachment.distribution_column IS
    'Key column that comes first in the keys of the attachment''s tables';
COMMENT ON COLUMN service_policy.attachment.write_back IS
    'Columns of the ticket table that are set, and to what, see write_back(); NULL = none';
COMMENT ON COLUMN service_policy.attachment.attached_at IS 'When it was attached';
COMMENT ON COLUMN service_policy.attachment.attached_by IS 'The role that attached it';

CREATE TABLE service_policy.attachment_table (
    attachment text NOT NULL REFERENCES service_policy.attachment (name) ON UPDATE CASCADE ON DELETE CASCADE,
    source     text NOT NULL CONSTRAINT source_is_ticket_refund_message_child_or_history
               CHECK (source IN ('ticket', 'refund', 'message', 'child', 'history')),
    table_name text NOT NULL,
    key        text[] NOT NULL,
    data_key   text[] NOT NULL,
    facts      jsonb NOT NULL,
    only_where text,
    PRIMARY KEY (attachment, source, table_name)
);
COMMENT ON TABLE service_policy.attachment_table IS
    'The CRM''s tables of an attachment, each with its mapping of facts';
COMMENT ON COLUMN service_policy.attachment_table.attachment IS 'The attachment';
COMMENT ON COLUMN service_policy.attachment_table.source IS 'What its rows are: ticket, refund, message, child (of what else a ticket''s facts depend on) or history (its earlier changes)';
COMMENT ON COLUMN service_policy.attachment_table.table_name IS 'The table, with its schema, quoted where needed';
COMMENT ON COLUMN service_policy.attachment_table.key IS 'Its key columns';
COMMENT ON COLUMN service_policy.attachment_table.data_key IS
    'The same columns as the attachment''s own tables call them';
COMMENT ON COLUMN service_policy.attachment_table.facts IS 'Fact and SQL expression over the row, see attach()';
COMMENT ON COLUMN service_policy.attachment_table.only_where IS 'Row filter, an SQL expression; NULL: every row counts';

CREATE TRIGGER config_changed AFTER INSERT OR UPDATE OR DELETE ON service_policy.attachment
    FOR EACH ROW EXECUTE FUNCTION service_policy._config_changed();
CREATE TRIGGER config_truncated AFTER TRUNCATE ON service_policy.attachment
    FOR EACH STATEMENT EXECUTE FUNCTION service_policy._config_changed();
ALTER TABLE service_policy.attachment ENABLE ALWAYS TRIGGER config_changed, ENABLE ALWAYS TRIGGER config_truncated;
CREATE TRIGGER config_changed AFTER INSERT OR UPDATE OR DELETE ON service_policy.attachment_table
    FOR EACH ROW EXECUTE FUNCTION service_policy._config_changed();
CREATE TRIGGER config_truncated AFTER TRUNCATE ON service_policy.attachment_table
    FOR EACH STATEMENT EXECUTE FUNCTION service_policy._config_changed();
ALTER TABLE service_policy.attachment_table ENABLE ALWAYS TRIGGER config_changed, ENABLE ALWAYS TRIGGER config_truncated;

SELECT pg_catalog.pg_extension_config_dump('service_policy.attachment', '');
SELECT pg_catalog.pg_extension_config_dump('service_policy.attachment_table', '');

CREATE FUNCTION service_policy._ticket_changed() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'svp_ticket_changed';
COMMENT ON FUNCTION service_policy._ticket_changed() IS
    'Trigger of an attached ticket table; its argument names the attachment';

CREATE FUNCTION service_policy._clock_microseconds(calendar text, from_at timestamptz, to_at timestamptz)
    RETURNS bigint LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'svp_clock_microseconds';
COMMENT ON FUNCTION service_policy._clock_microseconds(text, timestamptz, timestamptz) IS
    'Business time between two instants in microseconds, around the clock if the calendar is NULL; NULL where it cannot be told';

CREATE FUNCTION service_policy._check_mapping(source text, row_table regclass, key text[], facts jsonb, only_where text)
    RETURNS void LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'svp_check_mapping';
COMMENT ON FUNCTION service_policy._check_mapping(text, regclass, text[], jsonb, text) IS
    'Complains unless each fact of a mapping can be read from the rows of its table';

-- Names that the attachment's tables and views use themselves.
CREATE FUNCTION service_policy._data_key(source text, key text[]) RETURNS text[]
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT array_agg(CASE WHEN part = ANY ('{seq,at,recorded_at,recorded_by,event,state,source_state,opened_at,
                                             metric,cycle,benchmark,policy_version,calendar,started_at,started_on,
                                             due_at,at_risk_at,target_us,elapsed_us,paused_us,counted_from,paused_at,
                                             stopped_at,stopped_on,calendar_revision,disputed,imported_at,sent_at,message,author,issue_id,problem,detail,value,clock_id,status,outcome,
                                             met_count,missed_count,remaining_minutes,elapsed_minutes,paused_minutes,
                                             target_minutes,escalation_level,escalation_occurrence,next_escalation_at,acknowledged_at,acknowledged_by,
                                             escalation_id,occurrence,due_on,fired_at,fired_on,delay_minutes,notify,notify_channel,
                                             subject,assign_to,set_priority,call_function,action,argument,action_id,action_handling,done_count,handling,attempts,attempt_at,claimed_by,claimed_at,beyond_limit_at,summary_id,done_at,last_error,notification_id,escalation_count,suspended_count,next_attempt_at,failed_count,waiting_count,recorded_on,now_us,
                                             escalations,tickets,levels,metrics,summarised_at,is_on,is_open,next_state,
                                             priority,channel,category,product,customer_tier,region,team,agent,customer,
                                             decided_at,decided_on,decision,decision_id,reason,rule,mode,cutoff_at,requested_at,
                                             requested_on,amount,allowed_amount,allowed_count,objected_count,fee,currency,
                                             order_id,line_id,exception_id,approval_id,facts,withdrawn_at,move_id,moved_at,moved_on,moved_by,moved_minutes,
                                             old_revision,new_revision,old_due_at,new_due_at,old_at_risk_at,new_at_risk_at,
                                             old_target_us,new_target_us,old_elapsed_us,new_elapsed_us,old_paused_us,new_paused_us,
                                             old_target_minutes,new_target_minutes,old_elapsed_minutes,new_elapsed_minutes,
                                             old_paused_minutes,new_paused_minutes}'::text[])
                               OR source = 'refund' AND
                                  (part LIKE 'ticket\_%' OR
                                   part = ANY ('{exception_id,approval_id,kind,subject_kind,subject,grace_days,role,granted_by,granted_at,granted_on,
                                                 granted_month,grant_number,counted_for,expires_at,revoked_at,revoked_by,used_at,used_on,used_by,
                                                 used_by_agent,used_amount,used_currency,used_reason,used_count,unused_count}'::text[]))
                          THEN source || '_' || part ELSE part END
                     ORDER BY position)
      FROM unnest(key) WITH ORDINALITY AS parts (part, position)
$$;
COMMENT ON FUNCTION service_policy._data_key(text, text[]) IS
    'The names under which the attachment''s tables carry a key: the CRM''s own, but for those that they use themselves';

-- What attaching needs, asked for before anything is made, so that the error can say what to grant.
CREATE FUNCTION service_policy._check_rights(row_table regclass) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    missing text := CASE
        WHEN NOT has_table_privilege(row_table, 'SELECT') THEN 'SELECT ON ' || row_table
        WHEN NOT has_table_privilege(row_table, 'TRIGGER') THEN 'TRIGGER ON ' || row_table
        WHEN NOT has_database_privilege(current_database(), 'CREATE')
            THEN 'CREATE ON DATABASE ' || quote_ident(current_database())
    END;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_class WHERE oid = row_table AND relkind IN ('r', 'p') AND relpersistence <> 't') THEN
        RAISE EXCEPTION '% is not a table that lasts', row_table
            USING ERRCODE = 'wrong_object_type',
                  HINT = 'Attach the table that the CRM writes to, not a view of it, a foreign table or a temporary one.';
    ELSIF missing IS NOT NULL THEN
        RAISE EXCEPTION 'role % may not attach %', quote_ident(current_user), row_table
            USING ERRCODE = 'insufficient_privilege',
                  HINT = format('Have somebody run GRANT %s TO %I.', missing, current_user);
    END IF;
END
$$;
COMMENT ON FUNCTION service_policy._check_rights(regclass) IS
    'Complains unless it is a table, which the caller may read and put a trigger on, and the caller may create schemas';

CREATE FUNCTION service_policy._check_key(row_table regclass, key text[]) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF key IS NULL OR cardinality(key) = 0 OR array_position(key, NULL) IS NOT NULL THEN
        RAISE EXCEPTION 'the key of % has no columns', row_table
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Name the columns of its primary key.';
    END IF;
    -- A partitioned table's unique indexes contain its partition key, which need not be part of ours.
    PERFORM FROM pg_index i
       LEFT JOIN pg_partitioned_table p ON p.partrelid = i.indrelid
      WHERE i.indrelid = row_table AND i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL AND i.indisvalid
        AND (SELECT bool_and(a.attname = ANY (key) OR coalesce(a.attnum = ANY (p.partattrs::int2[]), false)) AND
                    bool_or(a.attname = ANY (key))
               FROM pg_attribute a
              WHERE a.attrelid = row_table AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1]));
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no unique index of % covers the key (%)', row_table, array_to_string(key, ', ')
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'Name the columns of its primary key, or create a unique index: rows that share a key would share their clocks.';
    END IF;
END
$$;
COMMENT ON FUNCTION service_policy._check_key(regclass, text[]) IS
    'Complains unless a unique index makes the key columns identify a row';

CREATE FUNCTION service_policy._check_states(states jsonb) RETURNS void
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    wrong record;
BEGIN
    IF states IS NULL OR jsonb_typeof(states) <> 'object' OR states = '{}' THEN
        RAISE EXCEPTION 'the status map must be a JSON object of the CRM''s states'
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'For example {"new": "open", "waiting": "pending", "done": "resolved", "*": "open"}.';
    END IF;
    SELECT * INTO wrong FROM jsonb_each(states) AS s (source, state)
      WHERE state NOT IN ('"open"', '"pending"', '"on_hold"', '"resolved"', '"closed"', '"void"') LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the status map maps "%" onto %', wrong.source, wrong.state
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'A state is mapped onto open, pending, on_hold, resolved, closed or void.';
    END IF;
END
$$;
COMMENT ON FUNCTION service_policy._check_states(jsonb) IS 'Complains unless the status map maps onto known states';

-- The parts of an attachment, in the order in which they are made.
CREATE FUNCTION service_policy._attachment_parts(source text, is_view boolean) RETURNS text[]
    LANGUAGE sql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE WHEN source = 'ticket' AND is_view THEN '{ticket_status,compliance,compliance_daily,issues,deadline_moves,escalation_log,escalation_actions,escalation_effectiveness,escalation_summaries,outbox,backfill_progress}'::text[]
                WHEN source = 'ticket' THEN '{ledger,message,clock,issue,deadline_move,escalation,escalation_summary,escalation_action,calendar_state,backfill}'::text[]
                WHEN source = 'refund' AND is_view THEN '{refund_log,refund_attempts,exception_use}'::text[]
                WHEN source = 'refund' THEN '{refund_decision,refund_attempt,refund_tally,exception}'::text[]
           END
$$;
COMMENT ON FUNCTION service_policy._attachment_parts(text, boolean) IS
    'The tables, or the views, that an attached table of this source has in its attachment''s schemas';

CREATE FUNCTION service_policy._equality(type regtype) RETURNS text
    LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'svp_sql_equality';
COMMENT ON FUNCTION service_policy._equality(regtype) IS
    'The operator by which values of a type are equal, as its indexes have it, qualified';

-- The DDL files have these placeholders: @views@ and @data@ (the schemas), @name@ (the name as text),
-- @key_columns@ (definitions), @key@ (names), @x.key@ (those of the alias x),
-- @x.key=y.key@ (they are equal) and @key_text@ (as text); for refunds also @refund_columns@ (@key_columns@ that may be null),
-- @ticket_columns@ and @ticket_key@.
CREATE FUNCTION service_policy._create_part(part text, attachment text, source text, row_table regclass,
                                            key text[], data_key text[]) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    distribution_column text := (SELECT a.distribution_column FROM service_policy.attachment a
                                  WHERE a.name = attachment);
    definitions text;
    nullable text;
    names text[];
    equalities text[];
    texts text;
BEGIN
    SELECT string_agg(definition || ' NOT NULL', E',\n    ' ORDER BY k.position),
           string_agg(definition, E',\n    ' ORDER BY k.position),
           array_agg(quote_ident(k.data_name) ORDER BY k.name <> distribution_column, k.position),
           array_agg(service_policy._equality(a.atttypid) ORDER BY k.name <> distribution_column, k.position),
           string_agg(quote_ident(k.data_name) || '::text', ', ' ORDER BY k.position)
      INTO definitions, nullable, names, equalities, texts
      FROM unnest(key, data_key) WITH ORDINALITY AS k (name, data_name, position)
      JOIN pg_attribute a ON a.attrelid = row_table AND a.attname = k.name
      JOIN pg_type t ON t.oid = a.atttypid,
           LATERAL format('%I %s%s', k.data_name, format_type(a.atttypid, a.atttypmod),
                          CASE WHEN a.attcollation <> t.typcollation
                               THEN ' COLLATE ' || a.attcollation::regcollation ELSE '' END) AS definition;
    -- In one pass, so that a column which is named as a placeholder is not taken for one.
    EXECUTE (SELECT string_agg(CASE token[1] WHEN '@views@' THEN quote_ident(attachment)
                                             WHEN '@data@' THEN quote_ident(attachment || '_data')
                                             WHEN '@name@' THEN quote_literal(attachment)
                                             WHEN '@key_columns@' THEN definitions
                                             WHEN '@key_text@' THEN texts
                                             WHEN '@refund_columns@' THEN nullable
                                             WHEN '@key@' THEN array_to_string(names, ', ')
                                             WHEN '@ticket_columns@' THEN (SELECT string_agg(format('%I %s', c.name, c.type), E',\n    ')
                                                                             FROM service_policy._ticket_columns(attachment) c)
                                             WHEN '@ticket_key@' THEN (SELECT string_agg(quote_ident(c.name), ', ')
                                                                         FROM service_policy._ticket_columns(attachment) c)
                                             ELSE CASE WHEN token[1] LIKE '@_.key=_.key@'
                                                       THEN (SELECT string_agg(substr(token[1], 2, 2) || name || ' ' || equality || ' '
                                                                               || substr(token[1], 8, 2) || name, ' AND ')
                                                               FROM unnest(names, equalities) AS parts (name, equality))
                                                       WHEN token[1] LIKE '@_.key@'
                                                       THEN substr(token[1], 2, 2) || array_to_string(names, ', ' || substr(token[1], 2, 2))
                                                       ELSE token[1] END
                                             END, '' ORDER BY position)
               FROM regexp_matches(service_policy._attachment_ddl(part), '@(?:[a-z]\.)?[a-z_]+@|@[a-z]\.key=[a-z]\.key@|[^@]+|@', 'g')
                    WITH ORDINALITY AS ddl (token, position));
END
$$;
COMMENT ON FUNCTION service_policy._create_part(text, text, text, regclass, text[], text[]) IS
    'Runs the DDL of one part of an attachment';

CREATE FUNCTION service_policy._comment_key(attachment text, data_key text[], what text, only_part text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    target record;
BEGIN
    FOR target IN
        SELECT a.attrelid::regclass AS relation, a.attname AS key
          FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
         WHERE c.relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN (attachment, attachment || '_data'))
           AND c.relkind IN ('r', 'p', 'v') AND a.attname = ANY (data_key)
           AND col_description(a.attrelid, a.attnum) IS NULL AND coalesce(c.relname = only_part, true)
    LOOP
        EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', target.relation, target.key, what);
    END LOOP;
END
$$;
COMMENT ON FUNCTION service_policy._comment_key(text, text[], text, text) IS
    'Comments the key columns of an attachment''s tables and views, of all or of those of one name, that have no comment yet';

-- Is a table of evidence that of the rows of a table?  It is if it has the same key.
CREATE FUNCTION service_policy._is_evidence_of(evidence regclass, row_table regclass, key text[], data_key text[])
    RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT count(*) = cardinality(key) AND bool_and(theirs.atttypid IS NOT DISTINCT FROM k.atttypid)
      FROM (SELECT a.attname, a.atttypid
              FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
             WHERE i.indrelid = evidence AND i.indisprimary AND a.attname <> 'seq') AS k
      LEFT JOIN unnest(key, data_key) AS names (name, data_name) ON names.data_name = k.attname
      LEFT JOIN pg_attribute theirs ON theirs.attrelid = row_table AND theirs.attname = names.name
$$;
COMMENT ON FUNCTION service_policy._is_evidence_of(regclass, regclass, text[], text[]) IS
    'Has a table of evidence the key of this table, with its types?';

-- The triggers act as the owner of the evidence's schema, so it must be the caller's own.
CREATE FUNCTION service_policy._check_owner(attachment text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    owner oid := (SELECT nspowner FROM pg_namespace WHERE nspname = attachment || '_data');
BEGIN
    IF owner <> (SELECT oid FROM pg_roles WHERE rolname = current_user) THEN
        RAISE EXCEPTION 'schema "%_data" belongs to %', attachment, owner::regrole
            USING ERRCODE = 'insufficient_privilege',
                  HINT = 'Attach as that role, change the schema''s owner, or attach under another name.';
    END IF;
END
$$;
COMMENT ON FUNCTION service_policy._check_owner(text) IS
    'Complains if the evidence of an attachment belongs to somebody else';

-- What every further table of an attachment needs; its facts say whose ticket a row is of.
CREATE FUNCTION service_policy._check_row_table(attachment text, source text, row_table regclass, facts jsonb) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    ticket_key text[] := (SELECT t.key FROM service_policy.attachment_table t
                           WHERE t.attachment = _check_row_table.attachment AND t.source = 'ticket');
BEGIN
    IF ticket_key IS NULL THEN
        RAISE EXCEPTION 'attachment "%" does not exist', attachment
            USING ERRCODE = 'undefined_object', HINT = 'Attach the ticket table first, with service_policy.attach().';
    ELSIF row_table IS NULL THEN
        RAISE EXCEPTION 'there is no % table to attach', source USING ERRCODE = 'null_value_not_allowed';
    ELSIF jsonb_typeof(facts -> 'ticket') = 'array' AND jsonb_array_length(facts -> 'ticket') <> cardinality(ticket_key) THEN
        RAISE EXCEPTION 'the fact ticket has % parts, the ticket''s key has %: (%)',
                        jsonb_array_length(facts -> 'ticket'), cardinality(ticket_key), array_to_string(ticket_key, ', ')
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Give an expression for each part of the key, in its order.';
    END IF;
    PERFORM service_policy._check_owner(attachment);
    PERFORM service_policy._check_rights(row_table);
END
$$;
COMMENT ON FUNCTION service_policy._check_row_table(text, text, regclass, jsonb) IS
    'Complains unless the attachment exists and belongs to the caller, who may attach the table, and the fact "ticket" has as many parts as the ticket''s key';

-- The evidence that detach() kept goes on being used.
CREATE FUNCTION service_policy._has_evidence(attachment text, row_table regclass, key text[], data_key text[])
    RETURNS boolean LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF to_regnamespace(quote_ident(attachment || '_data')) IS NULL THEN
        RETURN false;
    END IF;
    PERFORM service_policy._check_owner(attachment);
    IF service_policy._is_evidence_of(to_regclass(quote_ident(attachment || '_data') || '.ledger'),
                                      row_table, key, data_key) IS NOT TRUE THEN
        RAISE EXCEPTION 'schema "%_data" exists and is not the evidence of these tickets', attachment
            USING ERRCODE = 'duplicate_schema',
                  HINT = 'Rename or drop that schema, or attach under another name.';
    END IF;
    RETURN true;
END
$$;
COMMENT ON FUNCTION service_policy._has_evidence(text, regclass, text[], text[]) IS
    'Is there evidence of an earlier attachment of this name to go on with?  Complains if its key differs';

CREATE FUNCTION service_policy.attach(name text, ticket_table regclass, policy text, key text[], facts jsonb,
                                      states jsonb, only_where text DEFAULT NULL, distribution_column text DEFAULT NULL)
    RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    data_key text[];
    part text;
    has_evidence boolean;
BEGIN
    IF name IS NULL OR name !~ '^[a-z_][a-z0-9_]{0,39}$' THEN
        RAISE EXCEPTION 'an attachment cannot be named "%"', name
            USING ERRCODE = 'invalid_name',
                  HINT = 'Its name becomes that of a schema: up to 40 small letters, digits and underscores.';
    ELSIF EXISTS (SELECT FROM service_policy.attachment a WHERE a.name = attach.name) THEN
        RAISE EXCEPTION 'attachment "%" exists already', name
            USING ERRCODE = 'duplicate_object',
                  HINT = 'Use another name, or detach() it first: its evidence is kept.';
    ELSIF NOT EXISTS (SELECT FROM service_policy.policy p WHERE p.name = attach.policy) THEN
        RAISE EXCEPTION 'policy "%" does not exist', policy
            USING ERRCODE = 'undefined_object', HINT = 'Load it with service_policy.load_policy().';
    ELSIF ticket_table IS NULL THEN
        RAISE EXCEPTION 'there is no ticket table to attach' USING ERRCODE = 'null_value_not_allowed';
    ELSIF facts IS NULL OR NOT facts ?& ARRAY['opened_at', 'state'] THEN
        RAISE EXCEPTION 'the facts opened_at and state are needed'
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'For example {"opened_at": "created_at", "state": "status"}.';
    END IF;
    PERFORM service_policy._check_rights(ticket_table);
    PERFORM service_policy._check_key(ticket_table, key);
    IF distribution_column IS NOT NULL AND distribution_column <> ALL (key) THEN
        RAISE EXCEPTION 'the distribution column "%" is not part of the key (%)',
                        distribution_column, array_to_string(key, ', ')
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'A distributed table has its distribution column in its primary key.';
    END IF;
    PERFORM service_policy._check_states(states);
    PERFORM service_policy._check_mapping('ticket', ticket_table, key, facts, only_where);
    data_key := service_policy._data_key('ticket', key);
    has_evidence := service_policy._has_evidence(name, ticket_table, key, data_key);

    INSERT INTO service_policy.attachment (name, policy, states, distribution_column)
         VALUES (name, policy, states, coalesce(distribution_column, key[1]));
    INSERT INTO service_policy.attachment_table (attachment, source, table_name, key, data_key, facts, only_where)
         VALUES (name, 'ticket', ticket_table::text, key, data_key, facts, only_where);

    IF has_evidence THEN
        -- A run that stopped had gone over tickets as they were under the earlier attachment.
        EXECUTE format('DELETE FROM %I.backfill WHERE finished_at IS NULL', name || '_data');
    ELSE
        EXECUTE format('CREATE SCHEMA %I', name || '_data');
        EXECUTE format('COMMENT ON SCHEMA %I IS %L', name || '_data',
                       'Evidence of the service policy''s attachment ' || name || ': ledger, clocks, issues');
        FOREACH part IN ARRAY service_policy._attachment_parts('ticket', false) LOOP
            PERFORM service_policy._create_part(part, name, 'ticket', ticket_table, key, data_key);
        END LOOP;
    END IF;
    EXECUTE format('CREATE SCHEMA %I', name);
    EXECUTE format('COMMENT ON SCHEMA %I IS %L', name,
                   'Views of the service policy''s attachment ' || name || ', for people and BI tools');
    FOREACH part IN ARRAY service_policy._attachment_parts('ticket', true) LOOP
        PERFORM service_policy._create_part(part, name, 'ticket', ticket_table, key, data_key);
    END LOOP;
    PERFORM service_policy._comment_key(name, data_key, 'Key of the ticket, as in ' || ticket_table::text);
    EXECUTE format('CREATE TRIGGER %I AFTER INSERT OR UPDATE OR DELETE ON %s '
                   'FOR EACH ROW EXECUTE FUNCTION service_policy._ticket_changed(%L)',
                   'service_policy_' || name, ticket_table, name);
    PERFORM service_policy._warn_of_actions(policy, NULL, name);
END
$$;
COMMENT ON FUNCTION service_policy.attach(text, regclass, text, text[], jsonb, jsonb, text, text) IS
    'Puts a ticket table under a policy: checks the mapping, makes the schemas <name> (views) and <name>_data (evidence), owned by the caller, and a trigger on the table';

-- Every trigger of an attachment, wherever it sits; partitions have clones of
-- their parent's, which go with it.
CREATE FUNCTION service_policy._drop_triggers(attachment text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found record;
BEGIN
    FOR found IN
        SELECT t.tgname, t.tgrelid::regclass AS row_table, c.relowner
          FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_class c ON c.oid = t.tgrelid
         WHERE p.pronamespace = 'service_policy'::regnamespace
           AND starts_with(encode(t.tgargs, 'hex'), encode(convert_to(attachment, getdatabaseencoding()), 'hex') || '00')
           AND t.tgparentid = 0
    LOOP
        IF NOT pg_has_role(found.relowner, 'USAGE') THEN
            RAISE EXCEPTION 'only the owner of % may drop its trigger', found.row_table
                USING ERRCODE = 'insufficient_privilege',
                      HINT = format('Have %s run DROP TRIGGER %I ON %s, then detach again.',
                                    found.relowner::regrole, found.tgname, found.row_table);
        END IF;
        EXECUTE format('DROP TRIGGER %I ON %s', found.tgname, found.row_table);
    END LOOP;
END
$$;
COMMENT ON FUNCTION service_policy._drop_triggers(text) IS 'Drops the triggers that name an attachment';

CREATE FUNCTION service_policy._drop_parts(attachment text, is_view boolean) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    schema_name text := attachment || CASE WHEN is_view THEN '' ELSE '_data' END;
    part text;
BEGIN
    -- Also those of a source that only an earlier attachment of this name had.
    FOR part IN
        SELECT p.part
          FROM unnest('{ticket,refund}'::text[]) source,
               unnest(service_policy._attachment_parts(source, is_view)) WITH ORDINALITY AS p (part, position)
         WHERE to_regclass(format('%I.%I', schema_name, p.part)) IS NOT NULL
         ORDER BY source, p.position DESC
    LOOP
        EXECUTE format('DROP %s %I.%I', CASE WHEN is_view THEN 'VIEW' ELSE 'TABLE' END, schema_name, part);
    END LOOP;
    EXECUTE format('DROP SCHEMA IF EXISTS %I', schema_name);
END
$$;
COMMENT ON FUNCTION service_policy._drop_parts(text, boolean) IS
    'Drops the views or the tables of an attachment, and their schema; what others built on them makes that fail rather than go too';

CREATE FUNCTION service_policy.detach(name text, keep_evidence boolean DEFAULT true) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    IF NOT EXISTS (SELECT FROM service_policy.attachment a WHERE a.name = detach.name) THEN
        RAISE EXCEPTION 'attachment "%" does not exist', name
            USING ERRCODE = 'undefined_object', HINT = 'The attachments are in service_policy.attachment.';
    END IF;
    PERFORM service_policy._drop_triggers(name);
    PERFORM service_policy._drop_parts(name, true);
    IF NOT keep_evidence THEN
        PERFORM service_policy._drop_parts(name, false);
    END IF;
    DELETE FROM service_policy.attachment a WHERE a.name = detach.name;
END
$$;
COMMENT ON FUNCTION service_policy.detach(text, boolean) IS
    'Ends an attachment: removes its triggers and views, and its evidence too unless that is kept, as by default';
