/** Stands in for proxy-agent-negotiate in the bundle: this program offers proxies no Kerberos, whose package is native. */
export const createNegotiateAuth = () => {
  throw new Error("Negotiate authentication at a proxy is not supported.")
}
