// What the bundle has of undici: the classes that are used. Each loads when the first one is made: the server over stdio,
// which makes none, starts without.
module.exports = {
  get Pool() {
    return require("../node_modules/undici/lib/dispatcher/pool.js")
  },
  get ProxyAgent() {
    return require("../node_modules/undici/lib/dispatcher/proxy-agent.js")
  }
}
