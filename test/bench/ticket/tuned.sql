-- PL/pgSQL as a DBA would tune it, for one shape of ticket table: running sums of the calendar's windows, so that business
-- time is two index probes; no function is called; one statement for each table written; no trigger call where no
-- mapped column is set.  It knows only what is measured here: events in order of time, one version of the policy, no change of
-- priority, nothing that cannot be understood.

CREATE FUNCTION crm.@shape@_tuned_opened() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO @shape@_tuned_data.ledger (id, seq, at, recorded_at, recorded_by, event, state, source_state, opened_at, @columns@)
    VALUES (NEW.id, 1, NEW.created_at, now(), session_user, 'opened', 'open', NEW.status, NEW.created_at, @values@);

    INSERT INTO @shape@_tuned_data.clock (id, metric, cycle, benchmark, policy_version, calendar, state, started_at, started_on, due_at,
                                          at_risk_at, target_us, elapsed_us, paused_us, counted_from, @columns@)
    SELECT NEW.id, b.metric, 1, b.name, 1, 'support', 'running', NEW.created_at, (NEW.created_at AT TIME ZONE 'America/New_York')::date,
           (SELECT opens_at + (start.a + b.target - open_before) FROM crm.opening WHERE open_before < start.a + b.target
             ORDER BY open_before DESC LIMIT 1),
           (SELECT opens_at + (start.a + b.at_risk - open_before) FROM crm.opening WHERE open_before < start.a + b.at_risk
             ORDER BY open_before DESC LIMIT 1),
           b.target_us, 0, 0, NEW.created_at, @values@
      FROM crm.benchmark b,
           (SELECT open_before + (least(NEW.created_at, closes_at) - opens_at) AS a FROM crm.opening WHERE opens_at <= NEW.created_at
             ORDER BY opens_at DESC LIMIT 1) start
     WHERE b.priority = NEW.priority;
    RETURN NULL;
END
$$;
CREATE TRIGGER opened AFTER INSERT ON crm.@shape@_tuned FOR EACH ROW EXECUTE FUNCTION crm.@shape@_tuned_opened();

CREATE FUNCTION crm.@shape@_tuned_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed_at timestamptz := @at@;
BEGIN
    IF (@old@) IS NOT DISTINCT FROM (@new@) THEN
        RETURN NULL;
    END IF;
    INSERT INTO @shape@_tuned_data.ledger (id, seq, at, recorded_at, recorded_by, event, state, source_state, opened_at, @columns@)
    VALUES (NEW.id, (SELECT max(seq) + 1 FROM @shape@_tuned_data.ledger WHERE id = NEW.id), changed_at, now(), session_user, 'changed',
            CASE NEW.status WHEN 'pending' THEN 'pending' WHEN 'solved' THEN 'resolved' ELSE 'open' END,
            NEW.status, NEW.created_at, @values@);

    IF NEW.status = 'solved' THEN
        UPDATE @shape@_tuned_data.clock c
           SET counted_from = NULL, paused_at = NULL, stopped_at = changed_at,
               stopped_on = (changed_at AT TIME ZONE 'America/New_York')::date, (@columns@) = ROW (@values@),
               (state, elapsed_us, paused_us) = (
               SELECT CASE WHEN c.elapsed_us + elapsed <= c.target_us THEN 'met' ELSE 'missed' END,
                      c.elapsed_us + elapsed, c.paused_us + passed - elapsed
                 FROM (SELECT (extract(epoch FROM stop.a - start.a) * 1000000)::bigint AS passed,
                              CASE WHEN c.state = 'running' THEN (extract(epoch FROM stop.a - start.a) * 1000000)::bigint ELSE 0 END AS elapsed
                         FROM (SELECT open_before + (least(changed_at, closes_at) - opens_at) AS a FROM crm.opening
                                WHERE opens_at <= changed_at ORDER BY opens_at DESC LIMIT 1) stop,
                              (SELECT open_before + (least(coalesce(c.counted_from, c.paused_at), closes_at) - opens_at) AS a FROM crm.opening
                                WHERE opens_at <= coalesce(c.counted_from, c.paused_at) ORDER BY opens_at DESC LIMIT 1) start) measured)
         WHERE id = NEW.id AND state IN ('running', 'paused');
    ELSIF NEW.status = 'pending' AND OLD.status <> 'pending' THEN
        UPDATE @shape@_tuned_data.clock c
           SET state = 'paused', paused_at = changed_at, counted_from = NULL,
               elapsed_us = c.elapsed_us + (extract(epoch FROM
                   (SELECT open_before + (least(changed_at, closes_at) - opens_at) FROM crm.opening
                     WHERE opens_at <= changed_at ORDER BY opens_at DESC LIMIT 1) -
                   (SELECT open_before + (least(c.counted_from, closes_at) - opens_at) FROM crm.opening
                     WHERE opens_at <= c.counted_from ORDER BY opens_at DESC LIMIT 1)) * 1000000)::bigint,
               due_at = CASE WHEN due_at <= changed_at THEN due_at END,
               at_risk_at = CASE WHEN at_risk_at <= changed_at THEN at_risk_at END,
               (@columns@) = ROW (@values@)
         WHERE id = NEW.id AND metric = 'resolution' AND state = 'running';
    ELSIF NEW.status <> 'pending' AND OLD.status IN ('pending', 'solved') THEN
        -- what is used up stays due; the rest of the target counts from now
        UPDATE @shape@_tuned_data.clock c
           SET state = 'running', counted_from = changed_at, paused_at = NULL, stopped_at = NULL, stopped_on = NULL,
               (@columns@) = ROW (@values@),
               (paused_us, due_at, at_risk_at) = (
               SELECT c.paused_us + (extract(epoch FROM stop.a - start.a) * 1000000)::bigint,
                      CASE WHEN c.due_at <= since THEN c.due_at
                           ELSE (SELECT opens_at + (stop.a + left_to_due - open_before) FROM crm.opening
                                  WHERE open_before < stop.a + left_to_due ORDER BY open_before DESC LIMIT 1) END,
                      CASE WHEN c.at_risk_at <= since THEN c.at_risk_at
                           ELSE (SELECT opens_at + (stop.a + left_to_risk - open_before) FROM crm.opening
                                  WHERE open_before < stop.a + left_to_risk ORDER BY open_before DESC LIMIT 1) END
                 FROM (SELECT coalesce(c.paused_at, c.stopped_at) AS since,
                              (c.target_us - c.elapsed_us) * interval '1 microsecond' AS left_to_due,
                              (c.target_us * 3 / 4 - c.elapsed_us) * interval '1 microsecond' AS left_to_risk) budget,
                      LATERAL (SELECT open_before + (least(changed_at, closes_at) - opens_at) AS a FROM crm.opening
                                WHERE opens_at <= changed_at ORDER BY opens_at DESC LIMIT 1) stop,
                      LATERAL (SELECT open_before + (least(since, closes_at) - opens_at) AS a FROM crm.opening
                                WHERE opens_at <= since ORDER BY opens_at DESC LIMIT 1) start)
         WHERE id = NEW.id AND metric = 'resolution' AND state <> 'running';
    END IF;
    RETURN NULL;
END
$$;
-- A column list is free; a WHEN clause would be read from the catalog's text for each statement, which costs 20 us.
CREATE TRIGGER changed AFTER UPDATE OF @mapped@ ON crm.@shape@_tuned FOR EACH ROW
    EXECUTE FUNCTION crm.@shape@_tuned_changed();
