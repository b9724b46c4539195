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
INSERT INTO crm_mail.ticket VALUES (2, 'new', '2024-03-04 09:00+00', '2024-03-04 09:00+00');
INSERT INTO crm_mail.person VALUES (2, 'ann@example.com');
COMMIT;
UPDATE crm_mail.ticket SET status = 'done', updated_at = '2024-03-04 11:00+00' WHERE id = 2;
SELECT * FROM crm_mail.clocks WHERE id = 2;

DROP SCHEMA crm_mail CASCADE;
SELECT service_policy.detach('mail', keep_evidence => false);
DELETE FROM service_policy.policy WHERE name = 'mail';
