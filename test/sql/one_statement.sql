-- Tickets that one statement inserts are recorded together; what is recorded is what it would be had each come alone.
SET timezone = 'UTC';
SET datestyle = 'ISO, MDY';
SET client_min_messages = warning;
\set VERBOSITY terse
SELECT service_policy.load_policy('{"policy": "one_statement", "benchmarks": [
    {"name": "answer", "metric": "first_response", "target": "4 hours"},
    {"name": "solve", "metric": "resolution", "target": "30 hours", "pause_on": ["pending"]},
    {"name": "solve_urgent", "metric": "resolution", "target": "5 hours", "when": {"priority": ["urgent"]}}]}');
SELECT service_policy.publish_policy('one_statement', 1, '2020-01-01Z');
CREATE SCHEMA crm;
CREATE FUNCTION crm.attach(name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE crm.%I (id int PRIMARY KEY, status text, priority text, created_at timestamptz,
        updated_at timestamptz, answered_at timestamptz, solved_at timestamptz) WITH (autovacuum_enabled = false)', name);
    PERFORM service_policy.attach(name, format('crm.%I', name)::regclass, 'one_statement', '{id}',
        '{"opened_at": "created_at", "changed_at": "updated_at", "state": "status", "priority": "priority", "first_response_at": "answered_at",
          "resolved_at": "solved_at"}', '{"new": "open", "waiting": "pending", "solved": "resolved"}');
END
$$;
SELECT crm.attach('together'), crm.attach('alone');

-- What two attachments know, but for when they learned it.
CREATE FUNCTION crm.known(name text, relation text) RETURNS SETOF jsonb LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format('SELECT to_jsonb(r) - ''recorded_at'' - ''issue_id'' - ''id'' - ''created_at'' || jsonb_build_object(''ticket'', id) FROM %I.%I r',
                                name || '_data', relation);
END
$$;
CREATE FUNCTION crm.differing() RETURNS TABLE (relation text, n bigint, has_rows boolean) LANGUAGE sql AS $$
    SELECT r, (SELECT count(*) FROM ((SELECT crm.known('together', r) EXCEPT ALL SELECT crm.known('alone', r)) UNION ALL
                                     (SELECT crm.known('alone', r) EXCEPT ALL SELECT crm.known('together', r))) d),
           EXISTS (SELECT crm.known('together', r))
      FROM unnest('{ledger,clock,issue}'::text[]) r
$$;

-- Rows of all kinds: without an opening, in states that are not mapped, solved and answered already, of long ago, and out of range.
CREATE VIEW crm.sample AS
SELECT i AS id, CASE i % 30 WHEN 8 THEN 'odd' WHEN 28 THEN NULL ELSE (ARRAY['new', 'waiting', 'solved', 'new'])[1 + i % 4] END AS status, (ARRAY['low', 'urgent', NULL])[1 + i % 3] AS priority,
       CASE i % 61 WHEN 0 THEN NULL WHEN 1 THEN 'infinity' ELSE '2024-03-04 08:00Z'::timestamptz + i * interval '1 min' END AS created_at,
       CASE WHEN i % 37 = 3 THEN '2024-02-01Z' WHEN i % 5 > 0 THEN '2024-03-04 08:00Z'::timestamptz + i * interval '3 min' END AS updated_at,
       CASE WHEN i % 4 = 0 THEN '2024-03-05 08:00Z'::timestamptz END AS answered_at,
       CASE i % 44 WHEN 2 THEN '2024-03-05 09:00Z'::timestamptz WHEN 6 THEN '9000-01-01Z' END AS solved_at
  FROM generate_series(1, 800) i;
CREATE FUNCTION crm.insert_alone(lowest int, highest int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    FOR number IN lowest .. highest LOOP
        INSERT INTO crm.alone SELECT * FROM crm.sample WHERE id = number;
    END LOOP;
END
$$;
BEGIN;
INSERT INTO crm.together SELECT * FROM crm.sample WHERE id <= 400 ORDER BY id;
SELECT crm.insert_alone(1, 400);
COMMIT;
SELECT * FROM crm.differing();
SELECT count(DISTINCT cmin::text) < count(*) / 4 AS written_together FROM together_data.ledger WHERE seq = 1;

-- Holes on the pages are filled in any order; tickets that were known come back among new ones, and one that has only clocks.
BEGIN;
DELETE FROM crm.together WHERE id % 3 = 0;
DELETE FROM crm.alone WHERE id % 3 = 0;
COMMIT;
INSERT INTO together_data.clock (id, metric, cycle, benchmark, policy_version, calendar, state, started_at, started_on, due_at, at_risk_at, target_us,
                                 elapsed_us, paused_us, counted_from)
    SELECT 500, metric, cycle, benchmark, policy_version, calendar, state, started_at, started_on, due_at, at_risk_at, target_us,
           elapsed_us, paused_us, counted_from FROM together_data.clock WHERE id = 5 AND metric = 'resolution';
INSERT INTO alone_data.clock SELECT * FROM together_data.clock WHERE id = 500;
VACUUM crm.together;
VACUUM crm.alone;
BEGIN;
INSERT INTO crm.together SELECT * FROM crm.sample WHERE id > 400 OR id % 3 = 0 ORDER BY id % 13, id DESC;
DO $$ DECLARE number int; BEGIN
    FOR number IN SELECT id FROM crm.sample WHERE id > 400 OR id % 3 = 0 ORDER BY id % 13, id DESC LOOP
        PERFORM crm.insert_alone(number, number);
    END LOOP;
END $$;
COMMIT;
SELECT * FROM crm.differing();
SELECT count(*) FROM crm.together;

-- COPY; a statement that inserts some and changes others; a statement in a block that fails and is tried again.
TRUNCATE crm.together, crm.alone, together_data.ledger, together_data.clock, together_data.issue, alone_data.ledger, alone_data.clock, alone_data.issue;
INSERT INTO together_data.clock (id, metric, cycle, benchmark, policy_version, calendar, state, started_at, started_on, due_at, at_risk_at, target_us,
                                 elapsed_us, paused_us, counted_from)
    SELECT 3, 'resolution', 1, 'solve', 1, NULL, 'running', at, at::date, at, at, 1, 0, 0, at FROM (VALUES (timestamptz '2024-03-04 09:30Z')) t (at);
INSERT INTO alone_data.clock SELECT * FROM together_data.clock;
COPY crm.together (id, status, priority, created_at) FROM STDIN;
1	new	low	2024-03-04 09:00Z
2	waiting	low	2024-03-04 10:00Z
3	new	urgent	2024-03-04 11:00Z
4	odd	urgent	2024-03-04 12:00Z
\.
BEGIN;
INSERT INTO crm.alone (id, status, priority, created_at) VALUES (1, 'new', 'low', '2024-03-04 09:00Z');
INSERT INTO crm.alone (id, status, priority, created_at) VALUES (2, 'waiting', 'low', '2024-03-04 10:00Z');
INSERT INTO crm.alone (id, status, priority, created_at) VALUES (3, 'new', 'urgent', '2024-03-04 11:00Z');
INSERT INTO crm.alone (id, status, priority, created_at) VALUES (4, 'odd', 'urgent', '2024-03-04 12:00Z');
COMMIT;
INSERT INTO crm.together SELECT i, 'new', 'low', '2024-03-04 13:00Z', '2024-03-05Z' FROM generate_series(8, 1, -1) i
    ON CONFLICT DO NOTHING;
INSERT INTO crm.alone SELECT i, 'new', 'low', '2024-03-04 13:00Z', '2024-03-05Z' FROM generate_series(5, 8) i;
SELECT * FROM crm.differing();
INSERT INTO crm.together SELECT i, 'new', 'low', '2024-03-04 13:00Z', '2024-03-05Z' FROM generate_series(6, 12) i
    ON CONFLICT (id) DO UPDATE SET status = 'solved', updated_at = '2024-03-06Z';
UPDATE crm.alone SET status = 'solved', updated_at = '2024-03-06Z' WHERE id BETWEEN 6 AND 8;
INSERT INTO crm.alone VALUES (9, 'new', 'low', '2024-03-04 13:00Z', '2024-03-05Z');
INSERT INTO crm.alone VALUES (10, 'new', 'low', '2024-03-04 13:00Z', '2024-03-05Z');
INSERT INTO crm.alone VALUES (11, 'new', 'low', '2024-03-04 13:00Z', '2024-03-05Z');
INSERT INTO crm.alone VALUES (12, 'new', 'low', '2024-03-04 13:00Z', '2024-03-05Z');
SELECT * FROM crm.differing();
DO $$ BEGIN
    BEGIN
        INSERT INTO crm.together SELECT i, 'new', 'low', '2024-03-04 13:00Z' FROM generate_series(20, 30) i;
        PERFORM 1 / (SELECT count(*) - 11 FROM together_data.ledger WHERE id >= 20);
    EXCEPTION WHEN division_by_zero THEN
        INSERT INTO crm.together SELECT i, 'new', 'urgent', '2024-03-04 13:00Z' FROM generate_series(20, 30) i;
        INSERT INTO crm.together SELECT i, 'new', 'urgent', '2024-03-04 13:00Z' FROM generate_series(31, 33) i;
    END;
    FOR i IN 20 .. 33 LOOP
        INSERT INTO crm.alone VALUES (i, 'new', 'urgent', '2024-03-04 13:00Z');
    END LOOP;
END $$;
SELECT * FROM crm.differing();

-- Among new tickets, some that the trigger had missed, and that are changed.
ALTER TABLE crm.together DISABLE TRIGGER USER;
ALTER TABLE crm.alone DISABLE TRIGGER USER;
INSERT INTO crm.together SELECT i, 'waiting', 'urgent', '2024-03-04 13:00Z', '2024-03-05Z' FROM generate_series(52, 54) i;
INSERT INTO crm.alone SELECT i, 'waiting', 'urgent', '2024-03-04 13:00Z', '2024-03-05Z' FROM generate_series(52, 54) i;
ALTER TABLE crm.together ENABLE TRIGGER USER;
ALTER TABLE crm.alone ENABLE TRIGGER USER;
BEGIN;
INSERT INTO crm.together SELECT i, 'new', 'low', '2024-03-04 13:00Z', '2024-03-06Z' FROM generate_series(50, 56) i
    ON CONFLICT (id) DO UPDATE SET status = 'new', updated_at = '2024-03-06Z';
UPDATE crm.alone SET status = 'new', updated_at = '2024-03-06Z' WHERE id BETWEEN 52 AND 54;
DO $$ BEGIN
    FOR i IN 50 .. 56 LOOP
        INSERT INTO crm.alone SELECT i, 'new', 'low', '2024-03-04 13:00Z', '2024-03-06Z' WHERE i NOT BETWEEN 52 AND 54;
    END LOOP;
END $$;
COMMIT;
SELECT * FROM crm.differing();

-- A key that two rows share until the statement's end, when it fails.
ALTER TABLE crm.together DROP CONSTRAINT together_pkey, ADD PRIMARY KEY (id) DEFERRABLE INITIALLY IMMEDIATE;
INSERT INTO crm.together SELECT 40 + i / 2, 'new', 'low', '2024-03-04 13:00Z' FROM generate_series(1, 10) i;
SELECT * FROM crm.differing();

-- Another trigger sees and changes each row before ours does: then none is recorded ahead.
CREATE FUNCTION crm.look() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO crm.seen SELECT TG_TABLE_NAME, NEW.id, TG_NAME, (SELECT count(*) FROM together_data.ledger l WHERE l.id > 100) + (SELECT count(*) FROM alone_data.ledger l WHERE l.id > 100);
    IF NEW.id % 4 = 0 THEN
        EXECUTE format('UPDATE crm.%I SET priority = ''urgent'' WHERE id = %s AND priority = ''low''', TG_TABLE_NAME, NEW.id + 1);
    END IF;
    RETURN NULL;
END
$$;
CREATE TABLE crm.seen (relation text, id int, trigger text, recorded bigint);
CREATE TRIGGER zz_after AFTER INSERT ON crm.together FOR EACH ROW EXECUTE FUNCTION crm.look();
INSERT INTO crm.together SELECT i, 'new', 'low', '2024-03-04 13:00Z' FROM generate_series(101, 112) i;
SELECT * FROM crm.seen;
SELECT id, seq, event, priority FROM together_data.ledger WHERE id > 100 ORDER BY 1, 2;

-- One that comes before ours changes its own row once more: in what counts for nothing, in what counts, or in both.
CREATE FUNCTION crm.touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.id % 3 > 0 THEN
        UPDATE crm.together SET note = 'touched' WHERE id = NEW.id;
    END IF;
    IF NEW.id % 3 < 2 THEN
        UPDATE crm.together SET priority = 'urgent' WHERE id = NEW.id;
    END IF;
    IF NEW.id % 6 < 3 THEN
        UPDATE crm.together SET note = 'again' WHERE id = NEW.id;
    END IF;
    RETURN NULL;
END
$$;
ALTER TABLE crm.together ADD note text;
DROP TRIGGER zz_after ON crm.together;
CREATE TRIGGER aa_before AFTER INSERT OR UPDATE OF status ON crm.together FOR EACH ROW EXECUTE FUNCTION crm.touch();
INSERT INTO crm.together SELECT i, 'new', 'low', '2024-03-04 13:00Z' FROM generate_series(120, 125) i;
UPDATE crm.together SET status = 'solved', updated_at = '2024-03-04 14:00Z', priority = 'low' WHERE id BETWEEN 120 AND 125;
SELECT l.id, t.priority, string_agg(concat_ws(' ', seq, event, l.state, l.priority), ', ' ORDER BY seq) AS ledger, c.state AS clock
  FROM together_data.ledger l JOIN crm.together t USING (id) JOIN together_data.clock c USING (id)
 WHERE id >= 120 AND metric = 'resolution' GROUP BY l.id, t.priority, c.state ORDER BY 1;

SET client_min_messages = error;
SELECT count(service_policy.detach(name, keep_evidence => false)) FROM unnest('{together,alone}'::text[]) name;
DROP SCHEMA crm CASCADE;
