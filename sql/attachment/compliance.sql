CREATE VIEW @views@.compliance AS
SELECT ROW(@key_text@, metric, cycle)::text::varchar(4000) AS clock_id,
       @key@,
       metric::varchar(255),
       cycle,
       benchmark::varchar(255),
       policy_version,
       state::varchar(20) AS outcome,
       (state = 'met')::int AS met_count,
       (state = 'missed')::int AS missed_count,
       (target_us / 60000000.0)::numeric(14,2) AS target_minutes,
       (elapsed_us / 60000000.0)::numeric(14,2) AS elapsed_minutes,
       (paused_us / 60000000.0)::numeric(14,2) AS paused_minutes,
       started_at,
       started_on,
       due_at,
       stopped_at,
       stopped_on,
       priority::varchar(255),
       channel::varchar(255),
       category::varchar(255),
       product::varchar(255),
       customer_tier::varchar(255),
       region::varchar(255),
       team::varchar(255),
       agent::varchar(255),
       customer::varchar(255)
  FROM @data@.clock
 WHERE state IN ('met', 'missed', 'cancelled');

COMMENT ON VIEW @views@.compliance IS
    'Judged clocks: one row a measurement that has ended. Durations are business time of the clock''s calendar';
COMMENT ON COLUMN @views@.compliance.clock_id IS 'Unique: the ticket''s key, metric and cycle';
COMMENT ON COLUMN @views@.compliance.metric IS 'What was measured';
COMMENT ON COLUMN @views@.compliance.cycle IS 'Number of the measurement, from 1';
COMMENT ON COLUMN @views@.compliance.benchmark IS 'Benchmark that it was held against';
COMMENT ON COLUMN @views@.compliance.policy_version IS 'Version of the policy that judged it';
COMMENT ON COLUMN @views@.compliance.outcome IS 'met, missed (more elapsed than the target) or cancelled (the ticket was void, deleted or no longer matched)';
COMMENT ON COLUMN @views@.compliance.met_count IS '1 if met, else 0: sum it over whatever is grouped';
COMMENT ON COLUMN @views@.compliance.missed_count IS '1 if missed, else 0; met_count + missed_count is 0 for what was cancelled';
COMMENT ON COLUMN @views@.compliance.target_minutes IS 'Minutes allowed';
COMMENT ON COLUMN @views@.compliance.elapsed_minutes IS 'Minutes counted, pauses left out';
COMMENT ON COLUMN @views@.compliance.paused_minutes IS 'Minutes not counted because the clock was paused or the ticket resolved in between';
COMMENT ON COLUMN @views@.compliance.started_at IS 'When the clock started';
COMMENT ON COLUMN @views@.compliance.started_on IS 'Local date of the start in the calendar''s zone, or UTC without a calendar';
COMMENT ON COLUMN @views@.compliance.due_at IS 'When the target was used up, or would have been; NULL if it stopped while paused before that';
COMMENT ON COLUMN @views@.compliance.stopped_at IS 'When it ended';
COMMENT ON COLUMN @views@.compliance.stopped_on IS 'Local date of the end in the calendar''s zone, or UTC without a calendar';
COMMENT ON COLUMN @views@.compliance.priority IS 'Priority when the clock ended; NULL where not known';
COMMENT ON COLUMN @views@.compliance.channel IS 'Channel when the clock ended; NULL where not known';
COMMENT ON COLUMN @views@.compliance.category IS 'Category when the clock ended; NULL where not known';
COMMENT ON COLUMN @views@.compliance.product IS 'Product when the clock ended; NULL where not known';
COMMENT ON COLUMN @views@.compliance.customer_tier IS 'Customer tier when the clock ended; NULL where not known';
COMMENT ON COLUMN @views@.compliance.region IS 'Region when the clock ended; NULL where not known';
COMMENT ON COLUMN @views@.compliance.team IS 'Team when the clock ended; NULL where not known';
COMMENT ON COLUMN @views@.compliance.agent IS 'Agent when the clock ended; NULL where not known';
COMMENT ON COLUMN @views@.compliance.customer IS 'Customer when the clock ended; NULL where not known';
