-- Tickets that were there before: taken over, and then moved by a holiday.
\pset footer off
SET client_min_messages = warning;
SET jit = off;
SET synchronous_commit = off;
CREATE TABLE crm.old (LIKE crm.full_bare INCLUDING ALL EXCLUDING INDEXES EXCLUDING DEFAULTS);
INSERT INTO crm.old SELECT i, 'Order ' || i, repeat('It was promised for last week. ', 13),
       CASE WHEN i % 10 < 7 THEN 'solved' ELSE 'open' END, (ARRAY['low', 'normal', 'high', 'urgent'])[1 + i % 4],
       (ARRAY['mail', 'phone', 'chat'])[1 + i % 3], (ARRAY['delivery', 'invoice', 'defect', 'question', 'other'])[1 + i % 5],
       'team ' || i % 12, i % 200, i * 7919::bigint % 20000, at, at + CASE WHEN i % 10 < 7 THEN interval '29 hours' ELSE '0' END
FROM generate_series(1, 10 * :tickets / 3) i, LATERAL (SELECT timestamptz '2026-11-09 00:00Z' + i * interval '10 days' / (10 * :tickets / 3) AS at) moment;
ALTER TABLE crm.old ADD PRIMARY KEY (id);
VACUUM ANALYZE crm.old;
SELECT service_policy.attach('old', 'crm.old', 'support', '{id}',
    '{"opened_at": "created_at", "changed_at": "updated_at", "state": "status", "priority": "priority", "channel": "channel",
      "category": "category", "team": "team", "agent": "agent_id", "customer": "customer_id"}',
    '{"new": "open", "open": "open", "working": "open", "pending": "pending", "solved": "resolved"}') \g /dev/null
CREATE TABLE crm.spent (what text, n bigint, ns bigint, seconds double precision);
SELECT crm.cpu_ns() AS before, extract(epoch FROM clock_timestamp()) AS began \gset
CALL service_policy.backfill('old');
SELECT crm.cpu_ns() AS after, extract(epoch FROM clock_timestamp()) AS ended \gset
INSERT INTO crm.spent SELECT 'backfill(), tickets', count(*), :after - :before, :ended - :began FROM crm.old;
SELECT count(*) AS open FROM old_data.clock WHERE state IN ('running', 'paused') \gset
INSERT INTO service_policy.calendar_date (calendar, on_date, name) VALUES ('support', '2026-12-28', 'a day off');
SELECT crm.cpu_ns() AS before, extract(epoch FROM clock_timestamp()) AS began \gset
SELECT count(*) AS moved FROM service_policy.recompute('old') \gset
SELECT crm.cpu_ns() AS after, extract(epoch FROM clock_timestamp()) AS ended \gset
INSERT INTO crm.spent VALUES ('recompute() after a holiday that moves none of them, open clocks', :open, :after - :before, :ended - :began);
INSERT INTO service_policy.calendar_date (calendar, on_date, name)
    SELECT 'support', day, 'a strike' FROM generate_series(date '2026-11-09', '2026-11-30', '1 day') day WHERE extract(isodow FROM day) IN (2, 4);
SELECT crm.cpu_ns() AS before, extract(epoch FROM clock_timestamp()) AS began \gset
SELECT count(*) AS moved FROM service_policy.recompute('old') \gset
SELECT crm.cpu_ns() AS after, extract(epoch FROM clock_timestamp()) AS ended \gset
INSERT INTO crm.spent VALUES ('recompute() after many that move most, clocks moved', :moved, :after - :before, :ended - :began);
\echo In bulk
SELECT what, n, round(seconds::numeric, 2) AS seconds, round((ns / 1e9)::numeric, 2) AS cpu_seconds, round(ns / 1e3 / nullif(n, 0), 2) AS cpu_us_each,
       round(n / nullif(ns / 1e9, 0)) AS a_cpu_second FROM crm.spent;
