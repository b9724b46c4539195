import static java.util.Map.of;

import java.math.BigDecimal;
import java.sql.BatchUpdateException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.sql.Timestamp;
import org.postgresql.util.PSQLException;

/** A CRM's work through JDBC. */
public final class Jdbc {
    private static final String INSERT =
        "INSERT INTO refund (ticket_id, amount, category, delivered_at, asked_at) VALUES (?, ?, ?, ?, ?)";
    private static Connection db;

    public static void main(String[] args) throws SQLException {
        db = DriverManager.getConnection(Crm.URL, Crm.USER, "");
        System.out.println(db.getMetaData().getDriverVersion());
        try {
            refund(null, "49.90", "goods", Crm.LONG_AGO);
        } catch (PSQLException error) {
            Crm.report("late", pid(), error, Crm.refusal(error));
        }
        savepoint();
        bulk();

        long id = refund(null, "40.00", "allowed", Crm.DELIVERED);
        Crm.report("allowed", pid(), null, of("id", id));
        try (PreparedStatement update = db.prepareStatement("UPDATE refund SET amount = 900 WHERE id = ?")) {
            update.setLong(1, id);
            update.executeUpdate();
        } catch (PSQLException error) {
            Crm.report("raised", pid(), error, Crm.refusal(error));
        }
        try (PreparedStatement insert = insert(null, "9.90", "magazine", Crm.LONG_AGO)) {
            insert.executeUpdate();
            Crm.report("flagged", pid(), null, of("warning", insert.getWarnings().getMessage()));
        }
        tickets();
        db.close();
    }

    private static void savepoint() throws SQLException {
        db.setAutoCommit(false);
        long ticket = ticket("savepoint", "open", Crm.march(9));
        Savepoint savepoint = db.setSavepoint();
        try {
            refund(ticket, "49.90", "savepoint", Crm.LONG_AGO);
        } catch (PSQLException error) {
            db.rollback(savepoint);
            Crm.report("savepoint", pid(), error, Crm.refusal(error));
        }
        refund(ticket, "10.00", "savepoint", Crm.DELIVERED);
        db.commit();
    }

    /** The driver sends a batch as it is; what it was told of is the cause. */
    private static void bulk() throws SQLException {
        try (PreparedStatement insert = db.prepareStatement(INSERT)) {
            for (int i = 0; i < 5; i++) {
                set(insert, null, "10.00", "bulk", i == 3 ? Crm.LONG_AGO : Crm.DELIVERED);
                insert.addBatch();
            }
            insert.executeBatch();
        } catch (BatchUpdateException error) {
            db.rollback();
            Crm.report("bulk", pid(), error, Crm.refusal(error));
        }
        db.rollback();
        db.setAutoCommit(true);
    }

    private static void tickets() throws SQLException {
        long id = ticket("solved", "open", Crm.march(2, 9));
        int[] updated = new int[2];
        try (PreparedStatement update = db.prepareStatement("UPDATE ticket SET version = version + 1, status = 'solved',"
                + " answered_at = ?, solved_at = ? WHERE id = ? AND version = 1")) {
            update.setTimestamp(1, Crm.march(2, 12));
            update.setTimestamp(2, Crm.march(2, 13));
            update.setLong(3, id);
            for (int i = 0; i < 2; i++)
                updated[i] = update.executeUpdate();
        }
        Crm.report("stale", pid(), null, of("rows", updated[0] + " " + updated[1]));
        Crm.report("unknown", pid(), null, of("id", ticket("unknown", "frozen", Crm.march(2, 9))));
        id = ticket("deleted", "open", Crm.march(2, 9));
        try (PreparedStatement delete = db.prepareStatement("DELETE FROM ticket WHERE id = ?")) {
            delete.setLong(1, id);
            delete.executeUpdate();
        }
        Crm.report("deleted", pid(), null, of("id", id));
    }

    private static long refund(Long ticket, String amount, String category, Timestamp delivered) throws SQLException {
        try (PreparedStatement insert = insert(ticket, amount, category, delivered)) {
            return generatedKey(insert);
        }
    }

    private static PreparedStatement insert(Long ticket, String amount, String category, Timestamp delivered)
            throws SQLException {
        PreparedStatement insert = db.prepareStatement(INSERT, new String[] {"id"});
        set(insert, ticket, amount, category, delivered);
        return insert;
    }

    private static void set(PreparedStatement insert, Long ticket, String amount, String category, Timestamp delivered)
            throws SQLException {
        insert.setObject(1, ticket, java.sql.Types.BIGINT);
        insert.setBigDecimal(2, new BigDecimal(amount));
        insert.setString(3, category);
        insert.setTimestamp(4, delivered);
        insert.setTimestamp(5, Crm.march(9));
    }

    private static long ticket(String subject, String status, Timestamp openedAt) throws SQLException {
        try (PreparedStatement insert = db.prepareStatement(
                "INSERT INTO ticket (subject, status, opened_at) VALUES (?, ?, ?)", new String[] {"id"})) {
            insert.setString(1, subject);
            insert.setString(2, status);
            insert.setTimestamp(3, openedAt);
            return generatedKey(insert);
        }
    }

    private static long generatedKey(PreparedStatement insert) throws SQLException {
        insert.executeUpdate();
        try (ResultSet keys = insert.getGeneratedKeys()) {
            keys.next();
            return keys.getLong(1);
        }
    }

    private static int pid() throws SQLException {
        try (Statement statement = db.createStatement();
                ResultSet result = statement.executeQuery("SELECT pg_backend_pid()")) {
            result.next();
            return result.getInt(1);
        }
    }
}
