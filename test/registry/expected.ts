import type { JsonObject } from "../../src/tools/Tool.ts"

/** What a call with its valid arguments asks of Sequentum, and what it answers. */
export interface Expected {
  readonly requests: ReadonlyArray<string>
  readonly bodies: ReadonlyArray<JsonObject>
  readonly result: JsonObject
}

export const expected: Readonly<Record<string, Expected>> = {
  list_agents: {
    requests: [
      "GET /agent/all?configType=1&name=book&pageIndex=1&recordsPerPage=50&sortColumn=lastActivity&sortOrder=1&spaceId=3&status=10"
    ],
    bodies: [],
    result: {
      agents: [
        {
          agentId: 7,
          name: "Books",
          description: "All books.",
          status: "Success",
          configType: "Agent",
          spaceId: 3,
          version: 4,
          lastActivity: "2026-03-01T06:05:00Z"
        }
      ],
      pagination: {
        pageIndex: 1,
        recordsPerPage: 50,
        totalRecordCount: 51,
        hasMore: true
      }
    }
  },
  get_agent: {
    requests: ["GET /agent/7"],
    bodies: [],
    result: {
      agentId: 7,
      name: "Books",
      description: "All books.",
      status: "Success",
      configType: "Agent",
      spaceId: 3,
      version: 4,
      lastActivity: "2026-03-01T06:05:00Z",
      inputParameters: {
        category: "All"
      },
      startUrl: "https://books.example/",
      proxyPoolId: 12,
      validationStatus: "Valid",
      isActive: true,
      created: "2026-01-01T00:00:00Z",
      updated: "2026-02-01T00:00:00Z"
    }
  },
  search_agents: {
    requests: ["GET /agent/search?maxRecords=10&query=book"],
    bodies: [],
    result: {
      agents: [
        {
          agentId: 7,
          name: "Books",
          description: "All books.",
          status: "Success",
          configType: "Agent",
          spaceId: 3,
          version: 4,
          lastActivity: "2026-03-01T06:05:00Z"
        },
        {
          agentId: 8,
          name: "Books",
          description: "All books.",
          status: "NeverRun",
          configType: "Agent",
          spaceId: 3,
          version: 4
        }
      ]
    }
  },
  get_agent_search_count: {
    requests: ["GET /agent/search/count?includeArchived=true&query=book"],
    bodies: [],
    result: {
      totalCount: 2
    }
  },
  get_personal_agent_count: {
    requests: ["GET /agent/personal/count"],
    bodies: [],
    result: {
      totalCount: 1
    }
  },
  get_agent_runs: {
    requests: ["GET /agent/7/runs?maxRecords=50"],
    bodies: [],
    result: {
      runs: [
        {
          runId: 90,
          status: "Success",
          isFinal: true,
          startTime: "2026-03-01T06:00:10Z",
          endTime: "2026-03-01T06:05:00Z",
          runTimeSec: 290,
          dataCount: 200,
          exportCount: 200,
          errorCount: 0,
          pageCount: 11
        }
      ]
    }
  },
  get_agent_run_summary: {
    requests: ["GET /agent/7/runs/summary"],
    bodies: [],
    result: {
      totalCount: 3,
      statusCounts: [
        {
          status: "Success",
          count: 3
        }
      ]
    }
  },
  get_run_status: {
    requests: ["GET /agent/7/run/90/status"],
    bodies: [],
    result: {
      runId: 90,
      agentId: 7,
      agentName: "Books",
      status: "Success",
      isFinal: true,
      created: "2026-03-01T06:00:00Z",
      startTime: "2026-03-01T06:00:10Z",
      endTime: "2026-03-01T06:05:00Z",
      runTimeSec: 290,
      dataCount: 200,
      exportCount: 200,
      errorCount: 0,
      pageCount: 11,
      requestCount: 40,
      configVersion: 4,
      parallelism: 1,
      tableType: "run"
    }
  },
  start_agent: {
    requests: ["POST /agent/7/start"],
    bodies: [
      {
        parallelism: 2,
        parallelMaxConcurrency: 1,
        parallelExport: "Combined",
        timeout: 60,
        isExclusive: true,
        isWaitOnFailure: false,
        isRunSynchronously: false,
        logLevel: "Info",
        logMode: "Text",
        inputParameters: '{"category":"Poetry"}'
      }
    ],
    result: {
      run: {
        runId: 90,
        agentId: 7,
        agentName: "Books",
        status: "Queuing",
        isFinal: false,
        created: "2026-03-01T06:00:00Z",
        startTime: "2026-03-01T06:00:10Z",
        runTimeSec: 290,
        dataCount: 200,
        exportCount: 200,
        errorCount: 0,
        pageCount: 11,
        requestCount: 40,
        configVersion: 4,
        parallelism: 1,
        tableType: "run"
      }
    }
  },
  stop_agent: {
    requests: ["POST /agent/7/run/90/stop", "GET /agent/7/run/90/status"],
    bodies: [],
    result: {
      agentId: 7,
      runId: 90,
      status: "Success",
      isFinal: true
    }
  },
  kill_agent: {
    requests: ["POST /agent/7/run/90/kill", "GET /agent/7/run/90/status"],
    bodies: [],
    result: {
      agentId: 7,
      runId: 90,
      status: "Success",
      isFinal: true
    }
  },
  delete_run: {
    requests: ["DELETE /agent/7/run/90?removeMethod=RemoveAllFiles"],
    bodies: [],
    result: {
      deleted: true,
      agentId: 7,
      runId: 90,
      removeMethod: "RemoveAllFiles"
    }
  },
  wait_for_run: {
    requests: ["GET /agent/7/run/90/status"],
    bodies: [],
    result: {
      run: {
        runId: 90,
        agentId: 7,
        agentName: "Books",
        status: "Success",
        isFinal: true,
        created: "2026-03-01T06:00:00Z",
        startTime: "2026-03-01T06:00:10Z",
        endTime: "2026-03-01T06:05:00Z",
        runTimeSec: 290,
        dataCount: 200,
        exportCount: 200,
        errorCount: 0,
        pageCount: 11,
        requestCount: 40,
        configVersion: 4,
        parallelism: 1,
        tableType: "run"
      },
      isFinal: true,
      waitedSeconds: 0
    }
  },
  get_run_files: {
    requests: ["GET /agent/7/run/90/files"],
    bodies: [],
    result: {
      files: [
        {
          fileId: 5,
          name: "books.csv",
          type: "DeliveredFile",
          sizeBytes: 2048,
          size: "2.0 KB",
          created: "2026-03-01T06:05:00Z"
        }
      ]
    }
  },
  get_file_download_url: {
    requests: ["GET /agent/7/run/90/file/5/download"],
    bodies: [],
    result: {
      url: "https://files.test/books.csv?signature=abc"
    }
  },
  preview_run_file: {
    requests: ["GET /agent/7/run/90/files", "GET /agent/7/run/90/file/5/download", "GET /books.csv?signature=abc"],
    bodies: [],
    result: {
      fileId: 5,
      name: "books.csv",
      type: "DeliveredFile",
      sizeBytes: 2048,
      size: "2.0 KB",
      created: "2026-03-01T06:05:00Z",
      format: "csv",
      columns: ["title", "price"],
      rows: [
        {
          title: "Emma",
          price: "9.50"
        }
      ],
      hasMoreRows: true,
      notice: "Shown: the first 1 rows. For more raise maxRows (at most 200) or use get_file_download_url."
    }
  },
  get_agent_versions: {
    requests: ["GET /agent/7/versions"],
    bodies: [],
    result: {
      versions: [
        {
          version: 4,
          userName: "Dana",
          created: "2026-02-01T00:00:00Z",
          comments: "New menu",
          fileSize: 500
        }
      ]
    }
  },
  restore_agent_version: {
    requests: ["POST /agent/7/version/3/restore"],
    bodies: [
      {
        content: "The new menu broke it"
      }
    ],
    result: {
      restored: true,
      agentId: 7,
      versionNumber: 3
    }
  },
  list_agent_schedules: {
    requests: ["GET /agent/7/schedules"],
    bodies: [],
    result: {
      schedules: [
        {
          scheduleId: 31,
          agentId: 7,
          name: "Nightly",
          scheduleType: "CRON",
          cronExpression: "0 2 * * *",
          timezone: "Europe/Berlin",
          nextRunTime: "2026-03-02T01:00:00Z",
          isEnabled: true,
          inputParameters: '{"category":"Fiction"}',
          parallelism: 2
        }
      ]
    }
  },
  get_agent_schedule: {
    requests: ["GET /agent/7/schedules/31"],
    bodies: [],
    result: {
      scheduleId: 31,
      agentId: 7,
      name: "Nightly",
      scheduleType: "CRON",
      cronExpression: "0 2 * * *",
      timezone: "Europe/Berlin",
      nextRunTime: "2026-03-02T01:00:00Z",
      isEnabled: true,
      inputParameters: '{"category":"Fiction"}',
      parallelism: 2
    }
  },
  create_agent_schedule: {
    requests: ["POST /agent/7/schedules"],
    bodies: [
      {
        isEnabled: true,
        parallelism: 1,
        name: "Nightly",
        scheduleType: 3,
        cronExpression: "0 2 * * *",
        timezone: "Europe/Berlin"
      }
    ],
    result: {
      scheduleId: 31,
      agentId: 7,
      name: "Nightly",
      scheduleType: "CRON",
      cronExpression: "0 2 * * *",
      timezone: "Europe/Berlin",
      nextRunTime: "2026-03-02T01:00:00Z",
      isEnabled: true,
      inputParameters: '{"category":"Fiction"}',
      parallelism: 2
    }
  },
  update_agent_schedule: {
    requests: ["GET /agent/7/schedules/31", "PUT /agent/7/schedules/31"],
    bodies: [
      {
        name: "Nightly",
        timezone: "Europe/Berlin",
        inputParameters: '{"category":"Fiction"}',
        isEnabled: true,
        parallelism: 2,
        parallelMaxConcurrency: 1,
        parallelExport: "Separated",
        logLevel: "Warning",
        logMode: "TextAndHtml",
        isExclusive: true,
        isWaitOnFailure: false,
        scheduleType: 3,
        cronExpression: "0 3 * * *"
      }
    ],
    result: {
      scheduleId: 31,
      agentId: 7,
      name: "Nightly",
      scheduleType: "CRON",
      cronExpression: "0 2 * * *",
      timezone: "Europe/Berlin",
      nextRunTime: "2026-03-02T01:00:00Z",
      isEnabled: true,
      inputParameters: '{"category":"Fiction"}',
      parallelism: 2
    }
  },
  enable_agent_schedule: {
    requests: ["POST /agent/7/schedules/31/enable"],
    bodies: [],
    result: {
      agentId: 7,
      scheduleId: 31,
      isEnabled: true
    }
  },
  disable_agent_schedule: {
    requests: ["POST /agent/7/schedules/31/disable"],
    bodies: [],
    result: {
      agentId: 7,
      scheduleId: 31,
      isEnabled: false
    }
  },
  delete_agent_schedule: {
    requests: ["DELETE /agent/7/schedules/31"],
    bodies: [],
    result: {
      deleted: true,
      agentId: 7,
      scheduleId: 31
    }
  },
  get_scheduled_runs: {
    requests: ["GET /analytics/schedules/upcoming?endDate=2026-03-08&startDate=2026-03-01"],
    bodies: [],
    result: {
      startDate: "2026-03-01",
      endDate: "2026-03-08",
      scheduledRuns: [
        {
          scheduleId: 31,
          scheduleName: "Nightly",
          agentId: 7,
          agentName: "Books",
          nextRunTime: "2026-03-02T01:00:00Z",
          timezone: "Europe/Berlin",
          isEnabled: true
        }
      ]
    }
  },
  get_credits_balance: {
    requests: ["GET /billing/credits"],
    bodies: [],
    result: {
      availableCredits: 12.5,
      organizationId: 1,
      retrievedAt: "2026-03-01T12:00:00Z"
    }
  },
  get_spending_summary: {
    requests: ["GET /billing/spending?endDate=2026-03-02&startDate=2026-03-01"],
    bodies: [],
    result: {
      totalSpent: 3.25,
      currentBalance: 12.5,
      startDate: "2026-02-23",
      endDate: "2026-03-01"
    }
  },
  get_credit_history: {
    requests: ["GET /billing/history?pageIndex=1&recordsPerPage=50"],
    bodies: [],
    result: {
      transactions: [
        {
          transactionType: "Debit",
          amount: -0.5,
          balance: 12.5,
          created: "2026-03-01T06:05:00Z"
        }
      ],
      pagination: {
        pageIndex: 1,
        recordsPerPage: 50,
        totalRecordCount: 1,
        hasMore: false
      }
    }
  },
  get_agents_usage: {
    requests: [
      "GET /billing/agents?endDate=2026-03-02&name=b&pageIndex=1&recordsPerPage=50&sortColumn=cost&sortOrder=1&startDate=2026-03-01"
    ],
    bodies: [],
    result: {
      startDate: "2026-03-01",
      endDate: "2026-03-02",
      totalCost: 2,
      agents: [
        {
          agentId: 7,
          agentName: "Books",
          cost: 2,
          spaceId: 3
        }
      ],
      pagination: {
        pageIndex: 1,
        recordsPerPage: 50,
        totalRecordCount: 1,
        hasMore: false
      }
    }
  },
  get_agent_cost_breakdown: {
    requests: ["GET /billing/agents/7?endDate=2026-03-02&startDate=2026-03-01&timeUnit=month"],
    bodies: [],
    result: {
      startDate: "2026-03-01",
      endDate: "2026-03-02",
      agentId: 7,
      agentName: "Books",
      totalCost: 2,
      labels: ["2026-03-01"],
      usageTypes: [
        {
          type: "RunUsage",
          totalCost: 2,
          data: [2]
        },
        {
          type: "ProxyUsage",
          totalCost: 0,
          data: []
        }
      ]
    }
  },
  get_agent_runs_cost: {
    requests: [
      "GET /billing/agents/7/runs?endDate=2026-03-02&pageIndex=1&recordsPerPage=50&sortColumn=cost&sortOrder=1&startDate=2026-03-01"
    ],
    bodies: [],
    result: {
      startDate: "2026-03-01",
      endDate: "2026-03-02",
      agentId: 7,
      agentName: "Books",
      totalCost: 2,
      runs: [
        {
          runId: 90,
          date: "2026-03-01",
          cost: 2,
          billingType: "PayAsYouGo"
        }
      ],
      pagination: {
        pageIndex: 1,
        recordsPerPage: 50,
        totalRecordCount: 1,
        hasMore: false
      }
    }
  },
  list_spaces: {
    requests: ["GET /spaces"],
    bodies: [],
    result: {
      spaces: [
        {
          spaceId: 3,
          name: "Retail",
          organizationId: 1,
          isDefaultAccess: true
        }
      ]
    }
  },
  get_space: {
    requests: ["GET /spaces/3"],
    bodies: [],
    result: {
      spaceId: 3,
      name: "Retail",
      organizationId: 1,
      isDefaultAccess: true
    }
  },
  get_space_agents: {
    requests: ["GET /spaces/3/agents"],
    bodies: [],
    result: {
      agents: [
        {
          agentId: 7,
          name: "Books",
          description: "All books.",
          status: "Success",
          configType: "Agent",
          spaceId: 3,
          version: 4,
          lastActivity: "2026-03-01T06:05:00Z"
        }
      ]
    }
  },
  get_space_agent_count: {
    requests: ["GET /spaces/3/agents/count"],
    bodies: [],
    result: {
      totalCount: 1
    }
  },
  search_space_by_name: {
    requests: ["GET /spaces/search?name=Retail"],
    bodies: [],
    result: {
      spaceId: 3,
      name: "Retail",
      organizationId: 1,
      isDefaultAccess: true
    }
  },
  run_space_agents: {
    requests: ["POST /spaces/3/run-all"],
    bodies: [
      {
        inputParameters: "{}"
      }
    ],
    result: {
      spaceId: 3,
      spaceName: "Retail",
      totalAgents: 2,
      agentsStarted: 1,
      agentsFailed: 1,
      results: [
        {
          agentId: 7,
          agentName: "Books",
          success: true,
          runId: 91
        },
        {
          agentId: 8,
          agentName: "Old",
          success: false,
          errorMessage: "Archived"
        }
      ]
    }
  },
  get_runs_summary: {
    requests: ["GET /analytics/runs/summary?endDate=2026-03-01&includeDetails=true&startDate=2026-03-01&status=Failed"],
    bodies: [],
    result: {
      startDate: "2026-03-01",
      endDate: "2026-03-01",
      totalRuns: 2,
      completedRuns: 1,
      failedRuns: 1,
      failedRunDetails: [
        {
          runId: 88,
          agentId: 7,
          agentName: "Books",
          status: "Failure",
          errorMessage: "Login required"
        }
      ]
    }
  },
  get_records_summary: {
    requests: ["GET /analytics/records/summary?agentId=7&endDate=2026-03-01&startDate=2026-03-01"],
    bodies: [],
    result: {
      runCount: 1,
      totalRecordsExtracted: 200,
      totalRecordsExported: 200,
      totalErrors: 0,
      totalPageLoads: 11
    }
  },
  get_run_diagnostics: {
    requests: ["GET /analytics/agents/7/runs/88/diagnostics"],
    bodies: [],
    result: {
      agentId: 7,
      agentName: "Books",
      runId: 88,
      status: "Failure",
      errorMessage: "Login required",
      startTime: "2026-02-28T06:00:00Z",
      endTime: "2026-02-28T06:01:00Z",
      runtimeSeconds: 60,
      stats: {
        dataCount: 0,
        exportCount: 0,
        errorCount: 1,
        pageCount: 1
      },
      possibleCauses: ["The site asks for a login."],
      suggestedActions: ["Add credentials."]
    }
  },
  get_latest_failure: {
    requests: ["GET /analytics/agents/7/latest-failure"],
    bodies: [],
    result: {
      hasFailure: true,
      agentId: 7,
      agentName: "Books",
      runId: 88,
      status: "Failure",
      errorMessage: "Login required",
      startTime: "2026-02-28T06:00:00Z",
      endTime: "2026-02-28T06:01:00Z",
      runtimeSeconds: 60,
      stats: {
        dataCount: 0,
        exportCount: 0,
        errorCount: 1,
        pageCount: 1
      },
      possibleCauses: ["The site asks for a login."],
      suggestedActions: ["Add credentials."]
    }
  },
  start_agent_build: {
    requests: ["POST /agent-builder/start"],
    bodies: [
      {
        prompt: "Scrape all shoes of https://shoes.example",
        spaceId: 3
      }
    ],
    result: {
      sessionId: "session-1"
    }
  },
  get_agent_build_status: {
    requests: ["GET /agent-builder/session-1/status"],
    bodies: [],
    result: {
      sessionId: "session-1",
      status: "completed",
      isFinal: true,
      agentId: 9,
      agentName: "Shoes"
    }
  },
  stop_agent_build: {
    requests: ["POST /agent-builder/session-1/stop"],
    bodies: [],
    result: {
      stopped: true,
      sessionId: "session-1"
    }
  },
  wait_for_agent_build: {
    requests: ["GET /agent-builder/session-1/status"],
    bodies: [],
    result: {
      build: {
        sessionId: "session-1",
        status: "completed",
        isFinal: true,
        agentId: 9,
        agentName: "Shoes"
      },
      isFinal: true,
      waitedSeconds: 0
    }
  }
}
