# The clocks of random histories, every metric, against an independent implementation: the pure core alone.
use strict;
use warnings;
use lib 'test/perl';
use Core;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'python3 with a zone database is not installed' unless have_zones();

my $dir = PostgreSQL::Test::Utils::tempdir;
is(system("python3 -B test/differential/clock.py $dir/cases $dir/expected"), 0, 'the other implementation answers its own questions');
build_core('clock', $dir);
my @expected = compare_answers($dir, sub { map { s/\s+\z//r } split /^(?=case)/m, $_[0] });

# Nothing is compared that does not happen.
my $all = join "\n", @expected;
cmp_ok(scalar(() = $all =~ / $_ /g), '>', 200, "many clocks are $_") for qw(running paused met missed cancelled);
cmp_ok(scalar(() = $all =~ /^3 /mg), '>', 50, 'many tickets have three cycles');
done_testing();
