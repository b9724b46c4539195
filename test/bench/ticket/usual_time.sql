-- Business time as it is usually written in PL/pgSQL: a loop over days, hours and holidays from tables.

CREATE FUNCTION crm.business_elapsed(started timestamptz, ended timestamptz) RETURNS interval LANGUAGE plpgsql STABLE AS $$
DECLARE
    day date := (started AT TIME ZONE 'America/New_York')::date;
    last date := (ended AT TIME ZONE 'America/New_York')::date;
    total interval := '0';
    opening record;
    opens_at timestamptz;
    closes_at timestamptz;
BEGIN
    WHILE day <= last LOOP
        SELECT opens, closes INTO opening FROM crm.hours WHERE weekday = extract(isodow FROM day);
        IF FOUND AND NOT EXISTS (SELECT FROM crm.holiday WHERE on_date = day) THEN
            opens_at := greatest(started, (day + opening.opens) AT TIME ZONE 'America/New_York');
            closes_at := least(ended, (day + opening.closes) AT TIME ZONE 'America/New_York');
            IF closes_at > opens_at THEN
                total := total + (closes_at - opens_at);
            END IF;
        END IF;
        day := day + 1;
    END LOOP;
    RETURN total;
END
$$;

CREATE FUNCTION crm.business_deadline(started timestamptz, budget interval) RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
DECLARE
    day date := (started AT TIME ZONE 'America/New_York')::date;
    left_over interval := budget;
    opening record;
    opens_at timestamptz;
    closes_at timestamptz;
BEGIN
    LOOP
        SELECT opens, closes INTO opening FROM crm.hours WHERE weekday = extract(isodow FROM day);
        IF FOUND AND NOT EXISTS (SELECT FROM crm.holiday WHERE on_date = day) THEN
            opens_at := greatest(started, (day + opening.opens) AT TIME ZONE 'America/New_York');
            closes_at := (day + opening.closes) AT TIME ZONE 'America/New_York';
            IF closes_at > opens_at THEN
                IF closes_at - opens_at >= left_over THEN
                    RETURN opens_at + left_over;
                END IF;
                left_over := left_over - (closes_at - opens_at);
            END IF;
        END IF;
        day := day + 1;
    END LOOP;
END
$$;

CREATE FUNCTION crm.microseconds(duration interval) RETURNS bigint LANGUAGE sql IMMUTABLE AS
    $$ SELECT (extract(epoch FROM duration) * 1000000)::bigint $$;
