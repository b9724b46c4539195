CREATE VIEW @views@.escalation_log AS
SELECT ROW(@key_text@, metric, cycle, escalation_level, occurrence)::text::varchar(4000) AS escalation_id,
       @key@,
       metric::varchar(255),
       cycle,
       escalation_level,
       occurrence,
       benchmark::varchar(255),
       policy_version,
       due_at,
       (due_at AT TIME ZONE 'UTC')::date AS due_on,
       fired_at,
       (fired_at AT TIME ZONE 'UTC')::date AS fired_on,
       (extract(epoch FROM fired_at - due_at) / 60)::numeric(14,2) AS delay_minutes,
       notify::varchar(255),
       notify_channel::varchar(255),
       subject::varchar(1000),
       message::varchar(10000),
       assign_to::varchar(255),
       set_priority::varchar(255),
       call_function::varchar(255),
       state::varchar(20) AS handling,
       attempts,
       summary_id,
       done_at,
       last_error::varchar(1000),
       -- the worst of them
       (SELECT CASE WHEN bool_or(a.state = 'failed') THEN 'failed' WHEN bool_or(a.state = 'pending') THEN 'pending'
                    WHEN bool_or(a.state = 'suppressed') THEN 'suppressed' WHEN count(*) > 0 THEN 'done' END
          FROM @data@.escalation_action a
         WHERE @a.key=e.key@ AND a.metric = e.metric AND a.cycle = e.cycle
           AND a.escalation_level = e.escalation_level AND a.occurrence = e.occurrence)::varchar(20) AS action_handling,
       priority::varchar(255),
       channel::varchar(255),
       category::varchar(255),
       product::varchar(255),
       customer_tier::varchar(255),
       region::varchar(255),
       team::varchar(255),
       agent::varchar(255),
       customer::varchar(255)
  FROM @data@.escalation e;

COMMENT ON VIEW @views@.escalation_log IS
    'Escalations: one row each time that a level of a chain fired';
COMMENT ON COLUMN @views@.escalation_log.escalation_id IS 'Unique: the ticket''s key, metric, cycle, level and occurrence';
COMMENT ON COLUMN @views@.escalation_log.metric IS 'Metric of the clock that escalated';
COMMENT ON COLUMN @views@.escalation_log.cycle IS 'Cycle of the clock, from 1';
COMMENT ON COLUMN @views@.escalation_log.escalation_level IS 'Number of the level in its chain';
COMMENT ON COLUMN @views@.escalation_log.occurrence IS 'Which time the level fired, from 1; more where it repeats';
COMMENT ON COLUMN @views@.escalation_log.benchmark IS 'Benchmark that the clock was held against';
COMMENT ON COLUMN @views@.escalation_log.policy_version IS 'Version of the policy whose chain it is';
COMMENT ON COLUMN @views@.escalation_log.due_at IS 'When it was to fire';
COMMENT ON COLUMN @views@.escalation_log.due_on IS 'Date of due_at in UTC';
COMMENT ON COLUMN @views@.escalation_log.fired_at IS 'When the tick that recorded it ran';
COMMENT ON COLUMN @views@.escalation_log.fired_on IS 'Date of fired_at in UTC';
COMMENT ON COLUMN @views@.escalation_log.delay_minutes IS 'Minutes, around the clock, from due_at to fired_at';
COMMENT ON COLUMN @views@.escalation_log.notify IS 'Whom to tell; NULL if nobody';
COMMENT ON COLUMN @views@.escalation_log.notify_channel IS 'By which means; NULL if that is left to the reader';
COMMENT ON COLUMN @views@.escalation_log.subject IS 'Subject of what they are told; NULL if there is none';
COMMENT ON COLUMN @views@.escalation_log.message IS 'What they are told; NULL if there is nothing';
COMMENT ON COLUMN @views@.escalation_log.assign_to IS 'To whom the ticket is to be assigned; NULL if it stays';
COMMENT ON COLUMN @views@.escalation_log.set_priority IS 'What the ticket''s priority is to become; NULL if it stays';
COMMENT ON COLUMN @views@.escalation_log.call_function IS 'Function to call; NULL if none';
COMMENT ON COLUMN @views@.escalation_log.handling IS 'Of who is to be told: pending, claimed, done, failed (given up), suppressed (the clock was no longer open) or summarised (told with others, by the summary summary_id); NULL: nobody is';
COMMENT ON COLUMN @views@.escalation_log.attempts IS 'How often it was claimed to be sent, since it was last given up';
COMMENT ON COLUMN @views@.escalation_log.summary_id IS 'The one of escalation_summaries that counts it; NULL if it was told by itself';
COMMENT ON COLUMN @views@.escalation_log.done_at IS 'When it was confirmed that they were told; NULL if it was not, or of a summary';
COMMENT ON COLUMN @views@.escalation_log.last_error IS 'Why it could not be sent the last time; NULL if that has not happened';
COMMENT ON COLUMN @views@.escalation_log.action_handling IS 'Of what else the level does, all together: failed (something was given up), pending, suppressed (something was left out) or done, the first that holds of any; NULL: nothing. See escalation_actions';
COMMENT ON COLUMN @views@.escalation_log.priority IS 'Priority of the ticket when it fired; NULL where not known';
COMMENT ON COLUMN @views@.escalation_log.channel IS 'Channel of the ticket when it fired; NULL where not known';
COMMENT ON COLUMN @views@.escalation_log.category IS 'Category of the ticket when it fired; NULL where not known';
COMMENT ON COLUMN @views@.escalation_log.product IS 'Product of the ticket when it fired; NULL where not known';
COMMENT ON COLUMN @views@.escalation_log.customer_tier IS 'Customer tier of the ticket when it fired; NULL where not known';
COMMENT ON COLUMN @views@.escalation_log.region IS 'Region of the ticket when it fired; NULL where not known';
COMMENT ON COLUMN @views@.escalation_log.team IS 'Team of the ticket when it fired; NULL where not known';
COMMENT ON COLUMN @views@.escalation_log.agent IS 'Agent of the ticket when it fired; NULL where not known';
COMMENT ON COLUMN @views@.escalation_log.customer IS 'Customer of the ticket when it fired; NULL where not known';
