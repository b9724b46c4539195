CREATE TABLE @data@.escalation_action (
    @key_columns@,
    metric text NOT NULL,
    cycle int NOT NULL,
    escalation_level int NOT NULL,
    occurrence int NOT NULL,
    action text NOT NULL,
    argument text,
    state text NOT NULL,
    attempts int NOT NULL,
    attempt_at timestamptz,
    done_at timestamptz,
    last_error text,
    PRIMARY KEY (@key@, metric, cycle, escalation_level, occurrence, action)
);

CREATE INDEX escalation_action_due ON @data@.escalation_action (attempt_at, escalation_level, occurrence)
    WHERE state IN ('pending', 'failed');
CREATE INDEX escalation_action_done ON @data@.escalation_action (done_at) WHERE done_at IS NOT NULL;

COMMENT ON TABLE @data@.escalation_action IS
    'What levels of escalation that have fired do besides telling people, each once. Written by tick()';
COMMENT ON COLUMN @data@.escalation_action.metric IS 'Metric of the clock that escalated';
COMMENT ON COLUMN @data@.escalation_action.cycle IS 'Cycle of the clock, from 1';
COMMENT ON COLUMN @data@.escalation_action.escalation_level IS 'Number of the level in its chain';
COMMENT ON COLUMN @data@.escalation_action.occurrence IS 'Which time the level fired, from 1; more where it repeats';
COMMENT ON COLUMN @data@.escalation_action.action IS 'assign, priority, or what the level names with call';
COMMENT ON COLUMN @data@.escalation_action.argument IS 'To whom to assign, or which priority to set; NULL for others';
COMMENT ON COLUMN @data@.escalation_action.state IS 'pending, done, failed (given up) or suppressed (left out, since the clock was no longer open, or a later level had done the same)';
COMMENT ON COLUMN @data@.escalation_action.attempts IS 'How often it was tried, since it was last given up';
COMMENT ON COLUMN @data@.escalation_action.attempt_at IS 'From when on it may be tried; NULL when it was handled';
COMMENT ON COLUMN @data@.escalation_action.done_at IS 'When the transaction began that did it; NULL if it was not';
COMMENT ON COLUMN @data@.escalation_action.last_error IS 'Why it failed the last time; NULL if it has not';
