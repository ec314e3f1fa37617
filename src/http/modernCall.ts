import type { Server, Transport } from "@modelcontextprotocol/server"
import { complete, type Reply } from "./delivery/respond.ts"

const encoder = new TextEncoder()
const json = { "content-type": "application/json" }

/**
 * Takes the result of the one request that `server` is made for, where it is the whole response. The SDK's transport
 * would make a web Response of it, to be read again at once, and then close the server, mostly for the stack of an error
 * that nobody sees: together a sixth of the time of a request.
 */
export const takeResult = (server: Server, onReply: (reply: Reply) => void): Server => {
  const connect = server.connect.bind(server)
  server.connect = (transport: Transport) => {
    const send = transport.send.bind(transport)
    let isTheirs = false
    transport.send = (message, options) => {
      // The transport sends errors, which have a status of their own, and a stream to its end.
      isTheirs ||= !("result" in message)
      if (isTheirs) return send(message, options)
      // The SDK's handler counts the server as under way until it hears this.
      server.onclose?.()
      onReply(complete(200, json, encoder.encode(JSON.stringify(message))))
      return Promise.resolve()
    }
    return connect(transport)
  }
  return server
}
