# make demo: from the sources to an answer that holds at any hour of any day, and nothing left of it.
use strict;
use warnings;
use Cwd qw(getcwd);
use IPC::Run;
use PostgreSQL::Test::Utils;
use Test::More;

# As a user runs it: not with the server that these tests have built.
my $here = getcwd();
local $ENV{PATH} = join ':', grep { index($_, "$here/tmp_check/") != 0 } split /:/, $ENV{PATH};
delete local $ENV{PERL5LIB};

my ($out, $err) = ('', '');
my $ok = IPC::Run::run([ 'demo/run' ], '<', \undef, '>', \$out, '2>', \$err);
ok($ok, 'it succeeds') or diag($out, $err);
is($err, '', 'without complaints');

my ($dir) = $out =~ m{(/tmp/svp\.\w+)};
ok($dir && !-e $dir, 'its directory is gone');
my @left = grep { my $cwd = readlink $_; $cwd && index($cwd, $dir) == 0 } glob '/proc/[0-9]*/cwd';
is("@left", '', 'its server too');

# refunds
like($out, qr/^INSERT INTO crm\.refunds .* VALUES \(1, .*\n\n/m, 'a refund in time is written');
like($out, qr/^INSERT INTO crm\.refunds .* VALUES \(2, .*\nERROR: /m, 'one after the cutoff is refused');
like($out, qr/^HINT: .*We refund for 30 days/m, 'and says what to tell the customer');
like($out, qr/^INSERT INTO crm\.refunds .* VALUES \(3, .*\nERROR: .*needs approval/m, 'a large one needs approval');
like($out, qr/^SELECT service_policy\.approve_refund.*^INSERT INTO crm\.refunds .* VALUES \(3, [^\n]*\n\n/ms, 'and is written with one');
like($out, qr/^ *approval \| used +\| the frame is cracked \| manager +\| +2950\.0000$/m, 'which is on record');
like($out, qr/^reason +\| refund_cutoff$/m, 'one can ask before');
like($out, qr/^ *1 \| allowed +\| +\| thirty_days \| +480\.0000 /m, 'what was allowed is in the log');
like($out, qr/^ERROR:  permission denied for schema support_data/m, 'the application forges no clock');

# escalations
like($out, qr/^ *201 \| +2 \|.*\| manager +\| task_force \| done *$/m, 'a level that fires assigns the ticket');
like($out, qr/^ *201 \| The web shop takes no cards \| task_force$/m, 'in the table of the CRM');
like($out, qr/^ *\{202\} +\| team_lead \| chat +\| Ticket 202 of workshop is due at \d+-\d+-\d+ \d+:\d+ Europe/m,
	'somebody is told');

# open tickets
like($out, qr/^ *201 .*\| resolution +\| breached +\|.*\| +-60$/m, 'a ticket is breached');
like($out, qr/^ *202 .*\| resolution +\| at_risk +\|.*\| +40$/m, 'a ticket is at risk');
like($out, qr/^ *203 .*\| resolution +\| paused +\| +\| +225$/m, 'a ticket is paused');
like($out, qr/^ *205 .*\| first_response +\| on_track +\|.*\| +20$/m, 'a ticket is on track');

# judged ones, and what the teams made of them
like($out, qr/^ *2 .*\| first_response +\| met +\| +150\.00 /m, 'the day off is not counted');
like($out, qr/^ *3 .*\| resolution +\| met +\| +360\.00 \| +1500\.00 /m, 'nor is waiting for the customer');
like($out, qr/^ *4 .*\| resolution +\| missed +\| +1080\.00 \| +360\.00 /m, 'a reopened ticket goes on');
like($out, qr/^ *5 .*\| resolution +\| cancelled /m, 'spam is not judged');
like($out, qr/^ *orders +\| first_response +\| +33 \| +0 \| +100\.0$/m, 'one team is always in time');
like($out, qr/^ *sales +\| resolution +\| +24 \| +7 \| +77\.4$/m, 'one is not');
like($out, qr/stops: missed, 18:00:00 counted of 16:00:00, 6:00:00 of pauses/, 'a clock is explained');

is(join("\n", grep { length > 110 } split /\n/, $out), '', 'its lines fit a terminal');

done_testing();
