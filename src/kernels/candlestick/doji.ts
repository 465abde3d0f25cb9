import {
  hasDojiBody,
  hasLongLowerShadow,
  hasLongUpperShadow,
  hasLowerShadow,
  hasNoLowerShadow,
  hasNoUpperShadow,
  hasUpperShadow,
  hasVeryLongLowerShadow,
  near,
} from "./shape.ts";
import type { Pattern } from "./pattern.ts";

/** One bar that closes about where it opened, by its shadows. Neutral: always +100. */
export const dojis: readonly Pattern[] = [
  { name: "CDLDOJI", bars: 1, lookBack: 10, at: (c, t) => (hasDojiBody(c, t) ? 100 : 0) },
  {
    name: "CDLDRAGONFLYDOJI",
    bars: 1,
    lookBack: 10,
    at: (c, t) => (hasDojiBody(c, t) && hasNoUpperShadow(c, t) && hasLowerShadow(c, t) ? 100 : 0),
  },
  {
    name: "CDLGRAVESTONEDOJI",
    bars: 1,
    lookBack: 10,
    at: (c, t) => (hasDojiBody(c, t) && hasNoLowerShadow(c, t) && hasUpperShadow(c, t) ? 100 : 0),
  },
  {
    name: "CDLLONGLEGGEDDOJI",
    bars: 1,
    lookBack: 10,
    at: (c, t) => (hasDojiBody(c, t) && (hasLongLowerShadow(c, t) || hasLongUpperShadow(c, t)) ? 100 : 0),
  },
  {
    name: "CDLRICKSHAWMAN",
    bars: 1,
    lookBack: 10,
    at(c, t) {
      if (!hasDojiBody(c, t) || !hasLongLowerShadow(c, t) || !hasLongUpperShadow(c, t)) return 0;
      const middle = c.low(t) + c.range(t) / 2;
      return c.bottom(t) <= middle + near(c, t) && c.top(t) >= middle - near(c, t) ? 100 : 0;
    },
  },
  {
    name: "CDLTAKURI",
    bars: 1,
    lookBack: 10,
    at: (c, t) => (hasDojiBody(c, t) && hasNoUpperShadow(c, t) && hasVeryLongLowerShadow(c, t) ? 100 : 0),
  },
];
