// What the bundle has of undici: the one class that is used, with the one method that is called, as undici's own entry
// puts them together. Both load when the first one is made: the server over stdio, which makes none, starts without.
module.exports = {
  get Agent() {
    const Dispatcher = require("../node_modules/undici/lib/dispatcher/dispatcher.js")
    Dispatcher.prototype.request = require("../node_modules/undici/lib/api/api-request.js")
    return require("../node_modules/undici/lib/dispatcher/agent.js")
  }
}
