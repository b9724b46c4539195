# What fires of random chains, and when, against an independent implementation: the pure core alone.
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

is(system("gcc $flags -o $dir/escalation $directory/escalation.c $cores"), 0, 'the core builds into a program');
is(system("python3 -B $directory/escalation.py $dir/cases $dir/expected"), 0, 'the other implementation answers its own questions');
is(system("$dir/escalation <$dir/cases >$dir/got"), 0, 'so does the core');

sub cases { return split /^(?=case)/m, slurp_file("$dir/$_[0]") =~ s/^calendar.*\n//mgr; }
my @cases = cases('cases');
my @expected = cases('expected');
my @got = cases('got');
is(@got, @cases, 'it answers all of them');

my @wrong = grep { $got[$_] ne $expected[$_] } 0 .. $#cases;
is(@wrong, 0, 'the same fires at the same time');
diag("$cases[$_]\nexpected $expected[$_]\ngot $got[$_]") for @wrong[ 0 .. ($#wrong < 2 ? $#wrong : 2) ];

# Nothing is compared that does not happen.
cmp_ok(scalar(grep { !/^\d/m } @expected), '>', 100, 'often nothing fires');
cmp_ok(scalar(grep { () = /^\d/mg; (() = /^\d/mg) > 4 } @expected), '>', 500, 'often much does');
done_testing();
