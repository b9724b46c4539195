# Sourced by the runs of test/bench/ticket and /refund: on which cores, in which server, and what they say of it.
"$tree/test/requirements" build
. "$tree/test/cluster.bash"

# All that is started from here on stays on these cores.  Two of them wake each other up with each message between client and
# server: so many microseconds a transaction, whatever is in it, and not as many from one hour to the next.  On one nothing else
# may run: who has waited for the disk then waits for that, too, until the next tick of the scheduler.
choose_cores() { # sets cores, which says what came of SVP_BENCH_CORES
	local allowed why=
	case ${SVP_BENCH_CORES:-1} in
		1) { allowed=$(taskset -cp $$) && taskset -cp "${allowed##*[ ,-]}" $$ >/dev/null; } 2>/dev/null || why=', since taskset does not work here' ;;
		all) ;;
		*) echo "SVP_BENCH_CORES is 1 or all, not $SVP_BENCH_CORES" >&2; return 2 ;;
	esac
	cores="on $(nproc) cores$why"
	[ "$(nproc)" -gt 1 ] || cores='on one core'
}

start_bench() { # settings; sets dir, bin
	choose_cores
	dir=$(private_directory)
	trap 'remove_directory "$dir"' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	${MAKE:-make} -s -C "$tree" >&2
	(cd "$tree" && test/tmp_install "$dir/install")
	compile_floor
	# No checkpoint and no vacuum while something is measured; all else as it is by default.
	start_cluster "$dir" 'fsync = on' 'max_wal_size = 32GB' 'checkpoint_timeout = 1d' 'autovacuum = off' "$@"
	bin=$dir/install$bindir
	export PGDATABASE=bench
	"$bin/createdb" bench
}

compile_floor() {
	local cc cflags
	read -ra cc < <("$PG_CONFIG" --cc)
	read -ra cflags < <("$PG_CONFIG" --cflags)
	"${cc[@]}" "${cflags[@]}" -fPIC -shared -I"$tree/src" -I"$("$PG_CONFIG" --includedir-server)" -o "$dir/floor.so" "$here/../floor.c"
}

say_where() { # what is measured
	echo "$("$bin/postgres" --version | sed 's,^postgres (PostgreSQL),PostgreSQL,'); $(uname -sr), $(nproc --all) CPUs$(sed -n 's,^model name[^:]*:, of,p' /proc/cpuinfo | sort -u); $(load)"
	echo "$1, $rounds rounds of $seconds seconds, $cores"
}

load() { # of the machine: more than this bench's own says that something else ran
	echo "load $(cut -d' ' -f1-3 /proc/loadavg)"
}

# One client, each script a transaction; what each took is in $dir/log.* then.
run_pgbench() { # synchronous_commit seconds, and what else pgbench is to know
	PGOPTIONS="-c synchronous_commit=$1" "$bin/pgbench" -U app -n -c 1 -M prepared -T "$2" "${@:3}" -l --log-prefix="$dir/log" bench \
		>"$dir/pgbench.out" 2>&1 || { cat "$dir/pgbench.out" >&2; return 1; }
}
