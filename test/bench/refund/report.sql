-- What pgbench says.  A figure is the median over the rounds; what is added is the median of each round's difference of
-- medians, since in a round the two were interleaved.
\pset footer off
\echo One client, prepared statements, a transaction each
WITH round AS (
    SELECT pair, sync, round, count(*) FILTER (WHERE variant <> 'bare') AS n,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY us) FILTER (WHERE variant = 'bare') AS bare,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY us) FILTER (WHERE variant <> 'bare') AS us,
           percentile_cont(0.99) WITHIN GROUP (ORDER BY us) FILTER (WHERE variant = 'bare') AS bare99,
           percentile_cont(0.99) WITHIN GROUP (ORDER BY us) FILTER (WHERE variant <> 'bare') AS us99
      FROM crm.latency GROUP BY pair, sync, round
)
SELECT sync AS synchronous_commit, pair AS variant, sum(n) AS inserts,
       round(percentile_cont(0.5) WITHIN GROUP (ORDER BY bare)::numeric, 1) AS bare_us,
       round(percentile_cont(0.5) WITHIN GROUP (ORDER BY us)::numeric, 1) AS median_us,
       round(percentile_cont(0.5) WITHIN GROUP (ORDER BY us - bare)::numeric, 1) AS added_us,
       round(percentile_cont(0.5) WITHIN GROUP (ORDER BY us99 - bare99)::numeric, 1) AS added_us_p99
  FROM round GROUP BY sync, pair ORDER BY sync, array_position('{few,million,customer}', pair);

\echo CPU of the server process alone, synchronous_commit off
WITH block AS (
    SELECT pair, label AS variant, n, ns - lag(ns) OVER of_pair AS ns, lag(label) OVER of_pair AS began
      FROM crm.reading WINDOW of_pair AS (PARTITION BY pair ORDER BY n)
), warm AS (
    SELECT *, row_number() OVER (PARTITION BY pair, variant ORDER BY n) AS nth FROM block WHERE began = 'begin'
), cpu AS (
    SELECT pair, percentile_cont(0.5) WITHIN GROUP (ORDER BY ns) FILTER (WHERE variant = 'bare') / 1000.0 / :block AS bare,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY ns) FILTER (WHERE variant <> 'bare') / 1000.0 / :block AS us
      FROM warm WHERE nth > 5 GROUP BY pair
)
SELECT pair AS variant, round(bare::numeric, 1) AS bare_us, round(us::numeric, 1) AS cpu_us, round((us - bare)::numeric, 1) AS added_us
  FROM cpu ORDER BY array_position('{few,million,customer}', pair);
