# Tickets, ledger and clocks agree after a crash, and through transactions that are prepared and decided later.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Desk;

my $node = PostgreSQL::Test::Cluster->new('crash');
$node->init;
# commits that are lost in the crash must be lost whole
$node->append_conf('postgresql.conf', "fsync = on\nsynchronous_commit = off\nwal_writer_delay = 10ms\nmax_prepared_transactions = 5\nlog_statement = none");
$node->start;
create_desk($node, 'postgres');

my $change = create_counted($node, 'postgres');

# Two sessions write without end; the server goes down amid them.
sub writer
{
	my ($session, $from) = @_;
	$session->{in} .= qq{DO \$\$ BEGIN LOOP $change WHERE id % 2 = $from; COMMIT; END LOOP; END \$\$;\n};
	$session->{run}->pump_nb;
	return;
}
for my $round (1 .. 2)
{
	my @sessions = map { session($node, 'postgres', '-U', 'desk_app') } 0, 1;
	my $before = $node->safe_psql('postgres', 'SELECT sum(number) FROM crm.counted');
	writer($sessions[$_], $_) foreach 0, 1;
	$node->poll_query_until('postgres', "SELECT sum(number) > $before + 400 FROM crm.counted") or die 'nothing was written';
	$node->stop('immediate');
	$_->{run}->kill_kill foreach @sessions;
	$node->start;
	cmp_ok($node->safe_psql('postgres', 'SELECT sum(number) FROM crm.counted'), '>', $before, "round $round: changes were kept");
	is(disagreements($node, 'postgres'), '', "round $round: tickets, ledger and clocks agree");
}
my $counter = 'SELECT number, (SELECT max(seq) - 1 FROM counted_data.ledger l WHERE l.id = t.id) FROM crm.counted t WHERE id = 7';

# A prepared change is seen by nobody, outlives a crash, and is then there in full or not at all.
$change .= ' WHERE id = 7';
my ($number) = split /\|/, $node->safe_psql('postgres', $counter);
my @as_app = (extra_params => [ '-U', 'desk_app' ]);
$node->safe_psql('postgres', "BEGIN; $change; PREPARE TRANSACTION 'change'", @as_app);
is($node->safe_psql('postgres', $counter), "$number|$number", 'a prepared change is not seen');
$node->stop('immediate');
$node->start;
is($node->safe_psql('postgres', $counter), "$number|$number", 'nor after a crash');
$node->safe_psql('postgres', q{COMMIT PREPARED 'change'}, @as_app);
$number++;
is($node->safe_psql('postgres', $counter), "$number|$number", 'committed, it is there');
is(disagreements($node, 'postgres'), '', 'in full');
$node->safe_psql('postgres', "BEGIN; $change; PREPARE TRANSACTION 'change'; ROLLBACK PREPARED 'change'; $change", @as_app);
$number++;
is($node->safe_psql('postgres', $counter), "$number|$number", 'rolled back, it leaves no gap in the ledger');
is(disagreements($node, 'postgres'), '', 'nor anything else');

# Configuration that was edited in a prepared transaction counts from the moment of its commit, everywhere.
my $seconds = q{SELECT service_policy.business_seconds('desk', '2024-01-08 00:00Z', '2024-01-09 00:00Z')};
my ($editor, $other) = map { session($node, 'postgres') } 1, 2;
is($_->ask($seconds), 8 * 3600, 'eight hours a day') foreach $editor, $other;
is($editor->ask(q{BEGIN; UPDATE service_policy.calendar_hours SET closes = '10:00'}) . $editor->ask($seconds), 3600, 'who edits sees the edit');
$editor->ask(q{PREPARE TRANSACTION 'edit'});
is($_->ask($seconds), 8 * 3600, 'prepared, it counts for nobody') foreach $editor, $other;
$other->ask(q{COMMIT PREPARED 'edit'});
is($_->ask($seconds), 3600, 'committed, for everybody') foreach $editor, $other;

$_->quit foreach $editor, $other;
$node->stop;
done_testing();
