# The consumer of notifications that the documentation shows: woken by tick(), killed while it sends, and with a server
# that crashes.  What it sends is appended to a file.
use strict;
use warnings;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $python = '/usr/bin/python3';
my $dir = PostgreSQL::Test::Utils::tempdir;
my ($sent, $hold) = ("$dir/sent", "$dir/hold");
my $node = PostgreSQL::Test::Cluster->new('outbox');
$node->init(extra => [ '--encoding=UTF8', '--no-locale' ]);
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION service_policy;
	CREATE TABLE ticket (id int PRIMARY KEY, status text, at timestamptz);
	SELECT service_policy.load_policy('{"policy": "bell", "language": "en", "benchmarks": [{"name": "solve", "metric": "resolution", "target": "1 hour"}],
		"escalations": [{"metric": "resolution", "levels": [{"level": 1, "at": 1, "notify": "lead", "subject": "Ticket {ticket} is late", "message": "Déjà {level}"}]}]}');
	SELECT service_policy.publish_policy('bell', 1, '2020-01-01');
	SELECT service_policy.attach('bell', 'ticket', 'bell', '{id}', '{"opened_at": "at", "state": "status"}', '{"new": "open", "done": "resolved"}');
	CREATE ROLE mailer LOGIN;
	GRANT USAGE ON SCHEMA bell TO mailer;
	GRANT SELECT, UPDATE ON bell.outbox TO mailer});

$ENV{PGHOST} = $node->host;
$ENV{PGPORT} = $node->port;
$ENV{PGDATABASE} = 'postgres';

# What sends: fails for ticket 13, and is stopped in the midst of sending where there is the file "hold".
my $send = qq{mail=\$(cat); case "\$mail" in *"To: lead"*) ;; *) exit 2;; esac
	case "\$mail" in *"Ticket 13 "*) echo full >&2; exit 75;; esac
	printf '%s\\n\\n' "\$mail" >> $sent
	if [ -e $hold ]; then touch $hold.begun; while [ -e $hold ]; do sleep 0.1; done; fi};

sub consumer
{
	return ('env', 'PGUSER=mailer', $python, '-B', 'docs/outbox_consumer.py', @_, 'bell', 'example.com', 'sh', '-c', $send);
}

# One more ticket is late; who listens is told.
sub escalate
{
	my ($id) = @_;
	$node->safe_psql('postgres', "INSERT INTO ticket VALUES ($id, 'new', now() - interval '2 hours')");
	is($node->safe_psql('postgres', 'SELECT service_policy.tick()'), 1, "ticket $id escalates");
	return;
}

sub handling
{
	return $node->safe_psql('postgres', q{SELECT string_agg(id || ' ' || handling || ' ' || attempts, ', ' ORDER BY id) FROM bell.escalation_log});
}

# The ids of the mails that were sent, in order, and which tickets they tell of.
sub mails
{
	my $mails = -e $sent ? slurp_file($sent) : '';
	return ([ $mails =~ /^Message-ID: (.*)$/mg ], [ $mails =~ /^Subject: Ticket (\d+) is late$/mg ], $mails);
}

sub until_handled
{
	my ($id, $handling) = @_;
	return $node->poll_query_until('postgres', "SELECT handling = '$handling' FROM bell.escalation_log WHERE id = $id");
}

escalate(1);
my $log = "$dir/log";
my $consumer = IPC::Run::start([ consumer('--poll', '100000') ], '>', $log, '2>&1');
ok(until_handled(1, 'done'), 'what is there when it begins is sent');
$node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE usename = 'mailer' AND state = 'idle'});
escalate(2);
ok(until_handled(2, 'done'), 'what comes later wakes it');
my ($ids, $tickets, $mails) = mails();
is("@$tickets", '1 2', 'each is sent once');
isnt($ids->[0], $ids->[1], '… under an id of its own');
like($mails, qr/^To: lead\@example\.com$/m, '… to whom the level names');
like($mails, qr/^D\xc3\xa9j\xc3\xa0 1$/m, '… with the message of the policy');

# One that cannot be sent does not hold up the others.
escalate(13);
ok(until_handled(13, 'pending'), 'it is told that one could not be sent');
escalate(14);
ok(until_handled(14, 'done'), '… and the next is sent');
is(handling(), '1 done 1, 2 done 1, 13 pending 1, 14 done 1', 'what failed waits');
like($node->safe_psql('postgres', 'SELECT last_error FROM bell.outbox'), qr/returned non-zero exit status 75/, '… and it is said why');
ok($node->safe_psql('postgres', q{SELECT next_attempt_at > now() FROM bell.outbox}) eq 't', '… for a while');

# Killed after it has sent, before it confirms.
append_to_file($hold, '');
escalate(20);
foreach (1 .. 1800) { last if -e "$hold.begun"; select undef, undef, undef, 0.1 }
is(handling(), '1 done 1, 2 done 1, 13 pending 1, 14 done 1, 20 claimed 1', 'it is sending');
$consumer->signal('KILL');
$consumer->finish;
unlink $hold;
IPC::Run::run([ consumer('--once') ]);
is(handling(), '1 done 1, 2 done 1, 13 pending 1, 14 done 1, 20 claimed 1', 'while the claim lasts nobody else sends it');
$node->stop('immediate');
$node->start;
is(handling(), '1 done 1, 2 done 1, 13 pending 1, 14 done 1, 20 claimed 1', 'a crash of the server takes no claim back');
$node->safe_psql('postgres', q{UPDATE bell_data.escalation SET attempt_at = now() WHERE state = 'claimed'});
ok(IPC::Run::run([ consumer('--once') ]), 'another one is started when the claim has run out');
is(handling(), '1 done 1, 2 done 1, 13 pending 1, 14 done 1, 20 done 2', '… and it is sent again');
($ids, $tickets) = mails();
is("@$tickets", '1 2 14 20 20', '… at least once');
is($ids->[3], $ids->[4], '… under the same id, so that who reads it sees it once');

# Without anything to send, and told to end.
ok(IPC::Run::run([ consumer('--once') ]), 'nothing to send');
{
	# as a shell starts what is to go on in the background
	local $SIG{INT} = 'IGNORE';
	$consumer = IPC::Run::start([ consumer('--poll', '100000') ], '>', $log, '2>&1', IPC::Run::timeout(60));
}
$node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE usename = 'mailer' AND state = 'idle' AND query LIKE '%claim%'});
$consumer->signal('TERM');
ok($consumer->finish, 'it ends when told to') or diag slurp_file($log);

# A storm: two by themselves, the others in one mail; killed while it sends that, another sends it again.
$node->safe_psql('postgres', q{
	SELECT service_policy.publish_policy('bell', service_policy.load_policy((SELECT document || '{"notifications": {"per_minute": 2,
		"summary": {"subject": "{count} of {tickets}", "message": "Niveau {levels}: déjà {count}"}}}' FROM service_policy.policy_version)));
	UPDATE bell_data.escalation SET claimed_at = '2000-01-01' WHERE claimed_at IS NOT NULL;
	INSERT INTO ticket SELECT i, 'new', now() - interval '2 hours' FROM generate_series(31, 40) i});
is($node->safe_psql('postgres', 'SELECT service_policy.tick()'), 10, 'ten are late at once');
unlink $sent;
$send =~ s/^mail=\$\(cat\);/mail=\$(cat); case "\$mail" in *"Subject: 8 of 8"*) touch $hold;; esac;/;
$consumer = IPC::Run::start([ consumer('--once') ]);
unlink "$hold.begun";
foreach (1 .. 1800) { last if -e "$hold.begun"; select undef, undef, undef, 0.1 }
$consumer->signal('KILL');
$consumer->finish;
unlink $hold;
my $summary = q{SELECT handling, attempts, escalation_count FROM bell.escalation_summaries};
is($node->safe_psql('postgres', $summary), 'claimed|1|8', 'it was sending the summary');
$node->safe_psql('postgres', q{UPDATE bell_data.escalation_summary SET attempt_at = now()});
$send =~ s/touch \Q$hold\E;;/true;;/;
ok(IPC::Run::run([ consumer('--once') ]), 'another one is started when its claim has run out');
is($node->safe_psql('postgres', $summary), 'done|2|8', '… and it is sent again');
$mails = slurp_file($sent);
is(join(', ', $mails =~ /^Subject: (.*)$/mg), 'Ticket 31 is late, Ticket 32 is late, 8 of 8, 8 of 8', 'as many as the limit says, and the rest in one');
($ids) = mails();
is($ids->[2], $ids->[3], '… under the same id');
like($mails, qr/^Niveau 1: d\xc3\xa9j\xc3\xa0 8$/m, '… with the words of the policy');

# Who may not.
$node->safe_psql('postgres', 'REVOKE UPDATE ON bell.outbox FROM mailer');
my $error = '';
ok(!IPC::Run::run([ consumer('--once') ], '2>', \$error), 'without the right it ends');
like($error, qr/role "mailer" may read the notifications of attachment "bell", but not take them/, '… and says so');

$node->stop;
done_testing();
