# frozen_string_literal: true

# A CRM's work through Ruby on Rails' Active Record, with pg.
require 'active_record'
require 'json'

IN_TIME = { delivered_at: Time.utc(2026, 3, 1, 10), asked_at: Time.utc(2026, 3, 9, 10) }.freeze
LATE = IN_TIME.merge(delivered_at: Time.utc(2026, 1, 10, 12)).freeze

ActiveRecord::Base.establish_connection(
  adapter: 'postgresql', host: ENV['PGHOST'], port: ENV['PGPORT'], database: ENV['PGDATABASE'], username: ENV['PGUSER']
)

class Ticket < ActiveRecord::Base
  self.table_name = 'ticket'
  self.locking_column = 'version'
  attribute :status, default: 'open'
end

class Refund < ActiveRecord::Base
  self.table_name = 'refund'
  belongs_to :ticket, optional: true
end

def report(step, **what)
  pid = ActiveRecord::Base.connection.select_value('SELECT pg_backend_pid()')
  puts({ step: step, pid: pid, **what }.to_json)
end

def refusal(error)
  told = error.cause.result
  { error: "#{error.class} > #{error.cause.class}",
    sqlstate: told.error_field(PG::PG_DIAG_SQLSTATE), reason: told.error_field(PG::PG_DIAG_CONSTRAINT_NAME),
    message: told.error_field(PG::PG_DIAG_MESSAGE_PRIMARY), detail: told.error_field(PG::PG_DIAG_MESSAGE_DETAIL),
    hint: told.error_field(PG::PG_DIAG_MESSAGE_HINT), schema: told.error_field(PG::PG_DIAG_SCHEMA_NAME),
    table: told.error_field(PG::PG_DIAG_TABLE_NAME) }
end

puts ActiveRecord.version
begin
  Refund.new(amount: '49.90', **LATE).save
rescue ActiveRecord::StatementInvalid => e
  report('late', **refusal(e))
end

Ticket.transaction do
  ticket = Ticket.create!(subject: 'savepoint', opened_at: Time.utc(2026, 3, 9, 10))
  begin
    Refund.transaction(requires_new: true) { Refund.create!(ticket: ticket, amount: '49.90', category: 'savepoint', **LATE) }
  rescue ActiveRecord::StatementInvalid => e
    report('savepoint', **refusal(e))
  end
  Refund.create!(ticket: ticket, amount: '10.00', category: 'savepoint', **IN_TIME)
end

begin
  Refund.insert_all!((0..4).map { |i| { amount: '10.00', category: 'bulk', **(i == 3 ? LATE : IN_TIME) } })
rescue ActiveRecord::StatementInvalid => e
  report('bulk', **refusal(e))
end

# It looks for the row once more when the INSERT fails for being there already: a refusal is no such failure.
begin
  Refund.create_or_find_by!(amount: '49.90', category: 'again', **LATE)
rescue ActiveRecord::StatementInvalid => e
  report('again', **refusal(e))
end

refund = Refund.create!(amount: '40.00', category: 'allowed', **IN_TIME)
report('allowed', id: refund.id)
begin
  refund.update!(amount: '900.00')
rescue ActiveRecord::StatementInvalid => e
  report('raised', **refusal(e))
end

warning = nil
ActiveRecord::Base.connection.raw_connection.set_notice_processor { |told| warning = told }
Refund.create!(amount: '9.90', category: 'magazine', **LATE)
report('flagged', warning: warning)

ticket = Ticket.create!(subject: 'solved', opened_at: Time.utc(2026, 3, 2, 9))
seen = Ticket.find(ticket.id)
ticket.update!(status: 'solved', answered_at: Time.utc(2026, 3, 2, 12), solved_at: Time.utc(2026, 3, 2, 13))
begin
  seen.update!(subject: 'stale')
rescue ActiveRecord::StaleObjectError => e
  report('stale', error: e.class.name)
end
ticket = Ticket.create!(subject: 'unknown', status: 'frozen', opened_at: Time.utc(2026, 3, 2, 9))
report('unknown', id: ticket.id)
ticket = Ticket.create!(subject: 'deleted', opened_at: Time.utc(2026, 3, 2, 9))
ticket.destroy!
report('deleted', id: ticket.id)
