CREATE VIEW @views@.issues AS
SELECT issue_id,
       @key@,
       recorded_at,
       (recorded_at AT TIME ZONE 'UTC')::date AS recorded_on,
       problem::varchar(50),
       detail::varchar(1000),
       value::varchar(1000)
  FROM @data@.issue;

COMMENT ON VIEW @views@.issues IS
    'What could not be understood of the CRM''s rows, and what was done about it: one row an event';
COMMENT ON COLUMN @views@.issues.issue_id IS 'When it was recorded, in microseconds since 2000: unique within its ticket';
COMMENT ON COLUMN @views@.issues.recorded_at IS 'When the transaction began that wrote the row';
COMMENT ON COLUMN @views@.issues.recorded_on IS 'Date of recorded_at in UTC';
COMMENT ON COLUMN @views@.issues.problem IS 'Code of the problem, such as unmapped_state';
COMMENT ON COLUMN @views@.issues.detail IS 'What it is and what was done about it';
COMMENT ON COLUMN @views@.issues.value IS 'The value that was not understood; NULL where there is none';
