-- Who may keep an attachment quiet: the owner of its evidence; all of them, the owner of the extension.
BEGIN;
SELECT no_plan();
CREATE ROLE calm_owner;
CREATE ROLE calm_member IN ROLE calm_owner;
CREATE ROLE calm_other;
CREATE ROLE calm_reader;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA service_policy TO calm_owner, calm_other;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA service_policy TO calm_owner, calm_other;
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO calm_owner', current_database()); END $$;
CREATE SCHEMA calms AUTHORIZATION calm_owner;
SET ROLE calm_owner;
CREATE TABLE calms.ticket (id int PRIMARY KEY, status text, at timestamptz);
SELECT service_policy.load_policy('{"policy": "calm"}');
SELECT service_policy.attach('calm', 'calms.ticket', 'calm', '{id}', '{"opened_at": "at", "state": "status"}', '{"new": "open"}');
GRANT USAGE ON SCHEMA calm TO calm_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA calm TO calm_reader;
RESET ROLE;

CREATE FUNCTION may_not(who text, name text, why text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('SET LOCAL ROLE %I', who);
    RETURN NEXT throws_ok(format('SELECT service_policy.suspend_actions(%L)', name), '42501', NULL, format('%s may not suspend %s: %s', who, name, why));
    RETURN NEXT throws_ok(format('SELECT service_policy.resume_actions(%L)', name), '42501', NULL, '… nor resume');
    RESET ROLE;
END $$;
SELECT may_not('calm_other', 'calm', 'it is not his');
SELECT may_not('calm_owner', NULL, 'the extension is not his');
SELECT may_not('calm_reader', 'calm', 'nothing was granted');
SET ROLE calm_other;
SELECT throws_ok($$SELECT service_policy.suspend_actions('calm')$$, '42501', 'must be owner of schema "calm_data"', 'the error says whose it is');
SELECT throws_ok($$SELECT service_policy.suspend_actions('none')$$, '42704', NULL, 'there is none of that name');
SELECT lives_ok($$INSERT INTO service_policy.suspension (attachment, starts_at, ends_at) VALUES ('calm', '2090-01-01', '2090-01-02')$$, 'who may write the table may plan');
RESET ROLE;

CREATE FUNCTION may(who text, name text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('SET LOCAL ROLE %I', who);
    RETURN NEXT lives_ok(format('SELECT service_policy.suspend_actions(%L)', name), format('%s may suspend %s', who, coalesce(name, 'all')));
    RETURN NEXT is(service_policy._suspended_until('calm'), 'infinity', 'it is quiet');
    RETURN NEXT is(service_policy.resume_actions(name), true, 'and may resume');
    RETURN NEXT is(service_policy._suspended_until('calm'), NULL, 'it goes on');
    RESET ROLE;
END $$;
SELECT may('calm_owner', 'calm');
SELECT may('calm_member', 'calm');
DO $$ BEGIN PERFORM set_config('svp_test.me', session_user, true); END $$;
SELECT may(current_setting('svp_test.me'), 'calm');
SELECT may(current_setting('svp_test.me'), NULL);

-- Who sees it: readers of the views need no right on the table.
INSERT INTO service_policy.suspension (attachment) VALUES ('calm');
SET ROLE calm_reader;
SELECT lives_ok('SELECT suspended_count FROM calm.outbox', 'the outbox tells its readers');
SELECT is(service_policy._suspended_until('calm'), 'infinity', '… as does what it asks');
SELECT is(service_policy._suspended_count(), 1, 'and how many attachments are quiet');
SELECT throws_ok('SELECT FROM service_policy.suspension', '42501', NULL, 'why, and who said so, is told to whom it was granted');
RESET ROLE;
SELECT is((SELECT set_by FROM service_policy.suspension ORDER BY set_at DESC LIMIT 1), session_user::text, 'who said so is kept');
-- The privileges of the table are not needed by whoever detaches.
REVOKE ALL ON service_policy.suspension FROM calm_owner;
SET ROLE calm_owner;
SELECT lives_ok($$SELECT service_policy.detach('calm', false)$$, 'detaching takes the rows along');
RESET ROLE;
SELECT is((SELECT count(*) FROM service_policy.suspension WHERE attachment = 'calm'), 0::bigint, '… whoever may write them');
SELECT * FROM finish();
ROLLBACK;
