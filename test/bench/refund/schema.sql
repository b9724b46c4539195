-- Run by test/bench/refund/run: tickets, and refund tables that differ in what they are under, each with so many refunds
-- before, two of an order.  Of each there is one under triggers that know nothing (../floor.c).
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
SELECT crm.another(variant || suffix) FROM unnest('{few,million,customer}'::text[]) variant, unnest('{"",_floor}'::text[]) suffix;
SELECT crm.fill(variant, CASE WHEN variant LIKE 'few%' THEN 1000 ELSE :refunds END)
  FROM unnest('{bare,few,few_floor,million,million_floor,customer,customer_floor}'::text[]) variant;

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

-- A refund under each policy, and in the floor's tables before they have a trigger.
SELECT format($$INSERT INTO crm.refund_%s (ticket_id, order_id, customer_id, agent_id, amount, currency, paid, delivered_at, state)
                VALUES (1, 1, 0, 42, 1234.56, 'EUR', 1000000, '2026-03-01 10:00Z', 'approved')$$, variant || suffix)
  FROM unnest('{few,million,customer}'::text[]) variant, unnest('{"",_floor}'::text[]) suffix \gexec

-- The floor: the same tables, what is recorded already, and a decision and a sum of which the new ones are copies.
CREATE FUNCTION crm.floor_refund() RETURNS trigger LANGUAGE c AS :'floor', 'floor_refund';
CREATE FUNCTION crm.floor(variant text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    relation text;
BEGIN
    EXECUTE format('CREATE SCHEMA %s_floor_data', variant);
    FOREACH relation IN ARRAY '{ledger,refund_decision,refund_tally}'::text[] LOOP
        EXECUTE format('CREATE TABLE %1$s_floor_data.%2$s (LIKE %1$s_data.%2$s INCLUDING ALL);
                        INSERT INTO %1$s_floor_data.%2$s SELECT * FROM %1$s_data.%2$s', variant, relation);
    END LOOP;
    EXECUTE format($sql$INSERT INTO %1$s_floor_data.refund_decision
            SELECT (jsonb_populate_record(d, '{"id": -1, "recorded_by": "app"}')).* FROM %1$s_data.refund_decision d ORDER BY d.id DESC LIMIT 1;
        INSERT INTO %1$s_floor_data.refund_tally
            SELECT (jsonb_populate_record(t, '{"subject_hash": -1}')).* FROM %1$s_data.refund_tally t ORDER BY t.counted_at DESC LIMIT 1;
        CREATE TRIGGER tentative AFTER INSERT ON crm.refund_%1$s_floor FOR EACH ROW EXECUTE FUNCTION crm.floor_refund(%2$s, 'tentative'%3$s);
        CREATE TRIGGER plain AFTER INSERT ON crm.refund_%1$s_floor FOR EACH ROW EXECUTE FUNCTION crm.floor_refund(%2$s, 'plain'%3$s);
        ALTER TABLE crm.refund_%1$s_floor DISABLE TRIGGER plain$sql$,
        variant, variant || '_floor_data', CASE variant WHEN 'customer' THEN ', customer' ELSE '' END);
END
$$;
SELECT crm.floor(variant) FROM unnest('{few,million,customer}'::text[]) variant;
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
