-- The same refunds under each policy and under its floor: then the sums have to be the same, and as many decisions of
-- the same length, or there is nothing to compare.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
CREATE FUNCTION crm.floor_inserts(variant text, plain boolean) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE crm.refund_%s_floor %s TRIGGER plain, %s TRIGGER tentative', variant,
                   CASE WHEN plain THEN 'ENABLE' ELSE 'DISABLE' END, CASE WHEN plain THEN 'DISABLE' ELSE 'ENABLE' END);
END
$$;
CREATE FUNCTION crm.write_both(variant text, plain boolean) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM crm.floor_inserts(variant, plain);
    -- each of an order and of a customer of its own
    EXECUTE (SELECT string_agg(format('INSERT INTO crm.refund_%s (ticket_id, order_id, customer_id, agent_id, amount, currency, paid, delivered_at, state)
        SELECT n, n * 5, n, 42, n * %s, ''EUR'', 1000000, timestamptz ''2026-03-01 10:00Z'', ''approved'' FROM generate_series(1, 500) n',
        variant || suffix, CASE WHEN plain THEN 1.01 ELSE 1.02 END), ';') FROM unnest('{"",_floor}'::text[]) suffix);
END
$$;
CREATE FUNCTION crm.unlike(variant text) RETURNS TABLE (sums bigint, decisions bigint) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format($sql$
        SELECT (SELECT count(*) FROM (SELECT * FROM %1$s_data.refund_tally) o
                FULL JOIN (SELECT * FROM %1$s_floor_data.refund_tally WHERE subject_hash <> -1) f USING (subject_hash, seq)
                WHERE (o.amount, o.total_amount, o.total_refunds, o.all_refunds) IS DISTINCT FROM (f.amount, f.total_amount, f.total_refunds, f.all_refunds)),
               (SELECT count(*) FROM (SELECT id, seq, pg_column_size(d) AS length FROM %1$s_data.refund_decision d) o
                FULL JOIN (SELECT id, seq, pg_column_size(d) AS length FROM %1$s_floor_data.refund_decision d WHERE id > 0) f USING (id, seq)
                WHERE abs(o.length - f.length) > 16 OR o.id IS NULL OR f.id IS NULL)$sql$, variant);
END
$$;
SELECT crm.write_both(variant, plain) FROM unnest('{few,million,customer}'::text[]) variant, unnest('{true,false}'::boolean[]) plain;
CREATE TABLE crm.differing AS SELECT variant, u.* FROM unnest('{few,million,customer}'::text[]) variant, crm.unlike(variant) u;
SELECT format('%s: of the floor %s sums and %s decisions are not as ours', variant, sums, decisions) AS difference
  FROM crm.differing WHERE sums + decisions > 0;
SELECT 1 / (sum(sums + decisions) = 0)::int AS same_rows FROM crm.differing;
