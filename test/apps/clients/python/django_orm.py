"""A CRM's work through Django's ORM, with psycopg2."""
import os

import django
from crm import IN_TIME, LATE, march, report
from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import F
from django.db.utils import IntegrityError

settings.configure(USE_TZ=True, DEFAULT_AUTO_FIELD="django.db.models.BigAutoField", DATABASES={"default": {
    "ENGINE": "django.db.backends.postgresql", "NAME": os.environ["PGDATABASE"], "USER": os.environ["PGUSER"],
    "HOST": os.environ["PGHOST"], "PORT": os.environ["PGPORT"]}})
django.setup()


class Ticket(models.Model):
    version = models.IntegerField(default=1)
    subject = models.TextField()
    status = models.TextField(default="open")
    opened_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    solved_at = models.DateTimeField(null=True)

    class Meta:
        app_label, db_table, managed = "crm", "ticket", False


class Refund(models.Model):
    ticket = models.ForeignKey(Ticket, models.DO_NOTHING, null=True)
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    category = models.TextField(default="goods")
    delivered_at = models.DateTimeField()
    asked_at = models.DateTimeField()

    class Meta:
        app_label, db_table, managed = "crm", "refund", False


def pid():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


def refusal(error):
    diag = error.__cause__.diag
    return dict(sqlstate=diag.sqlstate, reason=diag.constraint_name, message=diag.message_primary,
                detail=diag.message_detail, hint=diag.message_hint, schema=diag.schema_name, table=diag.table_name)


print(django.__version__)
try:
    Refund(amount="49.90", **LATE).save()
except IntegrityError as error:
    report("late", pid(), error, **refusal(error))

with transaction.atomic():
    ticket = Ticket.objects.create(subject="savepoint", opened_at=march(9))
    try:
        with transaction.atomic():
            Refund.objects.create(ticket=ticket, amount="49.90", category="savepoint", **LATE)
    except IntegrityError as error:
        report("savepoint", pid(), error, **refusal(error))
    Refund.objects.create(ticket=ticket, amount="10.00", category="savepoint", **IN_TIME)

try:
    Refund.objects.bulk_create(
        Refund(amount="10.00", category="bulk", **(LATE if i == 3 else IN_TIME)) for i in range(5))
except IntegrityError as error:
    report("bulk", pid(), error, **refusal(error))

# When the INSERT fails, get_or_create() looks for the row once more: there is none, and the refusal is raised.
try:
    Refund.objects.get_or_create(category="again", defaults=dict(amount="49.90", **LATE))
except IntegrityError as error:
    report("again", pid(), error, **refusal(error))

refund = Refund.objects.create(amount="40.00", category="allowed", **IN_TIME)
report("allowed", pid(), id=refund.id)
refund.amount = "900.00"
try:
    refund.save()
except IntegrityError as error:
    report("raised", pid(), error, **refusal(error))

Refund.objects.create(amount="9.90", category="magazine", **LATE)
report("flagged", pid(), warning=connection.connection.notices[-1])

ticket = Ticket.objects.create(subject="solved", opened_at=march(2, 9))
ticket.status, ticket.answered_at, ticket.solved_at = "solved", march(2, 12), march(2, 13)
ticket.save()
seen = Ticket.objects.filter(id=ticket.id, version=1)
updated = [seen.update(subject=subject, version=F("version") + 1) for subject in ("solved", "stale")]
report("stale", pid(), rows=updated)
ticket = Ticket.objects.create(subject="unknown", status="frozen", opened_at=march(2, 9))
report("unknown", pid(), id=ticket.id)
ticket = Ticket.objects.create(subject="deleted", opened_at=march(2, 9))
id = ticket.id
ticket.delete()
report("deleted", pid(), id=id)
