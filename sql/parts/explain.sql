-- How a ticket's clocks came to their values, in words (src/explain.c).

CREATE FUNCTION service_policy._explain_ticket(name text, key text[]) RETURNS text[]
    LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'svp_explain_ticket';
COMMENT ON FUNCTION service_policy._explain_ticket(text, text[]) IS 'The lines of explain_ticket()';

CREATE FUNCTION service_policy.explain_ticket(name text, key text[]) RETURNS SETOF text
    LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp
AS $$ SELECT unnest(service_policy._explain_ticket(name, key)) $$;
COMMENT ON FUNCTION service_policy.explain_ticket(text, text[]) IS
    'Tells of one ticket, by its key, how each clock came to its value, event by event; times are in UTC. For roles that may read the view <name>.ticket_status';
