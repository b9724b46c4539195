# pg_upgrade takes an attachment along as it is; so does the newer pg_dump.
# From another major: SVP_OLD_INSTALL names what test/tmp_install made with that one's PG_CONFIG.
use strict;
use warnings;
use File::Basename;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Moved;

my $bindir = dirname(`sh -c 'command -v pg_upgrade'`);
my ($old_bindir) = defined $ENV{SVP_OLD_INSTALL} ? glob "$ENV{SVP_OLD_INSTALL}/usr/lib/postgresql/*/bin" : $bindir;
my $old = PostgreSQL::Test::Cluster->new('before', $old_bindir ne $bindir ? (install_path => dirname($old_bindir)) : ());
my $new = PostgreSQL::Test::Cluster->new('after');
# The library may be preloaded: its workers know when a server only carries an upgrade out.
foreach my $node ($old, $new)
{
	$node->init;
	$node->append_conf('postgresql.conf', "shared_preload_libraries = 'service_policy'\nservice_policy.worker_naptime = 1");
}
$old->start;
my $was = create_shop($old, 'shop');
note $old->safe_psql('postgres', 'SELECT version()');

my $dir = PostgreSQL::Test::Utils::tempdir();
command_ok([ 'pg_dump', '-f', "$dir/shop.sql", $old->connstr('shop') ], 'dumped');
my $restored = PostgreSQL::Test::Cluster->new('restored');
$restored->init;
$restored->start;
$restored->safe_psql('postgres', 'CREATE DATABASE shop');
$restored->safe_psql('postgres', join '', map { "CREATE ROLE $_ LOGIN;" } qw(desk_owner desk_admin desk_app desk_analyst));
command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', "$dir/shop.sql", $restored->connstr('shop') ], 'restored');
works($restored, 'shop', $was);

$old->stop;
# It writes into the directory where it is called.
command_ok([ 'sh', '-c', 'cd "$0" && exec "$@"', $dir, 'pg_upgrade', '-d', $old->data_dir, '-D', $new->data_dir,
		'-b', $old_bindir, '-B', $bindir, '-s', $new->host, '-p', $old->port, '-P', $new->port ], 'pg_upgrade');
$new->start;
works($new, 'shop', $was);
$new->stop;
done_testing();
