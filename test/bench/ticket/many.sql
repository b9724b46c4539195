-- A million messages on one ticket, each a transaction: what the last ones cost against the first ones.
\pset footer off
SET client_min_messages = warning;
SET jit = off;
CREATE TABLE crm.talk (id bigint PRIMARY KEY, status text, created_at timestamptz);
CREATE TABLE crm.talk_message (id bigserial PRIMARY KEY, ticket_id bigint, sender text, created_at timestamptz);
SELECT service_policy.publish_policy('talk', service_policy.load_policy('{"policy": "talk", "benchmarks": [
    {"name": "answer", "metric": "first_response", "target": "4 hours", "calendar": "support"},
    {"name": "next", "metric": "next_response", "target": "4 hours", "calendar": "support"},
    {"name": "solve", "metric": "resolution", "target": "16 hours", "calendar": "support"}]}'), '2020-01-01Z') \g /dev/null
SELECT service_policy.attach('talk', 'crm.talk', 'talk', '{id}', '{"opened_at": "created_at", "state": "status"}', '{"*": "open"}') \g /dev/null
SELECT service_policy.attach_messages('talk', 'crm.talk_message', '{id}', '{"ticket": ["ticket_id"], "sent_at": "created_at", "author": "sender"}') \g /dev/null
INSERT INTO crm.talk VALUES (1, 'new', '2026-03-02 14:00Z');
CREATE TABLE crm.step (messages int, ns bigint);
CREATE PROCEDURE crm.talk(messages int) LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1..messages LOOP
        INSERT INTO crm.talk_message (ticket_id, sender, created_at)
        VALUES (1, CASE WHEN i % 3 = 0 THEN 'agent' ELSE 'customer' END, timestamptz '2026-03-02 14:00Z' + i * interval '20 s');
        COMMIT;
        IF i % 100000 = 0 OR i = 1000 THEN
            INSERT INTO crm.step VALUES (i, crm.cpu_ns());
            COMMIT;
        END IF;
    END LOOP;
END
$$;
SET synchronous_commit = off;
CALL crm.talk(1000000);
\echo One ticket, a message a transaction: microseconds of CPU a message
SELECT messages, round((ns - lag(ns) OVER w) / 1e3 / (messages - lag(messages) OVER w), 1) AS cpu_us_a_message,
       (SELECT count(*) FROM talk_data.clock) AS clocks_at_the_end
FROM crm.step WINDOW w AS (ORDER BY messages);
