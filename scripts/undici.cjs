// The only classes of undici that the bundle needs. Each loads when it is first used, so the stdio server, which uses
// none, starts without them.
module.exports = {
  get Pool() {
    return require("../node_modules/undici/lib/dispatcher/pool.js")
  },
  get ProxyAgent() {
    return require("../node_modules/undici/lib/dispatcher/proxy-agent.js")
  }
}
