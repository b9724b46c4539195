# For test/run and test/scratch: a user who may run a server, and a throwaway server.  Sourced.

# Nothing of the caller's may matter.
pg_config=${PG_CONFIG:-pg_config}
unset "${!PG@}" "${!LC_@}" LANG LANGUAGE TZ CDPATH
export PG_CONFIG=$pg_config LC_ALL=C
bindir=$("$PG_CONFIG" --bindir)

# Root must not run a server: lend an existing user.
server_user() {
	local user
	for user in postgres nobody; do
		if id "$user" >/dev/null 2>&1; then
			echo "$user"
			return
		fi
	done
	echo "neither the user postgres nor nobody exists: run this as an ordinary user" >&2
	return 1
}

as_server_user() {
	if [ "$(id -u)" -ne 0 ]; then
		"$@"
	else
		local user
		user=$(server_user)
		setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups --no-new-privs "$@"
	fi
}

# A private directory below which the server's user may write; short, for it also holds sockets.
private_directory() {
	local dir
	dir=$(mktemp -d /tmp/svp.XXXXXX)
	[ "$(id -u)" -ne 0 ] || chown "$(server_user):" "$dir"
	echo "$dir"
}

start_cluster() { # private directory that holds install/, and settings; sets PGHOST, PGPORT, PGUSER
	local dir=$1
	shift
	export PGHOST=$dir PGPORT=5432 PGUSER=postgres
	as_server_user "$dir/install$bindir/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --no-locale --no-sync \
		>"$dir/initdb.log" 2>&1 || { cat "$dir/initdb.log" >&2; return 1; }
	cat >>"$dir/data/postgresql.conf" <<-CONF
		listen_addresses = ''
		unix_socket_directories = '$dir'
		fsync = off
		timezone = 'UTC'
		log_line_prefix = '%m [%p] %q%a '
		$(printf '%s\n' "$@")
	CONF
	as_server_user "$dir/install$bindir/pg_ctl" -D "$dir/data" -l "$dir/server.log" -s -w start ||
		{ cat "$dir/server.log" >&2; return 1; }
}

# Stop every server whose data lies below a directory.
stop_servers() {
	local pidfile pid
	while IFS= read -r pidfile; do
		pid=$(head -n 1 "$pidfile")
		# The file may be a crashed server's, and the number another process's by now.
		[ "/proc/$pid/cwd" -ef "$(dirname "$pidfile")" ] || continue
		kill -QUIT "$pid"
		while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
	done < <(find "$1" -name postmaster.pid 2>/dev/null)
}

remove_directory() {
	stop_servers "$1"
	rm -rf "$1"
}
