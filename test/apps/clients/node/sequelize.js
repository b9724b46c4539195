// A CRM's work through Sequelize, with pg.
'use strict'

const { BIGINT, DATE, DECIMAL, INTEGER, TEXT, ConnectionError, OptimisticLockError, QueryTypes, Sequelize } = require('sequelize')
const { inTime, late, march, print, rejection } = require('./crm')

let warning
const sequelize = new Sequelize({
  dialect: 'postgres',
  host: process.env.PGHOST,
  port: process.env.PGPORT,
  database: process.env.PGDATABASE,
  username: process.env.PGUSER,
  logging: false,
  define: { timestamps: false, freezeTableName: true },
  pool: { max: 1 },
  retry: { max: 3, match: [ConnectionError, /deadlock detected/, /could not serialize access/] },
  hooks: { afterConnect: connection => connection.on('notice', notice => { warning = notice }) }
})
const Ticket = sequelize.define('ticket', {
  id: { type: BIGINT, primaryKey: true, autoIncrement: true },
  subject: TEXT,
  status: { type: TEXT, defaultValue: 'open' },
  opened_at: DATE,
  answered_at: DATE,
  solved_at: DATE
}, { version: true })
const Refund = sequelize.define('refund', {
  id: { type: BIGINT, primaryKey: true, autoIncrement: true },
  ticket_id: { type: BIGINT, references: { model: Ticket } },
  amount: DECIMAL(10, 2),
  category: { type: TEXT, defaultValue: 'goods' },
  delivered_at: DATE,
  asked_at: DATE
})

async function report (step, what, options) {
  const [{ pid }] = await sequelize.query('SELECT pg_backend_pid() AS pid', { type: QueryTypes.SELECT, ...options })
  print(step, pid, what)
}

function refusal (error) {
  const { code, constraint, message, detail, hint, schema, table } = error.original
  return { error: error.name, sqlstate: code, reason: constraint, message, detail, hint, schema, table }
}

async function main () {
  console.log(require('sequelize/package.json').version)
  await report('late', refusal(await rejection(Refund.create({ amount: 49.90, ...late }))))

  await sequelize.transaction(async transaction => {
    const ticket = await Ticket.create({ subject: 'savepoint', opened_at: march(9) }, { transaction })
    const error = await rejection(sequelize.transaction({ transaction }, async savepoint => {
      await Refund.create({ ticket_id: ticket.id, amount: 49.90, category: 'savepoint', ...late }, { transaction: savepoint })
    }))
    await Refund.create({ ticket_id: ticket.id, amount: 10, category: 'savepoint', ...inTime }, { transaction })
    await report('savepoint', refusal(error), { transaction })
  })

  const rows = [0, 1, 2, 3, 4].map(i => ({ amount: 10, category: 'bulk', ...(i === 3 ? late : inTime) }))
  await report('bulk', refusal(await rejection(Refund.bulkCreate(rows))))

  const refund = await Refund.create({ amount: 40, category: 'allowed', ...inTime })
  await report('allowed', { id: refund.id })
  await report('raised', refusal(await rejection(refund.update({ amount: 900 }))))

  await Refund.create({ amount: 9.90, category: 'magazine', ...late })
  await report('flagged', { warning: warning.message })

  const ticket = await Ticket.create({ subject: 'solved', opened_at: march(2, 9) })
  const seen = await Ticket.findByPk(ticket.id)
  await ticket.update({ status: 'solved', answered_at: march(2, 12), solved_at: march(2, 13) })
  const stale = await rejection(seen.update({ subject: 'stale' }))
  await report('stale', { error: stale instanceof OptimisticLockError && stale.name })
  const unknown = await Ticket.create({ subject: 'unknown', status: 'frozen', opened_at: march(2, 9) })
  await report('unknown', { id: unknown.id })
  const deleted = await Ticket.create({ subject: 'deleted', opened_at: march(2, 9) })
  await deleted.destroy()
  await report('deleted', { id: deleted.id })
  await sequelize.close()
}

main().catch(error => { console.error(error); process.exit(1) })
