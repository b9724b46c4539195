-- Documents changed at random: validation never fails, and what it accepts can be loaded, published and read.
BEGIN;
SELECT plan(4);
SELECT setseed(0.2026);

INSERT INTO service_policy.calendar (name, time_zone) VALUES ('c', 'UTC');
INSERT INTO service_policy.calendar_hours (calendar, weekday, opens, closes) VALUES ('c', 1, '09:00', '17:00');

CREATE TEMP TABLE seed (document jsonb);
INSERT INTO seed VALUES ($${
    "policy": "fuzz", "language": "en", "mission": {"en": "m", "pt-BR": "n"}, "review_every": "1 year",
    "objectives": [{"name": "o", "statement": {"en": "s"}, "measured_by": "resolution"}],
    "promises": [{"name": "p", "statement": "s", "benchmark": "a"}],
    "benchmarks": [{"name": "a", "metric": "resolution", "when": {"priority": ["urgent"], "team": ["x", "y"]}, "target": "1 hour",
                    "calendar": "c", "at_risk": 0.5, "objective": 0.9, "industry": "2 hours", "pause_on": ["pending"], "reopen": "resume"},
                   {"name": "b", "metric": "own", "target": "3 days", "start_on": ["open"], "stop_on": ["closed"]}],
    "escalations": [{"metric": "resolution", "when": {}, "levels": [{"level": 1, "at": 0.75, "notify": "x"}, {"level": 2, "after": "1 hour", "call": "a.b"}]}],
    "notifications": {"per_minute": 5, "summary": {"subject": "{count}", "message": {"en": "{since}"}}},
    "refunds": [{"name": "r", "window": {"days": 30, "from": "delivered_at", "calendar": "c", "extend_to_working_day": true},
                 "issue_limit": {"exactly": "72 hours", "from": "opened_at"}, "max_amount": 500, "max_share": 1.0, "restocking_fee": 0.1,
                 "approval_above": 200, "per_customer": {"count": 3, "days": 30}, "mode": "flag", "message": {"en": "x"}},
                {"name": "s", "final_sale": true},
                {"name": "t", "version_at": "purchased_at",
                 "window": {"months": 1, "from": ["delivered_at", {"fact": "sent_at", "transit_days": 5}], "if_missing": "open", "calendar": "c",
                            "campaigns": [{"fact": "purchased_at", "first": "11-01", "last": "12-31", "until": "01-31"}],
                            "duty": {"fact": "informed_at", "months": 12}},
                 "max_amount": {"EUR": 500, "USD": 550}, "shipping_fee": 4.9, "per_customer": {"amount": {"EUR": 5}, "days": 30},
                 "duplicate_within": "1 day", "agent_is_not_customer": true, "four_eyes": true, "messages": {"refund_cutoff": {"en": "x"}}}],
    "discretion": [{"role": "x", "grace_days": 7, "max_amount": 100, "per_month": 5}, {"role": "y", "approve_up_to": {"EUR": 5}}],
    "procedures": [{"name": "p", "before": "resolved", "steps": ["a", "b"]}],
    "values": [{"name": "v", "keep": "satisfaction >= 4"}]
}$$);

CREATE TEMP TABLE scrap (n serial, value jsonb);
INSERT INTO scrap (value) VALUES
    ('null'), ('true'), ('false'), ('0'), ('1'), ('2'), ('-1'), ('0.5'), ('1e-7'), ('1e30'), ('-1e130000'), ('0.0000000000000000000000001'),
    ('""'), ('" "'), ('"x"'), ('"1 hour"'), ('"1 day"'), ('"P1D"'), ('"P"'), ('"1:2:3:4"'), ('"9999999999999 hours"'), ('"1e400 hours"'), ('"ago"'),
    ('"178000000 years"'), ('"now"'), ('"epoch"'), ('"allballs"'), ('"\"quoted\".name"'), ('"a.b"'), ('"a..b"'), ('"\".\""'), ('"%s %n \\ \u0001 é 漢"'),
    ('[]'), ('{}'), ('[[]]'), ('[{}]'), ('{"": ""}'), ('{"en": ""}'), ('["open", "closed"]'), ('["open", null, 1]'), ('{"days": 1}'),
    ('"resolution"'), ('"next_response"'), ('"closed"'), ('"c"'), ('"a"'), ('"requested_at"'), ('"x >= 1"'), ('"_ >= 1."'),
    ('"02-29"'), ('"2026-02-29"'), ('"2026-11-01"'), ('"delivered_at"'), ('["delivered_at", "sent_at"]'), ('{"EUR": 5, "JPY": null}'), ('{"refund_own": "x"}'),
    (to_jsonb(repeat('é', 100000))), (to_jsonb(repeat('1 hour ', 1000))),
    ((SELECT jsonb_agg('open'::text) FROM generate_series(1, 1200))),
    ((repeat('[', 2000) || repeat(']', 2000))::jsonb);

-- Each place of a document.
CREATE FUNCTION pg_temp.paths(document jsonb) RETURNS SETOF text[] LANGUAGE sql AS $$
    WITH RECURSIVE place (path, value) AS (
        SELECT '{}'::text[], document
        UNION ALL
        SELECT path || child.key, child.value
          FROM place,
               LATERAL (SELECT key, e.value FROM jsonb_each(CASE WHEN jsonb_typeof(place.value) = 'object' THEN place.value END) e
                        UNION ALL
                        SELECT (n - 1)::text, e FROM jsonb_array_elements(CASE WHEN jsonb_typeof(place.value) = 'array' THEN place.value END)
                               WITH ORDINALITY AS a (e, n)) child
         WHERE cardinality(path) < 8)
    SELECT path FROM place WHERE path <> '{}'
$$;
CREATE TEMP TABLE place AS SELECT row_number() OVER (ORDER BY path) AS n, path FROM seed, pg_temp.paths(document) path;

CREATE FUNCTION pg_temp.pick(n bigint) RETURNS bigint LANGUAGE sql VOLATILE AS 'SELECT 1 + floor(random() * n)::bigint';

-- Change a document in one to three places: another value, nothing, a new key or item, or another part of it.
CREATE FUNCTION pg_temp.mutate(document jsonb) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    places constant bigint := (SELECT count(*) FROM place);
    scraps constant bigint := (SELECT count(*) FROM scrap);
    target text[];
    other text[];
    new_value jsonb;
    i bigint;
BEGIN
    FOR change IN 1 .. pg_temp.pick(3) LOOP
        i := pg_temp.pick(places);
        SELECT path INTO target FROM place WHERE n = i;
        i := pg_temp.pick(places);
        SELECT path INTO other FROM place WHERE n = i;
        i := pg_temp.pick(scraps);
        SELECT value INTO new_value FROM scrap WHERE n = i;
        BEGIN
            document := CASE pg_temp.pick(5)
                WHEN 1 THEN document #- target
                WHEN 2 THEN jsonb_set(document, target, coalesce(document #> other, 'null'))
                WHEN 3 THEN jsonb_set(document, target[:cardinality(target) - 1] || '99'::text, new_value)
                ELSE jsonb_set(document, target, new_value)
            END;
        EXCEPTION WHEN invalid_text_representation THEN
            NULL;               -- an earlier change made a list of the place's object
        END;
    END LOOP;
    RETURN document;
END
$$;

CREATE TEMP TABLE outcome (document jsonb, problems int, error text);
DO $$
DECLARE
    changed jsonb;
    found int;
    bad int;
BEGIN
    FOR i IN 1 .. 4000 LOOP
        changed := pg_temp.mutate((SELECT document FROM seed));
        found := NULL;
        BEGIN
            SELECT count(*), count(*) FILTER (WHERE path = '' OR problem = '') INTO found, bad FROM service_policy.validate_policy(changed);
            IF bad > 0 THEN
                RAISE 'a problem without its path or text';
            END IF;
            INSERT INTO outcome VALUES (changed, found, NULL);
        EXCEPTION WHEN OTHERS THEN
            INSERT INTO outcome VALUES (changed, found, SQLERRM);
        END;
    END LOOP;
END
$$;
SELECT is_empty('SELECT left(document::text, 2000), error FROM outcome WHERE error IS NOT NULL', 'validation never raises an error');
SELECT cmp_ok((SELECT count(*) FROM outcome WHERE problems > 0), '>', 1000::bigint, 'many changes are found to be wrong');
SELECT cmp_ok((SELECT count(*) FROM outcome WHERE problems = 0), '>', 100::bigint, 'and many are not');

-- What is accepted is loaded and published, in a range of its own, and every view can show it.
SELECT lives_ok($test$
    DO $$
    DECLARE
        accepted jsonb;
        day timestamptz := '2000-01-01Z';
    BEGIN
        SET LOCAL client_min_messages = error;
        FOR accepted IN SELECT document FROM outcome WHERE problems = 0 LOOP
            day := day + interval '1 day';
            PERFORM service_policy.publish_policy(accepted ->> 'policy', service_policy.load_policy(accepted), day),
                    service_policy.policy_in_force(accepted ->> 'policy', day);
        END LOOP;
        PERFORM * FROM service_policy.mission;
        PERFORM * FROM service_policy.objective;
        PERFORM * FROM service_policy.promise;
        PERFORM * FROM service_policy.benchmark;
        PERFORM * FROM service_policy.escalation_level;
        PERFORM * FROM service_policy.refund_rule;
        PERFORM * FROM service_policy.discretion;
        PERFORM * FROM service_policy.procedure;
        PERFORM * FROM service_policy.procedure_step;
        PERFORM * FROM service_policy.service_value;
        PERFORM * FROM service_policy.policy_text;
    END
    $$
$test$, 'what is accepted can be loaded, published, compiled and shown');

SELECT * FROM finish();
ROLLBACK;
