// What the bundle has of undici: the classes that are used. Each loads when the first one is made: the server over stdio,
// which makes none, starts without.
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
