# A refused refund is on record although its transaction is gone: in a table where the library is preloaded, else in the
# server log.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Desk;
use Refusal;

my $node = PostgreSQL::Test::Cluster->new('attempts');
$node->init(extra => [ '--encoding=UTF8', '--no-locale' ]);
$node->start;
create_desk($node, 'postgres');
my $check = q{SELECT decision FROM service_policy.refund_check('desk', '{"amount": 40, "purchased_at": "2024-01-02 12:00Z", "requested_at": "2024-02-02 12:00Z"}')};
my $allowed = q{INSERT INTO crm.refund VALUES (%d, 1, 40, 50, '2024-01-02 12:00Z', '2024-01-03 12:00Z')};

# Not preloaded.
my $app = session($node, 'postgres', '-U', 'desk_app');
my $offset = log_size($node);
$app->ask("SET client_min_messages = debug5; SET application_name = 'till \"1\"'");
$app->ask(late(10));
unlike($app->{err}, qr/service_policy refused a refund/, 'the client does not see the line');
$app->ask(caught(11));
$app->ask('BEGIN; SAVEPOINT s; ' . late(12) . '; ROLLBACK TO s; COMMIT');
$app->ask('ROLLBACK');
is($app->ask($check), 'refused', 'asking beforehand is no attempt');
$app->ask(sprintf $allowed, 13);
my @logged = logged($node, $offset);
is(join(' ', map { $_->{refund_key} } @logged), '10 11 12', 'each refusal is in the log, caught or not, and nothing else');
is(join(' ', map { $_->{why} // '-' } @logged), '- - -', '… in one line each');
my %expected = (
	database => 'postgres', attachment => 'desk', attempted_by => 'desk_app', session_role => 'desk_app', application_name => 'till "1"',
	table_name => 'crm.refund', ticket_id => '1', decision => 'refused', reason => 'refund_cutoff', rule => 'standard', policy_version => 1,
	cutoff_at => '2024-02-02T00:00:00+00:00', requested_at => '2024-02-02T12:00:00+00:00', amount => 40);
is_deeply({ map { $_ => $logged[0]{$_} } keys %expected }, \%expected, 'the line says who, what and why');
like($logged[0]{message}, qr/^refund of 40.00 is refused by rule "standard"/, '… as the client was told');
is($logged[0]{facts}{purchased_at}, '2024-01-02T12:00:00+00:00', '… and by which facts');
is($node->safe_psql('postgres', 'SELECT count(*) FROM desk.refund_attempts'), 0, 'nobody fills the table');
$app->quit;

# Preloaded, and in a database whose settings would stop a worker that took them.
$node->stop;
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'service_policy'");
$node->start;
$node->safe_psql('postgres', join ';', map { "ALTER DATABASE postgres SET $_" }
	'default_transaction_read_only = on', 'statement_timeout = 1', 'search_path = crm', 'DateStyle = German');
{
	local $ENV{PGOPTIONS} = '-c default_transaction_read_only=off -c statement_timeout=0';
	$app = session($node, 'postgres', '-U', 'desk_app');
	$app->ask("SET DateStyle = 'SQL, MDY'; SET TimeZone = 'Asia/Tokyo'");
	$offset = log_size($node);
	$app->ask(late(20));
	like($app->{err}, qr/refund of 40.00 is refused/, 'refused as ever');
	$app->ask(caught(21));
	$app->ask($_) foreach 'BEGIN', 'SAVEPOINT s', late(22), 'ROLLBACK TO s', late(22), 'ROLLBACK';
	$app->ask('UPDATE crm.refund SET amount = 501 WHERE id = 1');
	$app->ask($check);
	$app->ask(sprintf $allowed, 23);
	is(recorded($node, 'postgres', 5), '20 21 22 22 1', 'each refusal is in the table: caught, rolled back, repeated, of a change');
	is($node->safe_psql('postgres', q{
		SELECT attempted_by, session_role, table_name, ticket_id, decision, reason, rule, policy_version, cutoff_at = '2024-02-02Z', requested_at = '2024-02-02 12:00Z',
		       amount, allowed_amount, message ~ '^refund of 40.00 is refused', facts ->> 'purchased_at', abs(extract(epoch FROM clock_timestamp() - attempted_at)) < 600, process_id > 0
		  FROM desk_data.refund_attempt WHERE refund_key = '20'}),
		'desk_app|desk_app|crm.refund|1|refused|refund_cutoff|standard|1|t|t|40.00|0.00|t|2024-01-02T12:00:00+00:00|t|t', '… with all that is known');
	is(scalar logged($node, $offset), 0, '… and no line in the log');
}
{
	local $ENV{PGOPTIONS} = '-c default_transaction_read_only=off -c statement_timeout=0';
	$node->safe_psql('postgres', 'ALTER DATABASE postgres RESET ALL');
}

# Whose it is.
is($node->safe_psql('postgres', 'SELECT count(*) FROM desk.refund_attempts', extra_params => [ '-U', 'desk_analyst' ]), 5, 'who may read the views may read this one');
foreach my $statement ('SELECT * FROM desk.refund_attempts', 'SELECT * FROM desk_data.refund_attempt', 'INSERT INTO desk_data.refund_attempt DEFAULT VALUES',
	q{SELECT nextval('desk_data.refund_attempt_id_seq')}, 'SELECT service_policy.detach(name) FROM service_policy.attachment')
{
	$app->ask($statement);
	like($app->{err}, qr/permission denied/, "the application may not: $statement");
}
my @as_admin = (extra_params => [ '-U', 'desk_admin' ]);
my $trigger = 'TRIGGER see AFTER INSERT ON desk_data.refund_attempt %s FOR EACH ROW EXECUTE FUNCTION desk_data.see()';
$node->safe_psql('postgres', q{CREATE TABLE desk_data.seen (who text);
	CREATE FUNCTION desk_data.see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO desk_data.seen VALUES (current_user); RETURN NULL; END $$;
	CREATE } . sprintf($trigger, ''), @as_admin);
$app->ask(late(24));
recorded($node, 'postgres', 1, q{refund_key = '24'});
is($node->safe_psql('postgres', 'SELECT who FROM desk_data.seen'), 'desk_admin', 'it is written with the rights of the owner');
$node->safe_psql('postgres', 'DROP TRIGGER see ON desk_data.refund_attempt; CREATE CONSTRAINT ' . sprintf($trigger, 'DEFERRABLE INITIALLY DEFERRED'), @as_admin);
$offset = log_size($node);
$app->ask(late(25));
$node->wait_for_log(qr/cannot fire deferred trigger/, $offset);
@logged = logged($node, $offset);
is("$logged[0]{refund_key}: $logged[0]{why}", '25: cannot fire deferred trigger within security-restricted operation', 'nothing of his may wait until the worker is superuser again, and what is not in the table is in the log');
is($node->safe_psql('postgres', 'SELECT count(*) FROM desk_data.seen'), 1, '… so it has not run');
$node->safe_psql('postgres', 'DROP TRIGGER see ON desk_data.refund_attempt', @as_admin);

# In another database: keys of several parts, partitions, very long texts, very many facts.
$node->safe_psql('postgres', 'CREATE DATABASE other');
my $moments = join ', ', map { "\"moment_${_}_at\": \"bought\"" } 1 .. 20;
my $more = join ', ', map { "\"moment_${_}_at\": \"bought\"" } 1 .. 200;
$node->safe_psql('other', qq{
	CREATE EXTENSION service_policy;
	CREATE TABLE ticket (tenant int, "Case No" text, status text, opened timestamptz, PRIMARY KEY (tenant, "Case No"));
	SELECT service_policy.publish_policy('p', service_policy.load_policy('{"policy": "p", "refunds": [{"name": "none", "final_sale": true}]}'), '2020-01-01Z');
	SELECT service_policy.attach('desk', 'ticket', 'p', '{tenant,Case No}', '{"opened_at": "opened", "state": "status"}', '{"*": "open"}');
	CREATE TABLE refund (shop int, number date, tenant int, "case" text, amount numeric, bought timestamptz, story text, PRIMARY KEY (shop, number)) PARTITION BY LIST (shop);
	CREATE TABLE "refund 1" PARTITION OF refund FOR VALUES IN (1);
	SELECT service_policy.attach_refunds('desk', 'refund', '{shop,number}', '{"ticket": ["tenant", "\\"case\\""], "amount": "amount", "category": "story", $moments}');
	CREATE SCHEMA busy;
	CREATE TABLE busy.ticket (LIKE ticket INCLUDING ALL);
	CREATE TABLE busy.refund (LIKE refund INCLUDING ALL);
	SELECT service_policy.attach('many', 'busy.ticket', 'p', '{tenant,Case No}', '{"opened_at": "opened", "state": "status"}', '{"*": "open"}');
	SELECT service_policy.attach_refunds('many', 'busy.refund', '{shop,number}', '{"amount": "amount", "category": "story", $more}')});
$app->ask(caught(30));
$node->psql('other', "INSERT INTO refund VALUES (1, '2024-01-02', 7, 'A/1', 10, now(), repeat('€', 100000)); INSERT INTO busy.refund VALUES (1, '2024-01-03', 7, 'A/1', 10, now(), repeat('\x01', 100000))", on_error_stop => 0);
$app->ask(caught(31));
is(recorded($node, 'other', 1), '1/2024-01-02', 'each database has its own');
is(recorded($node, 'postgres', 2, "refund_key IN ('30', '31')"), '30 31', '… and only those');
is($node->safe_psql('other', q{SELECT table_name, ticket_tenant, "ticket_Case No", reason, facts ->> 'category' ~ '^€{10,}$', length(facts ->> 'category') < 400, facts ? 'moment_20_at' FROM desk_data.refund_attempt}),
	'public."refund 1"|7|A/1|refund_final_sale|t|t|t', 'long texts are cut at the end of a character');
$node->poll_query_until('other', 'SELECT count(*) = 1 FROM many.refund_attempts');
is($node->safe_psql('other', 'SELECT refund_key, reason, facts IS NULL FROM many_data.refund_attempt'), '1/2024-01-03|refund_final_sale|t', 'too many facts are left out');

$app->quit;
$node->stop;
done_testing();
