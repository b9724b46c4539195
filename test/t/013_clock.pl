# The clocks of random histories, every metric, against an independent implementation: the pure core alone.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;

my $directory = 'test/differential';
plan skip_all => 'python3 with a zone database is not installed'
	if system(q{python3 -c 'import zoneinfo; zoneinfo.ZoneInfo("Africa/Casablanca")' 2>/dev/null}) != 0;

my $dir = PostgreSQL::Test::Utils::tempdir;
my $flags = '-std=gnu11 -O1 -w -DSVP_STANDALONE -Isrc';
my $cores = `grep -l '^#include "core.h"' src/*.c` =~ s/\n/ /gr;

is(system("gcc $flags -o $dir/clock $directory/clock.c $cores"), 0, 'the core builds into a program');
is(system("python3 -B $directory/clock.py $dir/cases $dir/expected"), 0, 'the other implementation answers its own questions');
is(system("$dir/clock <$dir/cases >$dir/got"), 0, 'so does the core');

# The clocks of each case, and the case itself.
sub cases
{
	my $text = slurp_file("$dir/$_[0]");
	return map { s/\s+\z//r } grep { $_ ne '' } split /^(?:calendar.*\n)*(?=case)/m, $text =~ s/^calendar.*\n//mgr;
}
my @cases = cases('cases');
my @expected = cases('expected');
my @got = cases('got');
is(@got, @cases, 'it answers all of them');

my @wrong = grep { $got[$_] ne $expected[$_] } 0 .. $#cases;
is(@wrong, 0, 'the clocks are the same');
diag("$cases[$_]\nexpected $expected[$_]\ngot $got[$_]") for @wrong[ 0 .. ($#wrong < 2 ? $#wrong : 2) ];

# Nothing is compared that does not happen.
my $all = join "\n", @expected;
cmp_ok(scalar(() = $all =~ / $_ /g), '>', 200, "many clocks are $_") for qw(running paused met missed cancelled);
cmp_ok(scalar(() = $all =~ /^3 /mg), '>', 50, 'many tickets have three cycles');
done_testing();
