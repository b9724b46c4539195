# Where the library is not preloaded, pg_cron calls tick() as well as anybody: as a role that may do nothing else.
# pg_cron counts in minutes; a job for when it starts saves the test waiting for the next one.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Desk;

my $sharedir = `pg_config --sharedir`;
chomp $sharedir;
plan skip_all => 'NOT TESTED, since postgresql-15-cron is not installed: tick() called by pg_cron' if !-e "$sharedir/extension/pg_cron.control";

my $node = PostgreSQL::Test::Cluster->new('pg_cron');
$node->init;
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'pg_cron'\ncron.use_background_workers = on");
$node->start;
create_desk($node, 'postgres');
$node->safe_psql('postgres', q{
	CREATE EXTENSION pg_cron;
	CREATE ROLE ticker LOGIN;
	GRANT USAGE ON SCHEMA cron TO ticker;
	GRANT EXECUTE ON FUNCTION service_policy.tick(int) TO ticker});
my @as_ticker = (extra_params => [ '-U', 'ticker' ]);
$node->safe_psql('postgres', q{SELECT cron.schedule('tick', '* * * * *', 'SELECT service_policy.tick()'); SELECT cron.schedule('@reboot', 'SELECT service_policy.tick()')}, @as_ticker);
$node->safe_psql('postgres', q{UPDATE service_policy.calendar_hours SET closes = '16:00'});
$node->restart;
ok($node->poll_query_until('postgres', q{SELECT count(*) = 1 AND bool_and(revision = service_policy.calendar_revision(calendar)) FROM desk_data.calendar_state}), 'open clocks follow their calendar');
is($node->safe_psql('postgres', 'SELECT string_agg(DISTINCT moved_by, $$ $$) FROM desk_data.deadline_move'), 'ticker', '… by the role whose job it is');
ok($node->poll_query_until('postgres', q{SELECT count(*) > 0 AND bool_and(status = 'succeeded') FROM cron.job_run_details}), 'pg_cron has seen no error');
is($node->safe_psql('postgres', 'SELECT count(*) FROM service_policy.worker_status'), 0, 'there is no worker of ours');

$node->stop;
done_testing();
