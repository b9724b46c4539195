-- Refunds: decided and refused at the write (src/refund_trigger.c), or asked for before (src/refund_check.c).

CREATE FUNCTION service_policy._refund_decided() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'svp_refund_decided';
COMMENT ON FUNCTION service_policy._refund_decided() IS
    'Trigger of an attached refund table: refuses what the policy forbids, and records each decision; its argument names the attachment';

CREATE FUNCTION service_policy._ticket_columns(attachment text) RETURNS TABLE (name text, type text)
    LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp
AS $$
    -- A part that is called ticket_… keeps its name, unless another part's would be the same.
    SELECT CASE WHEN k.name LIKE 'ticket\_%' AND substr(k.name, 8) <> ALL (t.data_key) THEN k.name ELSE 'ticket_' || k.name END,
           format_type(a.atttypid, -1)
      FROM service_policy.attachment_table t,
           unnest(t.data_key) WITH ORDINALITY AS k (name, position)
      JOIN pg_attribute a ON a.attrelid = to_regclass(quote_ident(attachment || '_data') || '.ledger')
                         AND a.attname = k.name
     WHERE t.attachment = _ticket_columns.attachment AND t.source = 'ticket'
     ORDER BY k.position
$$;
COMMENT ON FUNCTION service_policy._ticket_columns(text) IS
    'The columns that carry a ticket''s key in the table of refund decisions';

CREATE FUNCTION service_policy._recount_refunds(name text) RETURNS bigint
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'svp_recount_refunds';
COMMENT ON FUNCTION service_policy._recount_refunds(text) IS
    'Sees that a decision stands on each refund that the table has, and on no other; gives how many there are';

CREATE FUNCTION service_policy._subject_hash(scope text, subject text) RETURNS bigint
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'svp_subject_hash';
COMMENT ON FUNCTION service_policy._subject_hash(text, text) IS
    'The number by which the sums of an order, a line or a customer are found';

CREATE FUNCTION service_policy.recount_refunds(name text) RETURNS bigint
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    table_name text := (SELECT t.table_name FROM service_policy.attachment_table t
                         WHERE t.attachment = recount_refunds.name AND t.source = 'refund');
    refund_table regclass := to_regclass(table_name);
    refunds bigint;
BEGIN
    IF table_name IS NULL THEN
        RAISE EXCEPTION 'attachment "%" has no refund table', name
            USING ERRCODE = 'undefined_object', HINT = 'Attach it with service_policy.attach_refunds().';
    ELSIF refund_table IS NULL THEN
        RAISE EXCEPTION 'the refund table % of attachment "%" does not exist', table_name, name
            USING ERRCODE = 'undefined_table',
                  HINT = 'Give it that name again, or detach() and attach both anew; the evidence is kept.';
    END IF;
    PERFORM service_policy._check_owner(name);
    PERFORM service_policy._check_rights(refund_table);
    refunds := service_policy._recount_refunds(name);
    EXECUTE format('DELETE FROM %I.refund_tally', name || '_data');
    EXECUTE replace($sql$
        INSERT INTO @data@.refund_tally (subject_hash, seq, scope, subject, counted_at, currency, amount, refunds,
                                         total_amount, total_refunds, all_refunds)
        SELECT hash, row_number() OVER of_hash, scope, subject, decided_at, currency, counted, 1,
               sum(counted) OVER of_currency, count(*) OVER of_currency, count(*) OVER of_subject
          FROM (SELECT d.*, d.ctid AS place, CASE WHEN amount > 0 AND amount < 1e13 THEN amount ELSE 0.00 END AS counted
                  FROM @data@.refund_decision d WHERE withdrawn_at IS NULL) AS standing,
               LATERAL (VALUES ('order', order_id),
                               ('line', regexp_replace(order_id, '([/\\])', '\\\1', 'g') || '/' ||
                                        regexp_replace(line_id, '([/\\])', '\\\1', 'g')),
                               ('customer', customer)) AS kind (scope, subject),
               LATERAL service_policy._subject_hash(scope, subject) AS hash
         WHERE subject IS NOT NULL
        WINDOW of_hash AS (PARTITION BY hash ORDER BY scope, subject, decided_at, place),
               of_subject AS (PARTITION BY hash, scope, subject ORDER BY decided_at, place ROWS UNBOUNDED PRECEDING),
               of_currency AS (PARTITION BY hash, scope, subject, upper(currency COLLATE "C") ORDER BY decided_at, place ROWS UNBOUNDED PRECEDING)
        $sql$, '@data@', quote_ident(name || '_data'));
    RETURN refunds;
END
$$;
COMMENT ON FUNCTION service_policy.recount_refunds(text) IS
    'Counts anew the refunds that the attached table has, as after TRUNCATE or a restore without triggers, and gives how many there are. Nobody writes refunds meanwhile';

CREATE FUNCTION service_policy.attach_refunds(name text, refund_table regclass, key text[], facts jsonb,
                                              only_where text DEFAULT NULL)
    RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    data_key text[];
    ticket_key text[];
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
    ELSIF facts ? 'line_id' AND NOT facts ? 'order_id' THEN
        RAISE EXCEPTION 'the fact line_id needs the fact order_id'
            USING ERRCODE = 'invalid_parameter_value', HINT = 'A line is one of an order: its refunds are added up by both.';
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
    ticket_key := ARRAY(SELECT c.name FROM service_policy._ticket_columns(name) c);
    FOREACH part IN ARRAY '{exception,exception_use}'::text[] LOOP
        PERFORM service_policy._comment_key(name, data_key, 'Key of the refund that it is for, or that used it; NULL if there is none yet', part);
        PERFORM service_policy._comment_key(name, ticket_key, 'Key of the ticket that it is for; NULL if it is for something else', part);
    END LOOP;
    PERFORM service_policy._comment_key(name, data_key, 'Key of the refund, as in ' || refund_table::text);
    PERFORM service_policy._comment_key(name, ticket_key, 'Key of the ticket; NULL if the refund names none');
    -- Before the application's own triggers, which may act on a refund; but where tickets are refunds, after they are recorded.
    EXECUTE format('CREATE TRIGGER %I AFTER INSERT OR UPDATE OR DELETE ON %s '
                   'FOR EACH ROW EXECUTE FUNCTION service_policy._refund_decided(%L)',
                   CASE WHEN EXISTS (SELECT FROM service_policy.attachment_table t
                                      WHERE t.attachment = attach_refunds.name AND t.source = 'ticket'
                                        AND t.table_name = refund_table::text) THEN '' ELSE '_' END
                   || 'service_policy_' || name || '_refund', refund_table, name);
    PERFORM service_policy.recount_refunds(name);
END
$$;
COMMENT ON FUNCTION service_policy.attach_refunds(text, regclass, text[], jsonb, text) IS
    'Puts a refund table under the policy of an attachment: what the policy forbids is refused with 23514 (check_violation), or flagged or observed as the rule says; each decision is recorded';

CREATE FUNCTION service_policy.refund_check(name text, facts jsonb, as_of timestamptz DEFAULT now(), language text DEFAULT NULL,
    OUT decision text, OUT reason text, OUT rule text, OUT version int, OUT cutoff_at timestamptz,
    OUT allowed_amount numeric, OUT fee numeric, OUT message text, OUT about text)
    LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'svp_refund_check';
COMMENT ON FUNCTION service_policy.refund_check(text, jsonb, timestamptz, text) IS
    'What the policy says, as of a moment, of a refund: facts is an object of facts, or a list with the key of a refund that is in the attached table. Gives decision (allowed, needs_approval, refused), reason code, rule, version, the first instant too late, what is allowed without approval, the fee, the customer''s message in a language, and the fact or calendar that the reason is about, such as one that is missing; NULLs if there is no such refund. Naming a ticket needs SELECT on <name>.ticket_status, a refund on <name>.refund_log';
