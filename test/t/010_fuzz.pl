# The fuzzers run for a short while, and find nothing.
use strict;
use warnings;
use Test::More;

plan skip_all => 'clang with libFuzzer is not installed'
	if system('printf "int LLVMFuzzerTestOneInput(const char *d, long n) { return 0; }" | '
		  . 'clang -x c -fsanitize=fuzzer -o /dev/null - 2>/dev/null') != 0;

my $output = `test/fuzz/run 6 2>&1`;
is($?, 0, 'six seconds of fuzzing each core find no difference and no error') or diag($output);
my @runs = $output =~ /stat::number_of_executed_units:\s*(\d+)/g;
my @fuzzers = glob('test/fuzz/*.c');
is(@runs, @fuzzers, 'each fuzzer ran');
cmp_ok($_, '>', 100, 'many times') for @runs;
note($output);
done_testing();
