/** The coded errors of backups. What the storage or the store reports passes through with its own code. */
export const backupErrors = {
  BACKUP_TARGET: "the target is neither a folder nor a bucket that can be used",
  BACKUP_MISSING: "there is no backup of that name",
  BACKUP_DAMAGED: "a byte of the backup is not what was written",
  BACKUP_FORMAT: "the backup was written by a version this one does not read",
  BACKUP_BUSY: "somebody reads the backups",
  BACKUP_OTHER_STORE: "the backup is of another store",
  BACKUP_OTHER_HISTORY: "the store was made anew since; its files and the backup's have the same names",
  BACKUP_STORE_NEWER: "the store holds a newer generation than the backup",
} as const;

export type BackupErrorCode = keyof typeof backupErrors;

export class BackupError extends Error {
  override readonly name = "BackupError";
  readonly code: BackupErrorCode;
  readonly remedy: string;
  readonly place: { readonly file?: string };

  constructor(
    code: BackupErrorCode,
    found: string,
    details: { readonly remedy: string; readonly file?: string; readonly cause?: unknown },
  ) {
    super(found, details.cause === undefined ? {} : { cause: details.cause });
    this.code = code;
    this.remedy = details.remedy;
    this.place = details.file === undefined ? {} : { file: details.file };
  }
}
