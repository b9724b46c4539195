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
    states => '{"new": "open", "open": "open", "waiting": "pending", "solved": "resolved", "spam": "void"}') \g /dev/null


-- For reports: the views, and nothing else.
GRANT USAGE ON SCHEMA support TO analyst;
GRANT SELECT ON ALL TABLES IN SCHEMA support TO analyst;
