-- What pgbench says.  A figure is the median over the rounds; what is added is the median of each round's difference of
-- medians, since in a round the two were interleaved.
\pset footer off
CREATE FUNCTION crm.refunds(pair text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT split_part(pair, '_', 1) $$;
CREATE FUNCTION crm.variant(pair text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT coalesce(nullif(split_part(pair, '_', 2), ''), 'ours') $$;
CREATE FUNCTION crm.place(pair text) RETURNS int LANGUAGE sql IMMUTABLE AS
    $$ SELECT array_position('{few,few_floor,million,million_floor,million_plain,customer,customer_floor}', pair) $$;
CREATE TABLE crm.result AS
WITH round AS (
    SELECT pair, sync, round, count(*) FILTER (WHERE variant <> 'bare') AS n,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY us) FILTER (WHERE variant = 'bare') AS bare,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY us) FILTER (WHERE variant <> 'bare') AS us,
           percentile_cont(0.99) WITHIN GROUP (ORDER BY us) FILTER (WHERE variant = 'bare') AS bare99,
           percentile_cont(0.99) WITHIN GROUP (ORDER BY us) FILTER (WHERE variant <> 'bare') AS us99
      FROM crm.latency GROUP BY pair, sync, round
)
SELECT pair, sync, sum(n) AS n, percentile_cont(0.5) WITHIN GROUP (ORDER BY bare) AS bare, percentile_cont(0.5) WITHIN GROUP (ORDER BY us) AS us,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY us - bare) AS added, percentile_cont(0.5) WITHIN GROUP (ORDER BY us99 - bare99) AS added99,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY bare / us) AS share
  FROM round GROUP BY pair, sync;

\echo One client, prepared statements, a transaction each
SELECT r.sync AS synchronous_commit, crm.refunds(r.pair) AS refunds, crm.variant(r.pair) AS variant, r.n AS inserts, round(r.bare::numeric, 1) AS bare_us,
       round(r.us::numeric, 1) AS median_us, round(r.added::numeric, 1) AS added_us, round(r.added99::numeric, 1) AS added_us_p99,
       round(100 * r.share::numeric, 1) AS percent_of_bare_tps, round((r.us / ours.us)::numeric, 2) AS times_ours
  FROM crm.result r JOIN crm.result ours ON ours.sync = r.sync AND ours.pair = crm.refunds(r.pair) ORDER BY r.sync, crm.place(r.pair);

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
SELECT crm.refunds(pair) AS refunds, crm.variant(pair) AS variant, round(bare::numeric, 1) AS bare_us, round(us::numeric, 1) AS cpu_us, round((us - bare)::numeric, 1) AS added_us
  FROM cpu ORDER BY crm.place(pair);

\echo Against what was asked for, at the median, and what triggers reach that do nothing but find and write the rows
SELECT o.sync AS synchronous_commit, o.pair AS refunds, round(o.added::numeric, 1) AS added_us, 20 AS at_most, CASE WHEN o.added <= 20 THEN 'yes' ELSE 'NO' END AS kept,
       round(f.added::numeric, 1) AS floor, CASE WHEN f.added <= 20 THEN 'yes' ELSE 'NO' END AS floor_keeps
  FROM crm.result o JOIN crm.result f ON f.sync = o.sync AND f.pair = o.pair || '_floor' ORDER BY o.sync, crm.place(o.pair);
