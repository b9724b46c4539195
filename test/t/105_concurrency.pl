# Many sessions on the same tickets, and a policy edited while a transaction is open: what is recorded is what would
# have been if all had come one after the other.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Desk;

my $node = PostgreSQL::Test::Cluster->new('concurrency');
$node->init;
$node->append_conf('postgresql.conf', 'log_statement = none');
$node->start;
create_desk($node, 'postgres');
my $change = create_counted($node, 'postgres');
my $recorded = sub {
	return $node->safe_psql('postgres', sprintf q{
		SELECT seq, at, event, state, source_state, category FROM counted_data.ledger WHERE id = %1$d ORDER BY seq;
		SELECT metric, cycle, benchmark, state, started_at, due_at, elapsed_us, paused_us, counted_from, paused_at, stopped_at, category
		  FROM counted_data.clock WHERE id = %1$d ORDER BY metric, cycle}, shift);
};

# Six clients on two tickets; in the stricter levels whoever comes too late tries again.
my $script = PostgreSQL::Test::Utils::tempdir() . '/change.sql';
append_to_file($script, "\\set id random(1, 2)\n$change WHERE id = :id;\n");
foreach my $isolation ('read committed', 'repeatable read', 'serializable')
{
	my $stricter = $isolation ne 'read committed';
	next if $stricter && !is_at_least($node, 15);    # there pgbench gives up
	my $before = $node->safe_psql('postgres', 'SELECT sum(number) FROM crm.counted WHERE id <= 2');
	my $result = run_log([ 'pgbench', '-n', '-c', 6, '-t', 20, ($stricter ? ('--max-tries', 10000) : ()), '-U', 'desk_app', '-f', $script,
			$node->connstr('postgres') . " options='-c default_transaction_isolation=" . ($isolation =~ s/ /\\\\ /r) . "'" ], '>', '/dev/null', '2>', \my $complaint);
	diag($complaint) if !$result;
	ok($result, "$isolation: everybody could write");
	is($node->safe_psql('postgres', 'SELECT sum(number) FROM crm.counted WHERE id <= 2') - $before, 120, "$isolation: no change was lost");
	is(disagreements($node, 'postgres'), '', "$isolation: tickets, ledger and clocks agree");
}
foreach my $id (1, 2)
{
	my $alone = $id + 10;
	$node->safe_psql('postgres', "$change WHERE id = $alone;" x $node->safe_psql('postgres', "SELECT number FROM crm.counted WHERE id = $id"));
	is($recorded->($id), $recorded->($alone), "ticket $id is recorded as one that was changed by one session");
}

# A version is published while a REPEATABLE READ transaction is open that has judged by the one before.
my $agent = session($node, 'postgres', '-U', 'desk_app');
my $number = 100;
sub judged_by
{
	my ($session) = @_;
	$number++;
	$session->ask("INSERT INTO crm.ticket VALUES ($number, 1, 'low', NULL, '2099-06-01Z', '2099-06-01Z')");
	return $number;
}
sub version
{
	return $node->safe_psql('postgres', 'SELECT DISTINCT policy_version FROM desk_data.clock WHERE id = ' . shift);
}
$agent->ask('BEGIN ISOLATION LEVEL REPEATABLE READ');
my $first = judged_by($agent);
my $editor = session($node, 'postgres', '-U', 'desk_admin');
$editor->ask('BEGIN');
$editor->ask(q{SELECT service_policy.publish_policy('desk', service_policy.load_policy('{"policy": "desk", "benchmarks": [
	{"name": "solve_now", "metric": "resolution", "target": "1 minute"}]}'), '2099-01-01Z')});
my $second = judged_by($agent);
$editor->ask('COMMIT');
my $third = judged_by($agent);
$agent->ask('COMMIT');
my $fourth = judged_by($agent);
is(version($first), 1, 'before the edit: by the first version');
is(version($second), 1, 'before its commit, too');
is(version($third), 2, 'after it by the second, though the transaction is older');
is(version($fourth), 2, 'and so in the next transaction');
is($node->safe_psql('postgres', "SELECT benchmark FROM desk_data.clock WHERE id = $fourth"), 'solve_now', 'with its benchmark');

# A statement that is cancelled amid an expression ends, and its session goes on.
$editor->ask(q{SELECT service_policy.attach('slow', 'crm.ticket', 'desk', '{id}', '{"opened_at": "created_at",
	"state": "CASE note WHEN ''slow'' THEN (SELECT ''new''::text FROM pg_sleep(600)) ELSE ''new'' END"}', '{"new": "open"}')});
is($editor->{err}, '', 'a mapping may be slow');
$agent->ask(q{SET statement_timeout = '50ms'});
$agent->ask("UPDATE crm.ticket SET note = 'slow' WHERE id = $first");
like($agent->{err}, qr/canceling statement due to statement timeout/, 'it is cancelled with its statement');
$agent->ask('RESET statement_timeout');
is($agent->ask("UPDATE crm.ticket SET note = 'quick' WHERE id = $first RETURNING note"), 'quick', 'the session goes on');
is($agent->{err}, '', 'without a complaint');
is($agent->ask("BEGIN; SAVEPOINT here; SET LOCAL statement_timeout = '50ms'; UPDATE crm.ticket SET note = 'slow' WHERE id = $first")
	. $agent->ask("ROLLBACK TO here; UPDATE crm.ticket SET note = 'again' WHERE id = $first RETURNING note") . $agent->ask('COMMIT'),
	'again', 'so does a transaction with a savepoint');

# So does one that gets no lock in time: what it changed would else be missing from the clocks.
$editor->ask(q{SELECT service_policy.detach('slow')});
my $migration = session($node, 'postgres');
$migration->ask('BEGIN; LOCK TABLE crm.status');
$agent->ask(q{SET lock_timeout = '50ms'});
$agent->ask("UPDATE crm.ticket SET status_id = 2 WHERE id = $first");
like($agent->{err}, qr/55P03|canceling statement due to lock timeout/, 'a mapped table that is locked is waited for only so long');
$migration->ask('COMMIT');
is($agent->ask("RESET lock_timeout; UPDATE crm.ticket SET note = 'late' WHERE id = $first RETURNING note"), 'late', 'and then the ticket is recorded');

$_->quit foreach $agent, $editor, $migration;

# Transactions that write the messages of many tickets, and others that change tickets in the opposite order: only the
# tickets' clocks have them meet, and nobody fails for that.
$node->safe_psql('postgres', q{
	CREATE TABLE crm.talk (id int PRIMARY KEY, status text, created_at timestamptz DEFAULT now());
	CREATE TABLE crm.word (id bigserial PRIMARY KEY, talk_id int, said_at timestamptz DEFAULT now(), author text DEFAULT 'customer');
	GRANT ALL ON ALL TABLES IN SCHEMA crm TO desk_app;
	GRANT ALL ON ALL SEQUENCES IN SCHEMA crm TO desk_app;
	SELECT service_policy.attach('talk', 'crm.talk', 'desk', '{id}', '{"opened_at": "created_at", "state": "status"}', '{"*": "open"}');
	SELECT service_policy.attach_messages('talk', 'crm.word', '{id}', '{"ticket": ["talk_id"], "sent_at": "said_at", "author": "author"}');
	INSERT INTO crm.talk SELECT generate_series(1, 4), 'new';
});
my $directory = PostgreSQL::Test::Utils::tempdir();
append_to_file("$directory/up.sql", 'INSERT INTO crm.word (talk_id) SELECT generate_series(1, 4)');
append_to_file("$directory/down.sql", join "\n", 'BEGIN;', (map { "UPDATE crm.talk SET status = random() WHERE id = $_;" } 4, 3, 2, 1), 'COMMIT;');
my $unharmed = run_log([ 'pgbench', '-n', '-c', 4, '-t', 40, '-U', 'desk_app', '-f', "$directory/up.sql", '-f', "$directory/down.sql",
		$node->connstr('postgres') ], '>', \my $report, '2>', \my $failures);
ok($unharmed, 'messages of many tickets: everybody could write') or diag($failures);
unlike($report . $failures, qr/number of failed transactions: [1-9]|aborted/, '… and nobody was in a deadlock') or diag($report, $failures);
is($node->safe_psql('postgres', q{SELECT count(*) FROM talk_data.message}), $node->safe_psql('postgres', q{SELECT count(*) FROM crm.word}), '… and all messages are kept');

$node->stop;
done_testing();
