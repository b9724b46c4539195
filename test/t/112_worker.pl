# Where the library is preloaded, a launcher has tick() called in each database that has the extension, when there is
# something to do; whatever happens there, it stands in nobody's way and comes back.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Desk;

my $node = PostgreSQL::Test::Cluster->new('worker');
$node->init(allows_streaming => 1);
# A day between visits: whatever comes sooner comes because something is due.
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'service_policy'\nservice_policy.worker_naptime = 1d\nlog_min_messages = debug1\nrestart_after_crash = on\nlog_statement = none");
$node->start;

sub poll { my ($query, $what, $database, $server) = @_; return ok(($server // $node)->poll_query_until($database // 'postgres', $query), $what); }
sub status { my ($column, $database) = @_; return $node->safe_psql('postgres', "SELECT $column FROM service_policy.worker_status WHERE database_name = '" . ($database // 'postgres') . q{'}); }
sub poll_status { my ($condition, $what, $database) = @_; return poll(sprintf(q{SELECT %s FROM service_policy.worker_status WHERE database_name = '%s'}, $condition, $database // 'postgres'), $what); }
sub configure { my ($setting) = @_; $node->append_conf('postgresql.conf', $setting); $node->reload; return; }
sub log_size { return -s $node->logfile; }
sub visits { my ($database, $offset) = @_; return () = substr(slurp_file($node->logfile), $offset // 0) =~ /service_policy visits database $database$/mg; }

# A calendar's hours from then on; are all open clocks as it has them?
my $current = q{SELECT bool_and(revision = service_policy.calendar_revision(calendar)) FROM %s_data.calendar_state};
sub edit { my ($closes, $database) = @_; $node->safe_psql($database // 'postgres', "UPDATE service_policy.calendar_hours SET closes = '$closes'"); return; }
sub follows { my ($what) = @_; return poll(sprintf($current, 'desk'), $what); }

# Databases.
create_desk($node, 'postgres');
poll_status("state = 'waiting' AND passes > 0", 'a new desk is found without waiting for the next visit');
my $passes = status('passes');
edit('16:00');
follows('open clocks follow a calendar as soon as it is edited');
poll_status("state = 'waiting' AND passes > $passes AND lag_seconds = 0 AND failures = 0 AND error IS NULL AND last_pass_at <= now() AND next_pass_at > now() + '1 hour'", 'the worker leaves when there is nothing to do');
is($node->safe_psql('postgres', q{SELECT string_agg(backend_type, ' ') FROM pg_stat_activity WHERE backend_type LIKE 'service_policy%'}), 'service_policy launcher', '… and the launcher stays');
$node->safe_psql('postgres', 'CREATE DATABASE bare');
configure('service_policy.worker_naptime = 1s');
my $bare = $node->safe_psql('postgres', q{SELECT oid FROM pg_database WHERE datname = 'bare'});
$passes = status('passes');
poll_status('passes > 3 + ' . $passes, 'the naptime can be changed');
is(visits($bare), 1, 'a database without the extension is looked at once');
is(status('count(*)', 'bare'), 0, '… and is not shown');
$node->safe_psql('postgres', 'DROP DATABASE bare');
$node->safe_psql('postgres', 'UPDATE desk_data.calendar_state SET revision = NULL');
poll('SELECT count(*) = 0 FROM desk_data.calendar_state WHERE revision IS NULL', 'what nobody tells of is found by the next visit');
foreach my $time (1 .. 3)
{
	$node->safe_psql('template1', "CREATE DATABASE copy$time TEMPLATE postgres");
	poll_status('passes > 0', "a copy of a database is served: $time", "copy$time");
	$node->safe_psql('postgres', "DROP DATABASE copy$time");
}
pass('databases can be copied and dropped while workers come and go');
poll(q{SELECT count(*) = 1 FROM service_policy.worker_status}, 'those that are gone are forgotten');

# What is due at a time that is known.
configure('service_policy.worker_naptime = 1d');
$node->safe_psql('postgres', q{SET client_min_messages = warning; ALTER TABLE desk_data.clock ADD COLUMN IF NOT EXISTS next_escalation_at timestamptz;
	BEGIN; UPDATE desk_data.clock SET next_escalation_at = clock_timestamp() + '3 seconds' WHERE metric = 'resolution' AND state = 'paused';
	CREATE TABLE public.planned AS SELECT max(next_escalation_at) AS due FROM desk_data.clock; UPDATE service_policy.calendar SET description = 'a change'; COMMIT});
poll_status('last_pass_at >= (SELECT due FROM public.planned)', 'a worker comes when something is due');
$node->safe_psql('postgres', q{UPDATE desk_data.clock SET next_escalation_at = NULL; UPDATE service_policy.calendar SET description = 'another'});
configure('service_policy.worker_naptime = 1s');

# Who may see what.
$node->safe_psql('postgres', 'ALTER FUNCTION service_policy.tick(int) RENAME TO tock');
poll_status('failures >= 3', 'an error is tried again');
is(status('error'), 'function service_policy.tick() does not exist', '… and shown');
is($node->safe_psql('postgres', 'SELECT state, error IS NULL FROM service_policy.worker_status', extra_params => [ '-U', 'desk_app' ]), 'failing|t', '… but not its text to everybody');
cmp_ok(status(q{extract(epoch FROM next_pass_at - failed_at)}), '>=', 4, '… after a growing delay');
$node->safe_psql('template1', 'CREATE DATABASE other');
$node->safe_psql('other', 'CREATE EXTENSION service_policy');
$node->safe_psql('postgres', 'ALTER FUNCTION service_policy.tock(int) RENAME TO tick');
poll_status(q{state <> 'failing'}, 'when it is mended it goes on');

# Locks.
configure('service_policy.worker_naptime = 1d');
$node->safe_psql('postgres', q{SET ROLE desk_admin; SELECT service_policy.attach('zoo', 'crm.ticket', 'desk', '{id}', '{"opened_at": "created_at", "state": "priority"}', '{"*": "pending"}')});
$node->safe_psql('postgres', q{UPDATE crm.ticket SET note = id}, extra_params => [ '-U', 'desk_app' ]);
my $blocker = session($node, 'postgres');
$blocker->ask('BEGIN; LOCK TABLE desk_data.clock');
edit('15:00');
poll(sprintf($current, 'zoo'), 'a locked table does not hold up other attachments');
poll_status(q{state = 'stuck' AND lag_seconds > 0}, 'the worker does not wait for it, and shows that it is late');
$blocker->ask('ROLLBACK');
follows('it gets its turn when the lock is gone');
my $failures = status('failures');
$blocker->ask('BEGIN; LOCK TABLE service_policy.attachment');
$blocker->ask(q{UPDATE service_policy.calendar SET description = 'edited'});
$blocker->ask('COMMIT; BEGIN; LOCK TABLE service_policy.attachment');
configure('service_policy.worker_naptime = 1s');
poll_status("failures > $failures AND error ~ 'lock timeout'", 'a lock on the configuration ends the visit, and not the wait of who has it');
is($blocker->ask(q{ALTER TABLE service_policy.attachment ALTER name SET STATISTICS 10; SELECT 'done'}), 'done', 'so DDL goes through');
$blocker->ask('ROLLBACK');
poll_status(q{state <> 'failing'}, 'and it goes on');

# What belongs to somebody else's evidence runs with his rights, and nothing of it later with the worker's.
$node->safe_psql('postgres', q{
	CREATE TABLE desk_data.seen (who text);
	CREATE FUNCTION desk_data.see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO desk_data.seen VALUES (current_user); RETURN NULL; END $$;
	CREATE CONSTRAINT TRIGGER see AFTER INSERT ON desk_data.deadline_move DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION desk_data.see()},
	extra_params => [ '-U', 'desk_admin' ]);
edit('14:00');
poll('SELECT count(*) > 0 FROM desk_data.seen', 'a deferred trigger on the evidence');
is($node->safe_psql('postgres', 'SELECT DISTINCT who FROM desk_data.seen'), 'desk_admin', '… has the rights of its owner');

# The extension goes and comes.
$blocker->quit;
$node->safe_psql('other', q{DROP EXTENSION service_policy});
poll(q{SELECT count(*) = 0 FROM service_policy.worker_status WHERE database_name = 'other'}, 'without the extension a database is forgotten');
$node->safe_psql('other', 'CREATE EXTENSION service_policy; INSERT INTO service_policy.calendar (name, time_zone) VALUES ($$desk$$, $$UTC$$)');
poll_status('passes > 0', 'with it, it is found once there is something in it', 'other');
my $pid = $node->safe_psql('postgres', q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'service_policy launcher'});

# Off and on, and whatever ends a process.
configure('service_policy.max_workers = 0');
poll_status(q{state = 'waiting' AND next_pass_at < now()}, 'without workers nothing is done');
edit('13:00');
is($node->safe_psql('postgres', sprintf $current, 'desk'), 'f', '… though something is due');
configure('service_policy.max_workers = 2');
follows('with workers it is');
$node->safe_psql('postgres', "SELECT pg_terminate_backend($pid)");
poll(qq{SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'service_policy launcher' AND pid <> $pid}, 'another launcher comes');
edit('12:00');
follows('… and does what the first one did');
kill 'KILL', $node->safe_psql('postgres', q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'service_policy launcher'});
$node->poll_query_until('postgres', 'SELECT pg_postmaster_start_time() < now()') or die 'the server is down';
poll_status('passes > 0', 'after a crash it goes on');

# A standby.
$node->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'backup', has_streaming => 1);
$standby->start;
$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
is($standby->safe_psql('postgres', q{SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'service_policy%'}), 0, 'there is nobody on a standby');
is($standby->safe_psql('postgres', 'SELECT count(*) FROM service_policy.worker_status'), 0, '… and the view says so');
is($standby->safe_psql('postgres', q{SELECT service_policy.next_tick_at() IS NULL}), 't', 'what is due can be asked there');
$node->stop;
$standby->promote;
poll(q{SELECT passes > 0 FROM service_policy.worker_status WHERE database_name = 'postgres'}, 'a promoted one has a launcher', 'postgres', $standby);
$standby->stop;

# No room.
$node->append_conf('postgresql.conf', 'max_worker_processes = 2');
$node->start;
poll_status(q{failures > 1 AND error ~ 'max_worker_processes'}, 'where no worker can be had the status says so');
$node->append_conf('postgresql.conf', "max_worker_processes = 8\nservice_policy.worker_databases = 1");
my $offset = log_size();
$node->restart;
$node->wait_for_log(qr/there are more databases than service_policy.worker_databases has room for/, $offset);
poll(q{SELECT count(*) = 1 FROM service_policy.worker_status}, 'where there are too many databases the log says so');

$node->stop;
done_testing();
