/** The currency in which a calendar's venues quote, as it is written beside a column. */
const CURRENCIES: Readonly<Record<string, string>> = { XSHG: "yuan", XHKG: "HKD", XNYS: "USD" };

export const venueCurrency = (calendar: string): string => CURRENCIES[calendar] ?? "currency";
