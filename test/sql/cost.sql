-- What a change of a ticket costs does not depend on how many there were before it: the rows that are read, and the clocks
-- that are rewritten within their page, since no index holds what a pause changes.
SET client_min_messages = warning;
SELECT service_policy.load_policy('{"policy": "cost", "benchmarks": [
    {"name": "answer", "metric": "first_response", "target": "4 hours"},
    {"name": "solve", "metric": "resolution", "target": "30 hours", "pause_on": ["pending"]}]}');
SELECT service_policy.publish_policy('cost', 1, '2020-01-01Z');
CREATE SCHEMA crm;
CREATE TABLE crm.ticket (id bigint PRIMARY KEY, status text, created_at timestamptz, updated_at timestamptz);
SELECT service_policy.attach('cost', 'crm.ticket', 'cost', '{id}', '{"opened_at": "created_at", "changed_at": "updated_at", "state": "status"}',
    '{"new": "open", "waiting": "pending"}');

-- These count from some time before the transaction on, so what was counted until then is taken off.
CREATE VIEW crm.work AS
    SELECT r.relname AS of, pg_stat_get_xact_tuples_fetched(i.indexrelid) AS read, pg_stat_get_xact_tuples_inserted(r.oid) AS inserted,
           pg_stat_get_xact_tuples_updated(r.oid) AS updated, pg_stat_get_xact_tuples_hot_updated(r.oid) AS in_place
      FROM pg_class r JOIN pg_index i ON i.indrelid = r.oid AND i.indisprimary
     WHERE r.relnamespace = 'cost_data'::regnamespace AND r.relname IN ('clock', 'ledger');
CREATE TABLE crm.work_before (LIKE crm.work);
CREATE PROCEDURE crm.change(changes int) LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1..changes LOOP
        UPDATE crm.ticket SET status = CASE status WHEN 'new' THEN 'waiting' ELSE 'new' END, updated_at = updated_at + interval '1 hour';
        COMMIT;
    END LOOP;
END
$$;
CREATE PROCEDURE crm.count() LANGUAGE sql AS $$
    DELETE FROM crm.work_before;
    INSERT INTO crm.work_before SELECT * FROM crm.work;
    UPDATE crm.ticket SET status = CASE status WHEN 'new' THEN 'waiting' ELSE 'new' END, updated_at = updated_at + interval '1 hour'
$$;
CREATE VIEW crm.done AS
    SELECT of, w.read - b.read AS read, w.inserted - b.inserted AS inserted, w.updated - b.updated AS updated, w.in_place - b.in_place AS in_place
      FROM crm.work w JOIN crm.work_before b USING (of) ORDER BY of;

INSERT INTO crm.ticket VALUES (1, 'new', '2026-03-02Z', '2026-03-02Z');
CALL crm.change(1);
BEGIN; CALL crm.count(); TABLE crm.done; COMMIT;
CALL crm.change(20);
BEGIN; CALL crm.count(); TABLE crm.done; COMMIT;

-- One that tells of a time before the newest record takes them all; the next does not again.
UPDATE crm.ticket SET updated_at = updated_at - interval '90 minutes';
UPDATE crm.ticket SET updated_at = updated_at + interval '2 hours';
BEGIN; CALL crm.count(); TABLE crm.done; COMMIT;
SELECT count(*), count(*) FILTER (WHERE NOT in_order) AS out_of_order FROM cost_data.ledger;

DROP SCHEMA crm CASCADE;
SELECT service_policy.detach('cost', false);
