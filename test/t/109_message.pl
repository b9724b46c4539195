# Messages as a CRM's role writes them, which has no right on our schemas: in partitions, with keys of several parts, in
# savepoints, procedures and prepared transactions, before an ALTER TABLE; dumped and restored; and no way to forge one.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Desk;

my $node = PostgreSQL::Test::Cluster->new('message');
$node->init;
$node->append_conf('postgresql.conf', 'max_prepared_transactions = 2');
$node->start;
create_desk($node, 'shop');
my @as_app = (extra_params => [ '-U', 'desk_app' ]);

$node->safe_psql('shop', q{
	SET ROLE desk_owner;
	CREATE TABLE crm.case (tenant text, number int, status text DEFAULT 'new', opened timestamptz DEFAULT '2024-01-08 09:00Z', changed timestamptz DEFAULT '2024-01-08 09:00Z',
		PRIMARY KEY (tenant, number));
	CREATE TABLE crm.post (tenant text, id int, case_number int, author text, hidden boolean DEFAULT false, sent timestamptz, note text,
		PRIMARY KEY (tenant, id, sent)) PARTITION BY RANGE (sent);
	CREATE TABLE crm.post_january PARTITION OF crm.post FOR VALUES FROM ('2024-01-01Z') TO ('2024-02-01Z');
	CREATE TABLE crm.post_february PARTITION OF crm.post FOR VALUES FROM ('2024-02-01Z') TO ('2024-03-01Z');
	CREATE TABLE crm.watcher (tenant text, case_number int, name text);
	GRANT SELECT, TRIGGER ON crm.case, crm.post, crm.post_january, crm.post_february, crm.watcher TO desk_admin;
	GRANT SELECT, INSERT, UPDATE, DELETE ON crm.case, crm.post, crm.watcher TO desk_app;
	SET ROLE desk_admin;
	SELECT service_policy.load_policy('{"policy": "mail", "benchmarks": [
		{"name": "answer", "metric": "first_response", "target": "1 hour"},
		{"name": "again", "metric": "next_response", "target": "1 hour"},
		{"name": "word", "metric": "periodic_update", "target": "1 day"}]}');
	SELECT service_policy.publish_policy('mail', 1, '2020-01-01Z');
	SELECT service_policy.attach('mail', 'crm.case', 'mail', '{tenant,number}',
		'{"opened_at": "opened", "changed_at": "changed", "state": "status"}', '{"new": "open", "done": "resolved"}');
	SELECT service_policy.attach_messages('mail', 'crm.post', '{tenant,id}',
		'{"ticket": ["tenant", "case_number"], "sent_at": "sent", "author": "author", "public": "NOT hidden"}', $$note IS DISTINCT FROM 'spam'$$);
	SELECT service_policy.attach_child('mail', 'crm.watcher', '{"ticket": ["tenant", "case_number"]}');
	RESET ROLE;
	ALTER TABLE crm.post OWNER TO desk_app; ALTER TABLE crm.post_january OWNER TO desk_app; ALTER TABLE crm.post_february OWNER TO desk_app;
	INSERT INTO crm.case SELECT 'a', n FROM generate_series(1, 20) n}, extra_params => []);

sub clocks
{
	my ($number) = @_;
	return join ' ', split /\n/, $node->safe_psql('shop', qq{SELECT metric || '/' || cycle || '=' || state || coalesce('\@' || to_char(stopped_at AT TIME ZONE 'UTC', 'DD HH24:MI'), '') || CASE WHEN disputed THEN '!' ELSE '' END
		FROM mail_data.clock WHERE number = $number ORDER BY metric, cycle});
}
sub app
{
	my ($sql) = @_;
	my ($status, $out, $err) = $node->psql('shop', $sql, @as_app, on_error_stop => 1);
	is($err, '', "written: " . substr($sql, 0, 60));
	return $out;
}

app(q{INSERT INTO crm.post VALUES ('a', 1, 1, 'customer', false, '2024-01-08 09:00Z'), ('a', 2, 1, 'agent', false, '2024-01-08 09:30Z'), ('a', 3, 1, 'customer', false, '2024-01-08 10:00Z')});
is(clocks(1), 'first_response/1=met@08 09:30 next_response/1=running periodic_update/1=met@08 09:30 periodic_update/2=running', 'a question, its answer and another question');
is($node->safe_psql('shop', 'SELECT DISTINCT recorded_by FROM mail_data.message'), 'desk_app', 'recorded as written by whom it was');

# A row moves to another partition, and back: it is one message all along.
app(q{INSERT INTO crm.post VALUES ('a', 4, 2, 'agent', false, '2024-01-31 23:00Z')});
app(q{UPDATE crm.post SET sent = '2024-02-01 01:00Z' WHERE id = 4});
is($node->safe_psql('shop', q{SELECT message, sent_at AT TIME ZONE 'UTC' FROM mail_data.message WHERE number = 2}), 'a/4|2024-02-01 01:00:00', 'a message in another partition');
app(q{UPDATE crm.post SET note = 'spam' WHERE id = 4});
is($node->safe_psql('shop', q{SELECT count(*) FROM mail_data.message WHERE number = 2}), 0, 'left out by the filter');

# Savepoints, a procedure that commits, a transaction that is prepared, one that is rolled back.
app(q{BEGIN; SAVEPOINT a; INSERT INTO crm.post VALUES ('a', 5, 3, 'agent', false, '2024-01-08 09:10Z'); ROLLBACK TO a; SAVEPOINT b;
	INSERT INTO crm.post VALUES ('a', 6, 3, 'agent', false, '2024-01-08 09:20Z'); RELEASE b; COMMIT});
is(clocks(3), 'first_response/1=met@08 09:20 periodic_update/1=met@08 09:20 periodic_update/2=running', 'only what was not rolled back counts');
app(q{DO $$ BEGIN FOR n IN 1..3 LOOP INSERT INTO crm.post VALUES ('a', 10 + n, 4, 'agent', false, '2024-01-08 10:00Z'::timestamptz + n * interval '1 hour'); IF n = 2 THEN ROLLBACK; ELSE COMMIT; END IF; END LOOP; END $$});
is(clocks(4), 'first_response/1=missed@08 11:00 periodic_update/1=met@08 11:00 periodic_update/2=met@08 13:00 periodic_update/3=running', 'transactions within a procedure');
app(q{BEGIN; INSERT INTO crm.post VALUES ('a', 20, 5, 'agent', false, '2024-01-08 09:20Z'); PREPARE TRANSACTION 'p'});
app(q{COMMIT PREPARED 'p'});
is(clocks(5), 'first_response/1=met@08 09:20 periodic_update/1=met@08 09:20 periodic_update/2=running', 'a prepared transaction');
app(q{BEGIN; INSERT INTO crm.post VALUES ('a', 21, 6, 'agent', false, '2024-01-08 09:20Z'); ROLLBACK});
is(clocks(6), 'first_response/1=running periodic_update/1=running', 'a transaction that was rolled back');
app(q{BEGIN; INSERT INTO crm.post VALUES ('a', 22, 6, 'agent', false, '2024-01-08 09:25Z'); ALTER TABLE crm.post ADD extra int; UPDATE crm.post SET extra = 1; ALTER TABLE crm.post DROP extra; COMMIT});
is(clocks(6), 'first_response/1=met@08 09:25 periodic_update/1=met@08 09:25 periodic_update/2=running', 'a migration that writes and alters');

# Many messages of one statement, some of them before their tickets.
app(q{INSERT INTO crm.post SELECT 'b', n, n % 50, CASE n % 3 WHEN 0 THEN 'customer' ELSE 'agent' END, false, '2024-01-08 09:00Z'::timestamptz + n * interval '1 minute' FROM generate_series(1, 5000) n});
app(q{INSERT INTO crm.case SELECT 'b', n FROM generate_series(0, 49) n});
my $clocks = q{SELECT number, metric, cycle, state, stopped_at, elapsed_us FROM mail_data.clock WHERE tenant = '%s' ORDER BY 1, 2, 3};
app(q{INSERT INTO crm.case SELECT 'c', n FROM generate_series(0, 49) n});
app(q{DO $$ BEGIN FOR n IN 1..5000 LOOP INSERT INTO crm.post VALUES ('c', n, n % 50, CASE n % 3 WHEN 0 THEN 'customer' ELSE 'agent' END, false, '2024-01-08 09:00Z'::timestamptz + n * interval '1 minute'); IF n % 7 = 0 THEN COMMIT; END IF; END LOOP; END $$});
is($node->safe_psql('shop', sprintf $clocks, 'b'), $node->safe_psql('shop', sprintf $clocks, 'c'), 'at once or one by one, before their tickets or after them: the same clocks');
is($node->safe_psql('shop', q{SELECT count(*) FROM mail_data.clock WHERE disputed}), 0, '… and none of them disputed');

# Detached in the transaction that wrote, or gone: nothing fails.
app(q{BEGIN; INSERT INTO crm.post VALUES ('a', 30, 7, 'agent', false, '2024-01-08 09:20Z'); SET CONSTRAINTS ALL IMMEDIATE; COMMIT});
is($node->safe_psql('shop', q{BEGIN; INSERT INTO crm.post VALUES ('a', 31, 8, 'agent', false, '2024-01-08 09:20Z'); SELECT service_policy.detach('mail'); ROLLBACK; SELECT count(*) FROM service_policy.attachment_table WHERE attachment = 'mail'}), "\n3",
	'detached with a message pending, and back');
is($node->safe_psql('shop', q{BEGIN; INSERT INTO crm.post VALUES ('a', 32, 8, 'agent', false, '2024-01-08 09:20Z'); DROP SCHEMA mail CASCADE; DROP SCHEMA mail_data CASCADE; ROLLBACK; SELECT 1}), '1', 'its evidence dropped with a message pending');

# Nobody forges one: not by writing our tables, not by our triggers on tables of one's own.
my $session = session($node, 'shop', '-U', 'desk_app', '-v', 'VERBOSITY=verbose');
$node->safe_psql('shop', 'GRANT CREATE ON DATABASE shop TO desk_app');
$session->ask('CREATE SCHEMA evil; CREATE TABLE evil.post (LIKE crm.post)');
foreach my $statement ("INSERT INTO mail_data.message VALUES ('a', 9, now(), 'x', 'agent', now(), 'x')", 'DELETE FROM mail_data.message', 'SELECT * FROM mail_data.message',
	"CREATE TRIGGER forge AFTER INSERT ON evil.post FOR EACH ROW EXECUTE FUNCTION service_policy._message_changed('mail')",
	"CREATE TRIGGER forge AFTER INSERT ON evil.post FOR EACH ROW EXECUTE FUNCTION service_policy._child_changed('mail', 'crm.watcher')",
	"SELECT service_policy.attach_messages('mail', 'evil.post', '{tenant,id}', '{}')", "SELECT service_policy.attach_child('mail', 'evil.post', '{}')")
{
	$session->ask($statement);
	like($session->{err}, qr/^ERROR:  42501/, "refused: $statement");
}
foreach my $wrong ("_message_changed()", "_message_changed('mail', 'x')", "_child_changed('mail')")
{
	$node->safe_psql('shop', "CREATE TRIGGER wrong AFTER INSERT ON crm.status FOR EACH ROW EXECUTE FUNCTION service_policy.$wrong");
	my (undef, undef, $err) = $node->psql('shop', 'INSERT INTO crm.status VALUES (99)');
	like($err, qr/trigger "wrong" needs (one argument|two arguments)/, "$wrong needs its arguments");
	$node->safe_psql('shop', 'DROP TRIGGER wrong ON crm.status');
}
$session->quit;

# Dumped and restored, it goes on.
my $dir = PostgreSQL::Test::Utils::tempdir();
my $evidence = q{SELECT * FROM mail_data.ledger ORDER BY tenant, number, seq; SELECT * FROM mail_data.message ORDER BY tenant, number, sent_at, message; SELECT * FROM mail_data.clock ORDER BY tenant, number, metric, cycle};
my $before = $node->safe_psql('shop', $evidence);
$node->command_ok([ 'pg_dump', '-Fc', '-f', "$dir/shop.dump", $node->connstr('shop') ], 'dumped');
$node->safe_psql('postgres', 'CREATE DATABASE again');
$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', $node->connstr('again'), "$dir/shop.dump" ], 'restored');
is($node->safe_psql('again', $evidence), $before, 'the evidence is as it was');
$node->safe_psql('again', q{INSERT INTO crm.post VALUES ('a', 40, 9, 'agent', false, '2024-01-08 09:45Z'); INSERT INTO crm.watcher VALUES ('a', 9, 'ann')}, @as_app);
is($node->safe_psql('again', q{SELECT state, stopped_at AT TIME ZONE 'UTC' FROM mail_data.clock WHERE number = 9 AND tenant = 'a' AND metric = 'first_response'}), 'met|2024-01-08 09:45:00', '… and goes on');
$node->safe_psql('again', q{SELECT service_policy.detach('mail', false)});
is($node->safe_psql('again', q{SELECT count(*) FROM pg_trigger WHERE tgname ~ '^service_policy_mail'}), 0, 'detached, no trigger is left');

# Sessions that write what nobody understands of one ticket do so at the same moment.
$node->pgbench('-n -c 4 -j 2 -t 1', 0, [qr{processed: 4/4}], [qr{^}], 'issues of one ticket, of many sessions at once',
	{ nonsense => q{INSERT INTO crm.post SELECT 'a', 100000 * (1 + :client_id) + i, 12, 'nobody', false, '2024-01-08 09:45Z' FROM generate_series(1, 5000) i;} },
	'shop');
is($node->safe_psql('shop', q{SELECT count(*), (SELECT count(*) FROM crm.post WHERE author = 'nobody' AND case_number = 12) FROM mail_data.issue WHERE number = 12}),
	'20000|20000', '… each is kept');

$node->stop;
done_testing();
