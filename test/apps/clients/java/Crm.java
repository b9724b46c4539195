import java.sql.Timestamp;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/** What the Java clients share: where the database is, when things happened, and lines for ../run. */
final class Crm {
    static final String URL = "jdbc:postgresql://" + System.getenv("PGHOST") + ":" + System.getenv("PGPORT") + "/"
        + System.getenv("PGDATABASE");
    static final String USER = System.getenv("PGUSER");
    static final Timestamp DELIVERED = march(1), LONG_AGO = Timestamp.from(Instant.parse("2026-01-10T12:00:00Z"));

    private Crm() {
    }

    static Timestamp march(int day) {
        return march(day, 10);
    }

    static Timestamp march(int day, int hour) {
        return Timestamp.from(Instant.parse(String.format("2026-03-%02dT%02d:00:00Z", day, hour)));
    }

    /** What the server told, at the end of whatever others have wrapped it in. */
    static Map<String, Object> refusal(Throwable error) {
        while (!(error instanceof PSQLException))
            error = error.getCause();
        ServerErrorMessage told = ((PSQLException) error).getServerErrorMessage();
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("sqlstate", told.getSQLState());
        fields.put("reason", told.getConstraint());
        fields.put("message", told.getMessage());
        fields.put("detail", told.getDetail());
        fields.put("hint", told.getHint());
        fields.put("schema", told.getSchema());
        fields.put("table", told.getTable());
        return fields;
    }

    static void report(String step, int pid, Throwable error, Map<String, Object> what) {
        Map<String, Object> line = new LinkedHashMap<>(what);
        line.put("step", step);
        line.put("pid", pid);
        line.put("error", Stream.iterate(error, Objects::nonNull, Throwable::getCause)
            .map(e -> e.getClass().getName()).collect(Collectors.joining(" > ")));
        System.out.println(line.entrySet().stream()
            .map(e -> quote(e.getKey()) + ": " + (e.getValue() instanceof Number ? e.getValue() : quote("" + e.getValue())))
            .collect(Collectors.joining(", ", "{", "}")));
    }

    private static String quote(String value) {
        return '"' + value.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + '"';
    }
}
