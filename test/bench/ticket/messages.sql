-- Run by test/bench/ticket/run: the messages of the tickets under our policy, and the same table without one.
SET client_min_messages = warning;
CREATE TABLE crm.message_bare (
    id bigserial PRIMARY KEY,
    ticket_id bigint NOT NULL,
    sender text NOT NULL,
    internal boolean NOT NULL,
    body text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX ON crm.message_bare (ticket_id);
CREATE TABLE crm.message_ours (LIKE crm.message_bare INCLUDING ALL);
CREATE SEQUENCE crm.message_ours_id_seq OWNED BY crm.message_ours.id;
ALTER TABLE crm.message_ours ALTER id SET DEFAULT nextval('crm.message_ours_id_seq');
SELECT service_policy.attach_messages('full_ours', 'crm.message_ours', '{id}',
    '{"ticket": ["ticket_id"], "sent_at": "created_at", "author": "sender", "public": "NOT internal"}');
GRANT ALL ON ALL TABLES IN SCHEMA crm TO app;
GRANT ALL ON ALL SEQUENCES IN SCHEMA crm TO app;
