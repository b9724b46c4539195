# The server under test is the one of this checkout, and it serves the extension.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('house');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION service_policy');
is($node->safe_psql('postgres', q{SELECT extversion FROM pg_extension WHERE extname = 'service_policy'}),
	slurp_file('service_policy.control') =~ /default_version = '([^']+)'/ && $1,
	'the version is that of the control file');
$node->stop;
done_testing();
