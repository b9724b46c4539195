-- Every clock that was judged, in the oracle's form.
COPY (
    SELECT number, metric, cycle, benchmark, state,
        (extract(epoch FROM started_at) * 1000000)::bigint AS started,
        (extract(epoch FROM stopped_at) * 1000000)::bigint AS stopped,
        elapsed_us AS elapsed, paused_us AS paused
    FROM incident_data.clock
) TO STDOUT (FORMAT csv, HEADER)
