// The only class of undici that the bundle needs. It loads when the first Pool is created, so the stdio server, which
// creates none, starts without it.
module.exports = {
  get Pool() {
    return require("../node_modules/undici/lib/dispatcher/pool.js")
  }
}
