/** Search of our own in place of the browser's, which sees only the words that are in the page. */
import { useEffect, useRef } from "preact/hooks";
import { IconButton } from "~/components/button";
import { t } from "../messages";

export function SearchBar({ value, count, at, onChange, onGo, onFirst }: {
  value: string;
  count: number;
  at: number;
  onChange: (value: string) => void;
  onGo: (way: 1 | -1) => void;
  onFirst: () => void;
}) {
  const field = useRef<HTMLInputElement>(null);
  const asked = useRef("");
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== "f" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
      if (document.querySelector("dialog[open]")) return;
      event.preventDefault();
      field.current?.focus();
      field.current?.select();
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, []);
  const press = (event: KeyboardEvent) => {
    if (event.key === "Escape") {
      onChange("");
      field.current?.blur();
    }
    if (event.key !== "Enter" || count === 0) return;
    event.preventDefault();
    if (asked.current !== value) onFirst();
    else onGo(event.shiftKey ? -1 : 1);
    asked.current = value;
  };
  return (
    <search class="words-search">
      <input ref={field} type="search" aria-label={t("search")} aria-keyshortcuts="Control+F" placeholder={t("search")} value={value} onInput={(event) => { asked.current = ""; onChange(event.currentTarget.value); }} onKeyDown={press} />
      <span class={`words-count${value.trim() === "" ? " none" : ""}`} role="status">{value.trim() === "" ? "" : count === 0 ? t("noHits") : t("hits", { at: at + 1, count })}</span>
      {count > 0 && <IconButton small label={t("previous")} icon="up" onClick={() => onGo(-1)} />}
      {count > 0 && <IconButton small label={t("next")} icon="down" onClick={() => onGo(1)} />}
    </search>
  );
}
