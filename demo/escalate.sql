-- What is due fires once, whoever calls tick(): a worker where the library is preloaded, cron, or somebody by hand.
SELECT service_policy.tick() AS fired;

\echo '-- The levels of the hotline that were due, each on record.  A level assigned its ticket, too:'
SELECT id, escalation_level AS level, to_char(due_at, 'Dy HH24:MI') AS due, notify, assign_to, action_handling
  FROM support.escalation_log ORDER BY id, level;
SELECT id, subject, team FROM crm.tickets WHERE id = 201;

\echo '-- A chat bot or mailer takes what there is to tell, and confirms what it has told:'
SELECT ticket, notify, channel, message FROM service_policy.claim('support');
SELECT service_policy.confirm('support', '["201", "resolution", 1, 1, 1]') AS confirmed;
SELECT notification_id, notify, handling FROM support.outbox ORDER BY 1;
