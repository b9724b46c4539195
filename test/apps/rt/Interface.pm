# The ways in which people and programs work with Request Tracker.  Each can do all of
#   create(user, customer, with) → ticket, reply, answer, comment, status, owner, priority
# where reply is an agent's, answer the customer's.
package Interface;
use strict;
use warnings;

sub new
{
	my ($class, $tracker) = @_;
	return bless { tracker => $tracker }, $class;
}

# REST 2.0: a request may be several database transactions.
package Interface::Rest;
use strict;
use warnings;
our @ISA = ('Interface');

sub create
{
	my ($self, $user, $customer, %with) = @_;
	return $self->{tracker}->rest($user, POST => 'ticket',
		{ Queue => 'Repairs', Requestor => Tracker::email($customer), Content => 'It is broken.', ContentType => 'text/plain', %with })->{id};
}

sub message
{
	my ($self, $kind, $user, $id) = @_;
	$self->{tracker}->rest($user, POST => "ticket/$id/$kind", { Content => 'As agreed.', ContentType => 'text/plain' });
}

sub set
{
	my ($self, $user, $id, %to) = @_;
	my ($message) = @{ $self->{tracker}->rest($user, PUT => "ticket/$id", \%to) };
	die "@{[ %to ]}: $message\n" if $message !~ / (changed|deleted)\b/;
}

sub reply { my $self = shift; $self->message('correspond', @_); }
sub answer { my $self = shift; $self->message('correspond', @_); }
sub comment { my $self = shift; $self->message('comment', @_); }
sub status { my ($self, $user, $id, $to) = @_; $self->set($user, $id, Status => $to); }
sub owner { my ($self, $user, $id, $to) = @_; $self->set($user, $id, Owner => $to); }
sub priority { my ($self, $user, $id, $to) = @_; $self->set($user, $id, Priority => $to); }

# The Perl API, in a program of its own: outside of what RT itself puts into a transaction each statement is one.
package Interface::Perl;
use strict;
use warnings;
use File::Basename qw(dirname);
use JSON::PP;
our @ISA = ('Interface');

sub call
{
	my ($self, @call) = @_;
	if (!$self->{program})
	{
		@{$self}{qw(in out err)} = ('', '', '');
		$self->{program} = $self->{tracker}->spawn([ dirname(__FILE__) . '/api' ], '<', \$self->{in}, '>', \$self->{out}, '2>', \$self->{err});
	}
	$self->{in} .= encode_json(\@call) . "\n";
	$self->{program}->pump until $self->{out} =~ /\n/ || !$self->{program}->pumpable;
	die "@call: $self->{err}\n" if $self->{out} !~ s/^(\[.*\])\n//;
	my ($ok, $message) = @{ decode_json($1) };
	die "@{[ map { $_ // 'null' } @call ]}: $message\n" if !$ok;
	return $ok;
}

sub create
{
	my ($self, $user, $customer, %with) = @_;
	return $self->call($user, undef, create => Requestor => Tracker::email($customer), %with);
}

sub reply { my ($self, $user, $id) = @_; $self->call($user, $id, 'correspond'); }
sub answer { my ($self, $user, $id) = @_; $self->call($user, $id, 'correspond'); }
sub comment { my ($self, $user, $id) = @_; $self->call($user, $id, 'comment'); }
sub status { my ($self, $user, $id, $to) = @_; $self->call($user, $id, SetStatus => $to); }
sub owner { my ($self, $user, $id, $to) = @_; $self->call($user, $id, SetOwner => $to, 'Force'); }
sub priority { my ($self, $user, $id, $to) = @_; $self->call($user, $id, SetPriority => $to); }
sub merge { my ($self, $user, $id, $into) = @_; $self->call($user, $id, MergeInto => $into); }

# Customers write mail, agents use the command line.
package Interface::Mail;
use strict;
use warnings;
our @ISA = ('Interface');

sub mail
{
	my ($self, $user, $subject) = @_;
	my $number = ++$self->{mails};
	my $tracker = $self->{tracker};
	my $mail = join "\n", 'From: ' . Tracker::email($user), 'To: repairs@desk.example', "Subject: $subject",
		"Message-ID: <$number\@customer.example>", '', 'It is broken.', '';
	$tracker->run([ 'rt-mailgate-5', '--url', $tracker->url, '--queue', 'Repairs', '--action', 'correspond' ], input => $mail);
}

sub command
{
	my ($self, $user, @arguments) = @_;
	my $tracker = $self->{tracker};
	my $out = $tracker->run([ 'rt-5', @arguments ],
		environment => { RTUSER => $user, RTPASSWD => Tracker::password($user), RTSERVER => $tracker->url });
	die "@arguments: $out\n" if $out !~ /^# (Ticket \d+ (updated|created)|(Correspondence|Comments) added|Owner changed|Merge completed)/m;
	return $out;
}

sub create
{
	my ($self, $user, $customer, %with) = @_;
	return $1 if %with && $self->command($user, 'create', '-t', 'ticket', 'set', 'queue=Repairs', "requestors=@{[ Tracker::email($customer) ]}",
		map { lc . "=$with{$_}" } sort keys %with) =~ /Ticket (\d+)/;
	$self->mail($customer, 'A mail of the customer');
	my $found = $self->{tracker}->rest('bruno', GET => 'tickets?query=id>0&orderby=id&order=DESC&per_page=1');
	return $found->{items}[0]{id};
}

sub reply { my ($self, $user, $id) = @_; $self->command($user, 'correspond', '-m', 'As agreed.', $id); }
sub answer { my ($self, $user, $id) = @_; $self->mail($user, "[desk.example #$id] An answer"); }
sub comment { my ($self, $user, $id) = @_; $self->command($user, 'comment', '-m', 'He is angry.', $id); }
sub status { my ($self, $user, $id, $to) = @_; $self->command($user, 'edit', "ticket/$id", 'set', "status=$to"); }
sub owner { my ($self, $user, $id, $to) = @_; $self->command($user, 'edit', "ticket/$id", 'set', "owner=$to"); }
sub priority { my ($self, $user, $id, $to) = @_; $self->command($user, 'edit', "ticket/$id", 'set', "priority=$to"); }

1;
