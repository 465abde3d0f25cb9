import type { Column } from "#panel/panel";
import type { FieldSet, StoredField } from "./panel-store.ts";
import { bytesPerValue } from "./segment.ts";

const SET_NAME = /^[A-Za-z0-9_.]{1,64}$/;

/** The stored descriptions of field sets, brought up to date by what is put. */
export class FieldSetTable {
  readonly #sets: Map<string, FieldSet>;
  /** Descriptions that were taken over already, told by their object: the same one comes with every block. */
  readonly #taken = new Map<string, { readonly set: FieldSet; readonly names: Set<string> }>();
  #isChanged = false;

  constructor(sets: ReadonlyMap<string, FieldSet> = new Map()) {
    this.#sets = new Map(sets);
  }

  get isChanged(): boolean {
    return this.#isChanged;
  }

  all(): ReadonlyMap<string, FieldSet> {
    return this.#sets;
  }

  fieldsOf(set: string): readonly StoredField[] {
    return this.#sets.get(set)?.fields ?? [];
  }

  reset(sets: ReadonlyMap<string, FieldSet>): void {
    this.#taken.clear();
    this.#sets.clear();
    for (const set of sets.values()) this.#sets.set(set.name, set);
    this.#isChanged = true;
  }

  /** The description of each column. Throws `RangeError` or `TypeError` on columns that do not fit it or each other. */
  describe(set: FieldSet, columns: readonly Column[]): StoredField[] {
    if (!SET_NAME.test(set.name)) throw new RangeError(`"${set.name}" cannot be the name of a field set`);
    const length = columns[0]?.values.length;
    const byName = new Map(set.fields.map((field) => [field.name, field]));
    return columns.map(({ name, values }) => {
      const field = byName.get(name);
      if (field === undefined)
        throw new RangeError(`the set ${set.name} describes no field ${name}, or it is put twice`);
      byName.delete(name);
      if (values.length !== length) {
        throw new RangeError(`column ${name} holds ${values.length} values, not ${length}`);
      }
      if (values.BYTES_PER_ELEMENT !== bytesPerValue(field.dtype)) {
        throw new TypeError(
          `column ${name} is described as ${field.dtype} and put as ${values.constructor.name}`,
        );
      }
      return field;
    });
  }

  /** Takes over the description of the fields that are put. Throws `TypeError` when the set plays another role. */
  take(set: FieldSet, fields: readonly StoredField[]): void {
    let taken = this.#taken.get(set.name);
    if (taken?.set !== set) this.#taken.set(set.name, (taken = { set, names: new Set() }));
    if (this.#sets.has(set.name) && fields.every((field) => taken.names.has(field.name))) return;
    const known = this.#sets.get(set.name);
    if (known !== undefined && known.role !== set.role) {
      throw new TypeError(`the set ${set.name} is a ${known.role} set and cannot become a ${set.role} set`);
    }
    const merged = [...(known?.fields ?? [])];
    let isNew = known === undefined;
    // In the order of the description, which need not be the one that the columns lie in.
    const put = new Set(fields.map((field) => field.name));
    for (const field of set.fields) {
      if (!put.has(field.name)) continue;
      taken.names.add(field.name);
      const index = merged.findIndex((other) => other.name === field.name);
      if (index >= 0 && JSON.stringify(merged[index]) === JSON.stringify(plainField(field))) continue;
      if (index < 0) merged.push(plainField(field));
      else merged[index] = plainField(field);
      isNew = true;
    }
    if (!isNew) return;
    this.#sets.set(set.name, { ...known, name: set.name, role: set.role, fields: merged });
    this.#isChanged = true;
  }

  /** Says which blocks of a set are behind its lineage; none when the record is empty. */
  setBehind(name: string, behind: Readonly<Record<string, number>>): void {
    const set = this.#sets.get(name);
    if (set === undefined) throw new RangeError(`there is no set ${name}`);
    if (JSON.stringify(set.behind ?? {}) === JSON.stringify(behind)) return;
    const { behind: _, ...rest } = set;
    this.#sets.set(name, Object.keys(behind).length === 0 ? rest : { ...rest, behind: { ...behind } });
    this.#isChanged = true;
  }

  /** Forgets some or all fields of a set; whether there were any. */
  drop(name: string, isDropped: (field: string) => boolean): boolean {
    this.#taken.delete(name);
    const set = this.#sets.get(name);
    if (set === undefined) return false;
    const left = set.fields.filter((field) => !isDropped(field.name));
    if (left.length === set.fields.length) return false;
    if (left.length === 0) this.#sets.delete(name);
    else this.#sets.set(name, { ...set, fields: left });
    this.#isChanged = true;
    return true;
  }
}

/** A field's description with its members in one order, so that two can be compared as text. */
function plainField({ name, dtype, unit, lineage }: StoredField): StoredField {
  const { from, engine, inputGeneration } = lineage;
  return { name, dtype, unit, lineage: { from, engine, inputGeneration } };
}
