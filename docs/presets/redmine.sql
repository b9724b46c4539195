-- Redmine 5 under a policy, see docs/redmine.md.  To be run by psql, as a role that may attach:
--
--   psql -v policy=support -v zone=Europe/Berlin -f redmine.sql redmine
--
-- Change a mapping here rather than in the database, so that you have it under version control.

\set ON_ERROR_STOP on
\if :{?name}
\else
\set name redmine
\endif

-- Names of statuses, as you see them in Redmine; several with | between them.  Others count as closed where Redmine
-- says that they close an issue, else as open.
\if :{?waiting}
\else
\set waiting Feedback
\endif
\if :{?resolved}
\else
\set resolved Resolved
\endif
\if :{?rejected}
\else
\set rejected Rejected
\endif

-- Which issues are meant, a condition over their columns; all of them.
\if :{?only_where}
\else
\set only_where true
\endif

BEGIN;

-- Run again, it replaces the mapping and keeps what was measured.
SELECT service_policy.detach(a.name) FROM service_policy.attachment a WHERE a.name = :'name';

-- Redmine writes an issue and its journal a few milliseconds apart in one save; in whole seconds they are one moment.
-- Of two times with one local name AT TIME ZONE takes the second, as Redmine does.
SELECT service_policy.attach(:'name', 'public.issues', :'policy', ARRAY['id'],
    facts => jsonb_build_object(
        'opened_at', format($$date_trunc('second', created_on) AT TIME ZONE %L$$, :'zone'),
        'changed_at', format($$date_trunc('second', updated_on) AT TIME ZONE %L$$, :'zone'),
        'closed_at', format($$date_trunc('second', closed_on) AT TIME ZONE %L$$, :'zone'),
        'state', 'status_id',
        'priority', '(SELECT e.name FROM public.enumerations e WHERE e.id = ticket.priority_id)',
        'category', '(SELECT t.name FROM public.trackers t WHERE t.id = ticket.tracker_id)',
        'product', '(SELECT p.identifier FROM public.projects p WHERE p.id = ticket.project_id)',
        'team', $$(SELECT u.lastname FROM public.users u WHERE u.id = ticket.assigned_to_id AND u.type = 'Group')$$,
        'agent', $$(SELECT u.login FROM public.users u WHERE u.id = ticket.assigned_to_id AND u.type = 'User')$$,
        'customer', $$(SELECT u.login FROM public.users u WHERE u.id = ticket.author_id AND u.type = 'User')$$),
    states => (
        SELECT jsonb_object_agg(s.id, CASE
                   WHEN s.name = ANY (string_to_array(:'rejected', '|')) THEN 'void'
                   WHEN s.is_closed THEN 'closed'
                   WHEN s.name = ANY (string_to_array(:'resolved', '|')) THEN 'resolved'
                   WHEN s.name = ANY (string_to_array(:'waiting', '|')) THEN 'pending'
                   ELSE 'open' END)
          FROM public.issue_statuses s),
    only_where => :'only_where');

COMMIT;

-- How each status counts now: see that it is what you mean.
SELECT s.name AS "status", a.states ->> s.id::text AS "counts as"
  FROM service_policy.attachment a, public.issue_statuses s WHERE a.name = :'name' ORDER BY s.position;
