// The words of all screens in one language, from the service worker's cache.

export const LANGUAGES = [["zh-Hans", "简体中文"], ["zh-Hant", "繁體中文"], ["en", "English"]];
let entries = {};
let current = "zh-Hans";

export function bestLanguage(wanted = navigator.languages || [navigator.language]) {
  for (const name of wanted) {
    const low = name.toLowerCase();
    if (low.startsWith("zh")) return /hant|tw|hk|mo/.test(low) ? "zh-Hant" : "zh-Hans";
    if (low.startsWith("en")) return "en";
  }
  return "en";
}

export async function useLanguage(name) {
  const answer = await fetch(`texts/${name}.json`);
  if (!answer.ok) throw new Error(`texts ${name}: ${answer.status}`);
  entries = await answer.json();
  current = name;
  document.documentElement.lang = name;
  document.title = t("field_app.title");
}

export const language = () => current;
export const hasText = (key) => key in entries;

export function t(key, gaps = {}) {
  const text = entries[key];
  if (text === undefined) {
    console.error(`no text for ${key}`);
    return key;
  }
  return text.replace(/\{([a-z_]+)\}/g, (whole, name) => (name in gaps ? String(gaps[name]) : whole));
}

// The first of several keys that has words.
export function firstText(keys, gaps) {
  const found = keys.find(hasText);
  return found ? t(found, gaps) : null;
}

export function clockTime(moment) {
  return new Intl.DateTimeFormat(current, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(moment);
}

export function age(ms) {
  const minutes = Math.max(0, Math.floor(ms / 60000));
  if (minutes < 1) return t("field_app.age.now");
  if (minutes < 60) return t("field_app.age.minutes", { count: minutes });
  return t("field_app.age.hours", { count: Math.floor(minutes / 60), minutes: minutes % 60 });
}
