-- Every clock that was judged, in the oracle's form.
COPY (
    SELECT number, metric, cycle, benchmark, state,
        (extract(epoch FROM started_at) * 1000000)::bigint AS started, to_char(started_on, 'YYYY-MM-DD') AS started_on,
        (extract(epoch FROM stopped_at) * 1000000)::bigint AS stopped, to_char(stopped_on, 'YYYY-MM-DD') AS stopped_on,
        elapsed_us AS elapsed, paused_us AS paused, (extract(epoch FROM due_at) * 1000000)::bigint AS due
    FROM incident_data.clock
) TO STDOUT (FORMAT csv, HEADER)
