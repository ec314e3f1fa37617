/** A page of agents as Sequentum lists them, in JSON. */
export const agents = JSON.stringify({
  agents: Array.from({ length: 50 }, (_, index) => ({
    id: index + 1,
    name: `Agent ${index + 1}`,
    description: "Reads a catalogue: title, price and stock.",
    configType: 1,
    spaceId: 3,
    status: 10,
    version: 4,
    isActive: true,
    lastActivity: "2026-03-01T06:00:00Z"
  })),
  totalRecordCount: 50
})
