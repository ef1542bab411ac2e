// Names below localhost are this machine (RFC 6761 section 6.3); Node.js asks the system, which may not know.
import dns from 'node:dns'

const asked = dns.lookup
dns.lookup = (name, options, done) => {
  const callback = typeof options === 'function' ? options : done
  if (name !== 'localhost' && !name.endsWith('.localhost')) return asked(name, options, done)
  const all = typeof options === 'object' && options.all
  process.nextTick(() => (all ? callback(null, [{ address: '127.0.0.1', family: 4 }]) : callback(null, '127.0.0.1', 4)))
}
