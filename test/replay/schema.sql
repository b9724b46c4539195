-- A service desk's own table, as its application made it, and the policy over it.
CREATE SCHEMA desk;
CREATE TABLE desk.incident (
    number text PRIMARY KEY,
    incident_state text NOT NULL,
    opened_at timestamp NOT NULL,
    sys_updated_at timestamp NOT NULL,
    priority text NOT NULL,
    contact_type text,
    category text,
    assignment_group text,
    assigned_to text,
    caller_id text
);
-- The same without a policy, to see what the policy costs.
CREATE TABLE desk.bare_incident (LIKE desk.incident INCLUDING ALL);

CREATE ROLE desk_app LOGIN;
GRANT USAGE ON SCHEMA desk TO desk_app;
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA desk TO desk_app;

INSERT INTO service_policy.calendar (name, time_zone) VALUES
    ('desk', 'America/Sao_Paulo'),
    ('watch', 'America/Sao_Paulo');
\copy service_policy.calendar_hours (calendar, weekday, opens, closes, valid_from, valid_to) FROM 'test/replay/hours.csv' (FORMAT csv, HEADER)
\copy service_policy.calendar_date (calendar, on_date, opens, closes, yearly, name) FROM 'test/replay/dates.csv' (FORMAT csv, HEADER)

\set policy `cat test/replay/policy.json`
SELECT service_policy.publish_policy('incidents', service_policy.load_policy(:'policy'), '2016-01-01 00:00+00');

SELECT service_policy.attach(
    name => 'incident',
    ticket_table => 'desk.incident',
    policy => 'incidents',
    key => '{number}',
    facts => '{
        "opened_at":  {"sql": "opened_at", "as": "timestamp", "zone": "America/Sao_Paulo"},
        "changed_at": {"sql": "sys_updated_at", "as": "timestamp", "zone": "America/Sao_Paulo"},
        "state":      "incident_state",
        "priority":   "left(ticket.priority, 1)",
        "channel":    "contact_type",
        "category":   "category",
        "team":       "assignment_group",
        "agent":      "assigned_to",
        "customer":   "caller_id"
    }',
    states => '{
        "New": "open",
        "Active": "open",
        "Awaiting User Info": "pending",
        "Awaiting Problem": "on_hold",
        "Awaiting Vendor": "on_hold",
        "Awaiting Evidence": "on_hold",
        "Resolved": "resolved",
        "Closed": "closed"
    }');
