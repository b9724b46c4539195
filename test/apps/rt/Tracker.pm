# Request Tracker on a throwaway server, at a time of our choosing.
package Tracker;
use strict;
use warnings;
use App qw(free_port);
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use HTTP::Tiny;
use IPC::Run;
use JSON::PP;
use MIME::Base64 qw(encode_base64);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Time::Local qw(timegm);

my $here = abs_path(dirname(__FILE__));
my ($faketime) = glob '/usr/lib/*/faketime/libfaketime.so.1';

# A new database cluster with Request Tracker's tables, its first data and ours.
sub new
{
	my ($class) = @_;
	my $node = PostgreSQL::Test::Cluster->new('rt');
	my $self = bless { node => $node, dir => PostgreSQL::Test::Utils::tempdir(), port => free_port() }, $class;
	$node->init(extra => [ '--encoding=UTF8', '--no-locale' ]);
	# Neither the server's zone nor the application's may matter.
	$node->append_conf('postgresql.conf', "timezone = 'Pacific/Apia'\nlog_statement = none");
	$self->at(timegm(0, 0, 0, 1, 2, 2025));
	{
		local %ENV = (%ENV, $self->clock);
		$node->start;
	}
	$self->configure;
	$self->administer('init');
	$self->administer('insert', '--datafile' => "$here/initialdata");
	return $self;
}

# As in initialdata.
sub password { return $_[0] =~ /^(bruno|carla)$/ ? 'of the desk' : 'of the shop'; }
sub email { return "$_[0]\@" . ($_[0] =~ /^(bruno|carla)$/ ? 'desk' : 'customer') . '.example'; }

sub node { return $_[0]{node}; }
sub url { return "http://127.0.0.1:$_[0]{port}"; }

sub configure
{
	my ($self) = @_;
	my ($dir, $node) = @{$self}{qw(dir node)};
	mkdir "$dir/$_" foreach qw(mason session var);
	append_to_file("$dir/RT_SiteConfig.pm", <<"CONFIG");
Set(\$rtname, 'desk.example');
Set(\$Organization, 'desk.example');
Set(\$WebDomain, '127.0.0.1');
Set(\$WebPort, $self->{port});
Set(\$DatabaseType, 'Pg');
Set(\$DatabaseHost, '@{[ $node->host ]}');
Set(\$DatabasePort, '@{[ $node->port ]}');
Set(\$DatabaseName, 'rt');
Set(\$DatabaseUser, 'rt_user');
Set(\$DatabasePassword, 'secret');
Set(\$Timezone, 'Asia/Kolkata');
Set(\$LogToSyslog, undef);
Set(\$LogToSTDERR, 'warning');
Set(\$MailCommand, 'mbox');
\$RT::VarPath = '$dir/var';
\$RT::MasonDataDir = '$dir/mason';
\$RT::MasonSessionDir = '$dir/session';
1;
CONFIG
}

# Environment in which programs have a clock that stands still.
sub clock
{
	my ($self) = @_;
	return (
		LD_PRELOAD => $faketime, FAKETIME_TIMESTAMP_FILE => "$self->{dir}/now", FAKETIME_FMT => '%s', FAKETIME_NO_CACHE => 1,
		FAKETIME_DONT_FAKE_MONOTONIC => 1, NO_FAKE_STAT => 1);
}

# Environment of everything that is Request Tracker.
sub environment
{
	my ($self) = @_;
	my $dir = $self->{dir};
	return ($self->clock, RT_SITE_CONFIG => "$dir/RT_SiteConfig.pm", RT_SITE_CONFIG_DIR => '/dev/null',
		HOME => $dir, TMPDIR => $dir, TZ => 'America/New_York');
}

# From now on it is this time, in seconds since 1970; for the server, which counts finer, most of a second later.
sub at
{
	my ($self, $time) = @_;
	my $file = "$self->{dir}/now";
	append_to_file("$file.new", "$time.7\n");
	rename "$file.new", $file or die "could not set the clock: $!\n";
}

# Run a program of Request Tracker's; what it prints.
sub run
{
	my ($self, $command, %with) = @_;
	local %ENV = (%ENV, $self->environment, %{ $with{environment} // {} });
	my ($out, $err) = ('', '');
	IPC::Run::run($command, '<', \($with{input} // ''), '>', \$out, '2>', \$err)
		or die "@$command failed: $out$err\n";
	return $out;
}

sub administer
{
	my ($self, $action, @more) = @_;
	my $owner = getpwuid $<;
	$self->run([ '/usr/sbin/rt-setup-database-5', '--action', $action, '--dba', $owner, '--dba-password', 'none', @more ]);
}

# Start a program of Request Tracker's that stays; it is stopped when we end.
sub spawn
{
	my ($self, $command, @redirections) = @_;
	local %ENV = (%ENV, $self->environment);
	my $handle = IPC::Run::start($command, @redirections);
	push @{ $self->{running} }, $handle;
	return $handle;
}

sub start
{
	my ($self) = @_;
	my $log = "$self->{dir}/server.log";
	my $server = $self->spawn(
		[ '/usr/share/request-tracker5/libexec/rt-server', '--host', '127.0.0.1', '--port', $self->{port}, '--max-workers', 2 ],
		'<', '/dev/null', '>', $log, '2>&1');
	my $give_up = time + 60;
	until (HTTP::Tiny->new->get($self->url . '/REST/2.0/rt')->{status} == 401)
	{
		die "Request Tracker does not answer: " . slurp_file($log) . "\n" if time > $give_up || !$server->pumpable;
		select undef, undef, undef, 0.1;
	}
}

sub stop
{
	my ($self) = @_;
	foreach my $handle (splice @{ $self->{running} // [] })
	{
		$handle->signal('TERM');
		$handle->finish;
	}
	$self->{node}->stop('immediate');
}

# REST 2.0, as somebody; what it answers, decoded.
sub rest
{
	my ($self, $user, $method, $path, $content) = @_;
	my %options = (headers => {
		'Content-Type' => 'application/json',
		'Authorization' => 'Basic ' . encode_base64("$user:" . password($user), '') });
	$options{content} = encode_json($content) if $content;
	my $answer = HTTP::Tiny->new(timeout => 60)->request($method, $self->url . "/REST/2.0/$path", \%options);
	die "$method $path: $answer->{status} $answer->{content}\n" if !$answer->{success};
	return decode_json($answer->{content});
}

1;
