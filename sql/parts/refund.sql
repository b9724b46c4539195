-- Refunds: decided and refused at the write (src/refund_trigger.c), or asked for before (src/refund_check.c).

CREATE FUNCTION service_policy._refund_decided() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'svp_refund_decided';
COMMENT ON FUNCTION service_policy._refund_decided() IS
    'Trigger of an attached refund table: refuses what the policy forbids, and records each decision; its argument names the attachment';

CREATE FUNCTION service_policy._ticket_columns(attachment text) RETURNS TABLE (name text, type text)
    LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE WHEN k.name LIKE 'ticket\_%' THEN k.name ELSE 'ticket_' || k.name END,
           format_type(a.atttypid, a.atttypmod)
      FROM service_policy.attachment_table t,
           unnest(t.data_key) WITH ORDINALITY AS k (name, position)
      JOIN pg_attribute a ON a.attrelid = to_regclass(quote_ident(attachment || '_data') || '.ledger')
                         AND a.attname = k.name
     WHERE t.attachment = _ticket_columns.attachment AND t.source = 'ticket'
     ORDER BY k.position
$$;
COMMENT ON FUNCTION service_policy._ticket_columns(text) IS
    'The columns that carry a ticket''s key in the table of refund decisions';

CREATE FUNCTION service_policy.attach_refunds(name text, refund_table regclass, key text[], facts jsonb,
                                              only_where text DEFAULT NULL)
    RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    data_key text[];
    part text;
    decisions regclass;
BEGIN
    IF EXISTS (SELECT FROM service_policy.attachment_table t
                WHERE t.attachment = attach_refunds.name AND t.source = 'refund') THEN
        RAISE EXCEPTION 'attachment "%" has a refund table already', name
            USING ERRCODE = 'duplicate_object', HINT = 'An attachment has one; detach() it and attach both anew to change it.';
    ELSIF facts IS NULL OR NOT facts ? 'amount' THEN
        RAISE EXCEPTION 'the fact amount is needed'
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'For example {"ticket": ["ticket_id"], "amount": "amount", "delivered_at": "delivered_at"}.';
    END IF;
    PERFORM service_policy._check_row_table(name, 'refund', refund_table, facts);
    PERFORM service_policy._check_key(refund_table, key);
    PERFORM service_policy._check_mapping('refund', refund_table, key, facts, only_where);
    data_key := service_policy._data_key('refund', key);
    decisions := to_regclass(quote_ident(name || '_data') || '.refund_decision');
    IF decisions IS NOT NULL AND service_policy._is_evidence_of(decisions, refund_table, key, data_key) IS NOT TRUE THEN
        RAISE EXCEPTION '% exists and is not of these refunds', decisions
            USING ERRCODE = 'duplicate_table',
                  HINT = 'Its key has other columns or types: rename or drop that table, then attach again.';
    END IF;

    INSERT INTO service_policy.attachment_table (attachment, source, table_name, key, data_key, facts, only_where)
         VALUES (name, 'refund', refund_table::text, key, data_key, facts, only_where);
    FOREACH part IN ARRAY service_policy._attachment_parts('refund', false) LOOP
        IF to_regclass(format('%I.%I', name || '_data', part)) IS NULL THEN
            PERFORM service_policy._create_part(part, name, 'refund', refund_table, key, data_key);
        END IF;
    END LOOP;
    FOREACH part IN ARRAY service_policy._attachment_parts('refund', true) LOOP
        PERFORM service_policy._create_part(part, name, 'refund', refund_table, key, data_key);
    END LOOP;
    PERFORM service_policy._comment_key(name, data_key, 'Key of the refund, as in ' || refund_table::text);
    PERFORM service_policy._comment_key(name, ARRAY(SELECT c.name FROM service_policy._ticket_columns(name) c),
                                        'Key of the ticket; NULL if the refund names none');
    -- Before the application's own triggers, which may act on a refund; but where tickets are refunds, after they are recorded.
    EXECUTE format('CREATE TRIGGER %I AFTER INSERT OR UPDATE OR DELETE ON %s '
                   'FOR EACH ROW EXECUTE FUNCTION service_policy._refund_decided(%L)',
                   CASE WHEN EXISTS (SELECT FROM service_policy.attachment_table t
                                      WHERE t.attachment = attach_refunds.name AND t.source = 'ticket'
                                        AND t.table_name = refund_table::text) THEN '' ELSE '_' END
                   || 'service_policy_' || name || '_refund', refund_table, name);
END
$$;
COMMENT ON FUNCTION service_policy.attach_refunds(text, regclass, text[], jsonb, text) IS
    'Puts a refund table under the policy of an attachment: what the policy forbids is refused with 23514 (check_violation), or flagged or observed as the rule says; each decision is recorded';

CREATE FUNCTION service_policy.refund_check(name text, facts jsonb, as_of timestamptz DEFAULT now(), language text DEFAULT NULL,
    OUT decision text, OUT reason text, OUT rule text, OUT version int, OUT cutoff_at timestamptz,
    OUT allowed_amount numeric, OUT fee numeric, OUT message text)
    LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'svp_refund_check';
COMMENT ON FUNCTION service_policy.refund_check(text, jsonb, timestamptz, text) IS
    'What the policy says, as of a moment, of a refund: facts is an object of facts, or a list with the key of a refund that is in the attached table. Gives decision (allowed, needs_approval, refused), reason code, rule, version, the first instant too late, what is allowed without approval, the fee, and the customer''s message in a language; NULLs if there is no such refund. Naming a ticket needs SELECT on <name>.ticket_status, a refund on <name>.refund_log';
