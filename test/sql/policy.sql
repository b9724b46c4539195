-- The policy document: validate, load, publish, retire, and read it as tables.
SET TimeZone = 'UTC';
SET DateStyle = 'ISO';
\set SHOW_CONTEXT never
\pset null '-'

INSERT INTO service_policy.calendar (name, time_zone) VALUES ('bookshop', 'Europe/Lisbon'), ('never_open', 'UTC');
INSERT INTO service_policy.calendar_hours (calendar, weekday, opens, closes)
    SELECT 'bookshop', weekday, '09:00', '18:00' FROM generate_series(1, 5) weekday;

-- A document that uses every key.
CREATE TEMP TABLE documents (name text PRIMARY KEY, document jsonb);
INSERT INTO documents VALUES ('complete', $${
    "policy": "bookshop",
    "language": "en",
    "mission": {"en": "Every reader gets a good answer, soon.", "pt": "Cada leitor tem uma boa resposta, em breve."},
    "review_every": "1 year",
    "objectives": [{"name": "retention", "statement": "Readers come back.", "measured_by": "resolution"},
                   {"name": "kindness", "statement": {"en": "Readers like to write to us."}}],
    "promises": [{"name": "one_hour", "statement": {"en": "Urgent calls are answered within the hour."},
                  "benchmark": "urgent_first"}],
    "benchmarks": [
        {"name": "urgent_first", "metric": "first_response",
         "when": {"priority": ["urgent"], "channel": ["phone", "chat"]},
         "target": "1 hour", "calendar": "bookshop",
         "at_risk": 0.5, "objective": 0.95, "industry": "2 hours"},
        {"name": "any_first", "metric": "first_response", "target": "8 hours", "calendar": "bookshop"},
        {"name": "any_resolution", "metric": "resolution", "target": "3 days",
         "pause_on": ["pending", "on_hold"], "reopen": "new_cycle"},
        {"name": "any_closure", "metric": "closure", "target": "P14D", "stop_on": ["closed"]},
        {"name": "wait_for_supplier", "metric": "supplier_wait", "target": "40:30",
         "calendar": "bookshop", "start_on": ["on_hold"], "stop_on": ["open", "resolved", "closed"], "pause_on": ["pending"]}],
    "escalations": [{"metric": "resolution", "when": {"customer_tier": ["gold"], "region": ["north"]},
                     "levels": [{"level": 1, "at": 0.75, "notify": "team_lead"},
                                {"level": 2, "at": 1.0, "notify": "manager", "assign": "tier2"},
                                {"level": 3, "after": "4 hours", "call": "crm.page_director"}]},
                    {"metric": "resolution",
                     "levels": [{"level": 1, "before": "30 minutes", "notify": "author", "channel": "mail",
                                 "subject": "{ticket} is nearly late", "message": {"en": "Please answer.", "pt": "Responda, por favor."}},
                                {"level": 3, "after": "2 days", "time": "calendar", "wait_for_hours": true, "priority": "high",
                                 "repeat": {"every": "1 day", "times": 2}, "unless_acknowledged": true},
                                {"level": 4, "on_unanswered": 3, "assign": "tier2"}, {"level": 5, "on_reopened": 2, "call": "crm.page_director"}]}],
    "notifications": {"per_minute": 20, "summary": {"subject": {"en": "{count} are late", "pt": "{count} em atraso"},
                                                    "message": "{tickets} tickets of {attachment} since {since}: {metrics}, {levels}; {notify} {channel} {policy}"}},
    "refunds": [
        {"name": "standard",
         "window": {"days": 30, "from": "delivered_at", "calendar": "bookshop", "extend_to_working_day": true},
         "issue_limit": {"days": 14, "from": "opened_at"},
         "max_amount": 500, "max_share": 1.0, "restocking_fee": 0.10, "approval_above": 200.50,
         "per_customer": {"count": 3, "days": 30},
         "mode": "enforce",
         "message": {"en": "Refunds are possible for 30 days.", "pt": "Pode pedir o reembolso durante 30 dias."}},
        {"name": "magazines", "when": {"category": ["magazine"]}, "mode": "flag",
         "window": {"working_days": 5, "from": "purchased_at", "calendar": "bookshop"}},
        {"name": "subscriptions", "when": {"product": ["subscription"]}, "mode": "observe",
         "window": {"months": 1, "from": "purchased_at"}, "issue_limit": {"exactly": "72 hours", "from": "requested_at"}},
        {"name": "downloads", "when": {"category": ["download"], "team": ["digital"]}, "final_sale": true,
         "message": "A download cannot be given back."},
        {"name": "by_the_law", "when": {"region": ["EU"]}, "version_at": "purchased_at",
         "window": {"days": 14, "from": ["delivered_at", {"fact": "fulfilled_at", "transit_days": 5}], "if_missing": "open",
                    "calendar": "bookshop", "extend_to_working_day": true, "duty": {"fact": "informed_at", "months": 12},
                    "campaigns": [{"fact": "purchased_at", "first": "11-01", "last": "12-31", "until": "01-31"},
                                  {"fact": "purchased_at", "first": "2026-07-01", "last": "2026-07-31", "until": "2026-09-15"}]},
         "max_amount": {"USD": 550, "EUR": 500.5}, "shipping_fee": {"EUR": 4.9, "USD": 5}, "approval_above": {"EUR": 0, "USD": 0},
         "per_customer": {"count": 3, "amount": {"EUR": 300, "USD": 330}, "days": 30}, "duplicate_within": "1 day 12 hours",
         "agent_is_not_customer": true, "four_eyes": true,
         "message": "Not possible.", "messages": {"refund_cutoff": {"en": "It is too late.", "de": "Es ist zu spät."},
                                                  "refund_amount": "It is too much."}}],
    "discretion": [{"role": "senior_agent", "grace_days": 7, "max_amount": 100, "per_month": 5},
                   {"role": "lead", "max_amount": {"USD": 110, "EUR": 100}, "approve_up_to": {"EUR": 1000}},
                   {"role": "head", "approve_up_to": 5000}],
    "procedures": [{"name": "resolve", "before": "resolved",
                    "steps": ["understand", "find_cause", "offer_solution", "customer_confirmed"]}],
    "values": [{"name": "quality_over_speed", "keep": "satisfaction >= 4", "statement": "Right before fast."}]
}$$);

SELECT path, problem FROM documents, service_policy.validate_policy(document) WHERE name = 'complete';
SELECT service_policy.load_policy(document) FROM documents WHERE name = 'complete';
SELECT policy, version, state, effective_from, effective_to FROM service_policy.policy_version WHERE policy = 'bookshop';

-- The document as tables.
\x on
SELECT * FROM service_policy.mission WHERE policy = 'bookshop';
SELECT * FROM service_policy.benchmark WHERE policy = 'bookshop' AND name IN ('urgent_first', 'wait_for_supplier') ORDER BY item;
SELECT * FROM service_policy.refund_rule WHERE policy = 'bookshop' AND item IN (0, 4) ORDER BY item;
\x off
SELECT item, name, statement, measured_by FROM service_policy.objective WHERE policy = 'bookshop' ORDER BY item;
SELECT item, name, statement, benchmark FROM service_policy.promise WHERE policy = 'bookshop' ORDER BY item;
SELECT item, name, scenario, target_minutes, calendar, at_risk, pause_on, reopen
  FROM service_policy.benchmark WHERE policy = 'bookshop' ORDER BY item;
SELECT metric, scenario, escalation_level, at_share, after_minutes, notify, assign_to, call_function
  FROM service_policy.escalation_level WHERE policy = 'bookshop' ORDER BY item, escalation_level;
SELECT escalation_level AS level, before_minutes, on_reopened_count, on_unanswered_count, counted_in, repeat_minutes, repeat_count, wait_for_hours,
       unless_acknowledged, channel, subject, message, set_priority
  FROM service_policy.escalation_level WHERE policy = 'bookshop' AND item = 1 ORDER BY escalation_level;
SELECT per_minute, subject, message FROM service_policy.notification_limit WHERE policy = 'bookshop';
SELECT name, scenario, final_sale, window_length, window_unit, window_from, window_calendar, mode
  FROM service_policy.refund_rule WHERE policy = 'bookshop' ORDER BY item;
SELECT name, issue_limit_length, issue_limit_unit, issue_limit_from, issue_limit_calendar, issue_limit_extends
  FROM service_policy.refund_rule WHERE policy = 'bookshop' ORDER BY item;
SELECT role, grace_days, max_amount, max_amount_by_currency, approve_up_to, approve_up_to_by_currency, per_month
  FROM service_policy.discretion WHERE policy = 'bookshop' ORDER BY item;
SELECT name, scenario, before_state, steps FROM service_policy.procedure WHERE policy = 'bookshop';
SELECT procedure_name, step_number, step FROM service_policy.procedure_step WHERE policy = 'bookshop' ORDER BY step_number;
SELECT name, statement, keep, measure, comparison, threshold FROM service_policy.service_value WHERE policy = 'bookshop';
SELECT path, language, content FROM service_policy.policy_text WHERE policy = 'bookshop' ORDER BY path COLLATE "C", language COLLATE "C";

-- A document with ten mistakes reports ten, each at its path.
INSERT INTO documents VALUES ('ten_mistakes', $${
    "policy": "bookshop",
    "misson": "Every reader gets a good answer.",
    "review_every": "now and then",
    "benchmarks": [
        {"name": "first", "metric": "first_response", "target": "1 day", "calendar": "bookshop"},
        {"name": "first", "metric": "resolution", "target": 8, "pause_on": ["waiting"]}],
    "promises": [{"name": "soon", "statement": "We answer soon.", "benchmark": "frist"}],
    "refunds": [{"name": "standard", "window": {"days": 30, "months": 1, "from": "delivery"}, "max_share": 1.5}]
}$$);
SELECT path, problem FROM documents, service_policy.validate_policy(document) WHERE name = 'ten_mistakes';
SELECT service_policy.load_policy(document) FROM documents WHERE name = 'ten_mistakes';

-- Each thing that can be wrong: part of a document, added to a good one.
CREATE FUNCTION pg_temp.problems(part jsonb) RETURNS TABLE (path text, problem text) LANGUAGE sql
    AS $$ SELECT * FROM service_policy.validate_policy('{"policy": "p"}' || part) $$;
CREATE FUNCTION pg_temp.benchmark_problems(part jsonb) RETURNS TABLE (path text, problem text) LANGUAGE sql
    AS $$ SELECT * FROM pg_temp.problems(jsonb_build_object('benchmarks', jsonb_build_array(
              '{"name": "b", "metric": "resolution", "target": "1 hour"}' || part))) $$;
CREATE FUNCTION pg_temp.refund_problems(part jsonb) RETURNS TABLE (path text, problem text) LANGUAGE sql
    AS $$ SELECT * FROM pg_temp.problems(jsonb_build_object('refunds', jsonb_build_array('{"name": "r"}' || part))) $$;

-- the whole
SELECT * FROM service_policy.validate_policy('[]');
SELECT * FROM service_policy.validate_policy('"support"');
SELECT * FROM service_policy.validate_policy('{}');
SELECT * FROM service_policy.validate_policy(NULL);
SELECT * FROM pg_temp.problems('{"policy": 5}');
SELECT * FROM pg_temp.problems('{"policy": " "}');
SELECT * FROM pg_temp.problems(jsonb_build_object('policy', repeat('é', 32)));
SELECT * FROM pg_temp.problems('{"language": "english", "mission": {"en": "Be good.", "x": "?", "de": 1}, "a b": 1}');
SELECT * FROM pg_temp.problems('{"mission": {}, "objectives": {}, "benchmarks": "none", "refunds": null}');
SELECT * FROM pg_temp.problems('{"review_every": "-1 year"}');
SELECT * FROM pg_temp.problems('{"review_every": "0 days"}');
SELECT * FROM pg_temp.problems('{"objectives": [1, {"name": "o"}, {"name": "o", "statement": [], "measured_by": "resolution"}]}');
SELECT * FROM pg_temp.problems(jsonb_build_object('values', (SELECT jsonb_agg(n) FROM generate_series(1, 1001) n)));
-- null reads like a key that is not there
SELECT * FROM pg_temp.problems('{"mission": null, "benchmarks": null, "refunds": [{"name": "r", "window": null, "mode": null}]}');

-- benchmarks
SELECT * FROM pg_temp.benchmark_problems('{"name": null, "metric": null, "target": null}');
SELECT * FROM pg_temp.benchmark_problems('{"metric": "next_response"}');
SELECT * FROM pg_temp.benchmark_problems('{"metric": "resolutoin"}');
SELECT * FROM pg_temp.benchmark_problems('{"metric": "next_response", "start_on": ["open"], "stop_on": ["pending"]}');
SELECT * FROM pg_temp.benchmark_problems('{"metric": "next_response", "start_on": ["open"]}');
SELECT * FROM pg_temp.benchmark_problems('{"metric": "next_response", "stop_on": ["pending"], "pause_on": ["pending"], "reopen": "resume"}');
SELECT * FROM pg_temp.benchmark_problems('{"metric": "periodic_update", "start_on": ["open"], "reopen": "new_cycle"}');
SELECT * FROM pg_temp.benchmark_problems('{"metric": "periodic_update", "pause_on": ["closed"], "reopen": "resume"}');
SELECT * FROM pg_temp.benchmark_problems('{"metric": "ownership", "start_on": ["open"], "reopen": "new_cycle"}');
SELECT * FROM pg_temp.benchmark_problems('{"target": "2 working days", "calendar": "bookshop"}');
SELECT * FROM pg_temp.benchmark_problems('{"target": "1 working day", "calendar": "bookshop", "landing": "end_of_day"}');
SELECT * FROM pg_temp.benchmark_problems('{"target": "2 working days"}');
SELECT * FROM pg_temp.benchmark_problems('{"target": "0 working days", "calendar": "bookshop"}');
SELECT * FROM pg_temp.benchmark_problems('{"target": "1.5 working days", "calendar": "bookshop", "landing": "noon"}');
SELECT * FROM pg_temp.benchmark_problems('{"target": "36526 working days", "calendar": "bookshop"}');
SELECT * FROM pg_temp.benchmark_problems('{"target": "2 working days 4 hours", "calendar": "bookshop"}');
SELECT * FROM pg_temp.benchmark_problems('{"target": "2 hours", "calendar": "bookshop", "landing": "end_of_day"}');
BEGIN;
SELECT service_policy.load_policy('{"policy": "paced", "benchmarks": [
    {"name": "answer", "metric": "next_response", "target": "1 working day", "calendar": "bookshop"},
    {"name": "update", "metric": "periodic_update", "target": "10 working days", "calendar": "bookshop", "landing": "end_of_day", "reopen": null},
    {"name": "by_states", "metric": "next_response", "target": "4 hours", "start_on": ["open"], "stop_on": ["pending", "closed"]},
    {"name": "owner", "metric": "ownership", "target": "30 minutes", "reopen": "new_cycle"}]}');
SELECT name, metric, target_minutes, target_days, landing, reopen FROM service_policy.benchmark WHERE policy = 'paced' ORDER BY item;
ROLLBACK;
SELECT * FROM pg_temp.benchmark_problems('{"metric": "ours", "start_on": [], "stop_on": []}');
SELECT * FROM pg_temp.benchmark_problems('{"target": "4 hours ago"}');
SELECT * FROM pg_temp.benchmark_problems('{"target": "-4 hours"}');
SELECT * FROM pg_temp.benchmark_problems('{"target": "4"}');
SELECT * FROM pg_temp.benchmark_problems('{"target": "0 hours"}');
SELECT * FROM pg_temp.benchmark_problems('{"target": "1 month"}');
SELECT * FROM pg_temp.benchmark_problems('{"target": "200 years"}');
SELECT * FROM pg_temp.benchmark_problems('{"target": "40000 days"}');
SELECT * FROM pg_temp.benchmark_problems('{"target": "infinity"}');
SELECT * FROM pg_temp.benchmark_problems('{"target": "2 days", "calendar": "bookshop", "industry": "1 week"}');
SELECT * FROM pg_temp.benchmark_problems('{"calendar": "book shop"}');
SELECT * FROM pg_temp.benchmark_problems('{"calendar": "never_open"}');
SELECT * FROM pg_temp.benchmark_problems('{"at_risk": 0, "objective": 1.000001}');
SELECT * FROM pg_temp.benchmark_problems('{"at_risk": "NaN", "objective": 0.1234567}');
SELECT * FROM pg_temp.benchmark_problems('{"at_risk": 1, "objective": 1e-6}');
SELECT * FROM pg_temp.benchmark_problems('{"at_risk": 1e130000, "objective": -1e130000}');
SELECT * FROM pg_temp.benchmark_problems('{"pause_on": ["resolved"], "start_on": ["closed"]}');
SELECT * FROM pg_temp.benchmark_problems('{"pause_on": ["void", "opne", 3], "stop_on": "closed"}');
SELECT * FROM pg_temp.benchmark_problems('{"metric": "closure", "pause_on": ["resolved"]}');
SELECT * FROM pg_temp.benchmark_problems('{"reopen": "new"}');
SELECT * FROM pg_temp.benchmark_problems('{"when": {"priority": "urgent", "chanel": ["phone"], "team": [], "region": [""]}}');
SELECT * FROM pg_temp.benchmark_problems('{"when": ["urgent"]}');

-- references and escalations
SELECT * FROM pg_temp.problems('{"benchmarks": [{"name": "b", "metric": "resolution", "target": "1 hour"}],
    "objectives": [{"name": "o", "statement": "s", "measured_by": "resolutions"}],
    "promises": [{"name": "p", "statement": "s", "benchmark": "something"}],
    "escalations": [{"metric": "closure", "levels": []},
        {"metric": "resolution", "levels": [
            {"level": 2, "at": 0.5, "notify": "lead"},
            {"level": 1, "at": 0.4, "after": "1 hour"},
            {"level": 3, "after": "1 day", "call": "page"},
            {"level": 4, "after": "2 hours", "call": "a.b.c"},
            {"level": 5, "after": "1 hour", "assign": "tier2"},
            {"level": 6, "at": 1, "notify": "lead"},
            {"level": 6.5, "notify": "lead"}]},
        {"metric": "resolution", "levels": [
            {"level": 1, "before": "1 hour", "time": "calender", "channel": "mail", "assign": "tier2"},
            {"level": 2, "before": "2 hours", "subject": "late", "message": {"english": "late"}, "notify": "lead"},
            {"level": 3, "at": 1, "repeat": {"every": "1 day", "times": 101}, "priority": ""},
            {"level": 4, "before": "30 minutes", "repeat": {"time": 3}, "wait_for_hours": "yes", "priority": "high"},
            {"level": 5, "on_reopened": 0, "notify": "lead", "unless_acknowledged": 1},
            {"level": 6, "on_unanswered": 3, "after": "1 hour", "notify": "lead"},
            {"level": 7, "after": "3 days", "time": "calendar", "notify": "lead"}, 3]}]}');

-- how much goes out: null is no limit, and everything else has a default
SELECT document, path, problem
  FROM unnest(ARRAY['{}', '{"per_minute": null, "summary": null}', '{"per_minute": 1, "summary": {"subject": "{{count} {count}", "message": null}}',
                    '{"per_minute": 0}', '{"per_minute": 1.5}', '{"per_minute": "60"}', '{"per_minute": 1000001}', '{"per_hour": 5, "summary": "too many"}', '60',
                    '{"summary": {"subject": "{ticket} { {Count}", "message": {"en": "{count}", "pt": "{conta}"}, "massage": ""}}']) AS document
  LEFT JOIN LATERAL pg_temp.problems(jsonb_build_object('notifications', document::jsonb)) ON true;

-- refunds
SELECT * FROM pg_temp.refund_problems('{"window": {}}');
SELECT * FROM pg_temp.refund_problems('{"window": {"days": 30.5, "from": "requested_at"}}');
SELECT * FROM pg_temp.refund_problems('{"window": {"days": -1, "from": "At"}, "issue_limit": {"months": 1201, "from": "_at"}}');
SELECT * FROM pg_temp.refund_problems('{"window": {"working_days": 5, "from": "opened_at"}}');
SELECT * FROM pg_temp.refund_problems('{"window": {"days": 5, "from": "opened_at", "extend_to_working_day": true}}');
SELECT * FROM pg_temp.refund_problems('{"window": {"exactly": "1 month", "from": "opened_at", "calendar": "bookshop", "extend_to_working_day": true}}');
SELECT * FROM pg_temp.refund_problems('{"window": {"days": 5, "from": "opened_at", "calendar": "bookshop"},
    "issue_limit": {"working_days": 5, "from": "opened_at"}}');
SELECT * FROM pg_temp.refund_problems('{"max_amount": 0, "max_share": 0, "restocking_fee": -0.1, "approval_above": -1}');
SELECT * FROM pg_temp.refund_problems('{"max_amount": 1e12, "approval_above": 0, "restocking_fee": 0}');
SELECT * FROM pg_temp.refund_problems('{"max_amount": 999999999999.999999}');
SELECT * FROM pg_temp.refund_problems('{"max_amount": 0.0000001, "approval_above": 0.0000001}');
SELECT * FROM pg_temp.refund_problems('{"mode": "block", "message": 4, "per_customer": {"count": 0}, "final_sale": "yes"}');
SELECT * FROM pg_temp.refund_problems('{"final_sale": true, "max_amount": 5, "window": {"days": 1, "from": "opened_at"},
    "shipping_fee": 0, "duplicate_within": "1 day", "four_eyes": false, "agent_is_not_customer": true}');
-- where windows start
SELECT * FROM pg_temp.refund_problems('{"window": {"days": 5, "from": []}, "issue_limit": {"days": 5, "from": {"transit_days": 1.5}}}');
SELECT * FROM pg_temp.refund_problems('{"window": {"days": 5, "from": ["delivered", {"fact": "shipped_at", "transit": 5}, "shipped_at", 7]}}');
SELECT * FROM pg_temp.refund_problems('{"window": {"days": 5, "from": ["delivered_at", "requested_at"], "if_missing": "open_ended"}}');
SELECT * FROM pg_temp.refund_problems('{"issue_limit": {"exactly": "72 hours", "from": ["requested_at", {"fact": "opened_at", "transit_days": 36526}], "if_missing": "refuse"}}');
SELECT * FROM pg_temp.refund_problems('{"version_at": "ordered"}');
-- what makes them longer
SELECT * FROM pg_temp.refund_problems('{"window": {"days": 5, "from": "delivered_at", "campaigns": [
    {"fact": "purchased_at", "first": "11-01", "last": "12-31", "until": "01-31"},
    {"fact": "purchased_at", "first": "02-29", "last": "02-29", "until": "02-29"},
    {"fact": "requested_at", "first": "11-31", "last": "1-1", "until": "02-30"},
    {"fact": "purchased_at", "first": "2026-02-29", "last": "2026-13-01", "until": "1899-12-31"},
    {"fact": "purchased_at", "first": "2026-11-01", "last": "12-31", "until": "01-31"},
    {"fact": "purchased_at", "first": "2026-11-01", "last": "2026-10-31", "until": "2026-01-31"},
    {"fact": "purchased_at", "first": "2026-11-01", "last": "2026-12-31", "until": "2026-12-30"},
    {"first": "00-01", "last": 1231}, "christmas"]}}');
SELECT * FROM pg_temp.refund_problems('{"window": {"days": 14, "from": "delivered_at", "duty": {"fact": "informed", "months": 0}},
    "issue_limit": {"days": 14, "from": "requested_at", "duty": {"fact": "requested_at"}}}');
SELECT * FROM pg_temp.refund_problems('{"window": {"exactly": "14 days", "from": "delivered_at", "duty": {"fact": "informed_at", "months": 12},
    "campaigns": [{"fact": "purchased_at", "first": "11-01", "last": "12-31", "until": "01-31"}]}}');
-- amounts by currency, and limits
SELECT * FROM pg_temp.refund_problems('{"max_amount": {"EUR": 500, "usd": 550, "EURO": 1, "GBP": 0, "JPY": "5", "CHF": null},
    "shipping_fee": {}, "approval_above": "200", "per_customer": {"days": 30}}');
SELECT * FROM pg_temp.refund_problems('{"per_customer": {"amount": {"EUR": 0}, "days": 0}, "duplicate_within": "1 month", "four_eyes": 1}');
SELECT * FROM pg_temp.refund_problems('{"per_customer": {"amount": 300, "days": 30}, "shipping_fee": {"EUR": 4.9, "JPY": 500}}');
SELECT * FROM pg_temp.refund_problems('{"messages": {"refund_cutof": "Too late.", "no_rule": "None.", "refund_amount": {"english": "Too much."}, "refund_own": 5}}');
SELECT * FROM pg_temp.refund_problems('{"messages": "Sorry."}');

-- the rest
SELECT * FROM pg_temp.problems('{"discretion": [{"role": "agent"}, {"role": "agent", "grace_days": 1, "per_month": 0},
    {"role": "lead", "approve_up_to": {"EUR": -1}}, {"role": "head", "max_amount": {"EURO": 5}}]}');
SELECT * FROM pg_temp.problems('{"procedures": [{"name": "p", "before": "solved", "steps": []},
    {"name": "q", "before": "closed", "steps": ["a", "b", "a", 1]}]}');
SELECT * FROM pg_temp.problems('{"values": [{"name": "v"}, {"name": "w", "keep": "satisfaction > = 4"}, {"name": "x", "keep": "rating>=4"},
    {"name": "y", "keep": "rating >= 4.5"}, {"name": "z", "keep": "rating != 4"}, {"name": "zz", "keep": "rating >= 4.0 "}]}');

-- Publishing: the first version may be back-dated, and sections without effect are named.
SELECT service_policy.publish_policy('bookshop', 1, '2020-01-01');
SELECT service_policy.publish_policy('bookshop', 1);
SELECT service_policy.publish_policy('bookshop', 9);
SELECT service_policy.publish_policy('book shop', 1);
SELECT service_policy.publish_policy(NULL, 1);
CREATE FUNCTION pg_temp.versions() RETURNS TABLE (version int, state text, effective_from timestamptz, effective_to timestamptz) LANGUAGE sql
    AS $$ SELECT version, state, effective_from, effective_to
            FROM service_policy.policy_version WHERE policy = 'bookshop' ORDER BY version $$;

-- Each load makes a draft of its own; a draft may change and go.
INSERT INTO documents VALUES ('plain', '{"policy": "bookshop", "benchmarks": [{"name": "any", "metric": "resolution", "target": "5 days"}]}');
SELECT service_policy.load_policy(document) FROM documents WHERE name = 'plain';
SELECT service_policy.load_policy(document) FROM documents WHERE name = 'plain';
SELECT service_policy.load_policy(document) FROM documents WHERE name = 'plain';
DELETE FROM service_policy.policy_version WHERE policy = 'bookshop' AND version = 4;
UPDATE service_policy.policy_version SET document = document || '{"mission": "Answer well."}' WHERE policy = 'bookshop' AND version = 3;
UPDATE service_policy.policy_version SET document = document || '{"mision": "Answer well."}' WHERE policy = 'bookshop' AND version = 3;
\set VERBOSITY terse
UPDATE service_policy.policy_version SET document = document || '{"policy": "library"}' WHERE policy = 'bookshop' AND version = 3;
\set VERBOSITY default
UPDATE service_policy.policy_version SET state = 'pilot' WHERE policy = 'bookshop' AND version = 3;
SELECT service_policy.load_policy(NULL);

-- Publishing does not take away time that a version has had force in; it ends the one in force later.
SELECT service_policy.publish_policy('bookshop', 2, '2021-01-01');
SELECT service_policy.publish_policy('bookshop', 2, 'infinity');
SELECT service_policy.publish_policy('bookshop', 2, NULL);
SELECT service_policy.publish_policy('bookshop', 2, '2100-01-01');
SELECT * FROM pg_temp.versions();
-- one that takes effect later is in the way until it is withdrawn
SELECT service_policy.publish_policy('bookshop', 3, '2099-01-01');
SELECT service_policy.retire_policy('bookshop', 2);
SELECT service_policy.publish_policy('bookshop', 3, '2099-01-01');
SELECT * FROM pg_temp.versions();

-- A published version stays as it is.
UPDATE service_policy.policy_version SET document = document || '{"mission": "Answer fast."}' WHERE policy = 'bookshop' AND version = 1;
UPDATE service_policy.policy_version SET state = 'draft', effective_from = NULL WHERE policy = 'bookshop' AND version = 3;
UPDATE service_policy.policy_version SET effective_from = '2019-01-01' WHERE policy = 'bookshop' AND version = 1;
UPDATE service_policy.policy_version SET effective_to = '2021-01-01' WHERE policy = 'bookshop' AND version = 1;
DELETE FROM service_policy.policy_version WHERE policy = 'bookshop' AND version = 1;
DELETE FROM service_policy.policy WHERE name = 'bookshop';
TRUNCATE service_policy.policy_version;
SET client_min_messages = warning;
TRUNCATE service_policy.policy CASCADE;
RESET client_min_messages;

-- No two ranges overlap, whoever writes them.
INSERT INTO service_policy.policy_version (policy, version, state, document, effective_from, effective_to)
    SELECT 'bookshop', 10, 'retired', document, '2019-06-01', '2020-06-01' FROM documents WHERE name = 'plain';
INSERT INTO service_policy.policy_version (policy, version, state, document, effective_from)
    SELECT 'bookshop', 10, 'published', document, '2101-01-01' FROM documents WHERE name = 'plain';
UPDATE service_policy.policy_version SET effective_to = '2099-01-02' WHERE policy = 'bookshop' AND version = 1;
\set VERBOSITY terse
INSERT INTO service_policy.policy_version (policy, version, state, document, effective_from, effective_to)
    SELECT 'bookshop', 10, 'retired', document, '2019-06-01', '2019-01-01' FROM documents WHERE name = 'plain';
INSERT INTO service_policy.policy_version (policy, version, state, document)
    SELECT 'bookshop', 10, 'published', document FROM documents WHERE name = 'plain';
-- history before the first version may be added
INSERT INTO service_policy.policy_version (policy, version, state, document, effective_from, effective_to)
    SELECT 'bookshop', 10, 'retired', document, '2019-06-01', '2020-01-01' FROM documents WHERE name = 'plain';

\set VERBOSITY default

-- Which version judges what was opened when.
SELECT at, service_policy.policy_in_force('bookshop', at)
  FROM unnest(ARRAY['-infinity', '2019-05-31', '2019-06-01', '2019-12-31 23:59:59.999999', '2020-01-01', '2098-12-31', '2099-01-01', '2100-01-01', 'infinity']::timestamptz[]) at;
SELECT service_policy.policy_in_force('bookshop') AS now, service_policy.policy_in_force('no such policy') AS nothing,
       service_policy.policy_in_force(repeat('x', 100)) AS too_long;

-- Retiring: now or later, not in the past, and not twice.
SELECT service_policy.retire_policy('bookshop', 1, '2021-01-01');
SELECT service_policy.retire_policy('bookshop', 1, '2098-01-01');
SELECT service_policy.retire_policy('bookshop', 1, '2098-01-01');
SELECT service_policy.retire_policy('bookshop', 3, '2150-01-01');
SELECT service_policy.retire_policy('bookshop', 3, NULL);
SELECT service_policy.load_policy(document) FROM documents WHERE name = 'plain';
SELECT service_policy.retire_policy('bookshop', 11);
SELECT * FROM pg_temp.versions();
SELECT service_policy.policy_in_force('bookshop', '2098-06-01') AS in_the_gap;

-- A calendar that went away since loading is found when publishing.
INSERT INTO service_policy.calendar (name, time_zone) VALUES ('short_lived', 'UTC');
INSERT INTO service_policy.calendar_hours (calendar, weekday, opens, closes) VALUES ('short_lived', 1, '00:00', '24:00');
SELECT service_policy.load_policy('{"policy": "short", "benchmarks": [
    {"name": "b", "metric": "closure", "target": "1 hour", "calendar": "short_lived"}]}');
DELETE FROM service_policy.calendar WHERE name = 'short_lived';
SELECT service_policy.publish_policy('short', 1);

-- History: several versions, back-dated, in one transaction.
BEGIN;
SELECT service_policy.load_policy('{"policy": "history"}');
SELECT service_policy.load_policy('{"policy": "history"}');
SELECT service_policy.publish_policy('history', 1, '2001-01-01');
SELECT service_policy.publish_policy('history', 2, '2002-01-01');
COMMIT;
SELECT version, state, effective_from, effective_to FROM service_policy.policy_version WHERE policy = 'history' ORDER BY version;
