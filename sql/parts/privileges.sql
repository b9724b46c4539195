-- Who may do what.  Asking is for everybody, where it tells nothing of tickets; tables, views and what changes the
-- configuration are for the extension's owner, who grants them.
GRANT USAGE ON SCHEMA service_policy TO PUBLIC;

REVOKE EXECUTE ON FUNCTION
    service_policy.load_policy(jsonb),
    service_policy.publish_policy(text, int, timestamptz),
    service_policy.retire_policy(text, int, timestamptz)
    FROM PUBLIC;
