// What the Node clients share: when things happened, and lines for ../run.
'use strict'

const march = (day, hour = 10) => new Date(Date.UTC(2026, 2, day, hour))
const inTime = { delivered_at: march(1), asked_at: march(9) }
const late = { delivered_at: new Date(Date.UTC(2026, 0, 10, 12)), asked_at: march(9) }

const print = (step, pid, what) => console.log(JSON.stringify({ step, pid, ...what }))

// What is rejected; nothing when nothing is.
const rejection = promise => promise.then(() => {}, error => error)

module.exports = { march, inTime, late, print, rejection }
