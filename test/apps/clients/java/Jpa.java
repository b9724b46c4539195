import static java.util.Map.of;

import java.math.BigDecimal;
import java.sql.Timestamp;
import java.util.Map;
import java.util.function.Consumer;
import javax.persistence.Entity;
import javax.persistence.EntityManager;
import javax.persistence.EntityManagerFactory;
import javax.persistence.GeneratedValue;
import javax.persistence.GenerationType;
import javax.persistence.Id;
import javax.persistence.OptimisticLockException;
import javax.persistence.Persistence;
import javax.persistence.PersistenceException;
import javax.persistence.Table;
import javax.persistence.Version;

/** A CRM's work through JPA; the argument is the provider. */
public final class Jpa {
    @Entity
    @Table(name = "ticket")
    public static class Ticket {
        @Id
        @GeneratedValue(strategy = GenerationType.IDENTITY)
        public Long id;
        @Version
        public int version;
        public String subject;
        public String status = "open";
        public Timestamp opened_at, answered_at, solved_at;

        public Ticket() {
        }

        Ticket(String subject, Timestamp openedAt) {
            this.subject = subject;
            opened_at = openedAt;
        }
    }

    @Entity
    @Table(name = "refund")
    public static class Refund {
        @Id
        @GeneratedValue(strategy = GenerationType.IDENTITY)
        public Long id;
        public BigDecimal amount;
        public String category;
        public Timestamp delivered_at, asked_at = Crm.march(9);

        public Refund() {
        }

        Refund(String amount, String category, Timestamp deliveredAt) {
            this.amount = new BigDecimal(amount);
            this.category = category;
            delivered_at = deliveredAt;
        }
    }

    private static EntityManagerFactory factory;

    public static void main(String[] args) {
        factory = Persistence.createEntityManagerFactory("crm", Map.of(
            "javax.persistence.provider", args[0], "javax.persistence.jdbc.driver", "org.postgresql.Driver",
            "javax.persistence.jdbc.url", Crm.URL, "javax.persistence.jdbc.user", Crm.USER,
            "javax.persistence.jdbc.password", "", "hibernate.dialect", "org.hibernate.dialect.PostgreSQLDialect",
            "eclipselink.connection-pool.default.max", "1", "eclipselink.connection-pool.default.initial", "1",
            "eclipselink.logging.level", "OFF"));
        System.out.println(args[0]);
        refused("late", em -> em.persist(new Refund("49.90", "goods", Crm.LONG_AGO)));
        refused("bulk", em -> {
            for (int i = 0; i < 5; i++)
                em.persist(new Refund("10.00", "bulk", i == 3 ? Crm.LONG_AGO : Crm.DELIVERED));
        });
        Refund refund = new Refund("40.00", "allowed", Crm.DELIVERED);
        transaction(em -> em.persist(refund));
        report("allowed", null, of("id", refund.id));
        refused("raised", em -> em.find(Refund.class, refund.id).amount = new BigDecimal("900"));
        transaction(em -> em.persist(new Refund("9.90", "magazine", Crm.LONG_AGO)));

        Ticket solved = new Ticket("solved", Crm.march(2, 9));
        transaction(em -> em.persist(solved));
        transaction(em -> {
            Ticket ticket = em.find(Ticket.class, solved.id);
            ticket.status = "solved";
            ticket.answered_at = Crm.march(2, 12);
            ticket.solved_at = Crm.march(2, 13);
        });
        try {
            transaction(em -> em.merge(solved).subject = "stale");
        } catch (OptimisticLockException error) {
            report("stale", error, of());
        }
        Ticket unknown = new Ticket("unknown", Crm.march(2, 9));
        unknown.status = "frozen";
        transaction(em -> em.persist(unknown));
        report("unknown", null, of("id", unknown.id));
        Ticket deleted = new Ticket("deleted", Crm.march(2, 9));
        transaction(em -> em.persist(deleted));
        transaction(em -> em.remove(em.find(Ticket.class, deleted.id)));
        report("deleted", null, of("id", deleted.id));
        factory.close();
    }

    private static void refused(String step, Consumer<EntityManager> work) {
        try {
            transaction(work);
        } catch (PersistenceException error) {
            report(step, error, Crm.refusal(error));
        }
    }

    private static void transaction(Consumer<EntityManager> work) {
        EntityManager em = factory.createEntityManager();
        try {
            em.getTransaction().begin();
            work.accept(em);
            em.getTransaction().commit();
        } finally {
            if (em.getTransaction().isActive())
                em.getTransaction().rollback();
            em.close();
        }
    }

    private static void report(String step, Throwable error, Map<String, Object> what) {
        EntityManager em = factory.createEntityManager();
        em.getTransaction().begin();
        int pid = ((Number) em.createNativeQuery("SELECT pg_backend_pid()").getSingleResult()).intValue();
        em.getTransaction().commit();
        em.close();
        Crm.report(step, pid, error, what);
    }
}
