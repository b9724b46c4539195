-- Office hours with a day off last Wednesday, a hotline around the clock, and the rules of the company.
SET TimeZone = 'Europe/Lisbon';

INSERT INTO service_policy.calendar (name, time_zone) VALUES
    ('office', 'Europe/Lisbon'),
    ('hotline', 'Europe/Lisbon');
INSERT INTO service_policy.calendar_hours (calendar, weekday, opens, closes)
    SELECT 'office', weekday, '09:00', '18:00' FROM generate_series(1, 5) AS weekday;
INSERT INTO service_policy.calendar_hours (calendar, weekday, opens, closes)
    SELECT 'hotline', weekday, '00:00', '24:00' FROM generate_series(1, 7) AS weekday;
INSERT INTO service_policy.calendar_date (calendar, on_date, name)
    VALUES ('office', date_trunc('week', now())::date - 5, 'company day off');

SELECT service_policy.load_policy($${
    "policy": "halcyon",
    "mission": "Everybody who writes to us hears from a person, soon.",
    "benchmarks": [
        {"name": "reply",        "metric": "first_response", "target": "4 hours",  "calendar": "office",
         "objective": 0.9},
        {"name": "urgent_reply", "metric": "first_response", "target": "30 minutes", "calendar": "hotline",
         "when": {"priority": ["urgent"]}, "objective": 0.95},
        {"name": "solve",        "metric": "resolution",     "target": "16 hours", "calendar": "office",
         "pause_on": ["pending"], "objective": 0.8},
        {"name": "urgent_solve", "metric": "resolution",     "target": "4 hours",  "calendar": "hotline",
         "when": {"priority": ["urgent"]}, "pause_on": ["pending"], "at_risk": 0.75}],
    "escalations": [
        {"metric": "resolution", "when": {"priority": ["urgent"]}, "levels": [
            {"level": 1, "at": 0.75, "notify": "team_lead", "channel": "chat",
             "message": "Ticket {ticket} of {team} is due at {due_at}."},
            {"level": 2, "at": 1, "notify": "manager", "channel": "pager", "assign": "task_force",
             "message": "Ticket {ticket} of {team} is late."}]}],
    "refunds": [
        {"name": "thirty_days", "window": {"days": 30, "from": "delivered_at", "calendar": "office"},
         "max_share": 1.0, "approval_above": 500,
         "message": {"en": "We refund for 30 days after delivery.",
                     "pt": "Reembolsamos durante 30 dias após a entrega."}},
        {"name": "clearance", "when": {"category": ["clearance"]}, "final_sale": true,
         "message": {"en": "Clearance items are sold as they are.",
                     "pt": "Os artigos em saldo final não são reembolsados."}}],
    "discretion": [{"role": "manager", "approve_up_to": 5000}]
}$$) AS version \gset
SELECT service_policy.publish_policy('halcyon', :version, '2020-01-01') \g /dev/null

\echo 'A policy is one JSON document (demo/policy.sql), which can be read as tables:'
SELECT name, metric, scenario, target_minutes, calendar, pause_on
  FROM service_policy.benchmark WHERE policy = 'halcyon' ORDER BY item;
SELECT name, scenario, round(window_length) || ' ' || window_unit AS window, final_sale, message
  FROM service_policy.refund_rule WHERE policy = 'halcyon' ORDER BY item;
