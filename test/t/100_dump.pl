# A dump brings back an attachment that works: evidence as it was, triggers that go on, rights that hold.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Desk;

my $node = PostgreSQL::Test::Cluster->new('dump');
$node->init;
$node->start;
create_desk($node, 'shop');
my $dir = PostgreSQL::Test::Utils::tempdir();
my @as_app = (extra_params => [ '-U', 'desk_app' ]);
my @as_admin = (extra_params => [ '-U', 'desk_admin' ]);
# Two exceptions, of which one is used.
my $grant = q{SELECT service_policy.grant_exception('desk', '{"ticket": [%d]}', 'snow', 3, expires_at => '2100-01-01Z')};
my $late_refund = q{INSERT INTO crm.refund VALUES (%d, %d, 20, 50, '2024-01-02 12:00Z', '2024-02-03 12:00Z')};
$node->safe_psql('shop', sprintf($grant, $_), @as_admin) foreach 1, 2;
$node->safe_psql('shop', sprintf($late_refund, 10, 1), @as_app);

$node->safe_psql('shop', q{INSERT INTO service_policy.suspension (attachment, starts_at, ends_at, reason)
	VALUES ('desk', '2099-01-01Z', '2099-01-02Z', 'maintenance'), (NULL, '2000-01-01Z', '2000-01-01Z', NULL)}, @as_admin);

# What a restored database must have as the original has it: rows, objects, owners and rights.
my $config = join ';', map { "SELECT '$_', t.* FROM service_policy.$_ t ORDER BY t" }
	qw(calendar calendar_hours calendar_date policy policy_version attachment attachment_table suspension action);
my $objects = q{
	SELECT relnamespace::regnamespace, relname, relkind, relowner::regrole, array(SELECT a::text FROM unnest(relacl) a ORDER BY 1) FROM pg_class
	 WHERE relnamespace::regnamespace::text IN ('service_policy', 'desk', 'desk_data', 'crm') ORDER BY 1, 2;
	SELECT oid::regprocedure, array(SELECT a::text FROM unnest(proacl) a ORDER BY 1) FROM pg_proc WHERE pronamespace = 'service_policy'::regnamespace AND proname !~ '^_name_(multi)?range$' ORDER BY 1::text;
	SELECT tgname, tgrelid::regclass, tgenabled, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2::text;
	SELECT nspname, nspowner::regrole, array(SELECT a::text FROM unnest(nspacl) a ORDER BY 1) FROM pg_namespace WHERE nspname ~ 'desk|service_policy|crm' ORDER BY 1;
	SELECT objoid::regclass, objsubid, description FROM pg_description WHERE classoid = 'pg_class'::regclass AND objoid::regclass::text ~ '^desk' ORDER BY 1::text, 2;
};
my %original = map { $_->[0] => $node->safe_psql('shop', $_->[1]) } ([ 'configuration', $config ], [ 'objects and rights', $objects ]);
my $evidence = evidence($node, 'shop');
like($evidence, qr/^ledger\|1\|3\|.*^refund_decision\|2\|1\|.*^exception\|1\|exception\|.*^exception\|2\|/ms, 'there is something to bring back');

sub dump_shop
{
	my ($file, @options) = @_;
	$node->command_ok([ 'pg_dump', '-f', "$dir/$file", @options, $node->connstr('shop') ], "pg_dump @options");
	return "$dir/$file";
}

sub run_sql
{
	my ($database, $file) = @_;
	$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', $file, $node->connstr($database) ], "$database: restored");
	return;
}

sub restore_archive
{
	my ($database, $file, @options) = @_;
	$node->command_ok([ 'pg_restore', '--exit-on-error', @options, '-d', $node->connstr($database), $file ], "$database: restored @options");
	return;
}

# The lines that only one of two texts has.
sub difference
{
	my ($got, $expected) = @_;
	my %count;
	$count{$_}++ foreach split /\n/, $got;
	$count{$_}-- foreach split /\n/, $expected;
	return join "\n", map { ($count{$_} > 0 ? 'now: ' : 'was: ') . $_ } grep { $count{$_} } sort keys %count;
}

sub works
{
	my ($database) = @_;
	is($node->safe_psql($database, $config), $original{configuration}, "$database: configuration");
	is(difference($node->safe_psql($database, $objects), $original{'objects and rights'}), '', "$database: objects and rights");
	is(evidence($node, $database), $evidence, "$database: evidence");

	$node->safe_psql($database, q{
		UPDATE crm.ticket SET status_id = 1, updated_at = '2024-01-08 11:30Z' WHERE id = 1;
		UPDATE crm.ticket SET status_id = 3, updated_at = '2024-01-08 12:30Z' WHERE id = 1;
		INSERT INTO crm.ticket VALUES (5, 98, 'low', NULL, '2024-01-08 12:00Z', '2024-01-08 12:00Z')}, @as_app);
	is($node->safe_psql($database, q{SELECT seq, event, state, at AT TIME ZONE 'UTC', recorded_by FROM desk_data.ledger WHERE id = 1 AND seq > 4 ORDER BY seq}),
		"5|changed|open|2024-01-08 11:30:00|desk_app\n6|changed|resolved|2024-01-08 12:30:00|desk_app", "$database: the ledger goes on");
	is($node->safe_psql($database, q{SELECT outcome, elapsed_minutes, paused_minutes FROM desk.compliance WHERE id = 1 AND metric = 'resolution'}, extra_params => [ '-U', 'desk_analyst' ]),
		'met|150.00|60.00', "$database: the clock goes on, with its pause");
	$node->safe_psql($database, q{INSERT INTO crm.refund VALUES (3, 1, 20, 50, '2024-01-02 12:00Z', '2024-02-01 23:59Z');
		UPDATE crm.refund SET amount = 30 WHERE id = 1}, @as_app);
	my ($status, undef, $refusal) = $node->psql($database, q{\set VERBOSITY verbose
		INSERT INTO crm.refund VALUES (4, 1, 20, 50, '2024-01-02 12:00Z', '2024-02-02 00:00Z')}, @as_app);
	like($refusal, qr/ERROR:  23514:/, "$database: a refund after the cutoff is refused");
	is($node->safe_psql($database, q{SELECT id, seq, decision, rule, amount, cutoff_at FROM desk.refund_log WHERE id IN (1, 3) ORDER BY 1, 2}),
		"1|1|allowed|standard|40.0000|2024-02-02 00:00:00+00\n1|2|allowed|standard|30.0000|2024-02-02 00:00:00+00\n3|1|allowed|standard|20.0000|2024-02-02 00:00:00+00",
		"$database: decisions go on");
	($status) = $node->psql($database, sprintf($late_refund, 11, 1), @as_app);
	isnt($status, 0, "$database: a used exception stays used");
	$node->safe_psql($database, sprintf($late_refund, 11, 2), @as_app);
	is($node->safe_psql($database, 'SELECT exception_id, status, id FROM desk.exception_use ORDER BY 1'), "1|used|10\n2|used|11", "$database: an open one can be used");
	is($node->safe_psql($database, sprintf($grant, 2), @as_admin), '3', "$database: exceptions have numbers of their own");
	is($node->safe_psql($database, 'SELECT count(*) = count(DISTINCT issue_id) FROM desk_data.issue'), 't', "$database: issues have numbers of their own");
	($status) = $node->psql($database, 'SELECT * FROM desk_data.clock', @as_app);
	isnt($status, 0, "$database: the application sees no clock");
	($status) = $node->psql($database, q{SELECT service_policy.detach('desk')}, @as_app);
	isnt($status, 0, "$database: the application detaches nothing");
	($status) = $node->psql($database, q{UPDATE service_policy.policy_version SET document = '{"policy": "desk"}'});
	isnt($status, 0, "$database: what is published stays as it is");
	return;
}

my @kinds = (
	[ plain => sub { run_sql('plain', dump_shop('plain.sql')) } ],
	[ custom => sub { restore_archive('custom', dump_shop('custom.dump', '-Fc')) } ],
	[ parallel => sub { restore_archive('parallel', "$dir/custom.dump", '-j2') } ],
	[ sections => sub { restore_archive('sections', "$dir/custom.dump", "--section=$_") foreach qw(pre-data data post-data) } ]);
foreach my $kind (@kinds)
{
	my ($database, $restore) = @$kind;
	$node->safe_psql('postgres', "CREATE DATABASE $database");
	$restore->();
	works($database);
}

# The schema first and the data later, while triggers are there: they must be off meanwhile, and pg_dump then turns all
# of a table's triggers on the plain way.
$node->safe_psql('postgres', 'CREATE DATABASE parts');
run_sql('parts', dump_shop('schema.sql', '--schema-only'));
run_sql('parts', dump_shop('data.sql', '--data-only', '--disable-triggers'));
is(evidence($node, 'parts'), $evidence, 'parts: nothing is recorded of the loading');
is($node->safe_psql('parts', q{SELECT DISTINCT tgenabled FROM pg_trigger WHERE tgname ~ '^config_'}), 'O', 'parts: pg_dump has weakened the triggers that tell of changes');
$node->safe_psql('parts', q{
	DO $$ DECLARE found record; BEGIN
		FOR found IN SELECT tgname, tgrelid::regclass AS config FROM pg_trigger WHERE tgfoid = 'service_policy._config_changed'::regproc LOOP
			EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', found.config, found.tgname);
		END LOOP;
	END $$});
works('parts');

# The sums of refunds are found in a database of another encoding, too.
my $hashes = q{SET client_encoding = 'UTF8'; SELECT service_policy._subject_hash('order', 'A-1'), service_policy._subject_hash('customer', 'A-1'), service_policy._subject_hash('customer', 'Müller')};
$node->safe_psql('postgres', q{CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0});
$node->safe_psql('latin', 'CREATE EXTENSION service_policy');
is($node->safe_psql('latin', $hashes), '5054629250988144708|-9184779785016372150|-3952291536221977216', 'a subject has the same number in each encoding');
is($node->safe_psql('shop', $hashes), $node->safe_psql('latin', $hashes), '… as here');

# Without the extension there is nothing left to drop: each object that would break is named.
my ($status, $out, $err) = $node->psql('shop', 'DROP EXTENSION service_policy');
isnt($status, 0, 'DROP EXTENSION refuses while a table is attached');
like($err, qr/trigger service_policy_desk on table crm\.ticket depends on function service_policy\._ticket_changed\(\)/, 'and names the trigger');
like($err, qr/trigger \w+ on table crm\.refund depends on function service_policy\._refund_decided\(\)/, '… those of refunds, too');
like($err, qr/view desk\.ticket_status depends on function/, 'and the view');
$node->safe_psql('shop', q{SELECT service_policy.detach('desk')});
$node->safe_psql('shop', 'DROP EXTENSION service_policy');
is($node->safe_psql('shop', q{SELECT string_agg(nspname, ' ' ORDER BY 1) FROM pg_namespace WHERE nspname ~ 'desk|service_policy'}),
	'desk_data', 'detached, it goes; the evidence stays');
is($node->safe_psql('shop', 'SELECT count(*) FROM desk_data.ledger'), $node->safe_psql('shop', 'SELECT count(*) FROM desk_data.ledger WHERE recorded_by = \'desk_app\''), 'as readable as before');

$node->stop;
done_testing();
