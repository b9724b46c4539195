-- What the role that attaches Redmine needs on Redmine's tables, see docs/redmine.md.  Run by their owner:
--
--   psql -v admin=policy_admin -f redmine_grants.sql redmine

\set ON_ERROR_STOP on

GRANT USAGE ON SCHEMA public TO :"admin";
GRANT SELECT, TRIGGER ON public.issues, public.journals, public.custom_values TO :"admin";
GRANT SELECT ON public.custom_fields, public.enumerations, public.issue_statuses, public.journal_details, public.member_roles,
    public.members, public.projects, public.roles, public.trackers, public.users TO :"admin";
