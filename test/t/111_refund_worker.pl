# The worker that records refused refunds comes when it is needed, stands in nobody's way, and whatever ends it, each
# refusal is on record once: in the table or, with the reason, in the server log.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Desk;
use Refusal;

my $node = PostgreSQL::Test::Cluster->new('worker');
$node->init;
# room for 16 records
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'service_policy'\nservice_policy.attempt_queue_size = 64kB\nrestart_after_crash = on\nlog_statement = none");
$node->start;
create_desk($node, 'postgres');
my $workers = workers();
my $blocked = "$workers AND wait_event_type = 'Lock'";
my @as_app = (extra_params => [ '-U', 'desk_app' ]);
my $offset;

sub refuse { my ($database, @ids) = @_; return $node->safe_psql($database, caught(@ids), @as_app); }
sub in_log { return join ' ', map { $_->{refund_key} } logged($node, $offset); }
sub reasons { my %reasons = map { $_->{why} => 1 } logged($node, $offset); return join '; ', sort keys %reasons; }

# It leaves by itself, and soon enough for those who want the database for themselves.
is($node->safe_psql('postgres', "SELECT count(*) FROM ($workers) w"), 0, 'no worker without a refusal');
refuse('postgres', 3);
is(recorded($node, 'postgres', 1), 3, 'the first one starts a worker');
$node->safe_psql('template1', 'CREATE DATABASE other TEMPLATE postgres');
refuse('other', 4);
is(recorded($node, 'other', 2), '3 4', 'CREATE DATABASE can copy it');
isnt($node->safe_psql('postgres', $workers), '', 'a worker waits for more');
$node->safe_psql('postgres', 'DROP DATABASE other');
pass('DROP DATABASE does not wait for long');
ok($node->poll_query_until('postgres', "SELECT count(*) = 0 FROM ($workers) w"), 'the worker leaves when there is nothing to do');

# The queue is full.
my $blocker = session($node, 'postgres');
sub block { return $blocker->ask('BEGIN; LOCK TABLE desk_data.refund_attempt'); }
$offset = log_size($node);
block();
refuse('postgres', 10 .. 29);
is(in_log(), '26 27 28 29', 'what the queue has no room for goes to the log');
is(reasons(), 'the queue is full, see service_policy.attempt_queue_size', '… with the reason');
$blocker->ask('ROLLBACK');
is(recorded($node, 'postgres', 17), join(' ', 3, 10 .. 25), 'the rest into the table, in order');
refuse('postgres', 30);
is(recorded($node, 'postgres', 18), join(' ', 3, 10 .. 25, 30), 'and there is room again');

# It is killed while it has records in its hands.
foreach my $kill (qw(pg_terminate_backend pg_cancel_backend))
{
	$node->safe_psql('postgres', 'TRUNCATE desk_data.refund_attempt');
	block();
	refuse('postgres', 40, 41);
	$node->poll_query_until('postgres', "SELECT count(*) = 1 FROM ($blocked) w") or die 'no worker';
	my $pid = $node->safe_psql('postgres', $workers);
	$node->safe_psql('postgres', "SELECT $kill($pid)");
	ok($node->poll_query_until('postgres', "SELECT count(*) = 1 FROM ($blocked AND pid <> $pid) w"), "$kill: another one comes");
	$blocker->ask('ROLLBACK');
	refuse('postgres', 42);
	is(recorded($node, 'postgres', 3), '40 41 42', '… and records what the first one could not');
}
$offset = log_size($node);
block();
refuse('postgres', 50);
foreach my $time (1 .. 3)
{
	$node->poll_query_until('postgres', "SELECT count(*) = 1 FROM ($blocked) w") or die 'no worker';
	my $pid = $node->safe_psql('postgres', "SELECT pid, pg_terminate_backend(pid) FROM ($workers) w") =~ s/\|.*//r;
	$node->poll_query_until('postgres', "SELECT count(*) = 0 FROM ($workers AND pid = $pid) w");
}
$node->wait_for_log(qr/service_policy refused/, $offset);
is(in_log() . ': ' . reasons(), '50: the background workers that were to write it failed', 'one that three workers have failed with goes to the log');
$blocker->ask('ROLLBACK');

# Many refusals in two databases, and workers that die all the time.
$node->safe_psql('postgres', 'TRUNCATE desk_data.refund_attempt');
$blocker->quit;
$node->safe_psql('template1', 'CREATE DATABASE other TEMPLATE postgres');
$offset = log_size($node);
my @sessions = map { session($node, $_, '-U', 'desk_app') } qw(postgres postgres other);
my $n = 400;
foreach my $i (0 .. 2)
{
	my $first = 1000 * ($i + 1);
	$sessions[$i]{in} .= sprintf "DO \$\$ BEGIN FOR i IN 1 .. $n LOOP BEGIN %s; EXCEPTION WHEN check_violation THEN COMMIT; END; PERFORM pg_sleep(0.002); END LOOP; END \$\$;\n", late("$first + i");
	$sessions[$i]{run}->pump_nb;
}
my $killed = 0;
foreach my $time (1 .. 20)
{
	$killed += () = $node->safe_psql('postgres', "SELECT pg_terminate_backend(pid) FROM ($workers) w") =~ /t/g;
}
is($_->ask(q{SELECT 'done'}), 'done', 'a session that is refused all the time') foreach @sessions;
$_->quit foreach @sessions;
$node->poll_query_until('template1', "SELECT count(*) = 0 FROM ($workers) w");
my %found;
$found{$_}++ foreach (map { split ' ', $node->safe_psql($_, q{SELECT string_agg(refund_key, ' ') FROM desk_data.refund_attempt}) } qw(postgres other)), split ' ', in_log();
is(join(' ', grep { ($found{$_} // 0) != 1 } map { my $first = $_; map { $first + $_ } 1 .. $n } 1000, 2000, 3000), '',
	sprintf 'each refusal is on record once, %d in the log (%s), though %d workers were killed', scalar(() = in_log() =~ /\d+/g), reasons(), $killed);
cmp_ok($killed, '>', 5, 'they were');
is($node->safe_psql('other', 'SELECT count(*) FROM desk_data.refund_attempt WHERE refund_key::int < 3000'), 0, 'none is in the other database');

# The server is shut down.
$blocker = session($node, 'postgres');
$node->safe_psql('postgres', 'TRUNCATE desk_data.refund_attempt');
$offset = log_size($node);
block();
refuse('postgres', 60 .. 65);
$node->stop('fast');
$blocker->{run}->kill_kill;
$node->start;
is(join(' ', sort grep { $_ } split(' ', in_log()), split ' ', recorded($node, 'postgres', 0)), '60 61 62 63 64 65', 'after a shutdown each is in the table or in the log');

# The worker takes the server down: what was on its way is lost, but nothing else, and nothing comes twice.
$node->safe_psql('postgres', 'TRUNCATE desk_data.refund_attempt');
refuse('postgres', 70);
recorded($node, 'postgres', 1);
my $pid = $node->safe_psql('postgres', $workers);
kill 'KILL', $pid;
$node->poll_query_until('postgres', "SELECT pg_postmaster_start_time() < now() AND NOT EXISTS ($workers AND pid = $pid)") or die 'the server is down';
refuse('postgres', 71);
is(recorded($node, 'postgres', 2), '70 71', 'after a crash it goes on');

# No room for a worker.
$node->append_conf('postgresql.conf', 'max_worker_processes = 1');
$node->restart;
$offset = log_size($node);
refuse('postgres', 80, 81);
is(in_log() . ': ' . reasons(), '80 81: there is no room for a background worker, see max_worker_processes', 'where no worker can be had there is the log');
$node->append_conf('postgresql.conf', 'max_worker_processes = 8');
$node->restart;

# The attachment goes, with refusals under way.
$blocker = session($node, 'postgres');
$offset = log_size($node);
block();
refuse('postgres', 90);
$blocker->ask(q{SELECT service_policy.detach('desk', keep_evidence => false); COMMIT});
is($blocker->{err}, '', 'detach() works');
$node->wait_for_log(qr/service_policy refused/, $offset);
is(in_log(), '90', 'the refusal on its way goes to the log');
like(reasons(), qr/refund_attempt" does not exist|schema is gone/, '… for its table is gone');
$blocker->ask('DROP EXTENSION service_policy');
is($blocker->{err}, '', 'so can the extension, while the worker waits');
$blocker->quit;

$blocker = session($node, 'other');
$node->safe_psql('other', 'TRUNCATE desk_data.refund_attempt');
block();
refuse('other', 91);
$blocker->ask(q{SELECT service_policy.detach('desk'); COMMIT});
is(recorded($node, 'other', 1), '91', 'evidence that is kept still gets what was on its way');
$blocker->quit;

$node->stop;
done_testing();
