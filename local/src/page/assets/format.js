// How numbers, times and sizes are written on all of the page.

const WHOLE = new Intl.NumberFormat("en-US");
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/// 12,345
export const count = (n) => (Number.isFinite(n) ? WHOLE.format(Math.round(n)) : "0");

/// A number that is short enough for a picture: 950, 1.2k, 34k, 5.6M
export function short(n) {
  if (!Number.isFinite(n)) return "0";
  for (const [least, unit] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]]) {
    if (Math.abs(n) >= least) return trim(n / least) + unit;
  }
  return Number.isInteger(n) ? String(n) : trim(n);
}

const trim = (n) => (Math.abs(n) >= 100 ? n.toFixed(0) : n.toFixed(1).replace(/\.0$/, ""));

/// 120/s
export const rate = (n) => `${short(n)}/s`;

/// 1.4 MiB
export function bytes(n) {
  let value = Number(n) || 0;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : trim(value)} ${UNITS[unit]}`;
}

/// 850 ms, 4.2 s, 3 min 5 s, 2 h 10 min
export function duration(ms) {
  if (!Number.isFinite(ms)) return "–";
  if (ms < 1000) return `${ms < 10 ? trim(ms) : Math.round(ms)} ms`;
  if (ms < 60_000) return `${trim(ms / 1000)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

/// 14:03:22, or with milliseconds 14:03:22.120, in UTC like all times that kinflow writes.
export function clock(ms, fine = false) {
  const iso = iso8601(ms);
  return iso ? iso.slice(11, fine ? 23 : 19) : "–";
}

/// 2026-11-27 14:03:22
export function moment(ms) {
  const iso = iso8601(ms);
  return iso ? `${iso.slice(0, 10)} ${iso.slice(11, 19)}` : "–";
}

function iso8601(ms) {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? "" : date.toISOString();
}

/// A number with its word, in the singular or the plural: `plural(1, "record")`.
export const plural = (n, word) => `${count(n)} ${word}${n === 1 ? "" : "s"}`;

/// Writes characters that are invisible or change the direction of the text as escapes such as `\u001b`. Line ends and
/// tabs stay if `lines` is set.
export function visible(words, lines = false) {
  return String(words).replace(HIDDEN, (found) => {
    if (lines && (found === "\n" || found === "\t")) return found;
    return NAMED[found] ?? `\\u${found.codePointAt(0).toString(16).padStart(4, "0")}`;
  });
}

// eslint-disable-next-line no-control-regex
const HIDDEN = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g;
const NAMED = { "\n": "\\n", "\t": "\\t", "\r": "\\r" };

/// Writes JSON over several lines, with its numbers exactly as they are. Other text stays unchanged.
export function pretty(words) {
  let depth = 0;
  try {
    JSON.parse(words);
  } catch {
    return words;
  }
  // Tokens are moved and never parsed, so that a number of 20 digits keeps all of them.
  return words.replace(/"(?:[^"\\]|\\.)*"|[[\]{},:]|[^\s[\]{},:"]+|\s+/g, (token, at) => {
    if (/^\s/.test(token)) return "";
    if (token === ":") return ": ";
    if (token === ",") return `,\n${"  ".repeat(depth)}`;
    if (token === "{" || token === "[") {
      depth += 1;
      return /^\s*[}\]]/.test(words.slice(at + 1, at + 40)) ? token : `${token}\n${"  ".repeat(depth)}`;
    }
    if (token === "}" || token === "]") {
      depth -= 1;
      return /[{[]\s*$/.test(words.slice(Math.max(0, at - 40), at)) ? token : `\n${"  ".repeat(depth)}${token}`;
    }
    return token;
  });
}
