-- The company's CRM, as it was before anybody thought of a policy.
CREATE ROLE crm_app LOGIN;
CREATE ROLE analyst LOGIN;
CREATE ROLE manager LOGIN;

CREATE SCHEMA crm;
CREATE TABLE crm.tickets (
    id         bigint PRIMARY KEY,
    subject    text NOT NULL,
    status     text NOT NULL DEFAULT 'new',
    priority   text NOT NULL DEFAULT 'normal',
    channel    text NOT NULL DEFAULT 'email',
    team       text,
    assignee   text,
    customer   text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE crm.messages (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ticket_id bigint NOT NULL REFERENCES crm.tickets,
    author    text NOT NULL,
    body      text NOT NULL,
    sent_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON crm.messages (ticket_id);
CREATE TABLE crm.orders (
    id           bigint PRIMARY KEY,
    customer     text NOT NULL,
    item         text NOT NULL,
    clearance    boolean NOT NULL DEFAULT false,
    total        numeric(10,2) NOT NULL,
    delivered_at timestamptz(0)
);
CREATE TABLE crm.refunds (
    id         bigint PRIMARY KEY,
    order_id   bigint NOT NULL REFERENCES crm.orders,
    ticket_id  bigint REFERENCES crm.tickets,
    amount     numeric(10,2) NOT NULL,
    agent      text NOT NULL,
    created_at timestamptz(0) NOT NULL DEFAULT now()
);

GRANT USAGE ON SCHEMA crm TO crm_app, analyst;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA crm TO crm_app;
GRANT SELECT ON ALL TABLES IN SCHEMA crm TO analyst;
