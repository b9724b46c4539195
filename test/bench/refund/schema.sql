-- Run by test/bench/refund/run: tickets, and refund tables that differ in what they are under.  Each row of a table
-- "earlier" says how many refunds it has before, two of an order.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
CREATE ROLE app LOGIN;

INSERT INTO service_policy.calendar (name, time_zone) VALUES ('shop', 'Europe/Lisbon');
INSERT INTO service_policy.calendar_hours (calendar, weekday, opens, closes)
    SELECT 'shop', weekday, '09:00', '18:00' FROM generate_series(1, 5) weekday;
SELECT service_policy.load_policy('{"policy": "order", "refunds": [
    {"name": "standard", "window": {"days": 30, "from": "delivered_at", "calendar": "shop"}, "max_amount": 1000000, "max_share": 1.0}]}');
SELECT service_policy.load_policy('{"policy": "customer", "refunds": [
    {"name": "standard", "window": {"days": 30, "from": "delivered_at", "calendar": "shop"}, "max_amount": 1000000, "max_share": 1.0,
     "per_customer": {"count": 1000, "amount": 1000000, "days": 30}, "duplicate_within": "1 second"}]}');
SELECT service_policy.publish_policy(policy, 1, '2020-01-01Z') FROM unnest('{order,customer}'::text[]) policy;

CREATE SCHEMA crm;
CREATE TABLE crm.ticket (id bigint PRIMARY KEY, status text NOT NULL, created_at timestamptz NOT NULL);
CREATE TABLE crm.refund_bare (
    id           bigserial PRIMARY KEY,
    ticket_id    bigint NOT NULL,
    order_id     bigint NOT NULL,
    customer_id  bigint NOT NULL,
    agent_id     int NOT NULL,
    amount       numeric(12,2) NOT NULL,
    currency     text NOT NULL,
    paid         numeric(12,2) NOT NULL,
    delivered_at timestamptz NOT NULL,
    state        text NOT NULL,
    note         text
);
CREATE INDEX ON crm.refund_bare (order_id);
CREATE INDEX ON crm.refund_bare (customer_id);

CREATE FUNCTION crm.another(variant text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE crm.%1$I (LIKE crm.refund_bare INCLUDING ALL); CREATE SEQUENCE crm.%2$I OWNED BY crm.%1$I.id;
                    ALTER TABLE crm.%1$I ALTER id SET DEFAULT nextval(%3$L)',
                   'refund_' || variant, variant || '_id_seq', format('crm.%I', variant || '_id_seq'));
END
$$;
CREATE FUNCTION crm.fill(variant text, earlier int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format($sql$INSERT INTO crm.%I (ticket_id, order_id, customer_id, agent_id, amount, currency, paid, delivered_at, state)
                        SELECT 1 + n %% 100000, n / 2, n / 10, 42, 10, 'EUR', 1000000, timestamptz '2026-03-01 10:00Z', 'paid' FROM generate_series(1, $1) n$sql$,
                   'refund_' || variant) USING earlier;
END
$$;
SELECT crm.another(variant) FROM unnest('{few,million,customer}'::text[]) variant;
SELECT crm.fill(variant, CASE variant WHEN 'few' THEN 1000 ELSE :refunds END) FROM unnest('{bare,few,million,customer}'::text[]) variant;

SELECT service_policy.attach(variant, 'crm.ticket', CASE variant WHEN 'customer' THEN 'customer' ELSE 'order' END, '{id}',
                             '{"opened_at": "created_at", "state": "status"}', '{"*": "open"}')
  FROM unnest('{few,million,customer}'::text[]) variant;
INSERT INTO crm.ticket SELECT n, 'new', '2026-03-10 10:00Z' FROM generate_series(1, 100000) n;
\timing on
SELECT service_policy.attach_refunds(variant, ('crm.refund_' || variant)::regclass, '{id}',
           '{"ticket": ["ticket_id"], "order_id": "order_id", "amount": "amount", "currency": "currency", "paid_amount": "paid",
             "delivered_at": "delivered_at", "agent": "agent_id", "state": "state"}'::jsonb ||
           CASE variant WHEN 'customer' THEN '{"customer": "customer_id"}' ELSE '{}' END::jsonb)
  FROM unnest('{few,million,customer}'::text[]) variant;
\timing off
-- Nanoseconds of CPU that this backend has used, and when it was asked.
CREATE FUNCTION crm.cpu_ns() RETURNS bigint LANGUAGE sql VOLATILE SECURITY DEFINER AS
    $$ SELECT split_part(pg_read_file('/proc/self/schedstat', 0, 100), ' ', 1)::bigint $$;
CREATE TABLE crm.reading (n bigserial PRIMARY KEY, pair text, label text, ns bigint);
CREATE FUNCTION crm.read_cpu(pair text, label text) RETURNS void LANGUAGE sql VOLATILE AS
    $$ INSERT INTO crm.reading (pair, label, ns) VALUES (pair, label, crm.cpu_ns()) $$;

CREATE TABLE crm.latency (pair text, sync text, variant text, round int, us int);
GRANT USAGE ON SCHEMA crm TO app;
GRANT ALL ON ALL TABLES IN SCHEMA crm TO app;
GRANT ALL ON ALL SEQUENCES IN SCHEMA crm TO app;
