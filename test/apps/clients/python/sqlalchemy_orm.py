"""A CRM's work through SQLAlchemy's ORM, with psycopg2."""
import logging

import sqlalchemy
from crm import IN_TIME, LATE, march, report
from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Integer, Numeric, Text, create_engine, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, declarative_base
from sqlalchemy.orm.exc import StaleDataError

Base = declarative_base()


class Ticket(Base):
    __tablename__ = "ticket"
    id = Column(BigInteger, primary_key=True)
    version = Column(Integer, nullable=False)
    subject = Column(Text)
    status = Column(Text, default="open")
    opened_at = Column(DateTime(timezone=True))
    answered_at = Column(DateTime(timezone=True))
    solved_at = Column(DateTime(timezone=True))
    __mapper_args__ = {"version_id_col": version}


class Refund(Base):
    __tablename__ = "refund"
    id = Column(BigInteger, primary_key=True)
    ticket_id = Column(ForeignKey("ticket.id"))
    amount = Column(Numeric(10, 2))
    category = Column(Text, default="goods")
    delivered_at = Column(DateTime(timezone=True))
    asked_at = Column(DateTime(timezone=True))


def pid():
    return session.execute(text("SELECT pg_backend_pid()")).scalar()


def refusal(error):
    diag = error.orig.diag
    return dict(sqlstate=diag.sqlstate, reason=diag.constraint_name, message=diag.message_primary,
                detail=diag.message_detail, hint=diag.message_hint, schema=diag.schema_name, table=diag.table_name,
                connection_lost=error.connection_invalidated)


class Notices(logging.Handler):
    """SQLAlchemy takes what the server tells from the driver, and logs it."""
    latest = None

    def emit(self, record):
        self.latest = record.getMessage()


notices = Notices()
logger = logging.getLogger("sqlalchemy.dialects.postgresql")
logger.setLevel(logging.INFO)
logger.addHandler(notices)

print(sqlalchemy.__version__)
session = Session(create_engine("postgresql+psycopg2://", pool_pre_ping=True))

session.add(Refund(amount="49.90", **LATE))
try:
    session.commit()
except IntegrityError as error:
    session.rollback()
    report("late", pid(), error, **refusal(error))

ticket = Ticket(subject="savepoint", opened_at=march(9))
session.add(ticket)
session.flush()
try:
    with session.begin_nested():
        session.add(Refund(ticket_id=ticket.id, amount="49.90", category="savepoint", **LATE))
except IntegrityError as error:
    report("savepoint", pid(), error, **refusal(error))
session.add(Refund(ticket_id=ticket.id, amount="10.00", category="savepoint", **IN_TIME))
session.commit()

session.add_all(Refund(amount="10.00", category="bulk", **(LATE if i == 3 else IN_TIME)) for i in range(5))
try:
    session.commit()
except IntegrityError as error:
    session.rollback()
    report("bulk", pid(), error, **refusal(error))

refund = Refund(amount="40.00", category="allowed", **IN_TIME)
session.add(refund)
session.commit()
report("allowed", pid(), id=refund.id)
refund.amount = "900.00"
try:
    session.commit()
except IntegrityError as error:
    session.rollback()
    report("raised", pid(), error, **refusal(error))

session.add(Refund(amount="9.90", category="magazine", **LATE))
session.commit()
report("flagged", pid(), warning=notices.latest)

ticket = Ticket(subject="solved", opened_at=march(2, 9))
session.add(ticket)
session.commit()
ticket.status, ticket.answered_at, ticket.solved_at = "solved", march(2, 12), march(2, 13)
session.commit()
session.refresh(ticket)
session.execute(update(Ticket).where(Ticket.id == ticket.id).values(version=Ticket.version + 1)
                .execution_options(synchronize_session=False))
ticket.subject = "stale"
try:
    session.commit()
except StaleDataError as error:
    session.rollback()
    report("stale", pid(), error)

ticket = Ticket(subject="unknown", status="frozen", opened_at=march(2, 9))
session.add(ticket)
session.commit()
report("unknown", pid(), id=ticket.id)
ticket = Ticket(subject="deleted", opened_at=march(2, 9))
session.add(ticket)
session.commit()
id = ticket.id
session.delete(ticket)
session.commit()
report("deleted", pid(), id=id)
