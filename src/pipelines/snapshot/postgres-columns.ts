/** What a table has to export: its bars in the usual order, further columns, and those of the factor table. */
import { originOfField, unitOfField } from "#data/sources/postgres/describe-table";
import type { ResolvedTable, TableField } from "#data/sources/postgres/table-mapping";
import { barFields, isBarField } from "#market/bar";
import { BAR_COLUMNS } from "./column-order.ts";
import { venueCurrency } from "./column-units.ts";
import type { RowColumn } from "./postgres-rows.ts";
import type { SnapshotColumn } from "./snapshot-source.ts";

export type PostgresColumn = SnapshotColumn & RowColumn;

const LABEL = /^label_/;

export function postgresColumns(table: ResolvedTable): readonly PostgresColumn[] {
  const fields = new Map(table.fields.map((field) => [field.name, field]));
  const currency = venueCurrency(table.calendar);
  const columns: PostgresColumn[] = [];
  for (const name of BAR_COLUMNS) {
    const field = fields.get(name);
    if (name === "factor") columns.push(factorColumn(field));
    else if (field !== undefined) columns.push(marketColumn(table, field, currency));
    else if (
      name === "vwap" &&
      table.adjustment.kind === "raw" &&
      fields.has("amount") &&
      fields.has("volume")
    )
      columns.push(vwapColumn(currency));
  }
  for (const field of table.fields) {
    if ((BAR_COLUMNS as readonly string[]).includes(field.name)) continue;
    const isFloat4 = field.kind === "float4";
    columns.push({
      name: field.name,
      role: LABEL.test(field.name) ? "label" : field.part === "factors" ? "factor" : "market",
      set: field.table,
      dtype: isFloat4 && field.part === "factors" ? "f32" : "f64",
      unit: unitOfField(field, table),
      description: `${field.name}, as ${field.table} has it`,
      lineage: originOfField(field),
      field: field.name,
      derived: null,
      moves: "none",
    });
  }
  return columns;
}

function marketColumn(table: ResolvedTable, field: TableField, currency: string): PostgresColumn {
  const { name } = field;
  const known = isBarField(name) ? barFields[name] : null;
  return {
    name,
    role: "market",
    set: field.table,
    dtype: "f64",
    unit:
      known?.measure === "currency"
        ? currency
        : known?.measure === "quantity"
          ? "shares"
          : (known?.measure ?? unitOfField(field, table)),
    description: known?.title ?? name,
    lineage: originOfField(field),
    field: name,
    derived: null,
    moves: known?.adjusts ?? "none",
  };
}

function factorColumn(field: TableField | undefined): PostgresColumn {
  return {
    name: "factor",
    role: "market",
    set: field?.table ?? "bars",
    dtype: "f64",
    unit: "ratio",
    description:
      "adjustment factor: exported price / traded price; where prices are exported as traded, the cumulative factor, 1 on the first bar",
    lineage: field === undefined ? "1" : originOfField(field),
    field: null,
    derived: "factor",
    moves: "none",
  };
}

function vwapColumn(currency: string): PostgresColumn {
  return {
    name: "vwap",
    role: "market",
    set: "bars",
    dtype: "f64",
    unit: currency,
    description: "volume-weighted average price of the day: amount / volume, adjusted like the other prices",
    lineage: "amount / volume",
    field: null,
    derived: "vwap",
    moves: "price",
  };
}
