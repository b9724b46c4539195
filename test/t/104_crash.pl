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

# Every change raises the ticket's number, which is a fact; so a change shows in ticket, ledger and clocks
# alike; a judged clock has what the ticket was when it was judged.
$node->safe_psql('postgres', q{
	CREATE TABLE crm.counted (id int PRIMARY KEY, number int, status text, created_at timestamptz, updated_at timestamptz);
	GRANT ALL ON crm.counted TO desk_admin, desk_app;
	SET ROLE desk_admin;
	SELECT service_policy.attach('counted', 'crm.counted', 'desk', '{id}',
		'{"opened_at": "created_at", "changed_at": "updated_at", "state": "status", "category": "number"}', '{"new": "open", "wait": "pending", "done": "resolved"}');
	RESET ROLE;
	INSERT INTO crm.counted SELECT id, 1, 'new', '2024-01-08 09:00Z', '2024-01-08 09:00Z' FROM generate_series(1, 20) id});
my $disagreements = q{
	WITH latest AS (SELECT DISTINCT ON (id) * FROM counted_data.ledger ORDER BY id, seq DESC),
	     size AS (SELECT id, count(*), max(seq) FROM counted_data.ledger GROUP BY id)
	SELECT t.*, l.seq, l.category, l.source_state, c.state, c.category
	  FROM crm.counted t LEFT JOIN latest l USING (id) LEFT JOIN size USING (id)
	  LEFT JOIN counted_data.clock c ON c.id = t.id AND c.metric = 'resolution'
	 WHERE l.category IS DISTINCT FROM t.number::text OR l.source_state IS DISTINCT FROM t.status
	    OR size.count IS DISTINCT FROM t.number OR size.max IS DISTINCT FROM t.number
	    OR c.category IS DISTINCT FROM CASE t.status WHEN 'done'
	           THEN (SELECT j.category FROM counted_data.ledger j WHERE j.id = t.id AND j.at = c.stopped_at) ELSE t.number::text END
	    OR c.state IS DISTINCT FROM CASE t.status WHEN 'new' THEN 'running' WHEN 'wait' THEN 'paused' ELSE CASE WHEN c.elapsed_us > c.target_us THEN 'missed' ELSE 'met' END END};

# Two sessions write without end; the server goes down amid them.
sub writer
{
	my ($session, $from) = @_;
	$session->{in} .= qq{DO \$\$ BEGIN LOOP
		UPDATE crm.counted SET number = number + 1, updated_at = updated_at + interval '1 minute', status = (ARRAY['new', 'wait', 'done'])[1 + (random() * 2.99)::int % 3]
		 WHERE id % 2 = $from; COMMIT; END LOOP; END \$\$;\n};
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
	is($node->safe_psql('postgres', $disagreements), '', "round $round: tickets, ledger and clocks agree");
}
my $counter = 'SELECT number, (SELECT max(seq) FROM counted_data.ledger l WHERE l.id = t.id) FROM crm.counted t WHERE id = 7';

# A prepared change is seen by nobody, outlives a crash, and is then there in full or not at all.
my $change = q{UPDATE crm.counted SET number = number + 1, updated_at = updated_at + interval '1 minute' WHERE id = 7};
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
is($node->safe_psql('postgres', $disagreements), '', 'in full');
$node->safe_psql('postgres', "BEGIN; $change; PREPARE TRANSACTION 'change'; ROLLBACK PREPARED 'change'; $change", @as_app);
$number++;
is($node->safe_psql('postgres', $counter), "$number|$number", 'rolled back, it leaves no gap in the ledger');
is($node->safe_psql('postgres', $disagreements), '', 'nor anything else');

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
