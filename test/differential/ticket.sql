-- What the SQL of ticket.py calls, before it; and the clocks as it lists them.
CREATE FUNCTION create_desk(desk int, document jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE ticket%s (id int PRIMARY KEY, status text, agent text, priority text, created_at timestamptz, updated_at timestamptz)', desk);
    EXECUTE format('CREATE TABLE message%s (ticket_id int, author text, public boolean, sent_at timestamptz, id bigserial PRIMARY KEY)', desk);
    PERFORM service_policy.load_policy(document);
    PERFORM service_policy.publish_policy('desk' || desk, 1, '2020-01-01 00:00+00');
    PERFORM service_policy.attach('desk' || desk, ('ticket' || desk)::regclass, 'desk' || desk, ARRAY['id'],
        '{"opened_at": "created_at", "changed_at": "updated_at", "state": "status", "agent": "agent", "priority": "priority"}',
        '{"open": "open", "pending": "pending", "on_hold": "on_hold", "resolved": "resolved", "closed": "closed", "void": "void"}');
    PERFORM service_policy.attach_messages('desk' || desk, ('message' || desk)::regclass, ARRAY['id'],
        '{"ticket": ["ticket_id"], "sent_at": "sent_at", "author": "author", "public": "public"}');
END
$$;
CREATE FUNCTION usec(at timestamptz) RETURNS text IMMUTABLE LANGUAGE sql AS $$
    SELECT coalesce(((extract(epoch FROM at) - 946684800) * 1000000)::bigint::text, '-')
$$;
CREATE FUNCTION desk_clocks(desk int) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format($query$
        SELECT concat_ws(' ', %L, id, metric, cycle, benchmark, state, usec(started_at), target_us, elapsed_us, paused_us,
                         usec(counted_from), usec(paused_at), usec(stopped_at), usec(due_at), usec(at_risk_at))
          FROM %I.clock ORDER BY id, metric COLLATE "C", cycle$query$, desk, 'desk' || desk || '_data');
END
$$;
