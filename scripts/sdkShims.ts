export { CfWorkerJsonSchemaValidator as DefaultJsonSchemaValidator } from "@modelcontextprotocol/server/validators/cf-worker"
// The global one: the module of that name reads every member of it, which costs a start 1.5 ms.
export const { process } = globalThis
