-- What it costs to recompute 100,000 open clocks: test/scratch -f test/bench/recompute.sql
SET client_min_messages = warning;
CREATE TABLE ticket (id int PRIMARY KEY, status text, created_at timestamptz, updated_at timestamptz);
INSERT INTO service_policy.calendar (name, time_zone) VALUES ('desk', 'Europe/Berlin');
INSERT INTO service_policy.calendar_hours (calendar, weekday, opens, closes)
    SELECT 'desk', weekday, '09:00', '17:00' FROM generate_series(1, 5) AS weekday;
SELECT service_policy.load_policy('{"policy": "desk", "benchmarks": [
    {"name": "solve", "metric": "resolution", "target": "400 hours", "calendar": "desk", "pause_on": ["pending"]}]}');
SELECT service_policy.publish_policy('desk', 1, '2020-01-01Z');
SELECT service_policy.attach('desk', 'ticket', 'desk', '{id}',
    '{"opened_at": "created_at", "changed_at": "updated_at", "state": "status"}', '{"new": "open", "waiting": "pending"}');
INSERT INTO ticket SELECT i, 'new', timestamptz '2026-01-05Z' + i * interval '1 minute', timestamptz '2026-01-05Z' + i * interval '1 minute'
    FROM generate_series(1, 100000) i;
VACUUM ANALYZE desk_data.clock, desk_data.ledger;

-- The CPU time of this backend.
CREATE FUNCTION pg_temp.cpu() RETURNS float8 LANGUAGE sql AS $$
    SELECT (f[14]::float8 + f[15]::float8) / 100
      FROM string_to_array(pg_read_file('/proc/' || pg_backend_pid() || '/stat'), ' ') f
$$;
CREATE FUNCTION pg_temp.measured(what text) RETURNS TABLE (edit text, moved bigint, cpu_seconds numeric, us_a_clock numeric) LANGUAGE plpgsql AS $$
DECLARE
    used float8 := pg_temp.cpu();
BEGIN
    edit := what;
    SELECT count(*) INTO moved FROM service_policy.recompute('desk');
    cpu_seconds := (pg_temp.cpu() - used)::numeric(10,2);
    us_a_clock := (cpu_seconds * 10)::numeric(10,1);
    RETURN NEXT;
END $$;

SELECT * FROM pg_temp.measured('the first time');
SELECT * FROM pg_temp.measured('nothing has changed');
INSERT INTO service_policy.calendar_date (calendar, on_date) VALUES ('desk', '2030-01-07');
SELECT * FROM pg_temp.measured('a holiday in four years: none moves');
INSERT INTO service_policy.calendar_date (calendar, on_date) VALUES ('desk', '2026-01-06');
SELECT * FROM pg_temp.measured('a holiday that concerns few');
UPDATE service_policy.calendar_hours SET closes = '16:30';
SELECT * FROM pg_temp.measured('other hours: all move');
UPDATE ticket SET status = 'waiting', updated_at = updated_at + interval '30 hours' WHERE id % 10 = 0;
INSERT INTO service_policy.calendar_date (calendar, on_date) VALUES ('desk', '2030-01-08');
SELECT * FROM pg_temp.measured('a holiday in four years, one in ten paused');
