# Sourced by the runs of test/bench/ticket and /refund: compile floor.c into their private directory.
compile_floor() {
	local cc cflags
	read -ra cc < <("$PG_CONFIG" --cc)
	read -ra cflags < <("$PG_CONFIG" --cflags)
	"${cc[@]}" "${cflags[@]}" -fPIC -shared -I"$tree/src" -I"$("$PG_CONFIG" --includedir-server)" -o "$dir/floor.so" "$here/../floor.c"
}
