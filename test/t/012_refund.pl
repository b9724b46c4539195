# Refund cutoffs against an independent implementation, over many zones and random windows.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $directory = 'test/differential';
plan skip_all => 'python3 with a zone database is not installed'
	if system(q{python3 -c 'import zoneinfo; zoneinfo.ZoneInfo("Pacific/Apia")' 2>/dev/null}) != 0;

my $node = PostgreSQL::Test::Cluster->new('refund');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION service_policy');

my $file = $node->basedir . '/questions.sql';
is(system("python3 -B $directory/refund.py > $file"), 0, 'the slow implementation answers its own questions');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres'), '-f', $file ],
	'its policy is loaded');
$node->safe_psql('postgres', slurp_file("$directory/refund.sql"));

is($node->safe_psql('postgres', q{
		SELECT product, to_timestamp(start), to_timestamp(expected), to_timestamp(got), window_length, window_unit, window_extends
		FROM given_and_got JOIN service_policy.refund_rule ON name = product
		WHERE expected IS DISTINCT FROM got LIMIT 5}), '', 'the cutoffs are the same');
is($node->safe_psql('postgres', q{
		SELECT product, to_timestamp(start), to_timestamp(expected), before, late
		FROM given_and_got WHERE before <> 'allowed' OR late <> 'refused' LIMIT 5}),
	'', 'a microsecond before it is allowed, at the cutoff refused');
cmp_ok($node->safe_psql('postgres', 'SELECT count(*) FROM given_and_got'), '>', 2000, 'many questions were asked');
$node->stop;
done_testing();
