-- Last week, and the last few hours, as the CRM writes them.
SET TimeZone = 'Europe/Lisbon';

CREATE FUNCTION pg_temp.last(weekday text, clock interval) RETURNS timestamptz LANGUAGE sql STABLE
    AS $$ SELECT date_trunc('week', now()) - interval '7 days'
                 + (position(weekday IN 'MonTueWedThuFri') / 3) * interval '1 day' + clock $$;
CREATE FUNCTION pg_temp.reply(ticket bigint, agent text, body text, at timestamptz) RETURNS void LANGUAGE sql
    AS $$ INSERT INTO crm.messages (ticket_id, author, body, sent_at) VALUES (ticket, 'agent', body, at);
          UPDATE crm.tickets SET status = 'open', assignee = agent, updated_at = at WHERE id = ticket $$;
CREATE FUNCTION pg_temp.move(ticket bigint, to_status text, at timestamptz) RETURNS void LANGUAGE sql
    AS $$ UPDATE crm.tickets SET status = to_status, updated_at = at WHERE id = ticket $$;
\o /dev/null

-- Five tickets of last week.
INSERT INTO crm.tickets (id, subject, team, customer, created_at, updated_at) VALUES
    (1, 'Flat tyre on a new bike',     'workshop', 'Ana',    pg_temp.last('Mon', '09:10'), pg_temp.last('Mon', '09:10')),
    (2, 'Where is my order?',          'orders',   'Bruno',  pg_temp.last('Tue', '16:30'), pg_temp.last('Tue', '16:30')),
    (3, 'Which frame size do I need?', 'sales',    'Carla',  pg_temp.last('Mon', '11:00'), pg_temp.last('Mon', '11:00')),
    (4, 'The brakes squeal',           'workshop', 'Duarte', pg_temp.last('Mon', '15:00'), pg_temp.last('Mon', '15:00')),
    (5, 'You have won a prize',        'sales',    'Nobody', pg_temp.last('Thu', '12:00'), pg_temp.last('Thu', '12:00'));
SELECT pg_temp.reply(1, 'Rita', 'Bring it in, we fix it.',  pg_temp.last('Mon', '10:00'));
SELECT pg_temp.move(1, 'solved',                            pg_temp.last('Tue', '11:00'));
SELECT pg_temp.reply(2, 'Luis', 'It left us on Tuesday.',   pg_temp.last('Thu', '10:00'));
SELECT pg_temp.move(2, 'solved',                            pg_temp.last('Thu', '10:05'));
SELECT pg_temp.reply(3, 'Marta', 'How tall are you?',       pg_temp.last('Mon', '12:00'));
SELECT pg_temp.move(3, 'waiting',                           pg_temp.last('Mon', '12:00'));
SELECT pg_temp.move(3, 'open',                              pg_temp.last('Fri', '10:00'));
SELECT pg_temp.move(3, 'solved',                            pg_temp.last('Fri', '15:00'));
SELECT pg_temp.reply(4, 'Rita', 'New pads are on the way.', pg_temp.last('Tue', '12:00'));
SELECT pg_temp.move(4, 'solved',                            pg_temp.last('Tue', '17:00'));
SELECT pg_temp.move(4, 'open',                              pg_temp.last('Thu', '14:00'));
SELECT pg_temp.move(4, 'solved',                            pg_temp.last('Fri', '12:00'));
SELECT pg_temp.move(5, 'spam',                              pg_temp.last('Thu', '12:01'));

-- Ninety more.
CREATE TEMP TABLE story AS
    SELECT n AS id, at, at + make_interval(mins => n * 7 % (250 + 20 * kind)) AS replied_at,
           at + make_interval(hours => n * 11 % (24 + 8 * kind), mins => 300) AS solved_at,
           (ARRAY['orders', 'workshop', 'sales'])[1 + kind] AS team,
           (ARRAY['Luis', 'Rita', 'Marta'])[1 + kind] AS agent,
           (ARRAY['email', 'phone', 'chat'])[1 + n / 3 % 3] AS channel
      FROM generate_series(101, 190) AS n,
           LATERAL (SELECT n % 3, pg_temp.last((ARRAY['Mon', 'Tue', 'Thu'])[1 + n / 30 % 3],
                                               make_interval(hours => 9, mins => n * 13 % 300))) AS opening (kind, at);
INSERT INTO crm.tickets (id, subject, team, channel, customer, created_at, updated_at)
    SELECT id, 'Question ' || id, team, channel, 'Customer ' || id, at, at FROM story;
SELECT pg_temp.reply(id, agent, 'Here you are.', replied_at) FROM story;
SELECT pg_temp.move(id, 'solved', solved_at) FROM story;

-- The hotline, this very moment.
INSERT INTO crm.tickets (id, subject, priority, channel, team, customer, created_at, updated_at)
    SELECT id, subject, 'urgent', 'phone', team, customer, now() - age, now() - age
      FROM (VALUES (201, 'The web shop takes no cards',   'orders',   'Elsa',   interval '5 hours'),
                   (202, 'Stranded with a broken chain',  'workshop', 'Filipe', interval '3 hours 20 minutes'),
                   (203, 'Rental bike does not unlock',   'workshop', 'Gil',    interval '6 hours'),
                   (204, 'Paid twice',                    'orders',   'Helena', interval '50 minutes'),
                   (205, 'Courier is at the wrong door',  'orders',   'Ines',   interval '10 minutes'))
           AS calls (id, subject, team, customer, age);
SELECT pg_temp.reply(201, 'Luis',  'We are on it.',               now() - interval '4 hours 50 minutes');
SELECT pg_temp.reply(202, 'Rita',  'A colleague is on the way.',  now() - interval '3 hours');
SELECT pg_temp.reply(203, 'Rita',  'What does the lock show?',    now() - interval '5 hours 45 minutes');
SELECT pg_temp.move(203, 'waiting',                               now() - interval '5 hours 45 minutes');
SELECT pg_temp.reply(204, 'Marta', 'I am looking at both.',       now() - interval '38 minutes');

INSERT INTO crm.orders (id, customer, item, clearance, total, delivered_at) VALUES
    (7001, 'Ana',    'city bike',    false, 480.00, now() - interval '12 days'),
    (7002, 'Bruno',  'helmet',       false,  89.00, now() - interval '41 days'),
    (7003, 'Carla',  'cargo bike',   false, 2950.00, now() - interval '3 days'),
    (7004, 'Duarte', 'saddle',       true,   25.00, now() - interval '4 days');
\o
SELECT format('%s tickets, %s messages, %s orders', (SELECT count(*) FROM crm.tickets), (SELECT count(*) FROM crm.messages),
              (SELECT count(*) FROM crm.orders)) AS line \gset
\echo :line
