-- The evidence stands, and the CRM's statement goes on, whatever becomes of rows, keys, times and configuration.
SET timezone = 'UTC';
SET datestyle = 'ISO, MDY';
SET client_min_messages = warning;
\set VERBOSITY terse
SELECT service_policy.load_policy('{"policy": "our_evidence", "benchmarks": [{"name": "solve", "metric": "resolution", "target": "30 hours"}]}');
SELECT service_policy.publish_policy('our_evidence', 1, '1800-01-01Z');
CREATE SCHEMA crm;
CREATE TABLE crm.ticket (id bigint PRIMARY KEY, status text, created_at timestamptz, updated_at timestamptz);
SELECT service_policy.attach('proof', 'crm.ticket', 'our_evidence', '{id}', '{"opened_at": "created_at", "state": "status", "changed_at": "updated_at"}',
    '{"new": "open", "solved": "resolved"}');
CREATE VIEW crm.clock AS SELECT state, started_at, due_at, stopped_at, elapsed_us / 3600000000 AS hours FROM proof_data.clock ORDER BY id;

-- A judged clock is not judged anew because the row was deleted and inserted again, dated later, in one transaction.
INSERT INTO crm.ticket VALUES (1, 'new', '2024-01-08 09:00Z', '2024-01-08 09:00Z');
UPDATE crm.ticket SET status = 'solved', updated_at = '2024-01-18 09:00Z';
SELECT * FROM crm.clock;
BEGIN;
DELETE FROM crm.ticket;
INSERT INTO crm.ticket VALUES (1, 'solved', '2024-01-18 08:00Z', '2024-01-18 09:00Z');
COMMIT;
SELECT * FROM crm.clock;
SELECT problem FROM proof.issues;
-- nor because the ticket is said to have been opened later
UPDATE crm.ticket SET created_at = '2024-01-18 09:30Z', updated_at = '2024-01-19 09:00Z';
SELECT * FROM crm.clock;
SELECT problem FROM proof.issues;
-- not even while it is open again
UPDATE crm.ticket SET status = 'new', updated_at = '2024-01-19 10:00Z';
UPDATE crm.ticket SET created_at = '2024-01-19 09:30Z', updated_at = '2024-01-19 11:00Z';
UPDATE crm.ticket SET status = 'solved', updated_at = '2024-01-19 12:00Z';
SELECT * FROM crm.clock;
-- an open one is: it goes on
INSERT INTO crm.ticket VALUES (2, 'new', '2024-01-08 09:00Z', '2024-01-08 09:00Z');
BEGIN;
DELETE FROM crm.ticket WHERE id = 2;
INSERT INTO crm.ticket VALUES (2, 'new', '2024-01-08 09:00Z', '2024-01-08 09:00Z');
COMMIT;
SELECT state, started_at FROM proof_data.clock WHERE id = 2;

-- What another trigger changes in turn, before ours has run, is not undone by what the row was before.
CREATE FUNCTION crm.in_turn() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE crm.ticket SET status = 'solved', updated_at = '2024-01-08 10:00Z' WHERE id = NEW.id AND status = 'new';
    DELETE FROM crm.ticket WHERE id = NEW.id AND NEW.status = 'gone';
    UPDATE crm.ticket SET created_at = '2024-01-08 09:30Z' WHERE id = NEW.id AND created_at = '2024-01-08 09:45Z';
    RETURN NULL;
END $$;
CREATE TRIGGER in_turn AFTER INSERT OR UPDATE ON crm.ticket FOR EACH ROW EXECUTE FUNCTION crm.in_turn();
INSERT INTO crm.ticket VALUES (11, 'new', '2024-01-08 09:00Z', '2024-01-08 09:00Z'), (12, 'gone', '2024-01-08 09:00Z', '2024-01-08 09:00Z');
UPDATE crm.ticket SET id = 13, created_at = '2024-01-08 09:45Z' WHERE id = 11;
DROP TRIGGER in_turn ON crm.ticket;
SELECT id, seq, event, state, opened_at FROM proof_data.ledger WHERE id > 10 ORDER BY id, seq;
SELECT id, state, started_at FROM proof_data.clock WHERE id > 10 ORDER BY id;
DELETE FROM crm.ticket WHERE id > 10;
DELETE FROM proof_data.ledger WHERE id > 10;
DELETE FROM proof_data.clock WHERE id > 10;

-- Times that are nonsense give an issue, and no deadline that no timestamp can hold.
DELETE FROM proof_data.issue;
INSERT INTO crm.ticket VALUES (3, 'new', '294276-12-31 23:00Z', NULL), (4, 'solved', '1850-01-01Z', '294276-12-31Z');
SELECT id FROM proof_data.clock WHERE id > 2;
SELECT id, problem FROM proof_data.issue ORDER BY id, problem;

-- What the owner of the evidence writes there himself is no reason to fall over.
ALTER TABLE proof_data.ledger ALTER event DROP NOT NULL;
UPDATE proof_data.ledger SET event = NULL, state = 'nonsense' WHERE id = 2;
UPDATE proof_data.clock SET state = 'nonsense' WHERE id = 2;
UPDATE crm.ticket SET status = 'solved', updated_at = '2024-01-08 12:00Z' WHERE id = 2;
SELECT state, hours FROM crm.clock OFFSET 1;
SELECT count(*) > 0 AS told FROM service_policy.explain_ticket('proof', '{2}');
ALTER TABLE proof_data.ledger ALTER source_state TYPE int USING 1;
UPDATE crm.ticket SET status = 'new' WHERE id = 2;
ALTER TABLE proof_data.ledger ALTER source_state TYPE text;

-- Nor is a configuration that somebody has edited.
UPDATE service_policy.attachment SET states = '{"*": 3, "new": ["open"], "solved": "none"}' WHERE name = 'proof';
UPDATE crm.ticket SET status = 'odd' WHERE id = 2;
UPDATE service_policy.attachment SET states = '{"*": "open"}' WHERE name = 'proof';
UPDATE service_policy.attachment_table SET facts = '{"mood": "status"}' WHERE attachment = 'proof';
UPDATE crm.ticket SET status = 'new' WHERE id = 2;
UPDATE service_policy.attachment_table SET facts = '{"opened_at": "created_at", "state": "status"}', data_key = '{}' WHERE attachment = 'proof';
UPDATE crm.ticket SET status = 'odd' WHERE id = 2;

-- Nor are a document and a zone that this server, or a later release of this, no longer takes.
UPDATE service_policy.attachment_table SET data_key = key WHERE attachment = 'proof';
INSERT INTO service_policy.calendar VALUES ('our_lost', 'UTC');
INSERT INTO service_policy.calendar_hours VALUES ('our_lost', 1, '09:00', '17:00');
SET session_replication_role = replica;
UPDATE service_policy.policy_version SET document = document || '{"benchmarks": "none"}' WHERE policy = 'our_evidence';
RESET session_replication_role;
DELETE FROM proof_data.issue;
UPDATE crm.ticket SET status = 'new', created_at = '2024-01-08 09:00Z' WHERE id = 3;
SET session_replication_role = replica;
UPDATE service_policy.policy_version SET document = document || '{"benchmarks": [{"name": "solve", "metric": "resolution", "target": "30 hours", "calendar": "our_lost"}]}' WHERE policy = 'our_evidence';
UPDATE service_policy.calendar SET time_zone = 'Europe/Atlantis' WHERE name = 'our_lost';
RESET session_replication_role;
UPDATE crm.ticket SET status = 'odd' WHERE id = 3;
SELECT service_policy._clock_microseconds('our_lost', '2024-01-08Z', '2024-01-09Z');
SELECT id, problem, value FROM proof.issues ORDER BY issue_id;
UPDATE service_policy.calendar SET time_zone = 'UTC' WHERE name = 'our_lost';
UPDATE crm.ticket SET status = 'new' WHERE id = 3;
SELECT due_at FROM proof_data.clock WHERE id = 3;

-- A key that changes its type is not taken for one of the type that it had.
ALTER TABLE crm.ticket ALTER id TYPE text;
UPDATE crm.ticket SET status = 'new' WHERE id = '2';
ALTER TABLE crm.ticket ALTER id TYPE bigint USING id::bigint;
UPDATE crm.ticket SET status = 'late' WHERE id = 2;
SELECT DISTINCT id FROM proof_data.ledger ORDER BY id;

-- A key is compared as its own index does, also if its type is not of the server's.
CREATE TYPE crm.code;
CREATE FUNCTION crm.code_in(cstring) RETURNS crm.code LANGUAGE internal IMMUTABLE STRICT AS 'textin';
CREATE FUNCTION crm.code_out(crm.code) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';
CREATE TYPE crm.code (INPUT = crm.code_in, OUTPUT = crm.code_out, LIKE = text, COLLATABLE = true);
CREATE FUNCTION crm.code_eq(crm.code, crm.code) RETURNS boolean LANGUAGE internal IMMUTABLE STRICT AS 'texteq';
CREATE FUNCTION crm.code_lt(crm.code, crm.code) RETURNS boolean LANGUAGE internal IMMUTABLE STRICT AS 'text_lt';
CREATE FUNCTION crm.code_le(crm.code, crm.code) RETURNS boolean LANGUAGE internal IMMUTABLE STRICT AS 'text_le';
CREATE FUNCTION crm.code_ge(crm.code, crm.code) RETURNS boolean LANGUAGE internal IMMUTABLE STRICT AS 'text_ge';
CREATE FUNCTION crm.code_gt(crm.code, crm.code) RETURNS boolean LANGUAGE internal IMMUTABLE STRICT AS 'text_gt';
CREATE FUNCTION crm.code_cmp(crm.code, crm.code) RETURNS int LANGUAGE internal IMMUTABLE STRICT AS 'bttextcmp';
CREATE OPERATOR crm.= (FUNCTION = crm.code_eq, LEFTARG = crm.code, RIGHTARG = crm.code);
CREATE OPERATOR crm.< (FUNCTION = crm.code_lt, LEFTARG = crm.code, RIGHTARG = crm.code);
CREATE OPERATOR crm.<= (FUNCTION = crm.code_le, LEFTARG = crm.code, RIGHTARG = crm.code);
CREATE OPERATOR crm.>= (FUNCTION = crm.code_ge, LEFTARG = crm.code, RIGHTARG = crm.code);
CREATE OPERATOR crm.> (FUNCTION = crm.code_gt, LEFTARG = crm.code, RIGHTARG = crm.code);
CREATE OPERATOR CLASS crm.code_ops DEFAULT FOR TYPE crm.code USING btree AS
    OPERATOR 1 crm.<, OPERATOR 2 crm.<=, OPERATOR 3 crm.=, OPERATOR 4 crm.>=, OPERATOR 5 crm.>, FUNCTION 1 crm.code_cmp(crm.code, crm.code);
CREATE TABLE crm.coded (id crm.code PRIMARY KEY, status text, created_at timestamptz);
SELECT service_policy.attach('coded', 'crm.coded', 'our_evidence', '{id}', '{"opened_at": "created_at", "state": "status"}', '{"*": "open"}');
INSERT INTO crm.coded VALUES ('A-1', 'new', '2024-01-08 09:00Z'), ('A-2', 'new', '2024-01-08 09:00Z');
UPDATE crm.coded SET status = 'late';
SELECT id, seq, source_state FROM coded_data.ledger ORDER BY id::text, seq;


-- Nor is a column's name taken for anything but a name.
CREATE TABLE crm.odd ("a@key@ 'b' @data@ ""c"" \" int PRIMARY KEY, status text, created_at timestamptz);
SELECT service_policy.attach('odd', 'crm.odd', 'our_evidence', ARRAY['a@key@ ''b'' @data@ "c" \'], '{"opened_at": "created_at", "state": "status"}',
    '{"*": "open"}');
INSERT INTO crm.odd VALUES (1, E'it''s \\ "new"', '2024-01-08 09:00Z');
SELECT key, l.source_state, c.state FROM (SELECT * FROM odd_data.ledger) l (key) JOIN (SELECT * FROM odd_data.clock) c (key) USING (key);

-- Refunds: what was decided may be proposed again; a ticket that is dated back has not asked earlier; neither a key of
-- another type, a stale row nor a view in the table's place is decided on.
SELECT service_policy.load_policy('{"policy": "our_refunds", "refunds": [{"name": "standard", "mode": "enforce",
    "window": {"days": 30, "from": "delivered_at"}, "max_share": 1}]}');
SELECT service_policy.publish_policy('our_refunds', 1, '2000-01-01Z');
CREATE TABLE crm.asked (id bigint PRIMARY KEY, status text, created_at timestamptz);
CREATE TABLE crm.refund (id text PRIMARY KEY, ticket_id bigint, amount numeric, delivered_at timestamptz, note text);
SELECT service_policy.attach('asked', 'crm.asked', 'our_refunds', '{id}', '{"opened_at": "created_at", "state": "status"}', '{"*": "open"}');
SELECT service_policy.attach_refunds('asked', 'crm.refund', '{id}', '{"ticket": ["ticket_id"], "amount": "amount", "paid_amount": "100", "delivered_at": "delivered_at"}');
INSERT INTO crm.asked VALUES (1, 'new', '2024-01-10Z'), (2, 'new', '2024-03-10Z');
INSERT INTO crm.refund VALUES ('A', 1, 50, '2024-01-01Z');
INSERT INTO crm.refund VALUES ('B', 2, 50, '2024-01-01Z');
UPDATE crm.asked SET created_at = '2024-01-10Z' WHERE id = 2;
INSERT INTO crm.refund VALUES ('B', 2, 50, '2024-01-01Z');
-- decided on under another ticket's date, proposed again when it would be late
UPDATE crm.refund SET note = 'paid' WHERE id = 'A';
UPDATE asked_data.ledger SET opened_at = '2024-03-10Z' WHERE id = 1;
INSERT INTO crm.refund VALUES ('A', 1, 50, '2024-01-01Z', 'paid') ON CONFLICT (id) DO UPDATE SET note = 'synchronized';
INSERT INTO crm.refund VALUES ('A', 1, 60, '2024-01-01Z', 'paid') ON CONFLICT (id) DO UPDATE SET note = 'synchronized';
DELETE FROM crm.refund;
INSERT INTO crm.refund VALUES ('A', 1, 50, '2024-01-01Z', 'again');
UPDATE asked_data.ledger SET opened_at = '2024-01-10Z' WHERE id = 1;
CREATE FUNCTION crm.halve() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN UPDATE crm.refund SET amount = 25 WHERE id = NEW.id AND amount = 50; RETURN NULL; END $$;
CREATE TRIGGER halve AFTER INSERT ON crm.refund FOR EACH ROW EXECUTE FUNCTION crm.halve();
INSERT INTO crm.refund VALUES ('C', 1, 50, '2024-01-01Z');
SELECT id, seq, decision, amount FROM asked.refund_log ORDER BY id, seq;
ALTER TABLE crm.refund ALTER id TYPE bigint USING 1;
INSERT INTO crm.refund VALUES (2, 1, 50, '2024-01-01Z');
ALTER TABLE crm.refund RENAME TO refunds;
CREATE VIEW crm.refund AS SELECT * FROM crm.refunds;
SELECT service_policy.refund_check('asked', '["C"]');
DROP VIEW crm.refund;
DROP TABLE crm.refunds, crm.asked;
SELECT service_policy.detach('asked', false);

DROP TABLE crm.odd, crm.coded;
SELECT service_policy.detach('odd', false);
SELECT service_policy.detach('coded', false);
DROP SCHEMA crm CASCADE;
SELECT service_policy.detach('proof', false);
DELETE FROM service_policy.calendar WHERE name = 'our_lost';
