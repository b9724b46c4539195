-- A role is let retry by granting it UPDATE on this view (src/action_retry.c).  Nobody may update it itself: it is a join.
CREATE VIEW @views@.escalation_actions AS
SELECT jsonb_build_array(@key_text@, metric, cycle, escalation_level, occurrence, action)::varchar(4000) AS action_id,
       @key@,
       metric::varchar(255),
       cycle,
       escalation_level,
       occurrence,
       action::varchar(255),
       argument::varchar(255),
       e.benchmark::varchar(255),
       e.due_at,
       e.fired_at,
       (e.fired_at AT TIME ZONE 'UTC')::date AS fired_on,
       a.state::varchar(20) AS handling,
       (a.state = 'done')::int AS done_count,
       (a.state = 'failed')::int AS failed_count,
       (a.state = 'pending')::int AS waiting_count,
       (a.state = 'pending' AND service_policy._suspended_until(@name@) IS NOT NULL)::int AS suspended_count,
       a.attempts,
       a.attempt_at AS next_attempt_at,
       a.done_at,
       a.last_error::varchar(1000),
       e.priority::varchar(255),
       e.channel::varchar(255),
       e.category::varchar(255),
       e.product::varchar(255),
       e.customer_tier::varchar(255),
       e.region::varchar(255),
       e.team::varchar(255),
       e.agent::varchar(255),
       e.customer::varchar(255)
  FROM @data@.escalation_action a
  LEFT JOIN LATERAL (SELECT e.benchmark, e.due_at, e.fired_at, e.priority, e.channel, e.category, e.product, e.customer_tier,
                            e.region, e.team, e.agent, e.customer
                       FROM @data@.escalation e
                      WHERE @e.key=a.key@ AND e.metric = a.metric AND e.cycle = a.cycle
                        AND e.escalation_level = a.escalation_level AND e.occurrence = a.occurrence) AS e ON true;

COMMENT ON VIEW @views@.escalation_actions IS
    'What levels of escalation do besides telling people, and what became of it: one row each. GRANT UPDATE on it lets a role call retry_action()';
COMMENT ON COLUMN @views@.escalation_actions.action_id IS 'Unique: the ticket''s key, metric, cycle, level, occurrence and action, as retry_action() takes it';
COMMENT ON COLUMN @views@.escalation_actions.metric IS 'Metric of the clock that escalated';
COMMENT ON COLUMN @views@.escalation_actions.cycle IS 'Cycle of the clock, from 1';
COMMENT ON COLUMN @views@.escalation_actions.escalation_level IS 'Number of the level in its chain';
COMMENT ON COLUMN @views@.escalation_actions.occurrence IS 'Which time the level fired, from 1; more where it repeats';
COMMENT ON COLUMN @views@.escalation_actions.action IS 'assign, priority, or what the level names with call';
COMMENT ON COLUMN @views@.escalation_actions.argument IS 'To whom to assign, or which priority to set; NULL for others';
COMMENT ON COLUMN @views@.escalation_actions.benchmark IS 'Benchmark that the clock was held against';
COMMENT ON COLUMN @views@.escalation_actions.due_at IS 'When the level was to fire';
COMMENT ON COLUMN @views@.escalation_actions.fired_at IS 'When it did';
COMMENT ON COLUMN @views@.escalation_actions.fired_on IS 'Date of fired_at in UTC';
COMMENT ON COLUMN @views@.escalation_actions.handling IS 'pending, done, failed (given up) or suppressed (left out, since the clock was no longer open, or a later level had done the same)';
COMMENT ON COLUMN @views@.escalation_actions.done_count IS '1 if it was done, else 0';
COMMENT ON COLUMN @views@.escalation_actions.failed_count IS '1 if it was given up, else 0';
COMMENT ON COLUMN @views@.escalation_actions.waiting_count IS '1 if it is yet to be tried, perhaps again, else 0';
COMMENT ON COLUMN @views@.escalation_actions.suspended_count IS '1 if it waits because the attachment is suspended now, else 0';
COMMENT ON COLUMN @views@.escalation_actions.attempts IS 'How often it was tried, since it was last given up';
COMMENT ON COLUMN @views@.escalation_actions.next_attempt_at IS 'From when on it may be tried; NULL when it was handled';
COMMENT ON COLUMN @views@.escalation_actions.done_at IS 'When the transaction began that did it; NULL if it was not';
COMMENT ON COLUMN @views@.escalation_actions.last_error IS 'Why it failed the last time; NULL if it has not';
COMMENT ON COLUMN @views@.escalation_actions.priority IS 'Priority of the ticket when the level fired; NULL where not known';
COMMENT ON COLUMN @views@.escalation_actions.channel IS 'Channel of the ticket when the level fired; NULL where not known';
COMMENT ON COLUMN @views@.escalation_actions.category IS 'Category of the ticket when the level fired; NULL where not known';
COMMENT ON COLUMN @views@.escalation_actions.product IS 'Product of the ticket when the level fired; NULL where not known';
COMMENT ON COLUMN @views@.escalation_actions.customer_tier IS 'Customer tier of the ticket when the level fired; NULL where not known';
COMMENT ON COLUMN @views@.escalation_actions.region IS 'Region of the ticket when the level fired; NULL where not known';
COMMENT ON COLUMN @views@.escalation_actions.team IS 'Team of the ticket when the level fired; NULL where not known';
COMMENT ON COLUMN @views@.escalation_actions.agent IS 'Agent of the ticket when the level fired; NULL where not known';
COMMENT ON COLUMN @views@.escalation_actions.customer IS 'Customer of the ticket when the level fired; NULL where not known';
