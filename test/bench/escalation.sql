-- What a tick costs: test/scratch -f test/bench/escalation.sql, or make bench-escalation.  CLOCKS=5000000 (-v clocks=5000000) for another size
-- than a million.  Means of the backend's CPU time, as Linux has it, since other work on the machine shows in wall time; small and large take turns,
-- each in a database of its own.
\set QUIET on
\pset footer off
\if :{?clocks} \else \set clocks 1000000 \endif
SET client_min_messages = warning;
ALTER SYSTEM SET autovacuum = off;
ALTER SYSTEM SET max_wal_size = '16GB';
SELECT pg_reload_conf() \g /dev/null
SELECT service_policy.load_policy('{"policy": "bench", "benchmarks": [{"name": "solve", "metric": "resolution", "target": "1000 hours"}],
    "escalations": [{"metric": "resolution", "levels": [
        {"level": 1, "at": 0.5, "notify": "lead", "subject": "Ticket {ticket} is late", "message": "{priority}: due {due_at}"},
        {"level": 2, "at": 1, "notify": "manager"}]}]}') \g /dev/null
SELECT service_policy.publish_policy('bench', 1, '2000-01-01') \g /dev/null
CREATE TABLE bench_ticket (id bigint PRIMARY KEY, status text NOT NULL, created_at timestamptz NOT NULL);
SELECT service_policy.attach('bench', 'bench_ticket', 'bench', '{id}', '{"opened_at": "created_at", "state": "status"}', '{"new": "open"}') \g /dev/null
CREATE TABLE cost (id serial, part text, fired int, milliseconds numeric);

-- So many open clocks.  Those of the first hundred thousand tickets would escalate, once they are said to be due.
CREATE PROCEDURE prepare(clocks int) LANGUAGE sql AS $$
    INSERT INTO bench_data.clock (id, metric, cycle, benchmark, policy_version, state, started_at, started_on, due_at, at_risk_at, target_us, elapsed_us,
                                  paused_us, counted_from, disputed, next_escalation_at)
    SELECT i, 'resolution', 1, 'solve', 1, 'running', s, s::date, s + '1000 hours', s + '750 hours', 3600000000000, 0, 0, s, false,
           now() + interval '100 hours' + (i / 1e6) * '1 ms'::interval
      FROM generate_series(1, clocks) AS i, LATERAL (SELECT now() - CASE WHEN i <= 100000 THEN interval '501 hours' ELSE interval '1 hour' END) AS o (s)
$$;

-- So many more have been due for an hour; who has been ticking does not expect that, and connects anew.
CREATE SEQUENCE due_until MINVALUE 0 START 0;
CREATE PROCEDURE make_due(clocks int) LANGUAGE plpgsql AS $$
DECLARE
    done int := nextval('due_until');
BEGIN
    UPDATE bench_data.clock SET next_escalation_at = clock_timestamp() - interval '1 hour' WHERE id > done AND id <= done + clocks;
    PERFORM setval('due_until', done + clocks, false);
    COMMIT;
END $$;

CREATE FUNCTION cpu_milliseconds() RETURNS numeric LANGUAGE sql AS $$ SELECT split_part(pg_read_file('/proc/self/schedstat'), ' ', 1)::numeric / 1000000 $$;

-- So many ticks, each a transaction; one before, which reads the policy, is not counted.
CREATE PROCEDURE measure(part text, ticks int, batch int) LANGUAGE plpgsql AS $$
DECLARE
    began numeric;
    fired int;
BEGIN
    PERFORM service_policy.tick(1);
    COMMIT;
    FOR i IN 1 .. ticks LOOP
        began := cpu_milliseconds();
        fired := service_policy.tick(batch);
        COMMIT;
        INSERT INTO cost (part, fired, milliseconds) VALUES (part, fired, cpu_milliseconds() - began);
        COMMIT;
    END LOOP;
END $$;

CREATE PROCEDURE take_turn() LANGUAGE plpgsql AS $$
BEGIN
    CALL make_due(501);
    CALL measure('100 due', 5, 100);
    CALL measure('none due', 100, 1000);
END $$;

CREATE VIEW report AS
SELECT part, count(*) AS ticks, max(fired) AS fired, avg(milliseconds)::numeric(10, 3) AS milliseconds_a_tick,
       (sum(milliseconds) * 1000 / nullif(sum(fired), 0))::numeric(10, 1) AS microseconds_fired
  FROM cost GROUP BY part ORDER BY min(id);

CREATE DATABASE large TEMPLATE scratch;
CALL prepare(10000);
VACUUM ANALYZE bench_data.clock;
\c large
CALL prepare(:clocks);
VACUUM ANALYZE bench_data.clock;
CHECKPOINT;
\c scratch \\ CALL take_turn();
\c large   \\ CALL take_turn();
\c scratch \\ CALL take_turn();
\c large   \\ CALL take_turn();
\c scratch \\ CALL take_turn();
\c large   \\ CALL take_turn();
\c scratch \\ CALL take_turn();
\c large   \\ CALL take_turn();
\c scratch \\ CALL take_turn();
\c large   \\ CALL take_turn();
\c scratch \\ CALL take_turn();
\c large   \\ CALL take_turn();
\c scratch \\ CALL take_turn();
\c large   \\ CALL take_turn();
\c scratch \\ CALL take_turn();
\c large   \\ CALL take_turn();
\c scratch \\ CALL take_turn();
\c large   \\ CALL take_turn();

-- Many at once.
CALL make_due(10001);
\c large
CALL measure('in batches of 1,000', 10, 1000);

-- Somebody keeps a snapshot for long, and what is fired stays as dead entries: the first and the last of the ticks that fire 100 each, by a session that
-- goes on.
CALL make_due(84003);
VACUUM bench_data.clock;
\c large
\! psql -X -q -d large -o /dev/null -c 'BEGIN ISOLATION LEVEL REPEATABLE READ' -c 'SELECT FROM bench_data.clock LIMIT 1' -c 'SELECT pg_sleep(120)' 2>/dev/null &
SELECT pg_sleep(2) \g /dev/null
CALL measure('beside an old snapshot: the first', 20, 100);
CALL measure('… 800 more', 800, 100);
CALL measure('… the last', 20, 100);


\echo :clocks open clocks
SELECT * FROM report;
SELECT milliseconds_a_tick AS large FROM report WHERE part = '100 due' \gset
\c scratch
\echo 10000 open clocks
SELECT *, CASE part WHEN '100 due' THEN (:large / milliseconds_a_tick)::numeric(10, 2) END AS large_takes_times FROM report;
