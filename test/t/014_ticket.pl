# Tickets and messages that are written as things happen: the stored clocks of every metric against an independent
# implementation.  Some of it is written a statement at a time, some of it in one transaction.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $directory = 'test/differential';
plan skip_all => 'python3 with a zone database is not installed'
	if system(q{python3 -c 'import zoneinfo; zoneinfo.ZoneInfo("Africa/Casablanca")' 2>/dev/null}) != 0;

my $node = PostgreSQL::Test::Cluster->new('ticket');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION service_policy');
$node->safe_psql('postgres', slurp_file("$directory/ticket.sql"));

my $dir = $node->basedir;
is(system("python3 -B $directory/ticket.py $dir/history.sql $dir/expected"), 0, 'the other implementation tells the clocks');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres'), '-o', '/dev/null', '-f', "$dir/history.sql" ],
	'its tickets are written');

my @expected = split /\n/, slurp_file("$dir/expected");
my @got = split /\n/, $node->safe_psql('postgres', 'SELECT desk_clocks(n) FROM generate_series(0, 3) n');
is(@got, @expected, 'as many clocks');
my %expected = map { $_ => 1 } @expected;
my %got = map { $_ => 1 } @got;
my @wrong = (map({ "got      $_" } grep { !$expected{$_} } @got), map({ "expected $_" } grep { !$got{$_} } @expected));
is(@wrong, 0, 'the clocks are the same') or diag(join "\n", sort { substr($a, 9) cmp substr($b, 9) } @wrong[ 0 .. ($#wrong < 9 ? $#wrong : 9) ]);
cmp_ok(scalar(grep { /$_/ } @got), '>', 50, "many of them measure $_")
	for qw(first_response next_response periodic_update resolution closure ownership hold);

# What comes in order disputes nothing.
is($node->safe_psql('postgres', qq{SELECT count(*) FROM desk${_}_data.clock WHERE disputed}), 0, "no clock of desk $_ is disputed")
	for 0 .. 3;
$node->stop;
done_testing();
