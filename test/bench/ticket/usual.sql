-- PL/pgSQL as it is usually written, for one shape of ticket table: the same rows, by a day loop and a loop over the clocks.
-- It knows no more than the tuned set does.

CREATE FUNCTION crm.@shape@_usual_opened() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    b crm.benchmark;
BEGIN
    INSERT INTO @shape@_usual_data.ledger (id, seq, at, recorded_at, recorded_by, event, state, source_state, opened_at, @columns@)
    VALUES (NEW.id, 1, NEW.created_at, now(), session_user, 'opened', 'open', NEW.status, NEW.created_at, @values@);
    FOR b IN SELECT * FROM crm.benchmark WHERE priority = NEW.priority LOOP
        INSERT INTO @shape@_usual_data.clock (id, metric, cycle, benchmark, policy_version, calendar, state, started_at, started_on, due_at,
                                              at_risk_at, target_us, elapsed_us, paused_us, counted_from, @columns@)
        VALUES (NEW.id, b.metric, 1, b.name, 1, 'support', 'running', NEW.created_at, (NEW.created_at AT TIME ZONE 'America/New_York')::date,
                crm.business_deadline(NEW.created_at, b.target), crm.business_deadline(NEW.created_at, b.at_risk),
                b.target_us, 0, 0, NEW.created_at, @values@);
    END LOOP;
    RETURN NULL;
END
$$;
CREATE TRIGGER opened AFTER INSERT ON crm.@shape@_usual FOR EACH ROW EXECUTE FUNCTION crm.@shape@_usual_opened();

CREATE FUNCTION crm.@shape@_usual_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed_at timestamptz := @at@;
    c @shape@_usual_data.clock;
    since timestamptz;
BEGIN
    INSERT INTO @shape@_usual_data.ledger (id, seq, at, recorded_at, recorded_by, event, state, source_state, opened_at, @columns@)
    SELECT NEW.id, max(seq) + 1, changed_at, now(), session_user, 'changed',
           CASE NEW.status WHEN 'pending' THEN 'pending' WHEN 'solved' THEN 'resolved' ELSE 'open' END,
           NEW.status, NEW.created_at, @values@
      FROM @shape@_usual_data.ledger WHERE id = NEW.id;

    FOR c IN SELECT * FROM @shape@_usual_data.clock WHERE id = NEW.id LOOP
        since := coalesce(c.counted_from, c.paused_at, c.stopped_at);
        IF NEW.status = 'solved' AND c.state IN ('running', 'paused') THEN
            IF c.state = 'running' THEN
                c.elapsed_us := c.elapsed_us + crm.microseconds(crm.business_elapsed(since, changed_at));
            ELSE
                c.paused_us := c.paused_us + crm.microseconds(crm.business_elapsed(since, changed_at));
            END IF;
            c.state := CASE WHEN c.elapsed_us <= c.target_us THEN 'met' ELSE 'missed' END;
            c.counted_from := NULL;
            c.paused_at := NULL;
            c.stopped_at := changed_at;
            c.stopped_on := (changed_at AT TIME ZONE 'America/New_York')::date;
        ELSIF NEW.status = 'pending' AND c.state = 'running' AND c.metric = 'resolution' THEN
            c.state := 'paused';
            c.elapsed_us := c.elapsed_us + crm.microseconds(crm.business_elapsed(since, changed_at));
            c.counted_from := NULL;
            c.paused_at := changed_at;
            c.due_at := CASE WHEN c.due_at <= changed_at THEN c.due_at END;
            c.at_risk_at := CASE WHEN c.at_risk_at <= changed_at THEN c.at_risk_at END;
        ELSIF NEW.status NOT IN ('pending', 'solved') AND c.state <> 'running' AND c.metric = 'resolution' THEN
            c.state := 'running';
            c.paused_us := c.paused_us + crm.microseconds(crm.business_elapsed(since, changed_at));
            c.counted_from := changed_at;
            c.paused_at := NULL;
            c.stopped_at := NULL;
            c.stopped_on := NULL;
            IF c.due_at > since OR c.due_at IS NULL THEN
                c.due_at := crm.business_deadline(changed_at, (c.target_us - c.elapsed_us) * interval '1 microsecond');
            END IF;
            IF c.at_risk_at > since OR c.at_risk_at IS NULL THEN
                c.at_risk_at := crm.business_deadline(changed_at, (c.target_us * 3 / 4 - c.elapsed_us) * interval '1 microsecond');
            END IF;
        ELSE
            CONTINUE;
        END IF;
        UPDATE @shape@_usual_data.clock
           SET state = c.state, elapsed_us = c.elapsed_us, paused_us = c.paused_us, counted_from = c.counted_from, paused_at = c.paused_at,
               stopped_at = c.stopped_at, stopped_on = c.stopped_on, due_at = c.due_at, at_risk_at = c.at_risk_at, (@columns@) = ROW (@values@)
         WHERE id = c.id AND metric = c.metric AND cycle = c.cycle;
    END LOOP;
    RETURN NULL;
END
$$;
CREATE TRIGGER changed AFTER UPDATE ON crm.@shape@_usual FOR EACH ROW
    WHEN ((@old@) IS DISTINCT FROM (@new@)) EXECUTE FUNCTION crm.@shape@_usual_changed();
