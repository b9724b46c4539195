-- Calendars, as a user would type them.
SET DateStyle = ISO;
SET IntervalStyle = postgres;
SET TimeZone = 'UTC';
BEGIN;

-- A support desk in New York with a holiday, special hours and a change of hours.
INSERT INTO service_policy.calendar (name, time_zone) VALUES ('support', 'America/New_York');
INSERT INTO service_policy.calendar_hours (calendar, weekday, opens, closes)
SELECT 'support', d, '09:00', '17:00' FROM generate_series(1, 5) d;
INSERT INTO service_policy.calendar_hours VALUES ('support', 6, '10:00', '13:00', '2026-06-01', '2026-09-01');
INSERT INTO service_policy.calendar_date (calendar, on_date, yearly, name) VALUES ('support', '2000-12-25', true, 'Christmas');
INSERT INTO service_policy.calendar_date (calendar, on_date, opens, closes, name) VALUES
    ('support', '2026-11-27', '09:00', '11:00', 'the day after Thanksgiving'),
    ('support', '2026-11-27', '13:00', '15:00', 'the day after Thanksgiving');

-- Friday afternoon to Monday morning, over the end of daylight saving time.
SELECT service_policy.business_elapsed('support', '2026-10-30 15:00 America/New_York', '2026-11-02 10:30 America/New_York');
SELECT service_policy.business_elapsed('support', '2026-11-02 10:30 America/New_York', '2026-10-30 15:00 America/New_York') AS backward;
SELECT service_policy.business_seconds('support', '2026-10-30 15:00 America/New_York', '2026-11-02 10:30 America/New_York');
SELECT service_policy.business_deadline('support', '2026-10-30 15:00 America/New_York', '2 hours') AS at_closing,
       service_policy.business_deadline('support', '2026-10-30 15:00 America/New_York', '4 hours') AS on_monday,
       service_policy.business_deadline('support', '2026-11-02 10:00 America/New_York', '-2 hours') AS backward;
SELECT service_policy.business_days_deadline('support', '2026-12-23 18:30 America/New_York', 2) AS same_time,
       service_policy.business_days_deadline('support', '2026-12-23 18:30 America/New_York', 2, 'end_of_day') AS end_of_day;
SELECT service_policy.is_business_time('support', '2026-11-02 09:00 America/New_York') AS at_opening,
       service_policy.is_business_time('support', '2026-11-02 17:00 America/New_York') AS at_closing;
SELECT service_policy.next_opening('support', '2026-11-02 09:00 America/New_York'),
       service_policy.next_closing('support', '2026-11-02 09:00 America/New_York');
SELECT * FROM service_policy.business_windows('support', '2026-11-25 12:00 America/New_York', '2026-11-30 10:00 America/New_York');
SELECT * FROM service_policy.business_windows('support', '2026-11-30', '2026-11-25');
-- Saturdays of one summer only.
SELECT service_policy.business_elapsed('support', '2026-05-30', '2026-05-31') AS before,
       service_policy.business_elapsed('support', '2026-06-06', '2026-06-07') AS during,
       service_policy.business_elapsed('support', '2026-09-05', '2026-09-06') AS after;
-- NULL in, NULL out.
SELECT service_policy.business_elapsed('support', '2026-01-01', NULL) IS NULL AS elapsed, service_policy.business_deadline(NULL, '2026-01-01', '1 hour') IS NULL AS deadline;

-- Where a deadline at closing time goes.
SAVEPOINT s;
UPDATE service_policy.calendar SET deadline_at_close = 'next_opening' WHERE name = 'support';
SELECT service_policy.business_deadline('support', '2026-10-30 15:00 America/New_York', '2 hours') AS at_next_opening,
       service_policy.business_deadline('support', '2026-10-31 15:00 America/New_York', '0') AS nothing_to_do;
ROLLBACK TO s;
SELECT service_policy.business_deadline('support', '2026-10-30 15:00 America/New_York', '2 hours') AS at_closing;

-- Nothing of the session's settings matters.
SET LOCAL TimeZone = 'Pacific/Apia';
SET LOCAL DateStyle = 'SQL, DMY';
SET LOCAL search_path = '';
SELECT service_policy.business_seconds('support', timestamptz '2026-10-30 19:00+00', timestamptz '2026-11-02 15:30+00');
ROLLBACK TO s;

-- Around the clock, and windows across midnight that touch.
INSERT INTO service_policy.calendar (name, time_zone) VALUES ('always', 'Europe/Dublin'), ('night', 'Asia/Kathmandu');
INSERT INTO service_policy.calendar_hours SELECT 'always', d, '00:00', '24:00' FROM generate_series(1, 7) d;
INSERT INTO service_policy.calendar_hours VALUES ('night', 1, '22:00', '06:00'), ('night', 2, '06:00', '07:00'), ('night', 5, '20:00', '00:00');
SELECT service_policy.business_elapsed('always', '2026-01-01', '2027-01-01'), service_policy.next_closing('always', '2026-01-01') IS NULL AS never_closes;
SELECT opens_at AT TIME ZONE 'Asia/Kathmandu' AS opens, closes_at AT TIME ZONE 'Asia/Kathmandu' AS closes
FROM service_policy.business_windows('night', '2026-03-02', '2026-03-09');

-- The zones' odd days: midnight that does not exist, a date that was skipped, half an hour of summer time.
INSERT INTO service_policy.calendar (name, time_zone)
VALUES ('sao_paulo', 'America/Sao_Paulo'), ('beirut', 'Asia/Beirut'), ('apia', 'Pacific/Apia'), ('lord_howe', 'Australia/Lord_Howe');
INSERT INTO service_policy.calendar_hours
SELECT name, d, '00:00', '24:00' FROM service_policy.calendar, generate_series(1, 7) d
WHERE name IN ('sao_paulo', 'beirut', 'apia', 'lord_howe');
INSERT INTO service_policy.calendar_date (calendar, on_date)
VALUES ('sao_paulo', '2015-10-18'), ('beirut', '2015-03-29'), ('apia', '2011-12-30'), ('lord_howe', '2019-10-06');
SELECT calendar, on_date, n.closed_hours
FROM service_policy.calendar_date d, LATERAL (
     SELECT interval '96:00' - service_policy.business_elapsed(calendar, on_date - interval '2 days', on_date + interval '2 days') AS closed_hours) n
WHERE calendar IN ('sao_paulo', 'beirut', 'apia', 'lord_howe') ORDER BY calendar;
SELECT service_policy.business_days_deadline('apia', '2011-12-29 12:00 Pacific/Apia', 1) AT TIME ZONE 'Pacific/Apia' AS day_after_the_29th;

-- Renaming and deleting a calendar takes its rows along.
UPDATE service_policy.calendar SET name = 'nights' WHERE name = 'night';
SELECT service_policy.business_elapsed('nights', '2026-03-02', '2026-03-09');
DELETE FROM service_policy.calendar WHERE name = 'nights';
SELECT count(*) FROM service_policy.calendar_hours WHERE calendar = 'nights';

-- A row that is there twice changes nothing.
INSERT INTO service_policy.calendar_hours SELECT * FROM service_policy.calendar_hours WHERE calendar = 'support';
SELECT service_policy.business_elapsed('support', '2026-03-02', '2026-03-09');
COMMIT;

-- What is refused, each with its remedy.
SELECT service_policy.business_elapsed('nowhere', '2026-01-01', '2026-01-02');
SELECT * FROM service_policy.business_windows('nowhere', '2026-01-01', '2026-01-02');
INSERT INTO service_policy.calendar (name, time_zone) VALUES ('empty', 'UTC'), ('ended', 'UTC'), ('holidays', 'UTC');
INSERT INTO service_policy.calendar_date (calendar, on_date) VALUES ('empty', '2026-12-25');
INSERT INTO service_policy.calendar_hours VALUES ('ended', 1, '09:00', '17:00', NULL, '2020-01-01'), ('holidays', 1, '09:00', '17:00', '2026-03-02', '2026-03-03');
INSERT INTO service_policy.calendar_date (calendar, on_date) VALUES ('holidays', '2026-03-02');
SELECT service_policy.business_elapsed('empty', '2026-01-01', '2026-01-02');
SELECT service_policy.business_elapsed('holidays', '2026-01-01', '2026-01-02') AS its_only_hours_are_a_holiday;
SELECT service_policy.business_deadline('ended', '2026-01-01', '1 hour');
SELECT service_policy.business_days_deadline('ended', '2026-01-01', 1);
SELECT service_policy.next_opening('ended', '2026-01-01') AS none, service_policy.business_elapsed('ended', '2019-12-01', '2026-01-01') AS some;
SELECT service_policy.business_elapsed('support', '-infinity', '2026-01-01');
SELECT service_policy.business_deadline('support', 'infinity', '1 hour');
SELECT service_policy.is_business_time('support', 'infinity');
SELECT service_policy.next_opening('support', 'infinity');
SELECT service_policy.next_closing('support', 'infinity');
SELECT service_policy.business_days_deadline('support', 'infinity', 1);
SELECT * FROM service_policy.business_windows('support', '2026-01-01', 'infinity');
SELECT service_policy.business_elapsed('support', '1899-12-31', '2026-01-01');
SELECT service_policy.business_elapsed('support', '2026-01-01', '2501-01-01');
SELECT service_policy.business_deadline('support', '2026-01-01', interval '1281023894 hours' + '1281023894 hours');
SELECT service_policy.business_deadline('support', '2026-01-01', '1 day');
SELECT service_policy.business_deadline('support', '2026-01-01', '1 month 2 hours');
SELECT service_policy.business_days_deadline('support', '2026-01-01', 2147483647);
SELECT service_policy.business_days_deadline('support', '2026-01-01', 1, 'noon');
INSERT INTO service_policy.calendar (name, time_zone) VALUES ('typo', 'Europe/Pariss');
-- PostgreSQL itself would take these for POSIX rules.
INSERT INTO service_policy.calendar (name, time_zone) VALUES ('typo', 'Europe/Paris1');
INSERT INTO service_policy.calendar (name, time_zone) VALUES ('typo', 'UTC+3');
UPDATE service_policy.calendar SET time_zone = 'CEST' WHERE name = 'support';
INSERT INTO service_policy.calendar (name, time_zone) VALUES ('typo', NULL);
INSERT INTO service_policy.calendar (name, time_zone) VALUES ('', 'UTC');
INSERT INTO service_policy.calendar (name, time_zone, deadline_at_close) VALUES ('typo', 'UTC', 'next_day');
INSERT INTO service_policy.calendar_hours VALUES ('support', 0, '09:00', '17:00');
INSERT INTO service_policy.calendar_hours VALUES ('support', 1, '24:00', '17:00');
INSERT INTO service_policy.calendar_hours VALUES ('support', 1, '09:00', '17:00', '2026-02-01', '2026-01-01');
INSERT INTO service_policy.calendar_hours VALUES ('nowhere', 1, '09:00', '17:00');
INSERT INTO service_policy.calendar_date (calendar, on_date, opens) VALUES ('support', '2026-01-01', '09:00');
INSERT INTO service_policy.calendar_date (calendar, on_date) VALUES ('support', 'infinity');
-- Names that are all upper case and in the zone database are fine.
INSERT INTO service_policy.calendar (name, time_zone) VALUES ('eastern', 'EST5EDT'), ('utc', 'UTC'), ('lower', 'europe/paris');

-- A TRUNCATE is seen, and so is its rollback.
BEGIN;
TRUNCATE service_policy.calendar CASCADE;
SELECT service_policy.business_elapsed('support', '2026-03-02', '2026-03-09');
ROLLBACK;
SELECT service_policy.business_elapsed('support', '2026-03-02', '2026-03-09');

-- Parallel workers read calendars of their own.
BEGIN;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
CREATE TABLE parallel_pairs AS SELECT timestamptz '2026-03-02 UTC' + i * interval '1 minute' AS a FROM generate_series(1, 20000) i;
ANALYZE parallel_pairs;
EXPLAIN (COSTS OFF) SELECT sum(service_policy.business_seconds('support', a, a + '1 hour')) FROM parallel_pairs;
SELECT sum(service_policy.business_seconds('support', a, a + '1 hour')) / 3600 AS hours FROM parallel_pairs;
SET LOCAL max_parallel_workers_per_gather = 0;
SELECT sum(service_policy.business_seconds('support', a, a + '1 hour')) / 3600 AS hours FROM parallel_pairs;
ROLLBACK;

DELETE FROM service_policy.calendar;
