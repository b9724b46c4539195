-- What pgbench and the readings of CPU time say.  Each figure is the median over the rounds; a ratio is the median of the
-- ratios of each round, since in a round all were interleaved.
\pset footer off
CREATE TABLE crm.result AS
WITH mean AS (
    SELECT sync, shape, statement, variant, round, avg(us) AS us FROM crm.latency GROUP BY sync, shape, statement, variant, round
), beside AS (
    SELECT m.*, m.us - bare.us AS added, bare.us / m.us AS share, m.us / ours.us AS times, m.us / floor.us AS times_floor
    FROM mean m JOIN mean bare USING (sync, shape, statement, round) JOIN mean ours USING (sync, shape, statement, round)
    LEFT JOIN mean floor ON (floor.sync, floor.shape, floor.statement, floor.round, floor.variant) = (m.sync, m.shape, m.statement, m.round, 'floor')
    WHERE bare.variant = 'bare' AND ours.variant = 'ours'
)
SELECT sync, shape, statement, variant, percentile_cont(0.5) WITHIN GROUP (ORDER BY us) AS us,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY added) AS added, percentile_cont(0.5) WITHIN GROUP (ORDER BY share) AS share,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY times) AS times, percentile_cont(0.5) WITHIN GROUP (ORDER BY times_floor) AS times_floor
FROM beside GROUP BY sync, shape, statement, variant;

CREATE TABLE crm.cpu AS
WITH block AS (
    SELECT split_part(label, ' ', 1) AS shape, split_part(label, ' ', 2) AS statement, split_part(label, ' ', 3) AS variant,
           ns - lag(ns) OVER (ORDER BY n) AS ns, lag(label) OVER (ORDER BY n) AS began
    FROM crm.reading
)
SELECT shape, statement, variant, percentile_cont(0.5) WITHIN GROUP (ORDER BY ns) / 1000.0 / :block AS us
FROM (SELECT *, row_number() OVER (PARTITION BY shape, statement, variant) AS nth FROM block WHERE began = 'begin') warm
WHERE nth > 10 GROUP BY shape, statement, variant;

\echo One client, prepared statements, a transaction each; all variants of a statement interleaved in one run
SELECT sync AS synchronous_commit, shape AS "table", statement, variant, round(us::numeric, 1) AS us, round((1e6 / us)::numeric) AS tps,
       round(added::numeric, 1) AS added_us, round(100 * share::numeric, 1) AS percent_of_bare_tps, round(times::numeric, 2) AS times_ours
FROM crm.result ORDER BY sync DESC, shape, statement, variant;

\echo CPU of the server process alone, synchronous_commit off
SELECT shape AS "table", statement, variant, round(c.us::numeric, 1) AS cpu_us, round((c.us - bare.us)::numeric, 1) AS added_us
FROM crm.cpu c JOIN (SELECT shape, statement, us FROM crm.cpu WHERE variant = 'bare') bare USING (shape, statement) ORDER BY shape, statement, variant;

-- full has what the ticket table of a CRM has, and is what the figures are about; small, where a row costs next to nothing, is the extreme.
\echo Against what was asked for, and what triggers reach that do nothing but write the rows
SELECT CASE shape WHEN 'small' THEN 'small, the extreme' ELSE shape END AS "table", sync AS synchronous_commit, statement, what,
       round(ratio::numeric, 3) AS ratio, at_least, CASE WHEN ratio >= at_least THEN 'yes' ELSE 'NO' END AS kept,
       round(floor::numeric, 3) AS floor, CASE WHEN floor >= at_least THEN 'yes' ELSE 'NO' END AS floor_keeps
FROM (SELECT sync, shape, statement, 1 AS n, 'tps, ours / bare' AS what, o.share AS ratio, f.share AS floor, CASE sync WHEN 'on' THEN 0.85 ELSE 0.65 END AS at_least
      FROM crm.result o JOIN crm.result f USING (sync, shape, statement) WHERE o.variant = 'ours' AND f.variant = 'floor'
      UNION ALL
      SELECT sync, shape, statement, 2, 'tps, ours / ' || variant, times, times_floor, CASE variant WHEN 'tuned' THEN 1.5 ELSE 2 END
      FROM crm.result WHERE variant IN ('tuned', 'usual')) target
WHERE statement IN ('insert', 'status') ORDER BY shape, sync DESC, statement, n, what;
