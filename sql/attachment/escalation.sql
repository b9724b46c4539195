CREATE TABLE @data@.escalation (
    @key_columns@,
    metric text NOT NULL,
    cycle int NOT NULL,
    escalation_level int NOT NULL,
    occurrence int NOT NULL,
    due_at timestamptz NOT NULL,
    fired_at timestamptz NOT NULL,
    policy_version int NOT NULL,
    benchmark text NOT NULL,
    notify text,
    notify_channel text,
    subject text,
    message text,
    assign_to text,
    set_priority text,
    call_function text,
    state text,
    attempts int NOT NULL,
    attempt_at timestamptz,
    claimed_by text,
    claimed_at timestamptz,
    beyond_limit_at timestamptz,
    summary_id bigint,
    done_at timestamptz,
    last_error text,
    priority text,
    channel text,
    category text,
    product text,
    customer_tier text,
    region text,
    team text,
    agent text,
    customer text,
    PRIMARY KEY (@key@, metric, cycle, escalation_level, occurrence)
);

CREATE INDEX escalation_outbox ON @data@.escalation (attempt_at, due_at)
    WHERE notify IS NOT NULL AND state IN ('pending', 'claimed', 'failed');
CREATE INDEX escalation_claimed ON @data@.escalation (claimed_at) WHERE claimed_at IS NOT NULL;
CREATE INDEX escalation_summarised ON @data@.escalation (summary_id) WHERE summary_id IS NOT NULL;

COMMENT ON TABLE @data@.escalation IS
    'Levels of escalation that have fired, each once. Written by tick(); the columns from state on are about who is told, and written by claim() and confirm(). What else a level does is in escalation_action';
COMMENT ON COLUMN @data@.escalation.metric IS 'Metric of the clock that escalated';
COMMENT ON COLUMN @data@.escalation.cycle IS 'Cycle of the clock, from 1';
COMMENT ON COLUMN @data@.escalation.escalation_level IS 'Number of the level in its chain';
COMMENT ON COLUMN @data@.escalation.occurrence IS 'Which time the level fired, from 1; more where it repeats';
COMMENT ON COLUMN @data@.escalation.due_at IS 'When it was to fire';
COMMENT ON COLUMN @data@.escalation.fired_at IS 'When the tick that recorded it ran';
COMMENT ON COLUMN @data@.escalation.policy_version IS 'Version of the policy whose chain it is';
COMMENT ON COLUMN @data@.escalation.benchmark IS 'Benchmark that the clock was held against';
COMMENT ON COLUMN @data@.escalation.notify IS 'Whom to tell; NULL = nobody';
COMMENT ON COLUMN @data@.escalation.notify_channel IS 'By which means; NULL = left to the reader';
COMMENT ON COLUMN @data@.escalation.subject IS 'Subject of what they are told, placeholders filled in; NULL = none';
COMMENT ON COLUMN @data@.escalation.message IS 'What they are told, placeholders filled in; NULL = nothing is said';
COMMENT ON COLUMN @data@.escalation.assign_to IS 'To whom to assign the ticket; NULL = it stays';
COMMENT ON COLUMN @data@.escalation.set_priority IS 'What the ticket''s priority is to become; NULL = it stays';
COMMENT ON COLUMN @data@.escalation.call_function IS 'Function to call; NULL = none';
COMMENT ON COLUMN @data@.escalation.state IS 'Of who is to be told: pending, claimed, done, failed (given up), suppressed (the clock was no longer open) or summarised (told with others, see summary_id). NULL: nobody is';
COMMENT ON COLUMN @data@.escalation.attempts IS 'How often it was claimed, since it was last given up';
COMMENT ON COLUMN @data@.escalation.attempt_at IS 'From when on it may be claimed; NULL when it was handled, or nobody is told';
COMMENT ON COLUMN @data@.escalation.claimed_by IS 'The role that claimed it last; NULL if none has';
COMMENT ON COLUMN @data@.escalation.claimed_at IS 'When it was claimed last; NULL if it was not';
COMMENT ON COLUMN @data@.escalation.beyond_limit_at IS 'When it was claimed beyond the limit of its minute, as the only one of its kind; NULL if it was not';
COMMENT ON COLUMN @data@.escalation.summary_id IS 'The summary in escalation_summary that counts it; NULL if it was told by itself';
COMMENT ON COLUMN @data@.escalation.done_at IS 'When it was confirmed; NULL if it was not';
COMMENT ON COLUMN @data@.escalation.last_error IS 'Why it could not be sent the last time; NULL if that has not happened';
COMMENT ON COLUMN @data@.escalation.priority IS 'Priority of the ticket when it fired; NULL where not known';
COMMENT ON COLUMN @data@.escalation.channel IS 'Channel of the ticket when it fired; NULL where not known';
COMMENT ON COLUMN @data@.escalation.category IS 'Category of the ticket when it fired; NULL where not known';
COMMENT ON COLUMN @data@.escalation.product IS 'Product of the ticket when it fired; NULL where not known';
COMMENT ON COLUMN @data@.escalation.customer_tier IS 'Customer tier of the ticket when it fired; NULL where not known';
COMMENT ON COLUMN @data@.escalation.region IS 'Region of the ticket when it fired; NULL where not known';
COMMENT ON COLUMN @data@.escalation.team IS 'Team of the ticket when it fired; NULL where not known';
COMMENT ON COLUMN @data@.escalation.agent IS 'Agent of the ticket when it fired; NULL where not known';
COMMENT ON COLUMN @data@.escalation.customer IS 'Customer of the ticket when it fired; NULL where not known';
