-- Creating and dropping the extension, in a database of its own.
CREATE DATABASE contrib_regression_install;
\connect contrib_regression_install
CREATE EXTENSION service_policy;
SELECT extname, extrelocatable, extnamespace::regnamespace FROM pg_extension WHERE extname = 'service_policy';
DROP EXTENSION service_policy;
-- Nothing of ours stays behind.
SELECT count(*) FROM pg_namespace WHERE nspname = 'service_policy';
-- A schema that somebody squatted on is refused, not adopted.
CREATE SCHEMA service_policy;
CREATE EXTENSION service_policy;
DROP SCHEMA service_policy;
CREATE EXTENSION service_policy;
\connect contrib_regression
DROP DATABASE contrib_regression_install;
