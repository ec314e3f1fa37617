import { offered, onTheWire } from "./surface.ts"
for (const t of offered()) if (/run_data|run_log|preview/.test(t.name)) console.log(JSON.stringify(onTheWire(t)), "\n")
