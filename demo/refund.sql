\set ON_ERROR_STOP off
\echo '-- The application has no right on the schemas of the policy: it can neither read nor forge a clock.'
UPDATE support_data.clock SET state = 'met';
