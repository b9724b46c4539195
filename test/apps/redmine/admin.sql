-- The role that attaches, the calendars and the policy; :document is the policy's.
CREATE EXTENSION service_policy;
CREATE ROLE policy_admin LOGIN;
GRANT CREATE ON DATABASE redmine TO policy_admin;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA service_policy TO policy_admin;
GRANT EXECUTE ON ALL ROUTINES IN SCHEMA service_policy TO policy_admin;

SET ROLE policy_admin;
INSERT INTO service_policy.calendar (name, time_zone) VALUES ('office', 'Europe/Berlin'), ('night', 'Europe/Berlin');
INSERT INTO service_policy.calendar_hours (calendar, weekday, opens, closes)
    SELECT 'office', weekday, '09:00', '17:00' FROM generate_series(1, 5) AS weekday;
INSERT INTO service_policy.calendar_hours (calendar, weekday, opens, closes)
    SELECT 'night', weekday, '22:00', '06:00' FROM generate_series(1, 7) AS weekday;
SELECT service_policy.load_policy(:'document');
SELECT service_policy.publish_policy('hilfe', 1, '2024-01-01 00:00+00');
