// What the bundle has of undici: the one class that is used. It loads when the first one is made: the server over stdio,
// which makes none, starts without.
module.exports = {
  get Pool() {
    return require("../node_modules/undici/lib/dispatcher/pool.js")
  }
}
