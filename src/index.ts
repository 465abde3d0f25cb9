/** The public names, in the order of the work: market → data → store → factors → labels → evaluation → export. */

// market: instruments, calendars, rules, adjustment
export { dayOf, isoOf, parseDay, weekdayOf, type Day } from "#market/day";
export { formatInstrument, instrumentOf, readInstrument, type InstrumentId } from "#market/instrument";
export { calendarNamed } from "#market/calendar/exchange-calendars";
export { calendarOf, type Calendar } from "#market/calendar/calendar";
export { rulesOn, limitPricesUnder, type TradingRules } from "#market/trading-rules/rules-on";
export { factorFromFile, factorFromPreclose, factorFromRunning } from "#market/adjustment/factor";
export { viewOf } from "#market/adjustment/view";
export { universeOf, type Universe } from "#market/universe";

// panel: day × instrument
export { asRole, columnOf, panelOf, seriesOf, type Column, type Panel } from "#panel/panel";
export { lowerRow, upperRow, type Frequency, type TimeAxis } from "#panel/axes";
export type { Role } from "#panel/roles";

// data: sources, quality, the store
export type { BarBatch, BarRequest, BarSource, SourceDescription } from "#data/source";
export { DataError, dataErrors, type DataErrorCode } from "#data/errors";
export { detect, type Detection } from "#data/detection/detect";
export { openSource, refreshData, type RefreshedData } from "#pipelines/refresh-data";
export { openStore, listStores } from "#data/store/open-store";
export type { PanelStore, StoreSnapshot, StoreWriter } from "#data/store/panel-store";
export { verifyStore } from "#data/store/verify";
export { storeOf, workspaceAt, type Workspace } from "#pipelines/workspace";
export { viewOfQlib, viewOfStore, type MarketView } from "#pipelines/market-view";

// factors: Qlib's expressions
export { parseExpression } from "#expression/syntax/parse";
export { formatExpression } from "#expression/syntax/format";
export { buildGraph } from "#expression/ir/build";
export { evaluateExpressions } from "#expression/run/evaluate";
export { StreamingFactors, type StreamRow } from "#expression/run/streaming-factors";
export { explainExpression } from "#expression/explain";
export { ExpressionError } from "#expression/errors";
export { factorSet, factorSets, findFactor, shippedFactors } from "#factors/catalogue";
export type { FactorDeclaration, FactorSet } from "#factors/factor-set";
export { factsOf, registryOf, type FactorRegistry, type RegisteredFactor } from "#factors/registry";
export { FactorError, factorErrors, type FactorProblem } from "#factors/errors";
export { loadUserFactors, workspaceFactors } from "#pipelines/user-factors";
export { computeFactors, type FactorList } from "#factors/compute";
export { factorGroups, factorTable } from "#pipelines/factor-table";
export { storeFactors } from "#pipelines/store-factors";
export { FeatureReader, loadWithIndicators } from "#pipelines/read-features/feature-reader";
export type { FeatureRequest, LoadedFeatures } from "#pipelines/read-features/feature-request";
export { checkVersions } from "#pipelines/precompute/versions/check-versions";
export { readVersions, writeVersions } from "#pipelines/precompute/versions/version-files";

// labels and evaluation
export { forwardReturn, forwardReturns } from "#labels/forward-return";
export { evaluateFactors, type FactorEvaluation } from "#evaluation/factor/evaluation";
export { evaluateFactorList } from "#pipelines/evaluate-factors";
export { factorReportOf } from "#pipelines/factor-report";
export { renderFactorReport, type FactorReport } from "#evaluation/report/factor-report";

// exports
export { writeTableParquet } from "#data/export/parquet/write-table";
export { writeTableCsv } from "#data/export/csv/write-table";
export { tableOfPanel, tableOfStore } from "#data/export/series-table";
export { dumpQlibDirectory } from "#pipelines/qlib-directory/dump-directory";
export { updateQlibDirectory } from "#pipelines/qlib-directory/update-directory";
export { exportInstrumentFiles } from "#pipelines/export-parquet/instrument-files";
export { exportPeriodFiles } from "#pipelines/export-parquet/period-files";
export { readQlibPanel } from "#data/sources/qlib-bin/panel";

// snapshots
export { exportSnapshot, type ExportOptions } from "#pipelines/snapshot/export-snapshot";
export type { ExportResult } from "#pipelines/snapshot/export-result";
export type { SnapshotRequest } from "#pipelines/snapshot/plan-snapshot";
export type { SnapshotSource } from "#pipelines/snapshot/snapshot-source";
export { StoreSnapshotSource } from "#pipelines/snapshot/store-snapshot-source";
export { deleteSnapshot, listSnapshots, showSnapshot } from "#pipelines/snapshot/snapshot-catalogue";
export { updateSnapshot } from "#pipelines/snapshot/update/update-snapshot";
export { openPostgresSnapshotSource } from "#pipelines/snapshot/postgres-snapshot-source";
export { snapshotIn } from "#pipelines/snapshot/snapshot-place";
export { verifySnapshot, type SnapshotVerification } from "#pipelines/snapshot/verify-snapshot";
export { SnapshotError, snapshotErrors } from "#pipelines/snapshot/errors";

// live: the last days as a snapshot holds them, and signals from either
export { LiveDataAdapter } from "#pipelines/live-features/live-data-adapter";
export { livePlanOf } from "#pipelines/live-features/live-plan";
export { liveSource, liveStore } from "#pipelines/live-features/live-source";
export { panelOfFrame } from "#pipelines/live-features/frame-panel";
export type { QuoteFeed } from "#data/quotes/quote-feed";
export { TdxFeed } from "#data/quotes/tdx/tdx-feed";
export { generateSignals } from "#strategies/top-k-dropout";
