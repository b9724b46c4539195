-- A role that attaches; and the policy of a desk in Lisbon, open on weekdays and in the night to Sunday, in which the
-- clocks change.
CREATE EXTENSION service_policy;
CREATE ROLE policy_admin LOGIN;
GRANT CREATE ON DATABASE rt TO policy_admin;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA service_policy TO policy_admin;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA service_policy TO policy_admin;
GRANT EXECUTE ON ALL PROCEDURES IN SCHEMA service_policy TO policy_admin;

SET ROLE policy_admin;
INSERT INTO service_policy.calendar (name, time_zone) VALUES ('desk', 'Europe/Lisbon');
INSERT INTO service_policy.calendar_hours (calendar, weekday, opens, closes)
	SELECT 'desk', weekday, '09:00', '18:00' FROM generate_series(1, 5) AS weekday;
INSERT INTO service_policy.calendar_hours (calendar, weekday, opens, closes) VALUES ('desk', 7, '00:30', '04:30');
INSERT INTO service_policy.calendar_date (calendar, on_date, name) VALUES ('desk', '2025-04-18', 'Good Friday');

SELECT service_policy.load_policy('{
	"policy": "support",
	"benchmarks": [
		{"name": "answer", "metric": "first_response", "target": "4 hours", "calendar": "desk"},
		{"name": "answer_urgent", "metric": "first_response", "target": "1 hour", "calendar": "desk", "when": {"priority": ["high"]}},
		{"name": "answer_again", "metric": "next_response", "target": "2 hours", "calendar": "desk", "pause_on": ["pending"]},
		{"name": "keep_informed", "metric": "periodic_update", "target": "24 hours"},
		{"name": "take", "metric": "ownership", "target": "90 minutes", "calendar": "desk"},
		{"name": "solve", "metric": "resolution", "target": "16 hours", "calendar": "desk", "pause_on": ["pending"]},
		{"name": "solve_urgent", "metric": "resolution", "target": "6 hours", "calendar": "desk", "pause_on": ["pending"],
		 "when": {"priority": ["high"]}},
		{"name": "work", "metric": "handling", "target": "9 hours", "calendar": "desk", "start_on": ["open"],
		 "stop_on": ["pending", "resolved"], "reopen": "new_cycle"}]}');
SELECT service_policy.publish_policy('support', 1, '2025-01-01 00:00+00');
