# A dump brings back an attachment that works: evidence as it was, triggers that go on, rights that hold.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Desk;
use Moved;

my $node = PostgreSQL::Test::Cluster->new('dump');
$node->init;
$node->start;
my $was = create_shop($node, 'shop');
my $dir = PostgreSQL::Test::Utils::tempdir();

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
	works($node, $database, $was);
}

# The schema first and the data later, while triggers are there: they must be off meanwhile, and pg_dump then turns all
# of a table's triggers on the plain way.
$node->safe_psql('postgres', 'CREATE DATABASE parts');
run_sql('parts', dump_shop('schema.sql', '--schema-only'));
run_sql('parts', dump_shop('data.sql', '--data-only', '--disable-triggers'));
is(evidence($node, 'parts'), $was->{evidence}, 'parts: nothing is recorded of the loading');
is($node->safe_psql('parts', q{SELECT DISTINCT tgenabled FROM pg_trigger WHERE tgname ~ '^config_'}), 'O', 'parts: pg_dump has weakened the triggers that tell of changes');
$node->safe_psql('parts', q{
	DO $$ DECLARE found record; BEGIN
		FOR found IN SELECT tgname, tgrelid::regclass AS config FROM pg_trigger WHERE tgfoid = 'service_policy._config_changed'::regproc LOOP
			EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', found.config, found.tgname);
		END LOOP;
	END $$});
works($node, 'parts', $was);

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
