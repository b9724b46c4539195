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

-- The name of a custom field of issues that says which kind of customer it is; none.
\if :{?tier_field}
SELECT id AS tier_field_id FROM public.custom_fields WHERE type = 'IssueCustomField' AND name = :'tier_field' \gset
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
        'customer', $$(SELECT u.login FROM public.users u WHERE u.id = ticket.author_id AND u.type = 'User')$$)
\if :{?tier_field}
        || jsonb_build_object('customer_tier', format($$(SELECT nullif(max(v.value), '') FROM public.custom_values v
            WHERE v.customized_type = 'Issue' AND v.customized_id = ticket.id AND v.custom_field_id = %s)$$, :tier_field_id))
\endif
    , states => (
        SELECT jsonb_object_agg(s.id, CASE
                   WHEN s.name = ANY (string_to_array(:'rejected', '|')) THEN 'void'
                   WHEN s.is_closed THEN 'closed'
                   WHEN s.name = ANY (string_to_array(:'resolved', '|')) THEN 'resolved'
                   WHEN s.name = ANY (string_to_array(:'waiting', '|')) THEN 'pending'
                   ELSE 'open' END)
          FROM public.issue_statuses s),
    only_where => :'only_where');

-- An agent is whoever may edit issues in the issue's project, and an administrator.
SELECT service_policy.attach_messages(:'name', 'public.journals', ARRAY['id'],
    facts => jsonb_build_object(
        'ticket', jsonb_build_array('journalized_id'),
        'sent_at', format($$date_trunc('second', message.created_on) AT TIME ZONE %L$$, :'zone'),
        'author', $$CASE WHEN EXISTS (SELECT FROM public.users u WHERE u.id = message.user_id AND u.admin)
                          OR EXISTS (SELECT FROM public.issues i
                                       JOIN public.members m ON m.project_id = i.project_id
                                       JOIN public.member_roles mr ON mr.member_id = m.id
                                       JOIN public.roles r ON r.id = mr.role_id
                                      WHERE i.id = message.journalized_id AND m.user_id = message.user_id
                                        AND r.permissions ~ '(?n)^- :edit_issues$')
                         THEN 'agent' ELSE 'customer' END$$,
        'public', 'NOT message.private_notes'),
    only_where => $$message.journalized_type = 'Issue' AND message.notes ~ '\S'$$);

-- Redmine writes custom fields after the issue.
\if :{?tier_field}
SELECT service_policy.attach_child(:'name', 'public.custom_values',
    facts => jsonb_build_object('ticket', jsonb_build_array('customized_id')),
    only_where => format($$child.customized_type = 'Issue' AND child.custom_field_id = %s$$, :tier_field_id));
\endif

-- What the journal tells of the time before, for backfill(): what each entry changed, from and to.
SELECT service_policy.attach_history(:'name', 'public.journals', ARRAY['id'],
    facts => jsonb_build_object(
        'ticket', jsonb_build_array('journalized_id'),
        'changed_at', format($$date_trunc('second', change.created_on) AT TIME ZONE %L$$, :'zone'))
    || (SELECT jsonb_object_agg(side.prefix || field.fact, format(
                   '(SELECT %s FROM public.journal_details d WHERE d.journal_id = change.id AND d.property = %L AND d.prop_key = %L)',
                   format(field.expression, side.value), field.property, field.prop_key))
          FROM (VALUES ('', 'd.value'), ('old_', 'd.old_value')) AS side (prefix, value),
               (VALUES ('attr', 'status_id', 'state', '%s'),
                       ('attr', 'priority_id', 'priority', '(SELECT e.name FROM public.enumerations e WHERE e.id = %s::int)'),
                       ('attr', 'tracker_id', 'category', '(SELECT t.name FROM public.trackers t WHERE t.id = %s::int)'),
                       ('attr', 'project_id', 'product', '(SELECT p.identifier FROM public.projects p WHERE p.id = %s::int)'),
                       ('attr', 'assigned_to_id', 'team',
                        $$(SELECT u.lastname FROM public.users u WHERE u.id = %s::int AND u.type = 'Group')$$),
                       ('attr', 'assigned_to_id', 'agent',
                        $$(SELECT u.login FROM public.users u WHERE u.id = %s::int AND u.type = 'User')$$)
\if :{?tier_field}
                       , ('cf', :'tier_field_id', 'customer_tier', '%s')
\endif
               ) AS field (property, prop_key, fact, expression)),
    only_where => $$change.journalized_type = 'Issue'$$);

COMMIT;

-- How each status counts now: see that it is what you mean.
SELECT s.name AS "status", a.states ->> s.id::text AS "counts as"
  FROM service_policy.attachment a, public.issue_statuses s WHERE a.name = :'name' ORDER BY s.position;
