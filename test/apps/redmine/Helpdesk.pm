# A helpdesk in Redmine: its people, and the lives of its issues, all through the REST interface.
package Helpdesk;
use strict;
use utf8;
use warnings;
use POSIX qw(mktime);

# Who works there, and as what.  Whoever may edit issues is an agent; dora is no member, the project is public.
my @people = ([ anna => 'Manager' ], [ bert => undef ], [ carla => 'Reporter' ], [ dora => undef ]);

# bert is an agent because his group is one.
my $group = 'Zweite Ebene';

sub new
{
	my ($class, $redmine) = @_;
	my $self = bless { redmine => $redmine, now => moment('2024-01-02 08:00'), versions => {} }, $class;
	my @listed = ([ status => 'issue_statuses' ], [ priority => 'issue_priorities', 'enumerations/' ],
		[ tracker => 'trackers' ], [ role => 'roles' ], [ field => 'custom_fields' ]);
	foreach my $list (@listed)
	{
		my ($name, $plural, $path) = @$list;
		my $answer = $redmine->call(GET => ($path // '') . "$plural.json");
		$self->{$name} = { map { $_->{name} => $_->{id} } @{ $answer->{$plural} } };
	}
	$self->{project}{$_} = $self->add(projects => project => { name => ucfirst, identifier => $_ }) foreach qw(hilfe intern);
	$self->{user}{admin} = 1;
	$self->join_in(@$_) foreach @people;
	$self->{user}{$group} = $self->add(groups => group => { name => $group, user_ids => [ $self->{user}{bert} ] });
	$self->give_role($self->{user}{$group}, 'Entwickler');
	return $self;
}

# A local time as a Unix time.
sub moment
{
	my ($text) = @_;
	my ($year, $month, $day, $hour, $minute) = $text =~ /(\d+)/g;
	return mktime(0, $minute, $hour, $day, $month - 1, $year - 1900, 0, 0, -1);
}

sub add
{
	my ($self, $path, $kind, $what) = @_;
	my $answer = $self->{redmine}->call(POST => "$path.json", at => $self->{now}, body => { $kind => $what });
	return $answer->{$kind}{id};
}

sub join_in
{
	my ($self, $login, $role) = @_;
	$self->{user}{$login} = $self->add(users => user => { login => $login, firstname => ucfirst $login, lastname => 'Muster',
		mail => "$login\@example.net", password => 'geheim-und-lang' });
	$self->give_role($self->{user}{$login}, $role) if $role;
	return;
}

sub give_role
{
	my ($self, $user, $role) = @_;
	$self->add("projects/hilfe/memberships", membership => { user_id => $user, role_ids => [ $self->{role}{$role} ] });
	return;
}

# Our words for an issue's values, as the interface wants them.
sub values_of
{
	my ($self, %say) = @_;
	foreach my $name (qw(status priority tracker project))
	{
		next unless exists $say{$name};
		my $value = delete $say{$name};
		$say{"${name}_id"} = $self->{$name}{$value} // die "no $name is called $value\n";
	}
	$say{assigned_to_id} = $say{owner} ? $self->{user}{ $say{owner} } : '' if exists $say{owner};
	$say{custom_fields} = [ { id => $self->{field}{Kundenklasse}, value => $say{tier} } ] if exists $say{tier};
	delete @say{qw(owner tier)};
	return \%say;
}

# One save.  The lock_version is 1 after the first and goes up by one: a trigger that touched the row would be a conflict.
sub save
{
	my ($self, $id, $time, $who, %say) = @_;
	my $at = $time =~ /-/ ? moment($time) : $time;
	my $values = $self->values_of(%say);
	if (!$id)
	{
		my $answer = $self->{redmine}->call(POST => 'issues.json', as => $who, at => $at,
			body => { issue => { project_id => 'hilfe', subject => 'Hilfe!', %$values } });
		$self->{versions}{ $answer->{issue}{id} } = 1;
		return $answer->{issue}{id};
	}
	$self->{redmine}->call(PUT => "issues/$id.json", as => $who, at => $at,
		body => { issue => { %$values, lock_version => $self->{versions}{$id}++ } });
	return $id;
}

# What Redmine tells of an issue, to somebody who may see all of it.
sub history
{
	my ($self, $id) = @_;
	return $self->{redmine}->call(GET => "issues/$id.json?include=journals")->{issue};
}

# Make an issue's latest note one for colleagues only.
sub hide_note
{
	my ($self, $id, $time, $who) = @_;
	my ($note) = grep { $_->{notes} } reverse @{ $self->history($id)->{journals} };
	$self->{redmine}->call(PUT => "journals/$note->{id}.json", as => $who, at => moment($time), body => { journal => { private_notes => 1 } });
	return;
}

sub delete
{
	my ($self, $id, $who) = @_;
	$self->{redmine}->call(DELETE => "issues/$id.json", as => $who);
	return;
}

# Who may edit issues, by what the interface says of users and roles.
sub agents
{
	my ($self) = @_;
	my %edits;
	foreach my $id (values %{ $self->{role} })
	{
		my $role = $self->{redmine}->call(GET => "roles/$id.json")->{role};
		$edits{$id} = grep { $_ eq 'edit_issues' } @{ $role->{permissions} };
	}
	my %agent;
	foreach my $id (grep { $_ != ($self->{user}{$group}) } values %{ $self->{user} })
	{
		my $user = $self->{redmine}->call(GET => "users/$id.json?include=memberships")->{user};
		$agent{$id} = 1 if $user->{admin} || grep { $edits{ $_->{id} } } map { @{ $_->{roles} } } @{ $user->{memberships} };
	}
	return \%agent;
}

1;
