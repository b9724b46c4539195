CREATE VIEW @views@.escalation_summaries AS
SELECT summary_id,
       notify::varchar(255),
       notify_channel::varchar(255),
       subject::varchar(1000),
       message::varchar(10000),
       escalations AS escalation_count,
       tickets AS ticket_count,
       escalation_level,
       levels::varchar(1000),
       metrics::varchar(1000),
       due_at,
       fired_at,
       summarised_at,
       (summarised_at AT TIME ZONE 'UTC')::date AS summarised_on,
       state::varchar(20) AS handling,
       attempts,
       done_at,
       last_error::varchar(1000)
  FROM @data@.escalation_summary;

COMMENT ON VIEW @views@.escalation_summaries IS
    'Notifications of many escalations at once: one row each. Which escalations one counts is in escalation_log';
COMMENT ON COLUMN @views@.escalation_summaries.summary_id IS 'Unique: number of the summary';
COMMENT ON COLUMN @views@.escalation_summaries.notify IS 'Whom to tell';
COMMENT ON COLUMN @views@.escalation_summaries.notify_channel IS 'By which means; NULL if that is left to who sends it';
COMMENT ON COLUMN @views@.escalation_summaries.subject IS 'Subject of what they are told';
COMMENT ON COLUMN @views@.escalation_summaries.message IS 'What they are told';
COMMENT ON COLUMN @views@.escalation_summaries.escalation_count IS 'How many escalations it counts';
COMMENT ON COLUMN @views@.escalation_summaries.ticket_count IS 'Of how many tickets they are';
COMMENT ON COLUMN @views@.escalation_summaries.escalation_level IS 'The highest of their levels';
COMMENT ON COLUMN @views@.escalation_summaries.levels IS 'Their levels, in order';
COMMENT ON COLUMN @views@.escalation_summaries.metrics IS 'Metrics of their clocks, in order';
COMMENT ON COLUMN @views@.escalation_summaries.due_at IS 'When the first of them was to fire';
COMMENT ON COLUMN @views@.escalation_summaries.fired_at IS 'When the first of them did';
COMMENT ON COLUMN @views@.escalation_summaries.summarised_at IS 'When they were summed up';
COMMENT ON COLUMN @views@.escalation_summaries.summarised_on IS 'Date of summarised_at in UTC';
COMMENT ON COLUMN @views@.escalation_summaries.handling IS 'pending, claimed, done, failed (given up) or suppressed (no clock of them was open any more)';
COMMENT ON COLUMN @views@.escalation_summaries.attempts IS 'How often it was claimed, since it was last given up';
COMMENT ON COLUMN @views@.escalation_summaries.done_at IS 'When it was confirmed that they were told; NULL if it was not';
COMMENT ON COLUMN @views@.escalation_summaries.last_error IS 'Why it could not be sent the last time; NULL if that has not happened';
