-- Run by test/bench/ticket/run: a calendar, a policy, and two shapes of ticket table, each bare, under our policy, under
-- two sets of PL/pgSQL triggers, and under triggers that know nothing (../floor.c).
\set ON_ERROR_STOP on
SET client_min_messages = warning;
CREATE ROLE app LOGIN;

INSERT INTO service_policy.calendar (name, time_zone) VALUES ('support', 'America/New_York');
INSERT INTO service_policy.calendar_hours (calendar, weekday, opens, closes)
    SELECT 'support', weekday, '09:00', '17:00' FROM generate_series(1, 5) weekday;
INSERT INTO service_policy.calendar_date (calendar, on_date, yearly)
    SELECT 'support', on_date, true FROM unnest('{2024-01-01,2024-07-04,2024-12-25,2024-12-26}'::date[]) on_date;
SELECT service_policy.load_policy('{"policy": "support", "benchmarks": [
    {"name": "answer", "metric": "first_response", "target": "4 hours", "calendar": "support"},
    {"name": "answer_urgent", "metric": "first_response", "target": "1 hour", "calendar": "support", "when": {"priority": ["urgent"]}},
    {"name": "solve", "metric": "resolution", "target": "16 hours", "calendar": "support", "pause_on": ["pending"]},
    {"name": "solve_urgent", "metric": "resolution", "target": "4 hours", "calendar": "support", "pause_on": ["pending"],
     "when": {"priority": ["urgent"]}}]}');
SELECT service_policy.publish_policy('support', 1, '2020-01-01Z');

CREATE SCHEMA crm;
CREATE TABLE crm.full_bare (
    id bigserial PRIMARY KEY,
    subject text NOT NULL,
    description text NOT NULL,
    status text NOT NULL,
    priority text NOT NULL,
    channel text,
    category text,
    team text,
    agent_id int,
    customer_id int NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX ON crm.full_bare (status);
CREATE INDEX ON crm.full_bare (created_at);
CREATE INDEX ON crm.full_bare (customer_id);
CREATE TABLE crm.small_bare (
    id bigserial PRIMARY KEY,
    created_at timestamptz NOT NULL,
    status text NOT NULL,
    priority text NOT NULL
);

-- A sequence of its own for each.
CREATE FUNCTION crm.another(shape text, variant text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE crm.%1$s (LIKE crm.%2$s INCLUDING ALL); CREATE SEQUENCE crm.%1$s_id_seq OWNED BY crm.%1$s.id;
                    ALTER TABLE crm.%1$s ALTER id SET DEFAULT nextval(%3$L)',
                   shape || '_' || variant, shape || '_bare', format('crm.%s_%s_id_seq', shape, variant));
END
$$;
SELECT crm.another(shape, variant) FROM unnest('{full,small}'::text[]) shape, unnest('{ours,floor,tuned,usual}'::text[]) variant;

SELECT service_policy.attach('full_ours', 'crm.full_ours', 'support', '{id}',
    '{"opened_at": "created_at", "changed_at": "updated_at", "state": "status", "priority": "priority", "channel": "channel",
      "category": "category", "team": "team", "agent": "agent_id", "customer": "customer_id"}',
    '{"new": "open", "open": "open", "working": "open", "pending": "pending", "solved": "resolved"}');
SELECT service_policy.attach('small_ours', 'crm.small_ours', 'support', '{id}',
    '{"opened_at": "created_at", "state": "status", "priority": "priority"}',
    '{"new": "open", "open": "open", "working": "open", "pending": "pending", "solved": "resolved"}');

-- The tickets that are there already, and what is known of them: the same for each variant.
SELECT setseed(0.5);
INSERT INTO crm.full_ours (subject, description, status, priority, channel, category, team, agent_id, customer_id, created_at, updated_at)
SELECT 'Order ' || i || ' has not arrived', repeat('It was promised for last week. ', 13), 'new',
       (ARRAY['low', 'normal', 'high', 'urgent'])[1 + i % 4], (ARRAY['mail', 'phone', 'chat'])[1 + i % 3],
       (ARRAY['delivery', 'invoice', 'defect', 'question', 'other'])[1 + i % 5], 'team ' || i % 12, i % 200, i * 7919 % 20000,
       at, at
FROM generate_series(1, :tickets) i, LATERAL (SELECT timestamptz '2025-03-03 00:00Z' + i * interval '5 min' * (100000.0 / :tickets) AS at) moment;
INSERT INTO crm.small_ours (created_at, status, priority)
SELECT now() - interval '3 days' * (1 - i / :tickets.0), 'new', (ARRAY['low', 'normal', 'high', 'urgent'])[1 + i % 4]
FROM generate_series(1, :tickets) i;

CREATE FUNCTION crm.copy(shape text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    variant text;
BEGIN
    FOREACH variant IN ARRAY '{bare,floor,tuned,usual}'::text[] LOOP
        EXECUTE format('INSERT INTO crm.%1$s_%2$s SELECT * FROM crm.%1$s_ours; SELECT setval(''crm.%1$s_%2$s_id_seq'', max(id)) FROM crm.%1$s_ours',
                       shape, variant);
        CONTINUE WHEN variant = 'bare';
        EXECUTE format('CREATE SCHEMA %1$s_%2$s_data;
            CREATE TABLE %1$s_%2$s_data.ledger (LIKE %1$s_ours_data.ledger INCLUDING ALL);
            CREATE TABLE %1$s_%2$s_data.clock (LIKE %1$s_ours_data.clock INCLUDING ALL) WITH (fillfactor = 90);
            INSERT INTO %1$s_%2$s_data.ledger SELECT * FROM %1$s_ours_data.ledger;
            INSERT INTO %1$s_%2$s_data.clock SELECT * FROM %1$s_ours_data.clock', shape, variant);
        -- no right is checked at a definer's function: the sets run as whoever writes the ticket
        EXECUTE format('GRANT USAGE ON SCHEMA %1$s_%2$s_data TO app; GRANT ALL ON ALL TABLES IN SCHEMA %1$s_%2$s_data TO app', shape, variant);
    END LOOP;
END
$$;
SELECT crm.copy(shape) FROM unnest('{full,small}'::text[]) shape;

-- What the floor's new rows are copies of.
CREATE FUNCTION crm.floor_ticket() RETURNS trigger LANGUAGE c AS :'floor', 'floor_ticket';
CREATE FUNCTION crm.floor(shape text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format($sql$INSERT INTO %1$s_floor_data.ledger SELECT (jsonb_populate_record(l, '{"id": -1, "recorded_by": "app"}')).* FROM %1$s_ours_data.ledger l WHERE id = 1;
        INSERT INTO %1$s_floor_data.clock SELECT (jsonb_populate_record(c, '{"id": -1}')).* FROM %1$s_ours_data.clock c WHERE id = 1;
        CREATE TRIGGER floor AFTER INSERT OR UPDATE ON crm.%1$s_floor FOR EACH ROW EXECUTE FUNCTION crm.floor_ticket(%2$L)$sql$,
        shape, shape || '_floor_data');
END
$$;
SELECT crm.floor(shape) FROM unnest('{full,small}'::text[]) shape;

-- What the PL/pgSQL sets know of calendar and policy: microseconds and intervals of hours, never of days.
CREATE TABLE crm.benchmark AS
SELECT priority, b.metric, b.name, b.target AS target, b.target * 0.75 AS at_risk, (extract(epoch FROM b.target) * 1000000)::bigint AS target_us
FROM (VALUES ('low', ''), ('normal', ''), ('high', ''), ('urgent', '_urgent')) p (priority, suffix),
     (VALUES ('first_response', 'answer', '', interval '4 hours'), ('first_response', 'answer', '_urgent', '1 hour'),
             ('resolution', 'solve', '', '16 hours'), ('resolution', 'solve', '_urgent', '4 hours')) d (metric, stem, suffix, target),
     LATERAL (SELECT d.metric, d.stem || d.suffix AS name, d.target) b
WHERE p.suffix = d.suffix;
ALTER TABLE crm.benchmark ADD PRIMARY KEY (priority, metric);

CREATE TABLE crm.opening AS
SELECT opens_at, closes_at, sum(closes_at - opens_at) OVER w - (closes_at - opens_at) AS open_before
FROM service_policy.business_windows('support', '2015-01-01Z', '2035-01-01Z') WINDOW w AS (ORDER BY opens_at);
ALTER TABLE crm.opening ADD PRIMARY KEY (opens_at) INCLUDE (closes_at, open_before);
CREATE UNIQUE INDEX ON crm.opening (open_before) INCLUDE (opens_at);

CREATE TABLE crm.hours AS SELECT weekday, opens, closes FROM service_policy.calendar_hours;
ALTER TABLE crm.hours ADD PRIMARY KEY (weekday);
CREATE TABLE crm.holiday AS
SELECT make_date(year, extract(month FROM on_date)::int, extract(day FROM on_date)::int) AS on_date
FROM service_policy.calendar_date, generate_series(2015, 2035) year;
ALTER TABLE crm.holiday ADD PRIMARY KEY (on_date);

-- Nanoseconds of CPU that this backend has used, and when it was asked.
CREATE FUNCTION crm.cpu_ns() RETURNS bigint LANGUAGE sql VOLATILE SECURITY DEFINER AS
    $$ SELECT split_part(pg_read_file('/proc/self/schedstat', 0, 100), ' ', 1)::bigint $$;
CREATE TABLE crm.reading (n bigserial PRIMARY KEY, label text, ns bigint);
CREATE FUNCTION crm.read_cpu(label text) RETURNS void LANGUAGE sql VOLATILE AS
    $$ INSERT INTO crm.reading (label, ns) VALUES (label, crm.cpu_ns()) $$;

GRANT USAGE ON SCHEMA crm TO app;
GRANT ALL ON ALL TABLES IN SCHEMA crm TO app;
GRANT ALL ON ALL SEQUENCES IN SCHEMA crm TO app;
