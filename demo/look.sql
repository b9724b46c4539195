-- What people look at, in plain views, as a role that may read them and nothing else.

\echo '-- Open tickets with their clocks, the most urgent first:'
SELECT id, subject, metric, clock.status, to_char(due_at, 'Dy HH24:MI') AS due,
       round(remaining_minutes) AS minutes_left
  FROM support.ticket_status AS clock JOIN crm.tickets USING (id)
 ORDER BY clock.status = 'paused', remaining_minutes;

\echo '-- Last week, in business time: ticket 2 waited over a day off, 3 for its customer, 4 was reopened:'
SELECT id, subject, metric, outcome,
       elapsed_minutes AS elapsed, paused_minutes AS paused, target_minutes AS target
  FROM support.compliance JOIN crm.tickets USING (id)
 WHERE id < 100 ORDER BY id, metric;

\echo '-- Why ticket 4 is as it is, in UTC:'
\pset tuples_only on
\pset format unaligned
SELECT service_policy.explain_ticket('support', '{4}');
\pset format aligned
\pset tuples_only off
\echo

\echo '-- How well each team kept the policy:'
SELECT team, metric, sum(met_count) AS met, sum(missed_count) AS missed,
       (100.0 * sum(met_count) / sum(met_count + missed_count))::numeric(4,1) AS met_percent
  FROM support.compliance_daily GROUP BY team, metric ORDER BY team, metric;

\echo '-- And what became of the refunds:'
SELECT id, decision, reason, rule, amount, currency, agent FROM support.refund_log ORDER BY id;
SELECT kind, status, reason, granted_by, used_amount FROM support.exception_use;
