CREATE VIEW @views@.ticket_status AS
SELECT ROW(@key_text@, metric, cycle)::text::varchar(4000) AS clock_id,
       @key@,
       metric::varchar(255),
       cycle,
       benchmark::varchar(255),
       policy_version,
       (CASE WHEN state = 'paused' THEN 'paused'
             WHEN now_us > target_us OR now_us IS NULL AND due_at < now() THEN 'breached'
             WHEN at_risk_at <= now() THEN 'at_risk'
             ELSE 'on_track' END)::varchar(20) AS status,
       started_at,
       started_on,
       due_at,
       ((target_us - now_us) / 60000000.0)::numeric(14,2) AS remaining_minutes,
       (now_us / 60000000.0)::numeric(14,2) AS elapsed_minutes,
       (paused_us / 60000000.0)::numeric(14,2) AS paused_minutes,
       (target_us / 60000000.0)::numeric(14,2) AS target_minutes,
       coalesce(escalation_level, 0) AS escalation_level,
       next_escalation_at,
       acknowledged_at,
       acknowledged_by::varchar(255),
       priority::varchar(255),
       channel::varchar(255),
       category::varchar(255),
       product::varchar(255),
       customer_tier::varchar(255),
       region::varchar(255),
       team::varchar(255),
       agent::varchar(255),
       customer::varchar(255)
  FROM @data@.clock,
       LATERAL (SELECT elapsed_us + CASE WHEN state = 'paused' THEN 0
                                         ELSE service_policy._clock_microseconds(calendar, counted_from, now())
                                    END) AS reading (now_us)
 WHERE stopped_at IS NULL;

COMMENT ON VIEW @views@.ticket_status IS
    'Open clocks, now: one row a clock of a ticket that is still being measured. Durations are business time of the clock''s calendar';
COMMENT ON COLUMN @views@.ticket_status.clock_id IS 'Unique: the ticket''s key, metric and cycle';
COMMENT ON COLUMN @views@.ticket_status.metric IS 'What is measured';
COMMENT ON COLUMN @views@.ticket_status.cycle IS 'Number of the measurement, from 1';
COMMENT ON COLUMN @views@.ticket_status.benchmark IS 'Benchmark that it is held against';
COMMENT ON COLUMN @views@.ticket_status.policy_version IS 'Version of the policy that judges the ticket';
COMMENT ON COLUMN @views@.ticket_status.status IS 'on_track, at_risk, breached (more has elapsed than the target) or paused';
COMMENT ON COLUMN @views@.ticket_status.started_at IS 'When the clock started';
COMMENT ON COLUMN @views@.ticket_status.started_on IS 'Local date of the start in the calendar''s zone, or UTC without a calendar';
COMMENT ON COLUMN @views@.ticket_status.due_at IS 'When the target is used up; NULL while paused before that, and where the calendar''s hours end before';
COMMENT ON COLUMN @views@.ticket_status.remaining_minutes IS 'Minutes of the target that are left; negative once breached; NULL when the calendar is gone';
COMMENT ON COLUMN @views@.ticket_status.elapsed_minutes IS 'Minutes counted so far, pauses left out; NULL when the calendar is gone';
COMMENT ON COLUMN @views@.ticket_status.paused_minutes IS 'Minutes of the pauses that have ended';
COMMENT ON COLUMN @views@.ticket_status.target_minutes IS 'Minutes allowed';
COMMENT ON COLUMN @views@.ticket_status.escalation_level IS 'Highest escalation level that has fired; 0 = none has';
COMMENT ON COLUMN @views@.ticket_status.next_escalation_at IS 'When the next level fires, with the next tick() if that has passed; NULL = none does as things are';
COMMENT ON COLUMN @views@.ticket_status.acknowledged_at IS 'When somebody acknowledged the escalation; NULL = nobody has';
COMMENT ON COLUMN @views@.ticket_status.acknowledged_by IS 'The role that acknowledged it; NULL = nobody has';
COMMENT ON COLUMN @views@.ticket_status.priority IS 'Priority of the ticket; NULL where not known';
COMMENT ON COLUMN @views@.ticket_status.channel IS 'Channel of the ticket; NULL where not known';
COMMENT ON COLUMN @views@.ticket_status.category IS 'Category of the ticket; NULL where not known';
COMMENT ON COLUMN @views@.ticket_status.product IS 'Product of the ticket; NULL where not known';
COMMENT ON COLUMN @views@.ticket_status.customer_tier IS 'Customer tier of the ticket; NULL where not known';
COMMENT ON COLUMN @views@.ticket_status.region IS 'Region of the ticket; NULL where not known';
COMMENT ON COLUMN @views@.ticket_status.team IS 'Team of the ticket; NULL where not known';
COMMENT ON COLUMN @views@.ticket_status.agent IS 'Agent of the ticket; NULL where not known';
COMMENT ON COLUMN @views@.ticket_status.customer IS 'Customer of the ticket; NULL where not known';
