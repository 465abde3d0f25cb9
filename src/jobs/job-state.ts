/** The states of a job, and what they are called. */
export const jobStates = [
  "queued",
  "running",
  "completed",
  "completed_with_errors",
  "failed",
  "cancelled",
] as const;

export type JobState = (typeof jobStates)[number];

export const jobStateTitles: Readonly<Record<JobState, { readonly zh: string; readonly en: string }>> = {
  queued: { zh: "未开始", en: "queued" },
  running: { zh: "进行中", en: "running" },
  completed: { zh: "已完成", en: "completed" },
  completed_with_errors: { zh: "部分完成", en: "completed with errors" },
  failed: { zh: "失败", en: "failed" },
  cancelled: { zh: "已取消", en: "cancelled" },
};

/** Whether nothing more happens to a job in this state unless somebody asks for it. */
export function isEnded(state: JobState): boolean {
  return state !== "queued" && state !== "running";
}
