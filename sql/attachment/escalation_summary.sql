CREATE SEQUENCE @data@.escalation_summary_id_seq;

CREATE TABLE @data@.escalation_summary (
    summary_id bigint NOT NULL DEFAULT nextval('@data@.escalation_summary_id_seq') PRIMARY KEY,
    notify text NOT NULL,
    notify_channel text,
    subject text NOT NULL,
    message text NOT NULL,
    escalations int NOT NULL,
    tickets int NOT NULL,
    escalation_level int NOT NULL,
    levels text NOT NULL,
    metrics text NOT NULL,
    due_at timestamptz NOT NULL,
    fired_at timestamptz NOT NULL,
    summarised_at timestamptz NOT NULL,
    state text NOT NULL,
    attempts int NOT NULL,
    attempt_at timestamptz,
    claimed_by text,
    done_at timestamptz,
    last_error text
);
CREATE INDEX escalation_summary_outbox ON @data@.escalation_summary (attempt_at) WHERE state IN ('pending', 'claimed', 'failed');
CREATE INDEX escalation_summary_made ON @data@.escalation_summary (summarised_at);

ALTER SEQUENCE @data@.escalation_summary_id_seq OWNED BY @data@.escalation_summary.summary_id;

COMMENT ON SEQUENCE @data@.escalation_summary_id_seq IS 'Numbers of the summaries';
COMMENT ON TABLE @data@.escalation_summary IS
    'Notifications of many escalations at once, made when more were due in a minute than the policy allows. Written by claim(), confirm() and fail()';
COMMENT ON COLUMN @data@.escalation_summary.summary_id IS 'Number of the summary';
COMMENT ON COLUMN @data@.escalation_summary.notify IS 'Whom to tell';
COMMENT ON COLUMN @data@.escalation_summary.notify_channel IS 'By which means; NULL = left to the reader';
COMMENT ON COLUMN @data@.escalation_summary.subject IS 'Subject of what they are told, placeholders filled in';
COMMENT ON COLUMN @data@.escalation_summary.message IS 'What they are told, placeholders filled in';
COMMENT ON COLUMN @data@.escalation_summary.escalations IS 'How many it counts';
COMMENT ON COLUMN @data@.escalation_summary.tickets IS 'Of how many tickets';
COMMENT ON COLUMN @data@.escalation_summary.escalation_level IS 'The highest of their levels';
COMMENT ON COLUMN @data@.escalation_summary.levels IS 'Their levels, in order';
COMMENT ON COLUMN @data@.escalation_summary.metrics IS 'Metrics of their clocks, in order';
COMMENT ON COLUMN @data@.escalation_summary.due_at IS 'When the first of them was to fire';
COMMENT ON COLUMN @data@.escalation_summary.fired_at IS 'When the tick that recorded the first of them ran';
COMMENT ON COLUMN @data@.escalation_summary.summarised_at IS 'When they were summed up';
COMMENT ON COLUMN @data@.escalation_summary.state IS 'pending, claimed, done, failed (given up) or suppressed (no clock of them was open any more)';
COMMENT ON COLUMN @data@.escalation_summary.attempts IS 'How often it was claimed, since it was last given up';
COMMENT ON COLUMN @data@.escalation_summary.attempt_at IS 'From when on it may be claimed; NULL when it was handled';
COMMENT ON COLUMN @data@.escalation_summary.claimed_by IS 'The role that claimed it last';
COMMENT ON COLUMN @data@.escalation_summary.done_at IS 'When it was confirmed; NULL if it was not';
COMMENT ON COLUMN @data@.escalation_summary.last_error IS 'Why it could not be sent the last time; NULL if that has not happened';
