-- What pgbench says.  A figure is the median over the rounds; what is added is the median of each round's difference of
-- medians, since in a round all were interleaved.
\pset footer off
\echo One client, prepared statements, a transaction each
WITH round AS (
    SELECT sync, variant, round, count(*) AS n, percentile_cont(0.5) WITHIN GROUP (ORDER BY us) AS us,
           percentile_cont(0.99) WITHIN GROUP (ORDER BY us) AS us99
      FROM crm.latency GROUP BY sync, variant, round
)
SELECT r.sync AS synchronous_commit, r.variant, sum(r.n) AS inserts,
       round(percentile_cont(0.5) WITHIN GROUP (ORDER BY r.us)::numeric, 1) AS median_us,
       round(percentile_cont(0.5) WITHIN GROUP (ORDER BY r.us - bare.us)::numeric, 1) AS added_us,
       round(percentile_cont(0.5) WITHIN GROUP (ORDER BY r.us99 - bare.us99)::numeric, 1) AS added_us_p99
  FROM round r JOIN round bare USING (sync, round)
 WHERE bare.variant = 'bare'
 GROUP BY r.sync, r.variant ORDER BY r.sync, array_position('{bare,few,million,customer}', r.variant);

\echo CPU of the server process alone, synchronous_commit off
WITH block AS (
    SELECT label AS variant, ns - lag(ns) OVER (ORDER BY n) AS ns, lag(label) OVER (ORDER BY n) AS began FROM crm.reading
), cpu AS (
    SELECT variant, percentile_cont(0.5) WITHIN GROUP (ORDER BY ns) / 1000.0 / :block AS us
      FROM (SELECT *, row_number() OVER (PARTITION BY variant) AS nth FROM block WHERE began = 'begin') warm
     WHERE nth > 5 GROUP BY variant
)
SELECT variant, round(us::numeric, 1) AS cpu_us, round((us - (SELECT us FROM cpu WHERE variant = 'bare'))::numeric, 1) AS added_us
  FROM cpu ORDER BY array_position('{bare,few,million,customer}', variant);
