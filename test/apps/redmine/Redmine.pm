# A Redmine of one's own, from Debian's packages, and its REST interface.
package Redmine;
use strict;
use warnings;
use App qw(free_port);
use File::Path qw(make_path);
use HTTP::Tiny;
use IO::Socket::INET;
use IPC::Run;
use JSON::PP;
use MIME::Base64;
use PostgreSQL::Test::Utils;
use Symbol qw(gensym);

# Where the packages put it.
my $code = '/usr/share/redmine';

# In a directory that is not there yet, on the database "redmine" of a running server, as its role "redmine"; the
# application's files are copied, since Debian's share one place for what an instance writes.
sub new
{
	my ($class, %self) = @_;    # dir, node, zone
	my $self = bless {%self}, $class;
	my $instance = "$self->{dir}/instances/default";
	make_path("$self->{dir}/log", map { "$instance/$_" } qw(config files log tmp public/plugin_assets));
	run([ 'cp', '-r', (map { "$code/$_" } qw(Gemfile Rakefile app config db lib public)), $self->{dir} ]);
	unlink "$self->{dir}/config/database.yml";
	write_file("$self->{dir}/Gemfile.local", "gem 'pg', '~> 1.2'\ngem 'webrick'\n");
	write_file("$instance/config/secret_key.txt", 'a secret of no importance' x 2);
	write_file("$instance/config/database.yml", encode_json({ production => {
		adapter => 'postgresql', encoding => 'utf8', database => 'redmine', username => 'redmine',
		host => $self->{node}->host, port => $self->{node}->port } }));
	return $self;
}

sub write_file
{
	my ($file, $content) = @_;
	open my $handle, '>', $file or die "could not write $file: $!\n";
	print $handle $content;
	close $handle or die "could not write $file: $!\n";
	return;
}

# What IPC::Run needs to run a command in the application's directory and environment, with nothing of the caller's.
sub in_app
{
	my ($self) = @_;
	my %env = (PATH => $ENV{PATH}, HOME => $self->{dir}, TMPDIR => "$self->{dir}/instances/default/tmp",
		LC_ALL => 'C.UTF-8', TZ => $self->{zone}, RAILS_ENV => 'production', SCHEMA => '/dev/null');
	return (init => sub { chdir $self->{dir} or die "could not enter $self->{dir}: $!\n"; %ENV = %env });
}

# A command; what it says is shown only when it fails.
sub run
{
	my ($command, @how) = @_;
	my $said;
	IPC::Run::run($command, '<', '/dev/null', '>&', \$said, @how) or die "@$command failed:\n$said";
	return;
}

# The database, then what an administrator sets up.
sub install
{
	my ($self, $setup) = @_;
	run($_, $self->in_app) foreach [ 'rake', 'db:migrate' ], [ 'ruby', $setup ];
	return;
}

# Its web server, a process of its own, on a free port.  It ends with its standard input, so at the latest with us.
sub start
{
	my ($self, $config) = @_;
	my $port = free_port();
	my $log = "$self->{dir}/log/server.log";
	my @server = ('rackup', '-s', 'webrick', '-o', '127.0.0.1', '-p', $port, '-E', 'production', $config);
	$self->{leash} = gensym;
	$self->{server} = IPC::Run::start(\@server, '<pipe', $self->{leash}, '>&', $log, $self->in_app);
	$self->{url} = "http://127.0.0.1:$port";
	$self->{http} = HTTP::Tiny->new(timeout => 60, default_headers => {
		'Content-Type' => 'application/json', Authorization => 'Basic ' . encode_base64('admin:admin', '') });
	until (IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port))
	{
		die "Redmine did not start:\n" . slurp_file($log) unless $self->{server}->pumpable;
		select undef, undef, undef, 0.1;
	}
	return;
}

sub stop
{
	my ($self) = @_;
	my $server = delete $self->{server} or return;
	close delete $self->{leash};
	$server->finish;
	return;
}

# One request, as a user (default: the administrator) at a time (default: now); what it answers, undef if that is empty.
sub request
{
	my ($self, $method, $path, %how) = @_;    # as, at, body
	my %headers;
	$headers{'X-Redmine-Switch-User'} = $how{as} if $how{as};
	$headers{'X-Now'} = $how{at} if $how{at};
	my $answer = $self->{http}->request($method, "$self->{url}/$path",
		{ headers => \%headers, $how{body} ? (content => encode_json($how{body})) : () });
	@$self{qw(status content)} = @$answer{qw(status content)};
	return undef unless $answer->{success} && ($answer->{content} // '') =~ /\S/;
	return decode_json($answer->{content});
}

# The same, where failing is no option.
sub call
{
	my ($self, $method, $path, %how) = @_;
	my $answer = $self->request($method, $path, %how);
	die "$method $path: $self->{status} $self->{content}\n" unless $self->{status} =~ /^2/;
	return $answer;
}

1;
