-- A role is let claim by granting it UPDATE on this view (src/outbox.c).  Nobody may update it itself: UNION sees to that.
CREATE VIEW @views@.outbox AS
SELECT jsonb_build_array(@key_text@, metric, cycle, escalation_level, occurrence)::varchar(4000) AS notification_id,
       @key@,
       metric::varchar(255),
       cycle,
       escalation_level,
       occurrence,
       notify::varchar(255),
       notify_channel::varchar(255),
       subject::varchar(1000),
       message::varchar(10000),
       1 AS escalation_count,
       due_at,
       fired_at,
       (fired_at AT TIME ZONE 'UTC')::date AS fired_on,
       state::varchar(20) AS handling,
       (state = 'failed')::int AS failed_count,
       (state <> 'failed')::int AS waiting_count,
       (state <> 'failed' AND service_policy._suspended_until(@name@) IS NOT NULL)::int AS suspended_count,
       attempts,
       attempt_at AS next_attempt_at,
       claimed_by::varchar(255),
       last_error::varchar(1000)
  FROM @data@.escalation
 WHERE notify IS NOT NULL AND state IN ('pending', 'claimed', 'failed')
UNION ALL
SELECT jsonb_build_array('summary', summary_id)::varchar(4000),
       @key@,
       metrics::varchar(255),
       NULL,
       escalation_level,
       NULL,
       notify::varchar(255),
       notify_channel::varchar(255),
       subject::varchar(1000),
       message::varchar(10000),
       escalations,
       due_at,
       fired_at,
       (fired_at AT TIME ZONE 'UTC')::date,
       state::varchar(20),
       (state = 'failed')::int,
       (state <> 'failed')::int,
       (state <> 'failed' AND service_policy._suspended_until(@name@) IS NOT NULL)::int,
       attempts,
       attempt_at,
       claimed_by::varchar(255),
       last_error::varchar(1000)
  FROM @data@.escalation_summary
       LEFT JOIN (SELECT @key@ FROM @data@.escalation LIMIT 0) AS no_ticket ON true
 WHERE state IN ('pending', 'claimed', 'failed');

COMMENT ON VIEW @views@.outbox IS
    'Notifications that have yet to be sent, or could not be: one row each, of one escalation or of a summary, which has no ticket. GRANT UPDATE on it lets a role claim() and confirm() them';
COMMENT ON COLUMN @views@.outbox.notification_id IS 'Unique: the id that claim() gives it';
COMMENT ON COLUMN @views@.outbox.metric IS 'Metric of the clock that escalated; of a summary, the metrics';
COMMENT ON COLUMN @views@.outbox.cycle IS 'Cycle of the clock, from 1; NULL of a summary';
COMMENT ON COLUMN @views@.outbox.escalation_level IS 'Number of the level in its chain; of a summary, the highest';
COMMENT ON COLUMN @views@.outbox.occurrence IS 'Which time the level fired, from 1; more where it repeats; NULL of a summary';
COMMENT ON COLUMN @views@.outbox.notify IS 'Whom to tell';
COMMENT ON COLUMN @views@.outbox.notify_channel IS 'By which means; NULL if that is left to who sends it';
COMMENT ON COLUMN @views@.outbox.subject IS 'Subject of what they are told; NULL if there is none';
COMMENT ON COLUMN @views@.outbox.message IS 'What they are told; NULL if there is nothing';
COMMENT ON COLUMN @views@.outbox.escalation_count IS 'How many escalations it tells of: 1, or more if it is a summary';
COMMENT ON COLUMN @views@.outbox.due_at IS 'When the level was to fire; of a summary, the first of them';
COMMENT ON COLUMN @views@.outbox.fired_at IS 'When it did; of a summary, the first of them';
COMMENT ON COLUMN @views@.outbox.fired_on IS 'Date of fired_at in UTC';
COMMENT ON COLUMN @views@.outbox.handling IS 'pending: to be claimed from next_attempt_at on; claimed: somebody is to confirm it before next_attempt_at; failed: given up';
COMMENT ON COLUMN @views@.outbox.failed_count IS '1 if it was given up, else 0';
COMMENT ON COLUMN @views@.outbox.waiting_count IS '1 if it may still be sent, else 0';
COMMENT ON COLUMN @views@.outbox.suspended_count IS '1 if it waits because the attachment is suspended now, else 0';
COMMENT ON COLUMN @views@.outbox.attempts IS 'How often it was claimed, since it was last given up';
COMMENT ON COLUMN @views@.outbox.next_attempt_at IS 'From when on it may be claimed; NULL if it was given up';
COMMENT ON COLUMN @views@.outbox.claimed_by IS 'The role that claimed it last; NULL if none has';
COMMENT ON COLUMN @views@.outbox.last_error IS 'Why it could not be sent the last time; NULL if that has not happened';
