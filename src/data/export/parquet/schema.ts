import type { ThriftStruct } from "./compact-thrift.ts";
import type { ParquetColumn, ParquetType } from "./column-values.ts";

const INT32 = 1;
const INT64 = 2;
const FLOAT = 4;
const DOUBLE = 5;
const BYTE_ARRAY = 6;
const OPTIONAL = 1;

/** How values of a type lie in a page. */
export const physicalType: Readonly<Record<ParquetType, number>> = {
  DATE: INT32,
  INTEGER: INT32,
  FLOAT,
  DOUBLE,
  BIGINT: INT64,
  TIMESTAMP: INT64,
  VARCHAR: BYTE_ARRAY,
};

/** Bytes of a value in a row group under way; of text, of its number in the dictionary. */
export const valueBytes: Readonly<Record<ParquetType, number>> = {
  DATE: 4,
  INTEGER: 4,
  FLOAT: 4,
  DOUBLE: 8,
  BIGINT: 8,
  TIMESTAMP: 8,
  VARCHAR: 4,
};

const NONE: ThriftStruct = [];

/** What the numbers and bytes mean, in the older form and in the newer one, since readers differ. */
const meanings: Readonly<Partial<Record<ParquetType, ThriftStruct>>> = {
  VARCHAR: [
    [6, { i32: 0 }],
    [10, { struct: [[1, { struct: NONE }]] }],
  ],
  DATE: [
    [6, { i32: 6 }],
    [10, { struct: [[6, { struct: NONE }]] }],
  ],
  // Microseconds of no time zone.
  TIMESTAMP: [
    [6, { i32: 10 }],
    [
      10,
      {
        struct: [
          [
            8,
            {
              struct: [
                [1, { bool: false }],
                [2, { struct: [[2, { struct: NONE }]] }],
              ],
            },
          ],
        ],
      },
    ],
  ],
};

/** A flat schema: the root, then a nullable element for each column. */
export function schemaElements(columns: readonly ParquetColumn[]): readonly ThriftStruct[] {
  const root: ThriftStruct = [
    [4, { binary: "schema" }],
    [5, { i32: columns.length }],
  ];
  return [
    root,
    ...columns.map(({ name, type }): ThriftStruct => [
      [1, { i32: physicalType[type] }],
      [3, { i32: OPTIONAL }],
      [4, { binary: name }],
      ...(meanings[type] ?? []),
    ]),
  ];
}
