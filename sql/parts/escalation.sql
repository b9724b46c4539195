-- Chains of escalation, climbed (src/tick.c, src/escalation_fire.c, src/acknowledge.c).

CREATE FUNCTION service_policy.tick(batch int DEFAULT 1000) RETURNS int
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'svp_tick';
COMMENT ON FUNCTION service_policy.tick(int) IS
    'Does what is due by now, for every attachment: recomputes the open clocks of calendars that have changed, on at most so many tickets, and fires the levels of escalation that are due, of at most so many clocks. Returns the number of escalations fired';

CREATE FUNCTION service_policy.acknowledge_escalation(name text, key text[], metric text) RETURNS boolean
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'svp_acknowledge';
COMMENT ON FUNCTION service_policy.acknowledge_escalation(text, text[], text) IS
    'Says that somebody takes care of a ticket: the levels of this metric that are unless_acknowledged are left out while its clock is open. For roles that may update the ticket''s row. False if there is nothing to acknowledge';
