CREATE VIEW @views@.escalation_effectiveness AS
SELECT jsonb_build_array(policy_version, benchmark, metric, escalation_level, notify, notify_channel, assign_to, set_priority,
                         call_function, priority, channel, category, product, customer_tier, region,
                         team)::varchar(2000) AS effectiveness_id,
       policy_version,
       benchmark,
       metric,
       escalation_level,
       notify,
       notify_channel,
       assign_to,
       set_priority,
       call_function,
       count(*)::int AS escalation_count,
       count(*) FILTER (WHERE occurrence > 1)::int AS repeat_count,
       count(DISTINCT ticket)::int AS ticket_count,
       count(*) FILTER (WHERE is_acknowledged)::int AS acknowledged_count,
       (100.0 * count(*) FILTER (WHERE is_acknowledged) / count(*))::numeric(5,2) AS acknowledged_percent,
       count(to_next_event)::int AS next_event_count,
       (extract(epoch FROM sum(to_next_event)) / 60)::numeric(14,2) AS next_event_minutes,
       (extract(epoch FROM sum(to_next_event)) / 60 / count(to_next_event))::numeric(14,2) AS average_next_event_minutes,
       (extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY to_next_event)) / 60)::numeric(14,2) AS median_next_event_minutes,
       count(*) FILTER (WHERE is_early)::int AS early_count,
       count(*) FILTER (WHERE is_early AND state = 'met')::int AS met_count,
       count(*) FILTER (WHERE is_early AND state = 'missed')::int AS missed_count,
       count(*) FILTER (WHERE is_early AND state = 'cancelled')::int AS cancelled_count,
       count(*) FILTER (WHERE is_early AND state IN ('running', 'paused'))::int AS open_count,
       (100.0 * count(*) FILTER (WHERE is_early AND state = 'met')
        / nullif(count(*) FILTER (WHERE is_early AND state IN ('met', 'missed')), 0))::numeric(5,2) AS met_percent,
       count(to_stop)::int AS stopped_count,
       (extract(epoch FROM sum(to_stop)) / 60)::numeric(14,2) AS stop_minutes,
       (extract(epoch FROM sum(to_stop)) / 60 / count(to_stop))::numeric(14,2) AS average_stop_minutes,
       (extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY to_stop)) / 60)::numeric(14,2) AS median_stop_minutes,
       priority,
       channel,
       category,
       product,
       customer_tier,
       region,
       team
  FROM (SELECT ROW (@e.key@) AS ticket,
               e.policy_version,
               e.benchmark::varchar(255),
               e.metric::varchar(255),
               e.escalation_level,
               e.occurrence,
               e.notify::varchar(255),
               e.notify_channel::varchar(255),
               e.assign_to::varchar(255),
               e.set_priority::varchar(255),
               e.call_function::varchar(255),
               c.state,
               coalesce(c.acknowledged_at >= e.fired_at, false) AS is_acknowledged,
               NOT clock_was.is_over AND (c.due_at IS NULL OR c.due_at > e.fired_at) AS is_early,
               CASE WHEN NOT clock_was.is_over AND c.state IN ('met', 'missed') THEN c.stopped_at - e.fired_at END AS to_stop,
               least(next.changed_at, next.replied_at) - e.fired_at AS to_next_event,
               e.priority::varchar(255),
               e.channel::varchar(255),
               e.category::varchar(255),
               e.product::varchar(255),
               e.customer_tier::varchar(255),
               e.region::varchar(255),
               e.team::varchar(255)
          FROM @data@.escalation e
          LEFT JOIN @data@.clock c ON @c.key=e.key@ AND c.metric = e.metric AND c.cycle = e.cycle
         CROSS JOIN LATERAL (SELECT c.state IS NULL OR coalesce(c.stopped_at < e.fired_at, false) AS is_over) AS clock_was
         CROSS JOIN LATERAL (
                -- OFFSET has it looked up once for all its uses.  What a tick brought about, its own transaction recorded: one that had begun
                -- before the level fired, or that of another level's action.
                SELECT (SELECT l.at
                          FROM (SELECT @l.key@, l.at, l.recorded_at
                                  FROM @data@.ledger l
                                 WHERE @l.key=e.key@ AND l.at > e.fired_at AND l.recorded_at > e.fired_at
                                   AND l.event IN ('changed', 'responded', 'left')
                                 ORDER BY l.at) AS l
                         WHERE NOT EXISTS (SELECT FROM @data@.message m
                                            WHERE @m.key=l.key@ AND m.author = 'customer' AND m.recorded_at = l.recorded_at)
                           AND NOT EXISTS (SELECT FROM @data@.escalation_action a
                                            WHERE @a.key=l.key@ AND a.done_at = l.recorded_at)
                         LIMIT 1) AS changed_at,
                       (SELECT m.sent_at
                          FROM @data@.message m
                         WHERE @m.key=e.key@ AND m.sent_at > e.fired_at AND m.recorded_at > e.fired_at AND m.author = 'agent'
                           AND NOT EXISTS (SELECT FROM @data@.escalation_action a
                                            WHERE @a.key=m.key@ AND a.done_at = m.recorded_at)
                         ORDER BY m.sent_at LIMIT 1) AS replied_at
                OFFSET 0) AS next) AS effect
 GROUP BY policy_version, benchmark, metric, escalation_level, notify, notify_channel, assign_to, set_priority, call_function,
          priority, channel, category, product, customer_tier, region, team;

COMMENT ON VIEW @views@.escalation_effectiveness IS
    'Did a level of escalation help? What came after it fired, by level, benchmark, version and scenario; add up the counts and sums for any coarser grouping. Minutes are around the clock';
COMMENT ON COLUMN @views@.escalation_effectiveness.effectiveness_id IS 'Unique: the version, benchmark, metric, level, what the level does, and the scenario';
COMMENT ON COLUMN @views@.escalation_effectiveness.policy_version IS 'Version of the policy whose chain it is';
COMMENT ON COLUMN @views@.escalation_effectiveness.benchmark IS 'Benchmark that the clocks were held against';
COMMENT ON COLUMN @views@.escalation_effectiveness.metric IS 'Metric of the clocks that escalated';
COMMENT ON COLUMN @views@.escalation_effectiveness.escalation_level IS 'Number of the level in its chain';
COMMENT ON COLUMN @views@.escalation_effectiveness.notify IS 'Whom the level tells; NULL if nobody';
COMMENT ON COLUMN @views@.escalation_effectiveness.notify_channel IS 'By which means; NULL if that is left to the reader';
COMMENT ON COLUMN @views@.escalation_effectiveness.assign_to IS 'To whom the level assigns the ticket; NULL if it stays';
COMMENT ON COLUMN @views@.escalation_effectiveness.set_priority IS 'What the level makes the ticket''s priority; NULL if it stays';
COMMENT ON COLUMN @views@.escalation_effectiveness.call_function IS 'Function that the level calls; NULL if none';
COMMENT ON COLUMN @views@.escalation_effectiveness.escalation_count IS 'How often the level fired, repetitions included; the other counts are of these';
COMMENT ON COLUMN @views@.escalation_effectiveness.repeat_count IS 'Those of them that were repetitions';
COMMENT ON COLUMN @views@.escalation_effectiveness.ticket_count IS 'Tickets for which it fired; not to be added up, as a ticket may be in several rows';
COMMENT ON COLUMN @views@.escalation_effectiveness.acknowledged_count IS 'Escalations that somebody acknowledged later; an acknowledgement is over when the ticket is reopened';
COMMENT ON COLUMN @views@.escalation_effectiveness.acknowledged_percent IS 'Share of acknowledged_count in escalation_count, from 0 to 100';
COMMENT ON COLUMN @views@.escalation_effectiveness.next_event_count IS 'Escalations after which something happened to the ticket: somebody changed or deleted it, or an agent replied in public; not what the customer wrote, nor what a level did itself';
COMMENT ON COLUMN @views@.escalation_effectiveness.next_event_minutes IS 'Minutes from firing to the first such event, added up; NULL if there was none';
COMMENT ON COLUMN @views@.escalation_effectiveness.average_next_event_minutes IS 'Mean of these: next_event_minutes by next_event_count; NULL if there was none';
COMMENT ON COLUMN @views@.escalation_effectiveness.median_next_event_minutes IS 'Median of these; NULL if there was none';
COMMENT ON COLUMN @views@.escalation_effectiveness.early_count IS 'Escalations that fired before the deadline, as it now is, of a clock that was open: met, missed, cancelled and open ones';
COMMENT ON COLUMN @views@.escalation_effectiveness.met_count IS 'Those of early_count whose clock met its target afterwards';
COMMENT ON COLUMN @views@.escalation_effectiveness.missed_count IS 'Those of early_count whose clock missed its target all the same';
COMMENT ON COLUMN @views@.escalation_effectiveness.cancelled_count IS 'Those of early_count whose clock was cancelled afterwards';
COMMENT ON COLUMN @views@.escalation_effectiveness.open_count IS 'Those of early_count whose clock is still open';
COMMENT ON COLUMN @views@.escalation_effectiveness.met_percent IS 'Share of met_count in met_count and missed_count, from 0 to 100; NULL if there are none';
COMMENT ON COLUMN @views@.escalation_effectiveness.stopped_count IS 'Escalations whose clock has stopped afterwards, met or missed';
COMMENT ON COLUMN @views@.escalation_effectiveness.stop_minutes IS 'Minutes from firing to that stop, added up; NULL if there are none';
COMMENT ON COLUMN @views@.escalation_effectiveness.average_stop_minutes IS 'Mean of these: stop_minutes by stopped_count; NULL if there are none';
COMMENT ON COLUMN @views@.escalation_effectiveness.median_stop_minutes IS 'Median of these; NULL if there are none';
COMMENT ON COLUMN @views@.escalation_effectiveness.priority IS 'Priority of the tickets when it fired; NULL where not known';
COMMENT ON COLUMN @views@.escalation_effectiveness.channel IS 'Channel of the tickets when it fired; NULL where not known';
COMMENT ON COLUMN @views@.escalation_effectiveness.category IS 'Category of the tickets when it fired; NULL where not known';
COMMENT ON COLUMN @views@.escalation_effectiveness.product IS 'Product of the tickets when it fired; NULL where not known';
COMMENT ON COLUMN @views@.escalation_effectiveness.customer_tier IS 'Customer tier of the tickets when it fired; NULL where not known';
COMMENT ON COLUMN @views@.escalation_effectiveness.region IS 'Region of the tickets when it fired; NULL where not known';
COMMENT ON COLUMN @views@.escalation_effectiveness.team IS 'Team of the tickets when it fired; NULL where not known';
