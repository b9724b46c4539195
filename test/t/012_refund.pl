# Refunds against an independent implementation, over many zones and random rules: through SQL, and the decision alone,
# which can be told what no refund of the past adds up to.
use strict;
use warnings;
use lib 'test/perl';
use Core;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'python3 with a zone database is not installed' unless have_zones();

my $directory = 'test/differential';

my $dir = PostgreSQL::Test::Utils::tempdir;
is(system("python3 -B $directory/refund.py $dir"), 0, 'the slow implementation answers its own questions');

# The decision alone
build_core('refund', $dir);
my @expected = compare_answers($dir, sub { split /\n/, $_[0] });

# Nothing is compared that does not happen.
my %reasons;
$reasons{ (split)[1] }++ for @expected;
is(keys %reasons, 14, 'every reason is given, and none') or diag(join ' ', sort keys %reasons);
is((grep { $_ < 20 } values %reasons), 0, 'many times');
cmp_ok(scalar(grep { /$_$/ } @expected), '>', 100, "$_ made many cutoffs") for ' campaign 0', ' - 1', ' - 2';

# The whole extension
my $node = PostgreSQL::Test::Cluster->new('refund');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION service_policy');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres'), '-f', "$dir/policy.sql" ],
	'the policy is loaded');
$node->safe_psql('postgres', slurp_file("$directory/refund.sql"));
is($node->safe_psql('postgres', q{
		SELECT *, (SELECT v.document #> ARRAY['refunds', r.item::text] FROM service_policy.policy_version v, service_policy.refund_rule r WHERE r.name = product)
		FROM answer
		WHERE (decision, reason, cutoff_at, allowed_amount, fee) IS DISTINCT FROM
		      (got_decision, got_reason, got_cutoff_at, got_allowed_amount, got_fee) LIMIT 5}), '', 'refund_check() answers the same');
cmp_ok($node->safe_psql('postgres', 'SELECT count(*) FROM answer'), '>', 4000, 'to many questions');
cmp_ok($node->safe_psql('postgres', q{SELECT count(*) FROM answer WHERE decision = 'allowed'}), '>', 200, 'of which it allows many');
$node->stop;
done_testing();
