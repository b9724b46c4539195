-- Refunds in words: how a decision came about (src/explain_refund.c), and until when one may ask (src/refund_until.c).

CREATE FUNCTION service_policy._explain_refund(name text, facts jsonb, as_of timestamptz, language text) RETURNS text[]
    LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'svp_explain_refund';
COMMENT ON FUNCTION service_policy._explain_refund(text, jsonb, timestamptz, text) IS 'The lines of explain_refund()';

CREATE FUNCTION service_policy.explain_refund(name text, facts jsonb, as_of timestamptz DEFAULT now(), language text DEFAULT NULL)
    RETURNS SETOF text LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$ SELECT unnest(service_policy._explain_refund(name, facts, as_of, language)) $$;
COMMENT ON FUNCTION service_policy.explain_refund(text, jsonb, timestamptz, text) IS
    'Tells step by step how the decision on a refund comes about: facts is an object of facts, or a list with the key of a refund that is in the attached table, of which it tells first what was decided and whether it would be the same as of that moment. For roles that may read the view <name>.refund_log';

CREATE FUNCTION service_policy.refundable_until(name text, facts jsonb, as_of timestamptz DEFAULT now())
    RETURNS timestamptz LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'svp_refundable_until';
COMMENT ON FUNCTION service_policy.refundable_until(text, jsonb, timestamptz) IS
    'The first instant too late for a customer to ask for a refund, by facts or a refund''s key as for refund_check(); infinity where no window limits it; NULL where the sale is final, and where it cannot be told since a fact or calendar is missing or there is no such refund. Exceptions do not count';
