CREATE VIEW @views@.compliance_daily AS
SELECT ROW(to_char(stopped_on, 'YYYY-MM-DD'), metric, benchmark, policy_version, priority, channel, category, product,
           customer_tier, region, team)::text::varchar(5000) AS daily_id,
       stopped_on,
       metric,
       benchmark,
       policy_version,
       count(*)::int AS judged_count,
       sum(met_count)::int AS met_count,
       sum(missed_count)::int AS missed_count,
       count(*) FILTER (WHERE outcome = 'cancelled')::int AS cancelled_count,
       (100.0 * sum(met_count) / nullif(sum(met_count) + sum(missed_count), 0))::numeric(5,2) AS met_percent,
       avg(elapsed_minutes)::numeric(14,2) AS average_elapsed_minutes,
       priority,
       channel,
       category,
       product,
       customer_tier,
       region,
       team
  FROM @views@.compliance
 GROUP BY stopped_on, metric, benchmark, policy_version, priority, channel, category, product, customer_tier, region, team;

COMMENT ON VIEW @views@.compliance_daily IS
    'Judged clocks by the date on which they ended, with their benchmark and scenario; add up the counts for any coarser grouping';
COMMENT ON COLUMN @views@.compliance_daily.daily_id IS 'Unique: the date, metric, benchmark, version and scenario';
COMMENT ON COLUMN @views@.compliance_daily.stopped_on IS 'Local date of the end in the calendar''s zone, or UTC without a calendar';
COMMENT ON COLUMN @views@.compliance_daily.metric IS 'What was measured';
COMMENT ON COLUMN @views@.compliance_daily.benchmark IS 'Benchmark that it was held against';
COMMENT ON COLUMN @views@.compliance_daily.policy_version IS 'Version of the policy that judged it';
COMMENT ON COLUMN @views@.compliance_daily.judged_count IS 'Clocks that ended, cancelled ones included';
COMMENT ON COLUMN @views@.compliance_daily.met_count IS 'Clocks that met their target';
COMMENT ON COLUMN @views@.compliance_daily.missed_count IS 'Clocks that missed their target';
COMMENT ON COLUMN @views@.compliance_daily.cancelled_count IS 'Clocks that were cancelled';
COMMENT ON COLUMN @views@.compliance_daily.met_percent IS 'Share of met among met and missed, from 0 to 100; NULL when all were cancelled';
COMMENT ON COLUMN @views@.compliance_daily.average_elapsed_minutes IS 'Mean of the minutes counted, cancelled ones included';
COMMENT ON COLUMN @views@.compliance_daily.priority IS 'Priority when the clocks ended; NULL where not known';
COMMENT ON COLUMN @views@.compliance_daily.channel IS 'Channel when the clocks ended; NULL where not known';
COMMENT ON COLUMN @views@.compliance_daily.category IS 'Category when the clocks ended; NULL where not known';
COMMENT ON COLUMN @views@.compliance_daily.product IS 'Product when the clocks ended; NULL where not known';
COMMENT ON COLUMN @views@.compliance_daily.customer_tier IS 'Customer tier when the clocks ended; NULL where not known';
COMMENT ON COLUMN @views@.compliance_daily.region IS 'Region when the clocks ended; NULL where not known';
COMMENT ON COLUMN @views@.compliance_daily.team IS 'Team when the clocks ended; NULL where not known';
