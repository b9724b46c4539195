-- Messages: attached, asked and answered, moved, corrected and taken back; and children, which say who asked.
SET TimeZone = 'Asia/Kathmandu';
SET DateStyle = 'SQL, DMY';
\set SHOW_CONTEXT never
\pset null '-'

SELECT service_policy.load_policy('{
    "policy": "mail",
    "benchmarks": [
        {"name": "first", "metric": "first_response", "target": "1 hour"},
        {"name": "next", "metric": "next_response", "target": "2 hours"},
        {"name": "solve", "metric": "resolution", "target": "8 hours"}]}');
SELECT service_policy.publish_policy('mail', 1, '2020-01-01 00:00+00');

CREATE SCHEMA crm_mail;
CREATE TABLE crm_mail.ticket (id int PRIMARY KEY, status text NOT NULL DEFAULT 'new', created_at timestamptz NOT NULL,
                          updated_at timestamptz NOT NULL);
CREATE TABLE crm_mail.person (ticket_id int, email text, PRIMARY KEY (ticket_id, email));
CREATE TABLE crm_mail.post (id bigint PRIMARY KEY, ticket_id bigint, sent_at timestamp, sender text, internal int DEFAULT 0, body text);
SELECT service_policy.attach('mail', 'crm_mail.ticket', 'mail', ARRAY['id'],
    '{"opened_at": "created_at", "changed_at": "updated_at", "state": "status",
      "customer": "(SELECT min(email) FROM crm_mail.person WHERE ticket_id = ticket.id)"}',
    '{"new": "open", "done": "resolved"}');

-- What is wrong is said.
\set ON_ERROR_STOP off
SELECT service_policy.attach_messages('nothing', 'crm_mail.post', ARRAY['id'], '{"ticket": ["ticket_id"], "sent_at": "sent_at", "author": "sender"}');
SELECT service_policy.attach_messages('mail', NULL, ARRAY['id'], '{"ticket": ["ticket_id"], "sent_at": "sent_at", "author": "sender"}');
SELECT service_policy.attach_messages('mail', 'crm_mail.post', ARRAY['id'], '{"ticket": ["ticket_id"], "author": "sender"}');
SELECT service_policy.attach_messages('mail', 'crm_mail.post', ARRAY['id'], '{"ticket": ["ticket_id", "id"], "sent_at": "sent_at", "author": "sender"}');
SELECT service_policy.attach_messages('mail', 'crm_mail.post', ARRAY['ticket_id'], '{"ticket": ["ticket_id"], "sent_at": "sent_at", "author": "sender"}');
SELECT service_policy.attach_messages('mail', 'crm_mail.post', ARRAY['id'], '{"ticket": ["ticket_id"], "sent_at": "sent_at", "author": "sender"}');
SELECT service_policy.attach_messages('mail', 'crm_mail.post', ARRAY['id'],
    '{"ticket": ["ticket_id"], "sent_at": {"sql": "sent_at", "as": "timestamp", "zone": "UTC"}, "author": "sender", "public": "internal"}');
SELECT service_policy.attach_messages('mail', 'crm_mail.post', ARRAY['id'],
    '{"ticket": ["ticket_id"], "sent_at": {"sql": "sent_at", "as": "timestamp", "zone": "UTC"}, "author": "sender", "priority": "internal"}');
SELECT service_policy.attach_child('mail', 'crm_mail.person', '{}');
SELECT service_policy.attach_child('mail', 'crm_mail.person', '{"ticket": ["ticket_id"], "customer": "email"}');

SELECT service_policy.attach_messages('mail', 'crm_mail.post', ARRAY['id'],
    '{"ticket": ["ticket_id"],
      "sent_at": {"sql": "sent_at", "as": "timestamp", "zone": "UTC"},
      "author": "CASE WHEN sender = ''robot'' THEN ''system'' WHEN sender ~ ''^[^@]*$'' THEN sender WHEN EXISTS (SELECT FROM crm_mail.person p WHERE p.ticket_id = message.ticket_id AND p.email = message.sender) THEN ''customer'' ELSE ''agent'' END",
      "public": "internal = 0"}', 'body IS NOT NULL');
SELECT service_policy.attach_child('mail', 'crm_mail.person', '{"ticket": ["ticket_id"]}');
SELECT service_policy.attach_messages('mail', 'crm_mail.post', ARRAY['id'], '{"ticket": ["ticket_id"], "sent_at": "sent_at", "author": "sender"}');
SELECT service_policy.attach_child('mail', 'crm_mail.person', '{"ticket": ["ticket_id"]}');

CREATE VIEW crm_mail.clocks AS
    SELECT id, metric, cycle, state, started_at AT TIME ZONE 'UTC' AS started, stopped_at AT TIME ZONE 'UTC' AS stopped,
           elapsed_us / 60000000 AS minutes, disputed
      FROM mail_data.clock ORDER BY id, metric, cycle;
CREATE VIEW crm_mail.kept AS
    SELECT id, message, sent_at AT TIME ZONE 'UTC' AS sent, author FROM mail_data.message ORDER BY id, sent_at, message;

-- A customer asks, an agent replies, the customer asks twice more and waits.
INSERT INTO crm_mail.person VALUES (1, 'ann@example.com');
INSERT INTO crm_mail.ticket VALUES (1, 'new', '2024-03-04 09:00+00', '2024-03-04 09:00+00');
INSERT INTO crm_mail.post VALUES (10, 1, '2024-03-04 09:00', 'ann@example.com', 0, 'It is broken');
INSERT INTO crm_mail.post VALUES (11, 1, '2024-03-04 09:20', 'robot', 0, 'We have got it');
INSERT INTO crm_mail.post VALUES (12, 1, '2024-03-04 09:25', 'bob@desk.example', 1, 'Who knows?');
SELECT * FROM crm_mail.clocks;
INSERT INTO crm_mail.post VALUES (13, 1, '2024-03-04 09:40', 'bob@desk.example', 0, 'Try this');
INSERT INTO crm_mail.post VALUES (14, 1, '2024-03-04 10:00', 'ann@example.com', 0, 'No'), (15, 1, '2024-03-04 10:30', 'ann@example.com', 0, 'No!');
SELECT * FROM crm_mail.clocks;
SELECT * FROM crm_mail.kept;
SELECT * FROM service_policy.explain_ticket('mail', '{1}');

-- A ticket and who its customer is, from one transaction, are of one moment, whatever time the server has.
BEGIN;
INSERT INTO crm_mail.ticket VALUES (7, 'new', '2024-03-04 09:00+00', '2024-03-04 09:00+00');
INSERT INTO crm_mail.person VALUES (7, 'ann@example.com');
COMMIT;
UPDATE crm_mail.ticket SET status = 'done', updated_at = '2024-03-04 11:00+00' WHERE id = 7;
SELECT * FROM crm_mail.clocks WHERE id = 7;

-- The reply ends the exchange; the same again, or what is not mapped, changes nothing.
INSERT INTO crm_mail.post VALUES (16, 1, '2024-03-04 11:00', 'bob@desk.example', 0, 'A new one is on its way');
UPDATE crm_mail.post SET body = body || '.', sent_at = sent_at WHERE id = 16;
SELECT * FROM crm_mail.clocks WHERE metric = 'next_response';

-- Private by mistake, and sent an hour earlier: the clock that was judged stays, and says so.
INSERT INTO crm_mail.ticket VALUES (2, 'new', '2024-03-04 09:00+00', '2024-03-04 09:00+00');
INSERT INTO crm_mail.post VALUES (20, 2, '2024-03-04 09:30', 'bob@desk.example', 1, 'Hello');
UPDATE crm_mail.post SET internal = 0 WHERE id = 20;
SELECT * FROM crm_mail.clocks WHERE id = 2;
UPDATE crm_mail.post SET internal = 1 WHERE id = 20;
SELECT * FROM crm_mail.clocks WHERE id = 2;
SELECT problem, detail, value::timestamptz AT TIME ZONE 'UTC' FROM mail.issues WHERE id = 2;
UPDATE crm_mail.post SET internal = 0 WHERE id = 20;
SELECT * FROM crm_mail.clocks WHERE id = 2;

-- What one transaction both says and takes back has judged nothing.
INSERT INTO crm_mail.ticket VALUES (3, 'new', '2024-03-04 09:00+00', '2024-03-04 09:00+00');
BEGIN;
INSERT INTO crm_mail.post VALUES (30, 3, '2024-03-04 09:10', 'bob@desk.example', 0, 'To all');
UPDATE crm_mail.ticket SET updated_at = '2024-03-04 09:10+00' WHERE id = 3;
SELECT * FROM crm_mail.clocks WHERE id = 3;
UPDATE crm_mail.post SET internal = 1 WHERE id = 30;
COMMIT;
SELECT * FROM crm_mail.clocks WHERE id = 3;
BEGIN;
SAVEPOINT a;
INSERT INTO crm_mail.post VALUES (31, 3, '2024-03-04 09:20', 'bob@desk.example', 0, 'Not sent');
ROLLBACK TO a;
INSERT INTO crm_mail.post VALUES (32, 3, '2024-03-04 09:40', 'bob@desk.example', 0, 'Sent');
RELEASE a;
COMMIT;
SELECT * FROM crm_mail.clocks WHERE id = 3;

-- A reply and its resolution, from one transaction in either order.
INSERT INTO crm_mail.ticket VALUES (8, 'new', '2024-03-04 09:00+00', '2024-03-04 09:00+00'), (9, 'new', '2024-03-04 09:00+00', '2024-03-04 09:00+00');
BEGIN;
INSERT INTO crm_mail.post VALUES (80, 8, '2024-03-04 09:30', 'bob@desk.example', 0, 'Done');
UPDATE crm_mail.ticket SET status = 'done', updated_at = '2024-03-04 09:40+00' WHERE id = 8;
SELECT * FROM crm_mail.clocks WHERE id = 8;
COMMIT;
BEGIN;
UPDATE crm_mail.ticket SET status = 'done', updated_at = '2024-03-04 09:40+00' WHERE id = 9;
INSERT INTO crm_mail.post VALUES (90, 9, '2024-03-04 09:39:59', 'bob@desk.example', 0, 'Done');
COMMIT;
SELECT * FROM crm_mail.clocks WHERE id IN (8, 9);

-- Moved to another ticket, and deleted; what goes with its ticket stays.
INSERT INTO crm_mail.ticket VALUES (4, 'new', '2024-03-04 09:00+00', '2024-03-04 09:00+00');
INSERT INTO crm_mail.post VALUES (40, 1, '2024-03-04 09:15', 'bob@desk.example', 0, 'To the wrong one');
UPDATE crm_mail.post SET ticket_id = 4 WHERE id = 40;
SELECT * FROM crm_mail.kept WHERE message = '40';
SELECT * FROM crm_mail.clocks WHERE id = 4;
BEGIN;
DELETE FROM crm_mail.post WHERE id IN (40, 32);
INSERT INTO crm_mail.post VALUES (32, 3, '2024-03-04 09:40', 'bob@desk.example', 0, 'Written once more');
COMMIT;
SELECT * FROM crm_mail.kept WHERE id IN (3, 4);
SELECT * FROM crm_mail.clocks WHERE id IN (3, 4);
BEGIN;
DELETE FROM crm_mail.post WHERE ticket_id = 3;
DELETE FROM crm_mail.ticket WHERE id = 3;
COMMIT;
SELECT * FROM crm_mail.kept WHERE id = 3;
SELECT metric, cycle, state, disputed FROM crm_mail.clocks WHERE id = 3;

-- Before their ticket: they wait for it.
INSERT INTO crm_mail.post VALUES (50, 5, '2024-03-04 09:50', 'bob@desk.example', 0, 'First'), (51, 5, '2024-03-04 08:00', 'cat@example.com', 0, 'Early');
SELECT seq, event, state FROM mail_data.ledger WHERE id = 5;
SELECT * FROM service_policy.explain_ticket('mail', '{5}');
INSERT INTO crm_mail.ticket VALUES (5, 'new', '2024-03-04 09:00+00', '2024-03-04 09:00+00');
SELECT seq, event, state FROM mail_data.ledger WHERE id = 5 ORDER BY seq;
SELECT * FROM crm_mail.clocks WHERE id = 5;

-- Cat turns out to be the customer: the ticket is looked at anew, and so are its messages.
INSERT INTO crm_mail.post VALUES (52, 5, '2024-03-04 10:10', 'cat@example.com', 0, 'Thanks, but');
SELECT * FROM crm_mail.clocks WHERE id = 5;
INSERT INTO crm_mail.person VALUES (5, 'cat@example.com');
SELECT * FROM crm_mail.kept WHERE id = 5;
SELECT * FROM crm_mail.clocks WHERE id = 5;
SELECT event, customer FROM mail_data.ledger WHERE id = 5 ORDER BY seq;
UPDATE crm_mail.person SET ticket_id = 4 WHERE ticket_id = 5;
SELECT id, event, customer FROM mail_data.ledger WHERE id IN (4, 5) ORDER BY id, seq;
SELECT * FROM crm_mail.kept WHERE id = 5;
UPDATE crm_mail.person SET email = email;
SELECT count(*) FROM mail_data.ledger;

-- What cannot be understood is an issue of its ticket, or a warning where it is not known of which.
INSERT INTO crm_mail.ticket VALUES (6, 'new', '2024-03-04 09:00+00', '2024-03-04 09:00+00');
INSERT INTO crm_mail.post VALUES (60, 6, '2024-03-04 09:30', 'postmaster', 0, 'Whose is this?');
INSERT INTO crm_mail.post VALUES (61, 6, NULL, 'bob@desk.example', 0, 'When was this?');
INSERT INTO crm_mail.post VALUES (62, 6, 'infinity', 'bob@desk.example', 0, 'And this?');
INSERT INTO crm_mail.post VALUES (63, NULL, '2024-03-04 09:30', 'bob@desk.example', 0, 'For no ticket');
INSERT INTO crm_mail.post VALUES (64, 3000000000, '2024-03-04 09:30', 'bob@desk.example', 0, 'For no ticket there can be');
INSERT INTO crm_mail.post VALUES (65, 6, '2024-03-04 09:30', NULL, 0, 'By no one'), (66, 6, '2024-03-04 09:30', 'bob@desk.example', NULL, 'For no one to see');
INSERT INTO crm_mail.post VALUES (67, 6, '1969-07-20 20:17', 'agent', 0, 'From the moon'), (68, 6, '2500-01-01', 'customer', 0, 'From the future');
SELECT problem, detail, value FROM mail.issues WHERE id = 6 ORDER BY issue_id;
SELECT * FROM crm_mail.kept WHERE id = 6;
SELECT * FROM crm_mail.clocks WHERE id = 6;

-- What the owner defers to the end of the transaction comes after the clocks have moved, and may write messages itself.
CREATE FUNCTION crm_mail.thank() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.metric = 'first_response' AND NEW.state = 'met' AND NEW.id = 27 THEN
        UPDATE crm_mail.ticket SET updated_at = '2024-03-04 09:31+00' WHERE id = 28;
        INSERT INTO crm_mail.post VALUES (182, 28, '2024-03-04 09:31', 'agent', 0, 'Your colleague has an answer');
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER thank AFTER UPDATE ON mail_data.clock DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION crm_mail.thank();
CREATE CONSTRAINT TRIGGER again AFTER UPDATE ON crm_mail.ticket DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION service_policy._ticket_changed('mail');
ALTER TABLE mail_data.clock ADD CONSTRAINT kept_with FOREIGN KEY (id) REFERENCES crm_mail.ticket DEFERRABLE INITIALLY DEFERRED NOT VALID;
INSERT INTO crm_mail.ticket SELECT id, 'new', '2024-03-04 09:00+00', '2024-03-04 09:00+00' FROM unnest('{27,28}'::int[]) id;
INSERT INTO crm_mail.post VALUES (180, 27, '2024-03-04 09:30', 'agent', 0, 'An answer');
SELECT * FROM crm_mail.clocks WHERE id IN (27, 28) AND metric = 'first_response';
BEGIN;
SET LOCAL session_replication_role = replica;
DELETE FROM crm_mail.ticket WHERE id = 27;
SET LOCAL session_replication_role = origin;
INSERT INTO crm_mail.post VALUES (181, 27, '2024-03-04 09:40', 'customer', 0, 'And then?');
COMMIT;
ALTER TABLE mail_data.clock DROP CONSTRAINT kept_with;
DROP TRIGGER thank ON mail_data.clock;
DROP TRIGGER again ON crm_mail.ticket;

-- A trigger that comes before ours changes the row that was written, in what counts for nothing and in what counts.
ALTER TABLE crm_mail.post ADD length int;
CREATE FUNCTION crm_mail.measure() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE crm_mail.post SET length = 1 WHERE id = NEW.id;
    IF NEW.id % 2 = 0 THEN
        UPDATE crm_mail.post SET internal = 1 WHERE id = NEW.id;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER aa_measure AFTER INSERT OR UPDATE OF sent_at ON crm_mail.post FOR EACH ROW EXECUTE FUNCTION crm_mail.measure();
INSERT INTO crm_mail.post VALUES (201, 6, '2024-03-04 09:41', 'bob@desk.example', 0, 'Seen'), (202, 6, '2024-03-04 09:42', 'bob@desk.example', 0, 'To us');
SELECT message, sent_at FROM mail_data.message WHERE message IN ('201', '202') ORDER BY 1;
UPDATE crm_mail.post SET sent_at = sent_at + interval '1 minute' WHERE id = 201;
SELECT message, sent_at FROM mail_data.message WHERE message IN ('201', '202') ORDER BY 1;
DROP FUNCTION crm_mail.measure() CASCADE;

-- Tables that lost what is mapped, or that are gone; the CRM goes on.
ALTER TABLE crm_mail.person RENAME TO people;
INSERT INTO crm_mail.post VALUES (70, 6, '2024-03-04 09:45', 'bob@desk.example', 0, 'Nobody can say');
SELECT problem, detail, value FROM mail.issues WHERE id = 6 ORDER BY issue_id DESC LIMIT 1;
UPDATE crm_mail.people SET email = upper(email) WHERE ticket_id = 4;
SELECT problem, detail, value FROM mail.issues WHERE id = 4 ORDER BY issue_id DESC LIMIT 2;
ALTER TABLE crm_mail.people RENAME TO person;
ALTER TABLE crm_mail.post RENAME sender TO sent_by;
INSERT INTO crm_mail.post VALUES (71, 6, '2024-03-04 09:45', 'bob@desk.example', 0, 'Nobody can say');
ALTER TABLE crm_mail.post RENAME sent_by TO sender;
DELETE FROM service_policy.attachment_table WHERE attachment = 'mail' AND source IN ('message', 'child');
INSERT INTO crm_mail.post VALUES (72, 6, '2024-03-04 09:45', 'bob@desk.example', 0, 'Not attached');
DELETE FROM crm_mail.person WHERE ticket_id = 4;

ALTER SCHEMA mail_data RENAME TO mail_data_away;
INSERT INTO crm_mail.post VALUES (73, 6, '2024-03-04 09:45', 'bob@desk.example', 0, 'Nowhere to go');
ALTER SCHEMA mail_data_away RENAME TO mail_data;

DROP SCHEMA crm_mail CASCADE;
SELECT service_policy.detach('mail', keep_evidence => false);
