# Tickets are taken over while the application writes, and the run is killed, crashed and cancelled on the way: what is
# recorded in the end is what a table that was attached from the start would have recorded.
use strict;
use warnings;
use Desk;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $tickets = 6000;
my $node = PostgreSQL::Test::Cluster->new('backfill');
$node->init(extra => [ '--no-locale', '--encoding=UTF8' ]);
$node->append_conf('postgresql.conf', "restart_after_crash = on\nfsync = off\nlog_statement = none\ndeadlock_timeout = 100ms\nlog_lock_waits = on");
$node->start;

# As in Desk.pm's counted tickets, state and times follow from a number, so that a history is the same whenever it is told.
$node->safe_psql('postgres', qq{
	CREATE EXTENSION service_policy;
	CREATE SCHEMA crm;
	CREATE TABLE crm.ticket (
		id int PRIMARY KEY, number int NOT NULL, priority text, created_at timestamptz NOT NULL,
		status text GENERATED ALWAYS AS ((ARRAY['new', 'wait', 'new', 'done'])[number % 4 + 1]) STORED);
	CREATE TABLE crm.message (id bigint PRIMARY KEY, ticket_id int, at timestamptz, author text);
	CREATE INDEX ON crm.message (ticket_id);
	INSERT INTO crm.ticket SELECT 2 * n, n % 9, (ARRAY['low', 'urgent'])[1 + n % 2], '2024-01-08 09:00Z'::timestamptz + n * interval '1 minute'
		FROM generate_series(1, $tickets) n;
	INSERT INTO crm.message SELECT 10 * id + n, id, created_at + n * interval '1 minute', (ARRAY['agent', 'customer'])[1 + (n + id / 2) % 2]
		FROM crm.ticket, generate_series(1, id % 4) n;
	-- all that is done to a ticket, in order
	CREATE TABLE crm.done (number bigserial PRIMARY KEY, what text, ticket crm.ticket);
	CREATE FUNCTION crm.note() RETURNS trigger LANGUAGE plpgsql AS \$\$
		BEGIN
			IF TG_OP = 'DELETE' THEN
				INSERT INTO crm.done (what, ticket) VALUES (TG_OP, OLD);
			ELSE
				INSERT INTO crm.done (what, ticket) VALUES (TG_OP, NEW);
			END IF;
			RETURN NULL;
		END \$\$;
	INSERT INTO crm.done (what, ticket) SELECT 'INSERT', t FROM crm.ticket t ORDER BY id;
	CREATE TRIGGER note AFTER INSERT OR UPDATE OR DELETE ON crm.ticket FOR EACH ROW EXECUTE FUNCTION crm.note();

	SELECT service_policy.load_policy('{"policy": "desk", "benchmarks": [
		{"name": "answer", "metric": "first_response", "target": "90 seconds"},
		{"name": "solve", "metric": "resolution", "target": "20 minutes", "pause_on": ["pending"]},
		{"name": "solve_urgent", "metric": "resolution", "target": "10 minutes", "when": {"priority": ["urgent"]}}]}');
	SELECT service_policy.publish_policy('desk', 1, '2024-01-01Z');
	SELECT service_policy.attach('desk', 'crm.ticket', 'desk', '{id}',
		'{"opened_at": "created_at", "changed_at": "created_at + number * interval ''7 minutes''", "state": "status", "priority": "priority"}', '{"new": "open", "wait": "pending", "done": "resolved"}');
	-- without messages, tickets that are not known are written in bulk
	SELECT service_policy.attach('plain', 'crm.ticket', 'desk', '{id}',
		'{"opened_at": "created_at", "changed_at": "created_at + number * interval ''7 minutes''", "state": "status", "priority": "priority"}', '{"new": "open", "wait": "pending", "done": "resolved"}');
	SELECT service_policy.attach_messages('desk', 'crm.message', '{id}', '{"ticket": ["ticket_id"], "sent_at": "at", "author": "author"}');
});

# Writers: two tickets a transaction, against the order in which they are taken over; some are deleted, others come.
my $directory = PostgreSQL::Test::Utils::tempdir();
my $both = 2 * $tickets;
append_to_file("$directory/change.sql", "\\set a random(1, $both)\n\\set b random(1, $both)\nBEGIN;\n"
	. "UPDATE crm.ticket SET number = number + 1 WHERE id = greatest(:a, :b);\nUPDATE crm.ticket SET number = number + 1 WHERE id = least(:a, :b);\nCOMMIT;\n");
append_to_file("$directory/delete.sql", "\\set a random(1, $both / 14)\nDELETE FROM crm.ticket WHERE id = 14 * :a;\n");
append_to_file("$directory/insert.sql", "\\set a random(1, $tickets)\n"
	. "INSERT INTO crm.ticket VALUES (2 * :a - 1, 0, 'low', '2024-01-08 09:00Z'::timestamptz + :a * interval '1 minute') ON CONFLICT DO NOTHING;\n");
my $round = 0;

sub writers
{
	my $errors = '';
	my $run = IPC::Run::start([ 'pgbench', '-n', '-c', 3, '-T', 60, '--random-seed', ++$round, '-f', "$directory/change.sql\@6", '-f', "$directory/delete.sql\@1",
			'-f', "$directory/insert.sql\@2", $node->connstr('postgres') ], '<', \undef, '>', \my $output, '2>', \$errors);
	return { run => $run, errors => \$errors };
}

sub stop_writers
{
	my ($writers) = @_;
	$writers->{run}->signal('INT');
	eval { $writers->{run}->finish };
	return ${ $writers->{errors} };
}

# A call in the background, and what it says.
sub call
{
	my ($arguments, $name) = @_;
	$name //= 'desk';
	my $messages = '';
	my $run = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-c', "CALL service_policy.backfill('$name'$arguments)" ],
		'<', \undef, '>', \my $output, '2>', \$messages);
	return { run => $run, messages => \$messages };
}

sub done_at_least
{
	my ($n) = @_;
	return $node->poll_query_until('postgres', "SELECT coalesce(max(done_count), 0) >= $n FROM desk.backfill_progress");
}

my $backend = q{SELECT pid FROM pg_stat_activity WHERE query ~ '^CALL service_policy.backfill' AND pid <> pg_backend_pid()};

sub progress { return $node->safe_psql('postgres', 'SELECT run, state, done_count < estimated_count FROM desk.backfill_progress ORDER BY run') }

my $slowly = ", batch => 100, sleep => '100 milliseconds'";
my $writers = writers();

# Killed: the server starts anew by itself.
my $call = call($slowly);
done_at_least(500);
is(progress(), '1|running|t', 'its progress is seen while it runs');
my ($status, $output, $errors) = $node->psql('postgres', "CALL service_policy.backfill('desk')");
like($errors, qr/backfill of "desk" is running already/, 'a second call is refused');
my $pid = $node->safe_psql('postgres', $backend);
kill 'KILL', $pid;
$call->{run}->finish;
stop_writers($writers);
# the crash is over when the log says so: before, a session may come in that is ended
foreach (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default)
{
	last if slurp_file($node->logfile) =~ /reinitializing.*ready to accept connections/s;
	select undef, undef, undef, 0.1;
}
is(progress(), '1|stopped|t', 'killed, it is stopped');

# The server crashes.
$writers = writers();
$call = call($slowly);
done_at_least(1700);
$node->stop('immediate');
$call->{run}->finish;
like(${ $call->{messages} }, qr/goes on with run 1 after \d+ tickets/, 'called again it goes on');
stop_writers($writers);
$node->start;
is(progress(), '1|stopped|t', 'crashed, it is stopped');

# Cancelled, while the writers go on.
$writers = writers();
$call = call($slowly);
done_at_least(3000);
$node->safe_psql('postgres', "SELECT pg_cancel_backend(($backend))");
$call->{run}->finish;
like(${ $call->{messages} }, qr/canceling statement due to user request/, 'it can be cancelled');
is(progress(), '1|stopped|t', 'cancelled, it is stopped');

# A writer that holds a ticket does not hold up the others; it is waited for.
my $held = session($node, 'postgres');
$held->ask("BEGIN; UPDATE crm.ticket SET number = number + 1 WHERE id = (SELECT min(id) FROM crm.ticket WHERE id > 10500 AND id % 2 = 0)");
$call = call(', batch => 500');
$node->poll_query_until('postgres', "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = ($backend)");
$node->safe_psql('postgres', 'UPDATE crm.ticket SET number = number + 1 WHERE id BETWEEN 10300 AND 10400', timeout => 60);
pass('the tickets before the one that is waited for can be changed');
$held->ask('COMMIT');
$held->quit;
$call->{run}->finish;
is(${ $call->{messages} } =~ s/^NOTICE.*\n//r, '', 'it comes to its end');
is(progress(), '1|finished|f', 'and is finished');
$call = call(', batch => 2500', 'plain');
$call->{run}->finish;
is(${ $call->{messages} }, '', 'so does one in bulk');
is(stop_writers($writers) =~ s/^pgbench: .*\n|^\s*\n//mgr, '', 'no writer failed');
unlike(slurp_file($node->logfile), qr/deadlock detected|could not serialize|duplicate key/, 'nobody got into a deadlock');

# The same from the start, in a table that was attached when it was empty.
cmp_ok($node->safe_psql('postgres', q{SELECT count(*) FROM crm.done WHERE what <> 'INSERT'}), '>', 1000, 'the writers have written');
$node->safe_psql('postgres', q{
	CREATE SCHEMA replay;
	CREATE TABLE replay.ticket (LIKE crm.ticket INCLUDING ALL);
	CREATE TABLE replay.message (LIKE crm.message INCLUDING ALL);
	SELECT service_policy.attach('replay_desk', 'replay.ticket', 'desk', '{id}',
		'{"opened_at": "created_at", "changed_at": "created_at + number * interval ''7 minutes''", "state": "status", "priority": "priority"}', '{"new": "open", "wait": "pending", "done": "resolved"}');
	SELECT service_policy.attach('replay_plain', 'replay.ticket', 'desk', '{id}',
		'{"opened_at": "created_at", "changed_at": "created_at + number * interval ''7 minutes''", "state": "status", "priority": "priority"}', '{"new": "open", "wait": "pending", "done": "resolved"}');
	SELECT service_policy.attach_messages('replay_desk', 'replay.message', '{id}', '{"ticket": ["ticket_id"], "sent_at": "at", "author": "author"}');
	INSERT INTO replay.message SELECT * FROM crm.message;
	DO $$
	DECLARE d crm.done;
	BEGIN
		FOR d IN SELECT * FROM crm.done ORDER BY number LOOP
			IF d.what = 'INSERT' THEN
				INSERT INTO replay.ticket (id, number, priority, created_at) SELECT (d.ticket).id, (d.ticket).number, (d.ticket).priority, (d.ticket).created_at;
			ELSIF d.what = 'UPDATE' THEN
				UPDATE replay.ticket SET number = (d.ticket).number WHERE id = (d.ticket).id;
			ELSE
				DELETE FROM replay.ticket WHERE id = (d.ticket).id;
			END IF;
		END LOOP;
	END $$;
});
is($node->safe_psql('postgres', 'SELECT count(*) FROM (TABLE crm.ticket EXCEPT TABLE replay.ticket) t'), 0, 'the copy is one');

# Of a ticket that was deleted before it was taken over, the messages are not.  Leaving is dated by the transaction that deletes, and what a deleted ticket's clocks counted until then depends on that.
sub differences
{
	my ($what, $name) = @_;
	$name //= 'desk';
	my $query = "SELECT $what";
	my ($mine, $theirs) = map { $query =~ s/DATA/$_/gr } "${name}_data", "replay_${name}_data";
	return $node->safe_psql('postgres', "(SELECT 'taken over', * FROM ($mine EXCEPT ALL $theirs) a LIMIT 5) UNION ALL (SELECT 'from the start', * FROM ($theirs EXCEPT ALL $mine) b LIMIT 5)");
}
my $records = q{id, CASE WHEN event <> 'left' THEN at END, event, state, source_state, opened_at, priority FROM DATA.ledger WHERE event <> 'expected'};
my $clocks = q{id, metric, cycle, benchmark, state, started_at, due_at, priority, CASE WHEN state <> 'cancelled' THEN ARRAY[elapsed_us, paused_us] END AS counted,
	CASE WHEN state <> 'cancelled' THEN stopped_at END AS stopped_at FROM DATA.clock WHERE id IN (SELECT id FROM crm.ticket)};
is(differences($records), '', 'the ledger is the same: nothing is lost or doubled');
is(differences('id, sent_at, message, author FROM DATA.message WHERE id IN (SELECT id FROM crm.ticket)'), '', '… and so are the messages');
is(differences($clocks), '', '… and the clocks');
is(differences($records, 'plain'), '', 'so is a ledger that was written in bulk');
is(differences($clocks, 'plain'), '', '… and its clocks');
is($node->safe_psql('postgres', q{SELECT string_agg(DISTINCT problem, ' ') FROM desk_data.issue}), 'restated', 'clocks that were judged before their messages came were restated; that is all there was to say');
is($node->safe_psql('postgres', q{SELECT count(*) FROM desk_data.clock WHERE imported_at IS NULL AND id % 2 = 0}), 0, 'clocks of the tickets that were there before never escalate');
is($node->safe_psql('postgres', q{SELECT count(*) FROM desk_data.clock WHERE imported_at IS NOT NULL AND id % 2 = 1 AND cycle = 1}), 0, '… and those of the others do');

# Once more: nothing is recorded twice.
my $evidence = q{SELECT md5(string_agg(l::text, '' ORDER BY id, seq)) FROM desk_data.ledger l; SELECT md5(string_agg(c::text, '' ORDER BY id, metric, cycle)) FROM desk_data.clock c};
my $before = $node->safe_psql('postgres', $evidence);
$node->safe_psql('postgres', q{CALL service_policy.backfill('desk')});
is($node->safe_psql('postgres', $evidence), $before, 'a second run changes nothing');

$node->stop;
done_testing();
