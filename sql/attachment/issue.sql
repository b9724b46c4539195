CREATE TABLE @data@.issue (
    @key_columns@,
    issue_id bigint NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    problem text NOT NULL,
    detail text NOT NULL,
    value text,
    PRIMARY KEY (@key@, issue_id)
);

COMMENT ON TABLE @data@.issue IS
    'What could not be understood of the rows; the statements that wrote them went on';
COMMENT ON COLUMN @data@.issue.issue_id IS 'When it was recorded, in microseconds since 2000: unique within its ticket, in order';
COMMENT ON COLUMN @data@.issue.recorded_at IS 'When the transaction began that wrote the row';
COMMENT ON COLUMN @data@.issue.problem IS 'Code of the problem, such as unmapped_state';
COMMENT ON COLUMN @data@.issue.detail IS 'What it is and what was done about it, in a sentence';
COMMENT ON COLUMN @data@.issue.value IS 'The value that was not understood, as text; NULL where there is none';
