#!/usr/bin/python3
"""Sends the notifications of an attachment: an example to copy and change.

    outbox_consumer.py ATTACHMENT DOMAIN COMMAND...

Each notification is a mail to NOTIFY@DOMAIN, handed to the command, such as
"/usr/sbin/sendmail -t".  One that sums up many escalations has no ticket, and
says in its subject what it is.  The connection is libpq's: PGHOST, PGUSER, PGSERVICE.
Runs until it is told to end; where it dies, let it be started again.
"""
import argparse
import email.message
import email.utils
import hashlib
import select
import signal
import socket
import subprocess

import psycopg2
import psycopg2.extensions

CHANNEL = "service_policy_outbox"


def mail(options, id, notify, ticket, level, subject, message):
    """A notification that is sent twice is the same mail twice: its Message-ID says so."""
    key = hashlib.sha256(f"{options.attachment} {id}".encode()).hexdigest()
    result = email.message.EmailMessage()
    result["Message-ID"] = f"<{key}@{options.domain}>"
    result["Date"] = email.utils.localtime()
    result["From"] = f"{options.attachment}@{options.domain}"
    result["To"] = f"{notify}@{options.domain}"
    result["Subject"] = " ".join((subject or f"Ticket {'/'.join(ticket)}: level {level}").split())
    result.set_content(message or "")
    return result


def send(options, notification):
    # ten of them take less than the five minutes after which a claim runs out
    subprocess.run(options.command, input=bytes(mail(options, *notification)), timeout=25, check=True)


def empty(cursor, options):
    """Send what there is, until there is nothing more."""
    while True:
        cursor.execute("SELECT id, notify, ticket, level, subject, message"
                       " FROM service_policy.claim(%s)", (options.attachment,))
        claimed = cursor.fetchall()
        if not claimed:
            return
        for notification in claimed:
            what = (options.attachment, notification[0])
            try:
                send(options, notification)
            except Exception as error:
                cursor.execute("SELECT service_policy.fail(%s, %s, %s)", (*what, str(error)))
            else:
                cursor.execute("SELECT service_policy.confirm(%s, %s)", what)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--once", action="store_true", help="end when there is nothing to send")
    parser.add_argument("--poll", type=float, default=60, help="seconds after which to look without being woken")
    parser.add_argument("attachment")
    parser.add_argument("domain")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # a signal that arrives just before the wait begins ends it too
    told_to_end, sender = socket.socketpair()
    sender.setblocking(False)
    signal.set_wakeup_fd(sender.fileno())
    connection = psycopg2.connect("")
    # each claim is committed before anything is sent
    connection.set_isolation_level(psycopg2.extensions.ISOLATION_LEVEL_AUTOCOMMIT)
    cursor = connection.cursor()
    # first, so that nothing comes between the last look and the first wait
    cursor.execute(f"LISTEN {CHANNEL}")
    try:
        empty(cursor, options)
        while not options.once:
            # what was heard while sending is not waited for again
            if not connection.notifies:
                select.select([connection, told_to_end], [], [], options.poll)
            connection.poll()
            connection.notifies.clear()
            empty(cursor, options)
    except KeyboardInterrupt:
        pass
    connection.close()


if __name__ == "__main__":
    main()
