-- Request Tracker 5 under a policy, see docs/request_tracker.md.  To be run by psql, as a role that may attach:
--
--   psql -v policy=support -f request_tracker.sql rtdb
--
-- Change a mapping here rather than in the database, so that you have it under version control.

\set ON_ERROR_STOP on
\if :{?name}
\else
\set name rt
\endif

-- Statuses of your lifecycles; several with | between them.
\if :{?open}
\else
\set open 'new|open'
\endif
\if :{?waiting}
\else
\set waiting stalled
\endif
\if :{?resolved}
\else
\set resolved resolved
\endif
\if :{?rejected}
\else
\set rejected 'rejected|deleted'
\endif

BEGIN;

-- Run again, it replaces the mapping and keeps what was measured.
SELECT service_policy.detach(a.name) FROM service_policy.attachment a WHERE a.name = :'name';

-- A merged ticket's row does not say when it was merged; the transaction that is written a moment later does.
SELECT service_policy.attach(:'name', 'public.tickets', :'policy', ARRAY['id'],
    facts => '{
        "opened_at":     {"sql": "created", "as": "timestamp", "zone": "UTC", "unset": ["1970-01-01"]},
        "resolved_at":   {"sql": "resolved", "as": "timestamp", "zone": "UTC", "unset": ["1970-01-01"]},
        "customer_tier": {"sql": "sla", "unset": [""]},
        "team":          "(SELECT q.name FROM public.queues q WHERE q.id = ticket.queue)",
        "agent":         {"sql": "(SELECT u.name FROM public.users u WHERE u.id = ticket.owner)", "unset": ["Nobody"]}
    }'::jsonb || jsonb_build_object(
        'changed_at', '{"as": "timestamp", "zone": "UTC", "unset": ["1970-01-01"]}'::jsonb || jsonb_build_object('sql', $$
            CASE WHEN ticket.effectiveid IN (0, ticket.id) THEN ticket.lastupdated
                 ELSE greatest(ticket.lastupdated, (
                     SELECT max(t.created) FROM public.transactions t
                      WHERE t.objecttype = 'RT::Ticket' AND t.objectid = ticket.id
                        AND t.type = 'AddLink' AND t.field = 'MergedInto')) END$$),
        'state', $$
            CASE WHEN ticket.effectiveid NOT IN (0, ticket.id)
                  AND EXISTS (SELECT FROM public.transactions t
                               WHERE t.objecttype = 'RT::Ticket' AND t.objectid = ticket.id
                                 AND t.type = 'AddLink' AND t.field = 'MergedInto')
                 THEN 'merged' ELSE ticket.status END$$,
        'priority', $$
            CASE WHEN ticket.priority >= 100 THEN 'high' WHEN ticket.priority >= 50 THEN 'medium' ELSE 'low' END$$,
        'customer', $$(
            SELECT min(u.name) FROM public.groups g
              JOIN public.groupmembers m ON m.groupid = g.id
              JOIN public.users u ON u.id = m.memberid
             WHERE g.instance = ticket.id AND g.domain = 'RT::Ticket-Role' AND g.name = 'Requestor')$$),
    states => (
        SELECT jsonb_object_agg(s.status, kind.state)
          FROM (VALUES (:'open', 'open'), (:'waiting', 'pending'), (:'resolved', 'resolved'), (:'rejected', 'void'), ('merged', 'void'))
               AS kind (list, state),
               unnest(string_to_array(kind.list, '|')) AS s (status)),
    only_where => $$ticket.type = 'ticket'$$);

-- Replies, also those by mail.  A requestor is who is one when the reply is written, also as member of a group.
SELECT service_policy.attach_messages(:'name', 'public.transactions', ARRAY['id'],
    facts => '{
        "ticket":  ["objectid"],
        "sent_at": {"sql": "created", "as": "timestamp", "zone": "UTC"}
    }'::jsonb || jsonb_build_object(
        'author', $$
            CASE WHEN EXISTS (SELECT FROM public.groups g
                                JOIN public.cachedgroupmembers m ON m.groupid = g.id AND m.disabled = 0
                               WHERE g.instance = message.objectid AND g.domain = 'RT::Ticket-Role' AND g.name = 'Requestor'
                                 AND m.memberid = message.creator)
                 THEN 'customer'
                 WHEN (SELECT u.name FROM public.users u WHERE u.id = message.creator) = 'RT_System' THEN 'system'
                 ELSE 'agent' END$$),
    only_where => $$message.objecttype = 'RT::Ticket' AND message.type = 'Correspond'$$);

-- What a ticket's facts need of other tables.
SELECT service_policy.attach_child(:'name', 'public.groupmembers',
    facts => jsonb_build_object('ticket', jsonb_build_array($$(
        SELECT g.instance FROM public.groups g
         WHERE g.id = child.groupid AND g.domain = 'RT::Ticket-Role' AND g.name = 'Requestor')$$)));
SELECT service_policy.attach_child(:'name', 'public.transactions',
    facts => '{"ticket": ["objectid"]}',
    only_where => $$child.objecttype = 'RT::Ticket' AND child.type = 'AddLink' AND child.field = 'MergedInto'$$);

-- What backfill() takes over of the tickets that are there.  A field that a row does not tell of is NULL, before and after.
SELECT service_policy.attach_history(:'name', 'public.transactions', ARRAY['id'],
    facts => '{
        "ticket":     ["objectid"],
        "changed_at": {"sql": "created", "as": "timestamp", "zone": "UTC"},
        "state":      "CASE type WHEN ''Status'' THEN newvalue WHEN ''AddLink'' THEN ''merged'' END",
        "old_state":  "CASE type WHEN ''Status'' THEN oldvalue END",
        "customer_tier":     {"sql": "CASE field WHEN ''SLA'' THEN newvalue END", "unset": [""]},
        "old_customer_tier": {"sql": "CASE field WHEN ''SLA'' THEN oldvalue END", "unset": [""]}
    }'::jsonb || (
        SELECT jsonb_object_agg(told.prefix || fact.name, jsonb_build_object('sql', format(fact.sql, told.value), 'unset', fact.unset))
          FROM (VALUES ('', 'change.newvalue'), ('old_', 'change.oldvalue')) AS told (prefix, value),
               (VALUES
                ('priority', $$CASE WHEN change.field <> 'Priority' THEN NULL WHEN %1$s::int >= 100 THEN 'high'
                                    WHEN %1$s::int >= 50 THEN 'medium' ELSE 'low' END$$, '[]'::jsonb),
                ('team', $$CASE change.field WHEN 'Queue' THEN (SELECT q.name FROM public.queues q WHERE q.id = %1$s::int) END$$, '[]'),
                ('agent', $$CASE change.field WHEN 'Owner' THEN (SELECT u.name FROM public.users u WHERE u.id = %1$s::int) END$$, '["Nobody"]'))
               AS fact (name, sql, unset)),
    only_where => $$change.objecttype = 'RT::Ticket' AND (
        change.type = 'Status'
        OR change.type IN ('Set', 'Take', 'Untake', 'Steal', 'Give', 'Force') AND change.field IN ('Owner', 'Priority', 'Queue', 'SLA')
        OR change.type = 'AddLink' AND change.field = 'MergedInto' AND change.newvalue NOT LIKE '%/ticket/' || change.objectid)$$);

COMMIT;

-- How each status counts now: see that it is what you mean, and that none is missing.
SELECT s.status, a.states ->> s.status AS "counts as", s.tickets
  FROM service_policy.attachment a, (SELECT t.status, count(*) AS tickets FROM public.tickets t GROUP BY t.status) AS s
 WHERE a.name = :'name' ORDER BY s.status;
