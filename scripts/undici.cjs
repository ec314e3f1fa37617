// The only classes of undici that the bundle needs. Each loads when it is first used, so the stdio server, which uses
// none, starts without them.
module.exports = {
  get Pool() {
    return require("../node_modules/undici/lib/dispatcher/pool.js")
  },
  get ProxyAgent() {
    // What undici's index does for all of its API.
    require("../node_modules/undici/lib/dispatcher/dispatcher.js").prototype.connect = require("../node_modules/undici/lib/api/api-connect.js")
    return require("../node_modules/undici/lib/dispatcher/proxy-agent.js")
  }
}
