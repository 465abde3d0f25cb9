/**
 * What pandas looks for in a Parquet file to give back the frame with its index: the column `date` becomes a
 * DatetimeIndex. After pandas' developer notes, "Storing pandas DataFrame objects in Apache Parquet format".
 */
export function pandasMetadata(
  index: string,
  columns: readonly { readonly name: string; readonly type: "FLOAT" | "DOUBLE" }[],
): string {
  const described = columns.map(({ name, type }) => {
    const number = type === "FLOAT" ? "float32" : "float64";
    return { name, field_name: name, pandas_type: number, numpy_type: number, metadata: null };
  });
  const date = {
    name: index,
    field_name: index,
    pandas_type: "datetime",
    numpy_type: "datetime64[ns]",
    metadata: null,
  };
  return JSON.stringify({
    index_columns: [index],
    column_indexes: [],
    columns: [...described, date],
    creator: { library: "alphaloom", version: "1" },
    pandas_version: "2.0.0",
  });
}
