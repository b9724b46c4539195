-- The extension's schema.  A plain CREATE, so that a squatted schema fails.
CREATE SCHEMA service_policy;
COMMENT ON SCHEMA service_policy IS
    'Customer-service policy enforced in the database: calendars, policies, attachments and the functions over them';
