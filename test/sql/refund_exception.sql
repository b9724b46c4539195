-- Room to move: exceptions and approvals, who may grant them, what they do, and that each is used once.
SET TimeZone = 'America/Lima';
SET DateStyle = 'SQL, DMY';
\set SHOW_CONTEXT never
\pset null '-'

CREATE ROLE move_owner;
CREATE ROLE move_senior;
CREATE ROLE move_manager;
CREATE ROLE move_ana IN ROLE move_senior;
CREATE ROLE move_ben IN ROLE move_senior;
CREATE ROLE move_max IN ROLE move_manager;
CREATE ROLE move_app;

SELECT service_policy.load_policy('{
    "policy": "move", "language": "en",
    "refunds": [
        {"name": "standard", "window": {"days": 30, "from": "delivered_at"}, "max_amount": 500, "approval_above": 200},
        {"name": "eyes", "when": {"category": ["glass"]}, "window": {"days": 30, "from": "delivered_at"}, "four_eyes": true},
        {"name": "flagged", "when": {"category": ["magazine"]}, "mode": "flag", "max_amount": 10},
        {"name": "download", "when": {"category": ["download"]}, "final_sale": true}],
    "discretion": [
        {"role": "move_senior", "grace_days": 7, "max_amount": {"EUR": 100, "USD": 110}, "per_month": 4},
        {"role": "move_manager", "grace_days": 30, "max_amount": 1000, "approve_up_to": 2000},
        {"role": "move_nobody", "approve_up_to": 5000}]}');
SELECT service_policy.publish_policy('move', 1, '2020-01-01 00:00+00');

GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA service_policy TO move_owner;
GRANT EXECUTE ON ALL ROUTINES IN SCHEMA service_policy TO move_owner;
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO move_owner', current_database()); END $$;
CREATE SCHEMA crm AUTHORIZATION move_owner;
SET ROLE move_owner;
CREATE TABLE crm.ticket (id bigint PRIMARY KEY, status text NOT NULL, created_at timestamptz NOT NULL);
CREATE TABLE crm.refund (
    id bigint PRIMARY KEY, state text DEFAULT 'approved', ticket_id bigint, customer text, order_no text, amount numeric,
    currency text DEFAULT 'EUR', delivered_at timestamptz DEFAULT '2026-03-01 10:00+00', asked_at timestamptz, kind text,
    agent text, note text);
GRANT USAGE ON SCHEMA crm TO move_app, move_ana, move_ben, move_max;
GRANT SELECT, INSERT, UPDATE, DELETE ON crm.refund TO move_app, move_ana, move_ben, move_max;
SELECT service_policy.attach('move', 'crm.ticket', 'move', ARRAY['id'], '{"opened_at": "created_at", "state": "status"}', '{"*": "open"}');
SELECT service_policy.attach_refunds('move', 'crm.refund', ARRAY['id'],
    '{"ticket": ["ticket_id"], "requested_at": "asked_at", "amount": "amount", "currency": "currency", "customer": "customer",
      "order_id": "order_no", "delivered_at": "delivered_at", "category": "kind", "agent": "agent"}', 'refund.state = ''approved''');
GRANT USAGE ON SCHEMA move TO move_app, move_max;
GRANT SELECT ON move.refund_log TO move_app, move_max;
RESET ROLE;
INSERT INTO crm.ticket VALUES (7, 'new', '2026-03-10 10:00+00');

-- Without the times, which are those of this run.
CREATE FUNCTION exceptions(since bigint DEFAULT 0) RETURNS TABLE (id bigint, kind text, status text, what text, grace_days int, amount numeric,
        currency text, role text, granted_by text, agent text, refund bigint, used_by text, used_reason text, used_amount numeric)
    LANGUAGE sql AS $$
    SELECT exception_id, kind, status, subject_kind || ' ' || subject, grace_days, amount, currency, role, granted_by, agent, id,
           used_by, used_reason, used_amount
      FROM move.exception_use WHERE exception_id > since ORDER BY exception_id $$;

\set ON_ERROR_STOP off
-- The last day in time is 31 March.  Three days later it is too late, but for an exception.
INSERT INTO crm.refund (id, ticket_id, amount, asked_at) VALUES (1, 7, 50, '2026-04-03 10:00+00');
SET ROLE move_ana;
SELECT service_policy.grant_exception('move', '{"ticket": [7]}', 'parcel lost twice', 3, expires_at => '2100-01-01Z');
RESET ROLE;
SELECT decision, reason, cutoff_at AT TIME ZONE 'UTC' AS cutoff FROM service_policy.refund_check('move', '{"ticket": [7], "amount": 50, "delivered_at": "2026-03-01T10:00:00Z", "requested_at": "2026-04-03T10:00:00Z"}');
-- It is used with the refund, and given back with it: when the statement fails, a savepoint goes, or all does.
BEGIN;
INSERT INTO crm.refund (id, ticket_id, amount, asked_at) VALUES (1, 7, 50, '2026-04-03 10:00+00');
SELECT status FROM exceptions();
ROLLBACK;
BEGIN;
SAVEPOINT s;
INSERT INTO crm.refund (id, ticket_id, amount, asked_at) VALUES (1, 7, 50, '2026-04-03 10:00+00');
ROLLBACK TO s;
SELECT status FROM exceptions();
COMMIT;
INSERT INTO crm.refund (id, ticket_id, amount, asked_at) VALUES (1, 7, 50, '2026-04-03 10:00+00'), (2, 7, 50, '2026-04-03 10:00+00');
SELECT status FROM exceptions();
-- What the rule allows uses none.
SET ROLE move_app;
INSERT INTO crm.refund (id, ticket_id, amount, asked_at) VALUES (1, 7, 50, '2026-03-31 10:00+00');
INSERT INTO crm.refund (id, ticket_id, amount, asked_at) VALUES (2, 7, 50, '2026-04-03 10:00+00');
INSERT INTO crm.refund (id, ticket_id, amount, asked_at) VALUES (3, 7, 50, '2026-04-03 10:00+00');
RESET ROLE;
SELECT * FROM exceptions();
SELECT id, decision, reason, exception_id, approval_id FROM move_data.refund_decision ORDER BY id, seq;
-- It is that refund's own from then on: when it changes, leaves and comes back; and no other's, should it go.
UPDATE crm.refund SET amount = 40 WHERE id = 2;
UPDATE crm.refund SET state = 'draft' WHERE id = 2;
UPDATE crm.refund SET state = 'approved' WHERE id = 2;
UPDATE crm.refund SET asked_at = '2026-04-04 10:00+00' WHERE id = 2;
UPDATE crm.refund SET ticket_id = 8 WHERE id = 2;
DELETE FROM crm.refund WHERE id = 2;
INSERT INTO crm.refund (id, ticket_id, amount, asked_at) VALUES (3, 7, 50, '2026-04-03 10:00+00');
SELECT status, refund, used_amount FROM exceptions();

-- What is not within the discretion of a role that one is a member of.
SET ROLE move_ana;
SELECT service_policy.grant_exception('move', '{"ticket": [7]}', 'why', 8);
SELECT service_policy.grant_exception('move', '{"ticket": [7]}', 'why', amount => 100.01, currency => 'EUR');
SELECT service_policy.grant_exception('move', '{"ticket": [7]}', 'why', amount => 10, currency => 'JPY');
SELECT service_policy.grant_exception('move', '{"ticket": [7]}', 'why', amount => 10);
SELECT service_policy.approve_refund('move', '{"ticket": [7]}', 'why', 10);
SELECT service_policy.approve_refund('move', '{"ticket": [7]}', 'why', 3000);
SET ROLE move_max;
SELECT service_policy.approve_refund('move', '{"ticket": [7]}', 'why', 2000.01);
SET ROLE move_app;
SELECT service_policy.grant_exception('move', '{"ticket": [7]}', 'why', 1);
RESET ROLE;

-- What is none.
SELECT service_policy.grant_exception('none', '{"ticket": [7]}', 'why', 1);
SELECT service_policy.grant_exception('move', NULL, 'why', 1);
SELECT service_policy.grant_exception('move', '{"ticket": [7]}', NULL, 1);
SELECT service_policy.grant_exception('move', '{"ticket": [7]}', E' \t\n', 1);
SELECT service_policy.grant_exception('move', '{"ticket": [7]}', 'why');
SELECT service_policy.grant_exception('move', '{"ticket": [7]}', 'why', -1);
SELECT service_policy.grant_exception('move', '{"ticket": [7]}', 'why', 1, 0);
SELECT service_policy.grant_exception('move', '{"ticket": [7]}', 'why', 1, 'NaN');
SELECT service_policy.grant_exception('move', '{"ticket": [7]}', 'why', 1, 1e12);
SELECT service_policy.grant_exception('move', '{"ticket": [7]}', 'why', 1, currency => 'EUR');
SELECT service_policy.grant_exception('move', '{"ticket": [7]}', 'why', 1, 5, ' ');
SELECT service_policy.grant_exception('move', '{"ticket": [7]}', 'why', 1, expires_at => '2020-01-01Z');
SELECT service_policy.grant_exception('move', '{"ticket": [7]}', 'why', 1, expires_at => 'infinity');
SELECT service_policy.approve_refund('move', '{"ticket": [7]}', 'why', NULL);
SELECT service_policy.grant_exception('move', subject, 'why', 1)
  FROM (VALUES ('{}'::jsonb)) AS wrong (subject);
SELECT service_policy.grant_exception('move', '[7]', 'why', 1);
SELECT service_policy.grant_exception('move', '{"ticket": [7], "customer": "c1"}', 'why', 1);
SELECT service_policy.grant_exception('move', '{"line_id": 7}', 'why', 1);
SELECT service_policy.grant_exception('move', '{"ticket": [7, 8]}', 'why', 1);
SELECT service_policy.grant_exception('move', '{"ticket": []}', 'why', 1);
SELECT service_policy.grant_exception('move', '{"ticket": [null]}', 'why', 1);
SELECT service_policy.grant_exception('move', '{"ticket": ["seven"]}', 'why', 1);
SELECT service_policy.grant_exception('move', '{"customer": ["c1"]}', 'why', 1);
SELECT service_policy.grant_exception('move', '{"customer": null}', 'why', 1);

-- Each subject; a refund uses what is most particular to it, then what ends first.  Superusers are members of every role.
SELECT service_policy.grant_exception('move', '{"customer": "c1"}', 'good customer', 3, expires_at => '2100-01-01Z') AS customer;
SELECT service_policy.grant_exception('move', '{"order_id": "A17"}', 'late parcel', 3, expires_at => '2100-01-01Z') AS order_late;
SELECT service_policy.grant_exception('move', '{"order_id": "A17"}', 'late parcel', 3, expires_at => '2099-01-01Z') AS order_soon;
SELECT service_policy.grant_exception('move', '{"refund": 13}', 'the very one', 3, expires_at => '2100-01-01Z') AS refund;
INSERT INTO crm.refund (id, customer, order_no, amount, asked_at) SELECT id, 'c1', 'A17', 5, '2026-04-03 10:00+00' FROM generate_series(11, 14) id;
INSERT INTO crm.refund (id, customer, order_no, amount, asked_at) VALUES (15, 'c1', 'A17', 5, '2026-04-03 10:00+00');
SELECT id, what, granted_by = current_user AS by_me, role, refund FROM exceptions(1);

-- Amounts: beyond the rule, by currency.
SET ROLE move_ben;
SELECT service_policy.grant_exception('move', '{"customer": "c2"}', 'broke twice', amount => 100, currency => 'EUR', expires_at => '2100-01-01Z') > 0 AS granted;
INSERT INTO crm.refund (id, customer, amount, asked_at) VALUES (20, 'c2', 600, '2026-03-03 10:00+00');
RESET ROLE;
SET ROLE move_max;
-- The exception leaves something to approve.
SELECT decision, reason FROM service_policy.refund_check('move', '{"customer": "c2", "amount": 600, "currency": "EUR", "delivered_at": "2026-03-01T10:00:00Z", "requested_at": "2026-03-03T10:00:00Z"}');
SELECT service_policy.approve_refund('move', '{"customer": "c2"}', 'checked', 599.99, 'EUR', '2100-01-01Z') > 0 AS approved;
SET ROLE move_ben;
INSERT INTO crm.refund (id, customer, amount, asked_at) VALUES (20, 'c2', 600, '2026-03-03 10:00+00');
SET ROLE move_max;
SELECT service_policy.approve_refund('move', '{"customer": "c2"}', 'checked', 600, 'EUR', '2100-01-01Z') > 0 AS approved;
SET ROLE move_ben;
INSERT INTO crm.refund (id, customer, amount, currency, asked_at) VALUES (20, 'c2', 600, 'USD', '2026-03-03 10:00+00');
INSERT INTO crm.refund (id, customer, amount, asked_at) VALUES (20, 'c2', 600.01, '2026-03-03 10:00+00');
INSERT INTO crm.refund (id, customer, amount, asked_at) VALUES (20, 'c2', 600, '2026-03-03 10:00+00');
RESET ROLE;
SELECT kind, status, what, amount, currency, role, granted_by, refund, used_by, used_reason, used_amount FROM exceptions(5);
SELECT id, decision, reason, exception_id, approval_id FROM move_data.refund_decision WHERE id = 20;

-- An approval does not cure what is refused, and nothing a final sale.
SET ROLE move_max;
SELECT service_policy.approve_refund('move', '{"customer": "c3"}', 'why not', 100, expires_at => '2100-01-01Z') > 0 AS approved;
SELECT service_policy.grant_exception('move', '{"customer": "c3"}', 'why not', 30, 500, expires_at => '2100-01-01Z') > 0 AS granted;
SET ROLE move_app;
INSERT INTO crm.refund (id, customer, amount, kind, asked_at) VALUES (30, 'c3', 5, 'download', '2026-03-03 10:00+00');
INSERT INTO crm.refund (id, customer, amount, asked_at) VALUES (30, 'c3', 5, '2026-05-01 10:00+00');
RESET ROLE;

-- Nobody approves their own: by database role, or by agent where both are known.
SET ROLE move_max;
SELECT service_policy.approve_refund('move', '{"customer": "c4"}', 'I like him', 300, expires_at => '2100-01-01Z') > 0 AS approved;
INSERT INTO crm.refund (id, customer, amount, asked_at) VALUES (40, 'c4', 300, '2026-03-03 10:00+00');
INSERT INTO crm.refund (id, customer, amount, asked_at, agent) VALUES (40, 'c4', 300, '2026-03-03 10:00+00', 'eve');
SELECT service_policy.approve_refund('move', '{"customer": "c4"}', 'I like him', 300, agent => 'max', expires_at => '2100-01-01Z') > 0 AS approved;
INSERT INTO crm.refund (id, customer, amount, asked_at, agent) VALUES (40, 'c4', 300, '2026-03-03 10:00+00', 'max');
INSERT INTO crm.refund (id, customer, amount, asked_at, agent) VALUES (40, 'c4', 300, '2026-03-03 10:00+00', 'eve');
SELECT service_policy.approve_refund('move', '{"refund": 42}', 'I like him', 300, agent => 'max', expires_at => '2100-01-01Z') > 0 AS approved;
INSERT INTO crm.refund (id, customer, amount, asked_at, agent) VALUES (42, 'c4', 300, '2026-03-03 10:00+00', ' ');
SET ROLE move_ana;
INSERT INTO crm.refund (id, customer, amount, asked_at, agent) VALUES (41, 'c4', 300, '2026-03-03 10:00+00', 'max');
-- An exception may be one's own, unless the rule has four eyes.
SELECT service_policy.grant_exception('move', '{"customer": "c5"}', 'mine', 2, expires_at => '2100-01-01Z') > 0 AS granted;
INSERT INTO crm.refund (id, customer, amount, kind, asked_at) VALUES (50, 'c5', 5, 'glass', '2026-04-02 10:00+00');
INSERT INTO crm.refund (id, customer, amount, asked_at) VALUES (50, 'c5', 5, '2026-04-02 10:00+00');
SET ROLE move_max;
SELECT service_policy.approve_refund('move', '{"customer": "c5"}', 'seen', 5, expires_at => '2100-01-01Z') > 0 AS approved;
SET ROLE move_ana;
INSERT INTO crm.refund (id, customer, amount, kind, asked_at) VALUES (51, 'c5', 5, 'glass', '2026-03-02 10:00+00');
RESET ROLE;
SELECT kind, what, granted_by, agent, refund, used_by FROM exceptions() WHERE what ~ 'c[45]$';

-- Expired, and revoked: by who granted it, or another member of its role; not when it is used.
SET ROLE move_ben;
SELECT service_policy.grant_exception('move', '{"customer": "c6"}', 'one', 2, expires_at => '2100-01-01Z') AS id \gset
SET ROLE move_app;
SELECT decision FROM service_policy.refund_check('move', '{"amount": 5, "customer": "c6", "delivered_at": "2026-03-01T10:00:00Z", "requested_at": "2026-04-02T10:00:00Z"}');
SELECT service_policy.revoke_exception('move', :id);
SET ROLE move_max;
SELECT service_policy.revoke_exception('move', :id);
RESET ROLE;
SELECT as_of, decision FROM (VALUES ('2099-12-31 23:59:59.999999Z'::timestamptz), ('2100-01-01Z')) AS t (as_of),
    service_policy.refund_check('move', '{"amount": 5, "customer": "c6", "delivered_at": "2026-03-01T10:00:00Z", "requested_at": "2026-04-02T10:00:00Z"}', as_of);
SET ROLE move_ana;
SELECT service_policy.revoke_exception('move', :id);
SELECT service_policy.revoke_exception('move', :id);
SELECT service_policy.revoke_exception('move', 1);
SELECT service_policy.revoke_exception('move', 100000);
SELECT service_policy.revoke_exception('move', NULL);
INSERT INTO crm.refund (id, customer, amount, asked_at) VALUES (60, 'c6', 5, '2026-04-02 10:00+00');
SET ROLE move_ben;
SELECT service_policy.grant_exception('move', '{"customer": "c6"}', 'two', 2, expires_at => '2100-01-01Z') AS id \gset
RESET ROLE;
UPDATE move_data.exception SET expires_at = '2026-01-01Z' WHERE exception_id = :id;
INSERT INTO crm.refund (id, customer, amount, asked_at) VALUES (60, 'c6', 5, '2026-04-02 10:00+00');
SELECT status, what, refund FROM exceptions() WHERE what ~ 'c6$';

-- A person has one month, whichever of their groups they SET ROLE to; an application that inherits none has that of each.
CREATE ROLE move_desk_a IN ROLE move_senior;
CREATE ROLE move_desk_b IN ROLE move_senior;
CREATE ROLE move_kim IN ROLE move_desk_a, move_desk_b;
CREATE ROLE move_login NOINHERIT IN ROLE move_desk_a, move_desk_b;
GRANT USAGE ON SCHEMA crm TO move_kim, move_login;
SET SESSION AUTHORIZATION move_kim;
SELECT service_policy.grant_exception('move', '{"customer": "k1"}', 'as herself', 2) > 0 AS granted;
SET ROLE move_desk_a;
SELECT service_policy.grant_exception('move', '{"customer": "k2"}', 'as one desk', 2) > 0 AS granted;
SET ROLE move_desk_b;
SELECT service_policy.grant_exception('move', '{"customer": "k3"}', 'as another', 2) > 0 AS granted;
SET ROLE move_senior;
SELECT service_policy.grant_exception('move', '{"customer": "k4"}', 'as the role itself', 2) > 0 AS granted;
SELECT service_policy.grant_exception('move', '{"customer": "k5"}', 'once more', 2) > 0 AS granted;
SET ROLE move_desk_a;
SELECT service_policy.grant_exception('move', '{"customer": "k5"}', 'once more', 2) > 0 AS granted;
SET SESSION AUTHORIZATION move_login;
SET ROLE move_desk_a;
SELECT count(service_policy.grant_exception('move', jsonb_build_object('customer', 'a' || n), 'for desk a', 2)) FROM generate_series(1, 4) n;
SELECT service_policy.grant_exception('move', '{"customer": "a5"}', 'once more', 2) > 0 AS granted;
SET ROLE move_desk_b;
SELECT service_policy.grant_exception('move', '{"customer": "b1"}', 'for desk b', 2) > 0 AS granted;
RESET SESSION AUTHORIZATION;
SELECT granted_by, counted_for, count(*) FROM move.exception_use WHERE subject ~ '^[abk][1-5]$' GROUP BY 1, 2 ORDER BY 1, 2;
DELETE FROM move_data.exception WHERE subject ~ '^[abk][1-5]$';
DROP OWNED BY move_kim, move_login;
DROP ROLE move_kim, move_login, move_desk_a, move_desk_b;

-- So many a month, of each member; what was revoked does not count.
SELECT granted_by, count(grant_number), max(grant_number) FROM move_data.exception WHERE role = 'move_senior' AND granted_by ~ '^move' GROUP BY 1 ORDER BY 1;
SET ROLE move_ben;
SELECT service_policy.grant_exception('move', '{"customer": "c7"}', 'one', 2) AS three \gset
SELECT service_policy.grant_exception('move', '{"customer": "c7"}', 'one', 2) > 0 AS four;
SELECT service_policy.grant_exception('move', '{"customer": "c7"}', 'one', 2);
SELECT service_policy.revoke_exception('move', :three);
SELECT service_policy.grant_exception('move', '{"customer": "c7"}', 'one', 2) > 0 AS four;
SELECT service_policy.grant_exception('move', '{"customer": "c7"}', 'one', 2);
RESET ROLE;
SELECT array_agg(grant_number ORDER BY exception_id) AS numbers FROM move_data.exception WHERE granted_by = 'move_ben' AND subject = 'c7';
-- Nor do numbers matter that a version gave which had a higher limit: it is how many there are.
UPDATE move_data.exception SET grant_number = grant_number + 10 WHERE granted_by = 'move_ben';
SET ROLE move_ben;
SELECT service_policy.grant_exception('move', '{"customer": "c7"}', 'one', 2);
RESET ROLE;
-- It lasts for seven days if nothing else is said.
SELECT DISTINCT expires_at - granted_at AS lasts FROM move_data.exception WHERE subject = 'c7';
-- Last month's count for last month.
UPDATE move_data.exception SET granted_month = granted_month - 1 WHERE granted_by = 'move_ben';
SET ROLE move_ben;
SELECT service_policy.grant_exception('move', '{"customer": "c7"}', 'a new month', 2) > 0 AS granted;
-- One who is a member of two roles grants as the first whose discretion has room.
RESET ROLE;
GRANT move_manager TO move_ben;
SET ROLE move_ben;
SELECT service_policy.grant_exception('move', '{"customer": "c8"}', 'within both', 7) > 0 AS granted;
SELECT service_policy.grant_exception('move', '{"customer": "c8"}', 'within one', 8) > 0 AS granted;
RESET ROLE;
SELECT role, granted_by, grace_days FROM exceptions() WHERE what ~ 'c8$';

-- A refund that is only flagged uses one too, and what is used is on record even if it does not help enough.
SELECT service_policy.grant_exception('move', '{"customer": "c9"}', 'for fun', amount => 5, expires_at => '2100-01-01Z') > 0 AS granted;
SET ROLE move_app;
INSERT INTO crm.refund (id, customer, amount, kind, asked_at) VALUES (90, 'c9', 16, 'magazine', '2026-03-02 10:00+00');
INSERT INTO crm.refund (id, customer, amount, kind, asked_at) VALUES (91, 'c9', 15, 'magazine', '2026-03-02 10:00+00');
RESET ROLE;
SELECT id, decision, reason, exception_id IS NOT NULL AS by_exception FROM move_data.refund_decision WHERE id IN (90, 91) ORDER BY id;

-- Who can SET ROLE to the role that approved might be who approved, and the other way round.
GRANT USAGE ON SCHEMA crm TO move_manager;
GRANT SELECT, INSERT ON crm.refund TO move_manager;
SET ROLE move_manager;
SELECT service_policy.approve_refund('move', '{"customer": "c11"}', 'my cousin', 300, expires_at => '2100-01-01Z') > 0 AS approved;
SET ROLE move_max;
SELECT service_policy.approve_refund('move', '{"customer": "c12"}', 'my cousin', 300, expires_at => '2100-01-01Z') > 0 AS approved;
INSERT INTO crm.refund (id, customer, amount, asked_at) VALUES (110, 'c11', 300, '2026-03-03 10:00+00');
SET ROLE move_manager;
INSERT INTO crm.refund (id, customer, amount, asked_at) VALUES (120, 'c12', 300, '2026-03-03 10:00+00');
SET ROLE move_ana;
INSERT INTO crm.refund (id, customer, amount, asked_at) VALUES (110, 'c11', 300, '2026-03-03 10:00+00'), (120, 'c12', 300, '2026-03-03 10:00+00');
RESET ROLE;
SELECT what, granted_by, used_by FROM exceptions() WHERE what ~ 'c1[12]$';
-- Nor does anybody become the agent of what they approved; for others that is a decision anew.
SET ROLE move_max;
SELECT service_policy.approve_refund('move', '{"refund": 125}', 'mine', 300, agent => 'max', expires_at => '2100-01-01Z') > 0 AS approved;
SET ROLE move_app;
INSERT INTO crm.refund (id, amount, asked_at, agent) VALUES (125, 300, '2026-03-03 10:00+00', 'eve'), (126, 5, '2026-03-03 10:00+00', 'eve');
UPDATE crm.refund SET agent = 'max' WHERE id = 125;
UPDATE crm.refund SET agent = 'adam' WHERE id = 125;
UPDATE crm.refund SET agent = 'max' WHERE id = 126;
RESET ROLE;
SELECT id, seq, decision, agent, approval_id IS NOT NULL AS by_approval, withdrawn_at IS NULL AS stands FROM move_data.refund_decision WHERE id IN (125, 126) ORDER BY id, seq;
-- Keys that move up by one in one statement: each refund keeps its own.
SET ROLE move_max;
SELECT count(service_policy.approve_refund('move', jsonb_build_object('refund', id), 'seen', 300, expires_at => '2100-01-01Z')) FROM generate_series(141, 143) id;
RESET ROLE;
ALTER TABLE crm.refund DROP CONSTRAINT refund_pkey, ADD PRIMARY KEY (id) DEFERRABLE;
SET ROLE move_ana;
INSERT INTO crm.refund (id, customer, amount, asked_at) SELECT id, 'was ' || id, 300, '2026-03-03 10:00+00' FROM generate_series(141, 143) id;
UPDATE crm.refund SET id = id + 1 WHERE id BETWEEN 141 AND 143;
RESET ROLE;
SELECT r.id, r.customer, e.what FROM crm.refund r LEFT JOIN exceptions() e ON e.refund = r.id WHERE r.id BETWEEN 141 AND 144 ORDER BY 1;
DELETE FROM crm.refund WHERE id BETWEEN 141 AND 144;
-- Of very many of both kinds each is tried once.
INSERT INTO move_data.exception (kind, subject_kind, subject, grace_days, amount, reason, role, granted_by, counted_for, granted_at, granted_month, expires_at)
    SELECT kind, 'customer', 'c13', days, amount, 'one of many', 'move_manager', 'move_manager', 'move_manager', now(), '2026-01-01', '2100-01-01Z'
      FROM (VALUES ('exception', 3, NULL), ('approval', 0, 299)) AS t (kind, days, amount), generate_series(1, 8000);
SET statement_timeout = '10s';
SET ROLE move_ana;
INSERT INTO crm.refund (id, customer, amount, asked_at) VALUES (130, 'c13', 300, '2026-04-02 10:00+00');
RESET ROLE;
RESET statement_timeout;

-- Who granted sees only what he may; the rows are not theirs to write.
SET ROLE move_ana;
SELECT * FROM move_data.exception;
UPDATE move_data.exception SET used_at = NULL;
SELECT exception_id FROM move.exception_use;
SELECT nextval('move_data.exception_id_seq');
RESET ROLE;

-- No version in force, no refunds attached.
SELECT service_policy.load_policy('{"policy": "later"}') AS version \gset
SET ROLE move_owner;
CREATE TABLE crm.other (id bigint PRIMARY KEY, status text NOT NULL, created_at timestamptz NOT NULL, amount numeric);
SELECT service_policy.attach('later', 'crm.other', 'later', ARRAY['id'], '{"opened_at": "created_at", "state": "status"}', '{"*": "open"}');
SELECT service_policy.grant_exception('later', '{"refund": 1}', 'why', 1);
SELECT service_policy.attach_refunds('later', 'crm.other', ARRAY['id'], '{"amount": "amount"}');
SELECT service_policy.grant_exception('later', '{"refund": 1}', 'why', 1);
SELECT service_policy.grant_exception('later', '{"customer": 1}', 'why', 1);
SELECT service_policy.detach('later', false);

-- What was granted stays with the evidence; the numbers go on.
SELECT service_policy.detach('move');
SELECT service_policy.attach('move', 'crm.ticket', 'move', ARRAY['id'], '{"opened_at": "created_at", "state": "status"}', '{"*": "open"}');
SELECT service_policy.attach_refunds('move', 'crm.refund', ARRAY['id'], '{"amount": "amount", "customer": "customer"}');
RESET ROLE;
SELECT service_policy.grant_exception('move', '{"customer": "c10"}', 'why', 1) > max(exception_id) AS goes_on FROM move_data.exception;
SELECT service_policy.detach('move', false);

DROP SCHEMA crm CASCADE;
DROP FUNCTION exceptions;
ALTER TABLE service_policy.policy_version DISABLE TRIGGER guard;
DELETE FROM service_policy.policy_version WHERE policy IN ('move', 'later');
ALTER TABLE service_policy.policy_version ENABLE TRIGGER guard;
DELETE FROM service_policy.policy WHERE name IN ('move', 'later');
DROP OWNED BY move_owner;
DROP ROLE move_owner, move_senior, move_manager, move_ana, move_ben, move_max, move_app;
