// A CRM's work through Objection and Knex, with pg.
'use strict'

const knex = require('knex')
const { CheckViolationError, Model, raw } = require('objection')
const { inTime, late, march, print, rejection } = require('./crm')

let warning
const db = knex({
  client: 'pg',
  connection: {
    host: process.env.PGHOST,
    port: process.env.PGPORT,
    database: process.env.PGDATABASE,
    user: process.env.PGUSER
  },
  pool: {
    min: 1,
    max: 1,
    afterCreate (connection, done) {
      connection.on('notice', notice => { warning = notice })
      done()
    }
  }
})

class Ticket extends Model {
  static tableName = 'ticket'
}

class Refund extends Model {
  static tableName = 'refund'
}

Model.knex(db)

async function report (step, what, knex = db) {
  const { rows: [{ pid }] } = await knex.raw('SELECT pg_backend_pid() AS pid')
  print(step, pid, what)
}

function refusal (error) {
  if (!(error instanceof CheckViolationError)) throw error
  const { message, code, detail, hint, schema } = error.nativeError
  return { error: error.name, reason: error.constraint, table: error.table, sqlstate: code, message, detail, hint, schema }
}

async function main () {
  console.log(require('objection/package.json').version)
  await report('late', refusal(await rejection(Refund.query().insert({ amount: 49.90, ...late }))))

  await Model.transaction(async trx => {
    const ticket = await Ticket.query(trx).insertAndFetch({ subject: 'savepoint', status: 'open', opened_at: march(9) })
    const error = await rejection(trx.transaction(savepoint =>
      Refund.query(savepoint).insert({ ticket_id: ticket.id, amount: 49.90, category: 'savepoint', ...late })))
    await Refund.query(trx).insert({ ticket_id: ticket.id, amount: 10, category: 'savepoint', ...inTime })
    await report('savepoint', refusal(error), trx)
  })

  const rows = [0, 1, 2, 3, 4].map(i => ({ amount: 10, category: 'bulk', ...(i === 3 ? late : inTime) }))
  await report('bulk', refusal(await rejection(Refund.query().insert(rows))))

  const refund = await Refund.query().insertAndFetch({ amount: 40, category: 'allowed', ...inTime })
  await report('allowed', { id: refund.id })
  await report('raised', refusal(await rejection(refund.$query().patch({ amount: 900 }))))

  await Refund.query().insert({ amount: 9.90, category: 'magazine', ...late })
  await report('flagged', { warning: warning.message })

  const ticket = await Ticket.query().insertAndFetch({ subject: 'solved', status: 'open', opened_at: march(2, 9) })
  await ticket.$query().patch({ status: 'solved', answered_at: march(2, 12), solved_at: march(2, 13) })
  const changed = []
  for (const subject of ['solved', 'stale']) {
    changed.push(await Ticket.query().patch({ subject, version: raw('version + 1') }).where({ id: ticket.id, version: ticket.version }))
  }
  await report('stale', { rows: changed })
  const unknown = await Ticket.query().insertAndFetch({ subject: 'unknown', status: 'frozen', opened_at: march(2, 9) })
  await report('unknown', { id: unknown.id })
  const deleted = await Ticket.query().insertAndFetch({ subject: 'deleted', status: 'open', opened_at: march(2, 9) })
  await deleted.$query().delete()
  await report('deleted', { id: deleted.id })
  await db.destroy()
}

main().catch(error => { console.error(error); process.exit(1) })
