-- What a tick costs: test/scratch -f test/bench/escalation.sql, or make bench-escalation.  Wall time; the last part takes two minutes.
\set QUIET on
\pset footer off
SET client_min_messages = warning;
SELECT service_policy.load_policy('{"policy": "bench", "benchmarks": [{"name": "solve", "metric": "resolution", "target": "1000 hours"}],
    "escalations": [{"metric": "resolution", "levels": [
        {"level": 1, "at": 0.5, "notify": "lead", "subject": "Ticket {ticket} is late", "message": "{priority}: due {due_at}"},
        {"level": 2, "at": 1, "notify": "manager"}]}]}') \g /dev/null
SELECT service_policy.publish_policy('bench', 1, '2000-01-01') \g /dev/null
CREATE TABLE bench_ticket (id bigint PRIMARY KEY, status text NOT NULL, created_at timestamptz NOT NULL);
CREATE TABLE cost (part text, ticks int, clocks bigint, fired bigint, milliseconds numeric);

-- So many open clocks, of which so many are due.
CREATE PROCEDURE prepare(clocks int, due int) LANGUAGE plpgsql AS $$
BEGIN
    IF to_regnamespace('bench') IS NOT NULL THEN
        PERFORM service_policy.detach('bench', false);
    END IF;
    PERFORM service_policy.attach('bench', 'bench_ticket', 'bench', '{id}', '{"opened_at": "created_at", "state": "status"}', '{"new": "open"}');
    INSERT INTO bench_data.clock (id, metric, cycle, benchmark, policy_version, state, started_at, started_on, due_at, at_risk_at, target_us, elapsed_us,
                                  paused_us, counted_from, disputed, next_escalation_at)
    SELECT i, 'resolution', 1, 'solve', 1, 'running', s, s::date, s + '1000 hours', s + '750 hours', 3600000000000, 0, 0, s, false,
           greatest(s + '500 hours', now() + (i / 1e6) * '1 ms'::interval)
      FROM generate_series(1, clocks) AS i, LATERAL (SELECT now() - CASE WHEN i <= due THEN interval '501 hours' ELSE interval '1 hour' END) AS o (s);
    COMMIT;
END $$;

-- So many ticks, each a transaction; the first, which reads the policy, is not counted.
CREATE PROCEDURE measure(part text, ticks int, batch int) LANGUAGE plpgsql AS $$
DECLARE
    began timestamptz;
    took interval;
    fired bigint := 0;
BEGIN
    PERFORM service_policy.tick(1);
    COMMIT;
    began := clock_timestamp();
    FOR i IN 1 .. ticks LOOP
        fired := fired + service_policy.tick(batch);
        COMMIT;
    END LOOP;
    took := clock_timestamp() - began;
    INSERT INTO cost SELECT part, ticks, (SELECT count(*) FROM bench_data.clock), fired, extract(epoch FROM took) * 1000 / ticks;
    COMMIT;
END $$;

CALL prepare(10000, 101);
VACUUM ANALYZE bench_data.clock;
CALL measure('100 due', 1, 1000);
CALL measure('none due', 100, 1000);
CALL prepare(1000000, 101);
VACUUM ANALYZE bench_data.clock;
CALL measure('100 due', 1, 1000);
CALL measure('none due', 100, 1000);
CALL prepare(20000, 10001);
VACUUM ANALYZE bench_data.clock;
CALL measure('10,000 due, in batches of 1,000', 10, 1000);

-- Somebody keeps a snapshot for long, and what is fired stays as dead entries: the first and the last of the ticks that fire 100 each, by a session that
-- goes on.
CALL prepare(100000, 90001);
VACUUM ANALYZE bench_data.clock;
\! psql -X -q -d scratch -o /dev/null -c 'BEGIN ISOLATION LEVEL REPEATABLE READ' -c 'SELECT count(*) FROM bench_data.clock' -c 'SELECT pg_sleep(120)' 2>/dev/null &
SELECT pg_sleep(2) \g /dev/null
CALL measure('beside an old snapshot: the first', 20, 100);
CALL measure('… after 800 more', 800, 100);
CALL measure('… the last', 20, 100);
SELECT part, ticks, clocks, fired / ticks AS fired, milliseconds::numeric(10, 2) AS milliseconds_a_tick,
       (milliseconds * ticks * 1000 / nullif(fired, 0))::numeric(10, 1) AS microseconds_fired FROM cost;
