-- What indexes depend on comes first: an UPDATE compares it, and behind columns of any length that takes longer.
CREATE TABLE @data@.clock (
    @key_columns@,
    metric text NOT NULL,
    cycle int NOT NULL,
    disputed boolean NOT NULL DEFAULT false,
    stopped_at timestamptz,
    next_escalation_at timestamptz,
    benchmark text NOT NULL,
    policy_version int NOT NULL,
    calendar text,
    state text NOT NULL,
    started_at timestamptz NOT NULL,
    started_on date NOT NULL,
    due_at timestamptz,
    at_risk_at timestamptz,
    target_us bigint NOT NULL,
    elapsed_us bigint NOT NULL,
    paused_us bigint NOT NULL,
    counted_from timestamptz,
    paused_at timestamptz,
    stopped_on date,
    priority text,
    channel text,
    category text,
    product text,
    customer_tier text,
    region text,
    team text,
    agent text,
    customer text,
    calendar_revision bigint,
    imported_at timestamptz,
    escalation_level int,
    escalation_occurrence int,
    acknowledged_at timestamptz,
    acknowledged_by text,
    PRIMARY KEY (@key@, metric, cycle)
) WITH (fillfactor = 90);

CREATE INDEX clock_open ON @data@.clock (next_escalation_at) WHERE stopped_at IS NULL;
CREATE INDEX clock_disputed ON @data@.clock (@key@) WHERE disputed;

COMMENT ON TABLE @data@.clock IS
    'One measurement of one metric on one ticket. Written by the triggers; judged clocks stay as they are';
COMMENT ON COLUMN @data@.clock.metric IS 'What is measured: a metric that is built in, such as first_response, or one of the policy''s own';
COMMENT ON COLUMN @data@.clock.cycle IS 'Number of the measurement, from 1; more than one where reopening starts a new cycle';
COMMENT ON COLUMN @data@.clock.disputed IS 'Has an event that arrived after the clock was judged told otherwise?  restate() applies it';
COMMENT ON COLUMN @data@.clock.stopped_at IS 'When it was judged; NULL while open';
COMMENT ON COLUMN @data@.clock.next_escalation_at IS 'When the next level fires; what was overdue when the clock was written, then. NULL = none does as things are';
COMMENT ON COLUMN @data@.clock.benchmark IS 'Name of the benchmark that it is held against';
COMMENT ON COLUMN @data@.clock.policy_version IS 'Version of the policy in force when the ticket was opened';
COMMENT ON COLUMN @data@.clock.calendar IS 'Calendar whose business time counts; NULL = around the clock';
COMMENT ON COLUMN @data@.clock.state IS 'running or paused while open, then met, missed or cancelled';
COMMENT ON COLUMN @data@.clock.started_at IS 'When the clock started';
COMMENT ON COLUMN @data@.clock.started_on IS 'Local date of the start in the calendar''s zone, or UTC without a calendar';
COMMENT ON COLUMN @data@.clock.due_at IS 'When the target is used up; NULL while paused before that, and where it never will be';
COMMENT ON COLUMN @data@.clock.at_risk_at IS 'From when on the clock is at risk; NULL as for due_at';
COMMENT ON COLUMN @data@.clock.target_us IS 'The target, in microseconds of business time; of working days, what they came to when the clock started';
COMMENT ON COLUMN @data@.clock.elapsed_us IS 'Business time counted up to counted_from while running, else up to the pause or stop, in microseconds';
COMMENT ON COLUMN @data@.clock.paused_us IS 'Business time that was not counted, in microseconds';
COMMENT ON COLUMN @data@.clock.counted_from IS 'From when on time counts beyond elapsed_us; NULL unless running';
COMMENT ON COLUMN @data@.clock.paused_at IS 'Since when it is paused; NULL unless paused';
COMMENT ON COLUMN @data@.clock.stopped_on IS 'Local date of the stop in the calendar''s zone, or UTC; NULL while open';
COMMENT ON COLUMN @data@.clock.priority IS 'Priority when the clock last changed; NULL where not known';
COMMENT ON COLUMN @data@.clock.channel IS 'Channel when the clock last changed; NULL where not known';
COMMENT ON COLUMN @data@.clock.category IS 'Category when the clock last changed; NULL where not known';
COMMENT ON COLUMN @data@.clock.product IS 'Product when the clock last changed; NULL where not known';
COMMENT ON COLUMN @data@.clock.customer_tier IS 'Customer tier when the clock last changed; NULL where not known';
COMMENT ON COLUMN @data@.clock.region IS 'Region when the clock last changed; NULL where not known';
COMMENT ON COLUMN @data@.clock.team IS 'Team when the clock last changed; NULL where not known';
COMMENT ON COLUMN @data@.clock.agent IS 'Agent when the clock last changed; NULL where not known';
COMMENT ON COLUMN @data@.clock.customer IS 'Customer when the clock last changed; NULL where not known';
COMMENT ON COLUMN @data@.clock.calendar_revision IS 'The calendar as it was when the clock was last computed, see calendar_revision(); NULL = around the clock';
COMMENT ON COLUMN @data@.clock.imported_at IS 'When backfill() took it over: what was due before never escalates; NULL = measured as it happened';
COMMENT ON COLUMN @data@.clock.escalation_level IS 'Highest level of escalation that has fired; NULL = none has';
COMMENT ON COLUMN @data@.clock.escalation_occurrence IS 'How often that level has fired; NULL = none has';
COMMENT ON COLUMN @data@.clock.acknowledged_at IS 'When somebody acknowledged the escalation, see acknowledge_escalation(); NULL = nobody has';
COMMENT ON COLUMN @data@.clock.acknowledged_by IS 'The role that acknowledged it; NULL = nobody has';
