import type { Calendar } from "#market/calendar/calendar";
import { isoOf, type Day } from "#market/day";
import { LiveError } from "./errors.ts";
import { exchangeMoment, finalSecond, type ExchangeMoment } from "./exchange-moment.ts";

/** Which sessions the window at a moment holds. */
export interface LiveWindow {
  readonly moment: ExchangeMoment;
  /** First and last session whose stored rows may be used; none when `start > end`. */
  readonly start: Day;
  readonly end: Day;
  /** The running (or just ended) session, whose bar would come from a feed; null when there is none. */
  readonly running: Day | null;
}

export interface WindowRequest {
  readonly now: number;
  /** Trading days, the running one included when it is wanted. */
  readonly window: number;
  /** Canonical ids; they decide when a session's bars are final. */
  readonly instruments: readonly string[];
  /** `final`: sessions whose daily bars are final. `begun`: also the running one, for bars within the day. */
  readonly rows: "final" | "begun";
  /** Makes room for the running session's row when its bar is not stored. */
  readonly isStored: (day: Day) => boolean;
  readonly wantsRunning: boolean;
}

/** Throws LIVE_WINDOW_INVALID, LIVE_MOMENT_UNKNOWN. */
export function liveWindow(calendar: Calendar, request: WindowRequest): LiveWindow {
  const { now, window, instruments, rows } = request;
  if (!Number.isInteger(window) || window < 1 || window > MOST_DAYS) {
    throw new LiveError("LIVE_WINDOW_INVALID", `a window of ${window} trading days`, {
      remedy: `give a whole number from 1 to ${MOST_DAYS}`,
    });
  }
  const moment = exchangeMoment(calendar, now);
  const { day, second } = moment;
  const isSession = calendar.isSession(day);
  const hasBegun = isSession && second >= calendar.sessionHours(day).open * 60;
  const isFinal = isSession && second >= finalSecond(calendar, day, instruments);
  const last = isFinal || (rows === "begun" && hasBegun) ? day : sessionBefore(calendar, day);
  const running = request.wantsRunning && hasBegun && !(isFinal && request.isStored(day)) ? day : null;
  const end = running === null || last < running ? last : sessionBefore(calendar, running);
  const length = running === null ? window : window - 1;
  const row = calendar.indexOf(end);
  const start = length === 0 ? end + 1 : calendar.at(Math.max(0, row - length + 1));
  return { moment, start, end, running };
}

const MOST_DAYS = 10_000;

function sessionBefore(calendar: Calendar, day: Day): Day {
  if (day <= calendar.sessions[0]!) {
    throw new LiveError("LIVE_MOMENT_UNKNOWN", `${calendar.name} has no session before ${isoOf(day)}`, {
      remedy: "give a later moment",
    });
  }
  return calendar.previous(day);
}
