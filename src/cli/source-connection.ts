/** What the commands of `alphaloom source` take, and where their connection comes from. */
import { sourceUrlOf } from "#data/sources/postgres/session";
import type { SharedOptions } from "./command.ts";

/** Where the connection comes from. */
export interface ConnectionOptions {
  readonly url?: string;
  readonly urlEnv?: string;
}

export interface SourceTestOptions extends SharedOptions, ConnectionOptions {
  readonly table?: string;
  readonly mapping?: string;
}

export type DemoLoadOptions = SharedOptions & ConnectionOptions & { readonly schema: string };

export interface WriteFactorsOptions extends SharedOptions, ConnectionOptions {
  readonly table: string;
  readonly store?: string;
  readonly set?: readonly string[];
  readonly columns?: string;
  readonly start?: string;
  readonly end?: string;
  readonly codes?: string;
  readonly createTable?: boolean;
  readonly createColumns?: boolean;
}

/** The connection asked for. Throws SOURCE_URL_MISSING. */
export function connectionOf({ url, urlEnv }: ConnectionOptions): string {
  return url ?? sourceUrlOf(process.env, urlEnv);
}
