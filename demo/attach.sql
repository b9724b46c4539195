-- The tickets, and the refunds, come under the policy.  What it needs to know of them is said in SQL over the CRM's
-- own columns.
SELECT service_policy.attach('support', 'crm.tickets', 'halcyon', ARRAY['id'],
    facts => $${
        "opened_at":  "created_at",
        "changed_at": "updated_at",
        "state":      "status",
        "priority":   "priority",
        "channel":    "channel",
        "team":       "team",
        "agent":      "assignee",
        "customer":   "customer",
        "first_response_at":
            "(SELECT min(sent_at) FROM crm.messages WHERE ticket_id = ticket.id AND author = 'agent')"
    }$$,
    states => '{"new": "open", "open": "open", "waiting": "pending",
                "solved": "resolved", "spam": "void"}') \g /dev/null

SELECT service_policy.attach_refunds('support', 'crm.refunds', ARRAY['id'],
    facts => $${
        "ticket":       ["ticket_id"],
        "requested_at": "created_at",
        "amount":       "amount",
        "agent":        "agent",
        "order_id":     "order_id",
        "paid_amount":  "(SELECT o.total FROM crm.orders o WHERE o.id = refund.order_id)",
        "customer":     "(SELECT o.customer FROM crm.orders o WHERE o.id = refund.order_id)",
        "delivered_at": "(SELECT o.delivered_at FROM crm.orders o WHERE o.id = refund.order_id)",
        "category":     "(SELECT 'clearance' FROM crm.orders o WHERE o.id = refund.order_id AND o.clearance)"
    }$$) \g /dev/null

-- What it means that a level of escalation assigns a ticket, in this CRM.
CREATE FUNCTION crm.assign(escalation jsonb) RETURNS void LANGUAGE sql
    AS $$ UPDATE crm.tickets SET team = escalation ->> 'assign', updated_at = now()
           WHERE id = (escalation -> 'ticket' ->> 0)::bigint $$;
SELECT service_policy.register_action('support', 'assign', 'crm.assign') \g /dev/null

-- For reports: the views, and nothing else.
GRANT USAGE ON SCHEMA support TO analyst;
GRANT SELECT ON ALL TABLES IN SCHEMA support TO analyst;
