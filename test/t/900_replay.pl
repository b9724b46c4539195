# A year of a real service desk, each event the INSERT or UPDATE of an application; then every clock is
# compared with what an independent program computes from the raw events (test/replay/oracle.py).
# SVP_REPLAY_INCIDENTS=n takes only the first n incidents.
use strict;
use warnings;
use POSIX ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $log = ($ENV{SVP_TEST_DATA} || '../shared/data') . '/uci_incident_event_log.csv.xz';
plan skip_all => "the incident log is not at $log" unless -r $log;

my $dir = PostgreSQL::Test::Utils::tempdir();
my @limit = $ENV{SVP_REPLAY_INCIDENTS} // ();
my ($counted, $statements, $problems);
ok(IPC::Run::run([ 'python3', 'test/replay/oracle.py', $log, "$dir/oracle.csv", @limit ], '>', \$counted),
	'the oracle counts');
ok(IPC::Run::run([ 'python3', 'test/replay/events.py', $log, @limit ], '>', "$dir/events.sql"),
	'the events are statements');
diag("oracle: $counted");
my ($events) = $counted =~ /(\d+) events/;

my $node = PostgreSQL::Test::Cluster->new('replay');
$node->init;
$node->append_conf('postgresql.conf', "synchronous_commit = off\nmax_wal_size = '2GB'\nautovacuum = on");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION service_policy');
$node->command_ok([ 'psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-f', 'test/replay/schema.sql', $node->connstr('postgres') ],
	'the table is attached');

my ($bare, $bare_cpu) = replay('desk.bare_incident');
my ($attached, $attached_cpu) = replay('desk.incident');
diag(sprintf('an event: %.0f us attached, of these %.0f us of the server\'s CPU; %.0f and %.0f us without a policy',
	map { 1e6 * $_ / $events } $attached, $attached_cpu, $bare, $bare_cpu));

my %expected = read_clocks(slurp_file("$dir/oracle.csv"));
my %found = read_clocks($node->safe_psql('postgres', slurp_file('test/replay/clocks.sql')));
is(scalar keys %found, scalar keys %expected, 'as many clocks as the oracle has');
my @different = grep { ($found{$_} // 'no clock') ne ($expected{$_} // 'no clock') } sort keys %{ { %expected, %found } };
is(scalar @different, 0, 'every clock equals the oracle\'s');
foreach my $clock (splice @different, 0, 20)
{
	diag("$clock\n  oracle   " . ($expected{$clock} // 'no clock') . "\n  database " . ($found{$clock} // 'no clock'));
}

# The same counts, from what people and BI tools read.
my $counts = $node->safe_psql('postgres', q{
	SELECT format('%s met, %s missed, %s paused, %s reopened',
		sum(met_count), sum(missed_count), count(*) FILTER (WHERE paused_minutes > 0), (
		SELECT count(*) FROM (
			SELECT state, lag(state) OVER (PARTITION BY number ORDER BY at, seq) AS before FROM incident_data.ledger) AS step
		WHERE before IN ('resolved', 'closed') AND state NOT IN ('resolved', 'closed')))
	FROM incident.compliance});
diag("views:  $counts");
like($counted, qr/\Q$counts\E/, 'the views count what the oracle counted');

my $issues = $node->safe_psql('postgres', q{
	SELECT string_agg(format('%s %s', n, problem), ', ' ORDER BY problem)
	FROM (SELECT problem, count(*) AS n FROM incident.issues GROUP BY problem) AS kind});
diag("issues: $issues");
like($counted, qr/\Q$issues\E/, 'the odd rows of the log are issues');

$node->stop;
done_testing();

# Seconds that the application's statements took, and the server's CPU seconds for them.  The application has
# a role that may write only its own table.
sub replay
{
	my ($table) = @_;
	my ($start, $cpu) = (time, server_cpu());
	$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-v', "incident=$table", '-U', 'desk_app',
		'-f', 'test/replay/prepare.sql', '-f', "$dir/events.sql", $node->connstr('postgres') ],
		"all events are written to $table");
	return (time - $start, server_cpu() - $cpu);
}

# CPU seconds of the server's processes that have ended (0 where there is no /proc).
sub server_cpu
{
	my $file = '/proc/' . (split /\n/, slurp_file($node->data_dir . '/postmaster.pid'))[0] . '/stat';
	$node->poll_query_until('postgres', "SELECT count(*) = 0 FROM pg_stat_activity WHERE usename = 'desk_app'");
	return 0 if !-r $file;
	my @fields = split ' ', slurp_file($file) =~ s/.*\)//sr;
	return ($fields[13] + $fields[14]) / POSIX::sysconf(POSIX::_SC_CLK_TCK());
}

# Key (number, metric, cycle) to the rest.
sub read_clocks
{
	my ($csv) = @_;
	return map { /^([^,]*,[^,]*,[^,]*),(.*)$/ ? ($1 => $2) : () } grep { !/^number,/ } split /\n/, $csv;
}
