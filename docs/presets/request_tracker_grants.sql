-- What the role that attaches Request Tracker needs on its tables, see docs/request_tracker.md.  Run by their owner:
--
--   psql -v admin=policy_admin -f request_tracker_grants.sql rtdb

\set ON_ERROR_STOP on

GRANT USAGE ON SCHEMA public TO :"admin";
GRANT SELECT, TRIGGER ON public.tickets, public.transactions, public.groupmembers TO :"admin";
GRANT SELECT ON public.cachedgroupmembers, public.groups, public.queues TO :"admin";
GRANT SELECT (id, name) ON public.users TO :"admin";
